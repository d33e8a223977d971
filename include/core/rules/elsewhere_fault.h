/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/elsewhere.h"

/* What is wrong with a row, or NULL. */
const char *elsewhere_find_fault(const struct elsewhere_row *row);
/*
 * Whether it says what was so before this machine has written what is here now. A change is
 * compared with what is there, so a name that nobody has can have come and gone on other hosts
 * meanwhile, or a volume; that is heard of later.
 */
bool elsewhere_is_outdated(const struct elsewhere *elsewhere, const struct elsewhere_row *row,
	const struct names *names);
