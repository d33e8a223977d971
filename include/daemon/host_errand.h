/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/mounts.h"
#include "core/syntax/replica.h"
#include "daemon/workers.h"

/* What a thread does on a hosting volume: looks at its file and directories, or writes the file. */
struct host_errand {
	struct errand errand;
	void *hosts, *host; /* whom it is for; nothing for the thread */
	char *mount_path;
	int mount_id;
	uint64_t number; /* st_dev of the root, 0: any */
	bool uses_file;

	struct replica places; /* directories to look at: their errors are filled in */
	bool is_write;
	bool has_file;	      /* read: there was one; to write: there shall be one */
	struct strbuf text;   /* of the file */
	struct strbuf before; /* to write: what it was, if it was */
	bool had_file;
	struct replica file; /* as read, with errors of the look for its directories */
	char *damaged;	     /* what was wrong with the file that was set aside, a sentence */

	int error;
	struct strbuf why;
};

struct host_errand *host_errand_new(const struct mount *mount);
/* Another one to the same place. */
struct host_errand *host_errand_new_like(const struct host_errand *other);
void host_errand_free(struct host_errand *errand);
DEFINE_CLEANUP(struct host_errand, host_errand_free)
