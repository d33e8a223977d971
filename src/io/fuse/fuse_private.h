/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The inside of struct fuse_server, for the sources beside this. */

#include "base/map.h"
#include "base/map.h"
#include "io/fuse/fuse.h"
#include "io/fuse/fuse_user_inode.h"
#include "io/fuse/kept_events.h"
#include "io/fuse/kept_numbers.h"
#include "io/fuse/notify.h"
#include "io/fuse/requests.h"

struct blob;
struct open_file;
struct wait;

struct fuse_server {
	struct fuse_options options;
	struct fuse_backend backend;
	struct fuse_session *session;
	struct requests *requests;
	struct notify *notify;
	struct fuse_buf buffer; /* the slot of `requests` */
	char *mountpoint;
	uid_t uid; /* our own: asked for once, as every look-up tells it */
	gid_t gid;
	bool is_ready;
	bool is_taking_over; /* what an earlier server has told the kernel may be wrong by now */
	struct open_file *files;		  /* that are open */
	struct map by_number;			  /* the same */
	size_t listeners;			  /* … that are of `events` */
	struct open_file *touched;		  /* … and may be other than what is noted */
	struct kept_numbers numbers;		  /* of open files, and of user_inodes */
	struct wait *waits, **last_wait;	  /* who waits, in the order they came */
	bool has_sleepers;			  /* some are still to be woken */
	uint64_t changer;			  /* the open file that changed something last */
	bool is_ending;				  /* nobody shall wait any more */
	uint64_t holds;				  /* times that a client held invalidations up */
	bool has_epochs;			  /* the kernel can take back all names at once */
	bool has_no_opendir;			  /* the kernel does without opendir requests */
	size_t max_write;			  /* bytes that the kernel passes on at once */
	double timeout;				  /* of entries and attributes, seconds */
	uint64_t generation;			  /* counts changes of what the views show */
	struct blob *views[NODE_METRICS + 1];	  /* by node kind: the newest text */
	bool has_named[NODE_METRICS + 1];	  /* whether the kernel may remember its name */
	struct map texts;			  /* those, and older ones that are read still */
	struct blob *newest[NODE_METRICS + 1];	  /* … of each view the newest of them */
	struct stale_lines stale;		  /* of that of points */
	struct user_inode user_inodes[OP_RENAME]; /* by operation */
	size_t metrics_len;			  /* of the newest text of metrics */
	struct kept_events events;		  /* what of them outlives us */
	uint64_t counters[64];			  /* requests, by enum fuse_counter */
};
