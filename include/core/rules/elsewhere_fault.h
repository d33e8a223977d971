/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/elsewhere.h"

/* What is wrong with a row, or NULL. */
const char *elsewhere_find_fault(const struct elsewhere_row *row);
