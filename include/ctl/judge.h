/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/database.h"

/*
 * Why this is no such document, and in `place` where, as json_find_line() has it, or nothing if it
 * is said of all of it; NULL if it is one. All links and
 * mount points become canonical.
 */
char *judge_document(struct json_object *database, struct strbuf *place);
