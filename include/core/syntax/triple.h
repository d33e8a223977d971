/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

/* One (link, unique ID, device) of an answer; borrowed from the state. */
struct triple {
	const char *link;
	const char *id;
	const char *node; /* "": offline */
};

/* The line of control files and of `points` that shows it. */
void triple_format(const struct triple *triple, struct strbuf *ret_text);
