/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What hosts.c knows of each hosting volume; nobody else includes this. */

#include "daemon/host_errand.h"
#include "daemon/mmfs_private.h"

enum host_step {
	HOST_IDLE,
	HOST_READING,
	HOST_READY, /* to be decided at the door */
	HOST_WRITING,
	HOST_COMMITTING,
	HOST_RESTORING,
};

struct host {
	struct host *next;
	char *id;
	int mount_id; /* of the mount that it was, or is being, reconciled by; 0: none */
	bool must_reconcile;
	uint64_t look_at;		/* µs of the monotonic clock: not before */
	bool is_incomplete;		/* it tells of volumes that are not here */
	uint64_t refused;		/* hash of what was refused last */
	uint64_t reported;		/* hash of the failure that was reported last */
	struct fuse_job *first, **last; /* waiting */

	enum host_step step;
	struct fuse_job *job; /* under way; NULL: a reconciliation */
	bool is_given_up;     /* its answer is for nobody */
	bool is_last_line;    /* of the job, which is replied to when it is committed */
	char *path;	      /* of the job's request, from the root */
	uint64_t started;     /* µs of the monotonic clock */
	unsigned int writes;
	bool is_unwritten;	  /* writing the file has failed: the reconciliation goes without */
	struct host_errand *seen; /* what was read */
	struct strbuf text;	  /* of the file as it is by now */
	bool has_file;
	int error; /* of the commit, while the old file is put back */
	struct strbuf why;
};

struct hosts {
	struct mmfs *mmfs;
	struct host *list;
};
