/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"
#include "daemon/loop.h"

/* The connection to mmfs: lines, over a socket that mmfs listens at. It is made anew for ever. */
struct link;

struct link_handlers {
	void (*change)(void *data, bool is_there);
	/* Without the newline; < 0: the connection is to be ended. */
	int (*line)(void *data, const char *line, size_t len);
};

/* The path is to stay. */
int link_new(struct loop *loop, const char *path, const struct link_handlers *handlers, void *data,
	struct link **ret_link);
void link_free(struct link *link);
/* Sends lines, in a moment. Where nobody reads them, the connection ends in the end. */
void link_send(struct link *link, const struct strbuf *text);
/* Ends the connection, in a moment, and makes a new one. */
void link_hang_up(struct link *link);
