/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

/*
 * What there is to document, for programs: one thing per line, its words separated by tabs.
 *
 *	operation NAME USAGE HELP FLAGS KEYS ERRORS	KEYS: `a b|c [d]`: a, b or c, and d if
 *							wanted
 *	flag NAME, key NAME				of operations
 *	errors WHO ERRORS				WHO: `any` operation, `mv`
 *	event NAME MEMBERS				MEMBERS: `a [b]`
 *	file PATH					in the tree; a folder ends in a slash
 *
 * A list that is empty is `-`.
 */
void interface_format(struct strbuf *ret_text);
