/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/manager.h"

/*
 * For who gave a unique ID that no volume here has: adds to `why` that it is known and absent, or
 * which one was probably meant.
 */
void near_add(const struct manager *manager, const struct names *view, const char *id,
	struct strbuf *why);
