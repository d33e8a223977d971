/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

/*
 * The line, from 1, on which a value begins, or if that is not there, what it would be in. The path
 * is of names of members and numbers of items: "volumes/3/links/0".
 */
size_t json_find_line(const char *text, const char *path);
/* The number of the line on which the byte `len` is. */
size_t json_count_lines(const char *text, size_t len);
/*
 * Where the text is no UTF-8 any more, or has a control character that is none of JSON's: a string
 * whose end is missing goes up to the end of its line. json-c takes both. The length: nowhere.
 */
size_t json_find_fault(const struct strbuf *text);
