/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/fuse/fuse.h"

/* How many requests there were, by kind. */
enum fuse_counter {
	COUNT_OPEN,
	COUNT_READ,
	COUNT_WRITE,
	COUNT_RELEASE,
	COUNT_POLL,
	COUNT_IOCTL,
	COUNT_LOOKUP,
	COUNT_FORGET,
	COUNT_GETATTR,
	COUNT_SETATTR,
	COUNT_READLINK,
	COUNT_OPENDIR,
	COUNT_READDIR,
	COUNT_SYMLINK,
	COUNT_UNLINK,
	COUNT_RENAME,
	COUNT_REFUSED,
	COUNT_STATFS,
	COUNTERS
};

/* Counts one more; an enum fuse_counter. */
void fuse_count(struct fuse_server *server, size_t counter);

/* Requests served so far, as samples for `metrics`. */
void fuse_render_metrics(const struct fuse_server *server, struct strbuf *ret_text);
/* The same as one line for the debug log. */
void fuse_format_counters(const struct fuse_server *server, struct strbuf *ret_text);
