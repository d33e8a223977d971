/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many requests of each kind there were.
 */

#include "fuse_private.h"
#include "io/fuse/fuse_counters.h"
#include "io/fuse/fuse_wait.h"
#include "io/fuse/open_file.h"

static const char *const counter_names[COUNTERS] = {
	[COUNT_OPEN] = "open",
	[COUNT_READ] = "read",
	[COUNT_WRITE] = "write",
	[COUNT_RELEASE] = "release",
	[COUNT_POLL] = "poll",
	[COUNT_IOCTL] = "ioctl",
	[COUNT_LOOKUP] = "lookup",
	[COUNT_FORGET] = "forget",
	[COUNT_GETATTR] = "getattr",
	[COUNT_SETATTR] = "setattr",
	[COUNT_READLINK] = "readlink",
	[COUNT_OPENDIR] = "opendir",
	[COUNT_READDIR] = "readdir",
	[COUNT_SYMLINK] = "symlink",
	[COUNT_UNLINK] = "unlink",
	[COUNT_RENAME] = "rename",
	[COUNT_REFUSED] = "refused",
	[COUNT_STATFS] = "statfs",
};

void fuse_count(struct fuse_server *server, size_t counter)
{
	server->counters[counter]++;
}

void fuse_render_metrics(const struct fuse_server *server, struct strbuf *ret_text)
{
	strbuf_add_text(ret_text,
		"# TYPE mmfs_fuse_requests counter\n"
		"# HELP mmfs_fuse_requests Requests of the kernel.\n");
	for (size_t i = 0; i < COUNTERS; i++)
		strbuf_add_format(ret_text, "mmfs_fuse_requests_total{request=\"%s\"} %llu\n",
			counter_names[i], (unsigned long long)server->counters[i]);
	strbuf_add_format(ret_text,
		"# TYPE mmfs_invalidations counter\n"
		"# HELP mmfs_invalidations Entries and attributes taken back from the kernel.\n"
		"mmfs_invalidations_total %llu\n",
		(unsigned long long)notify_get_count(server->notify));
	strbuf_add_format(ret_text,
		"# TYPE mmfs_holds counter\n"
		"# HELP mmfs_holds Times that a client held the lock of a folder for too long.\n"
		"mmfs_holds_total %llu\n",
		(unsigned long long)server->holds);
}

void fuse_format_counters(const struct fuse_server *server, struct strbuf *ret_text)
{
	for (size_t i = 0; i < COUNTERS; i++)
		strbuf_add_format(ret_text, "%s%s=%llu", i ? " " : "", counter_names[i],
			(unsigned long long)server->counters[i]);
}
