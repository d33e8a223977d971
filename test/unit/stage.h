/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "fixture.h"
#include "machines/hosts.h"

/*
 * Hosting volumes, a clock and a database that do what the test says: h0 … at /h0 …, of which the
 * test mounts what it wants, and the volumes t0 … that belong at directories d0 … of theirs.
 */
enum { STAGE_HOSTS = 3, STAGE_TARGETS = 3, STAGE_DIRS = 3, STAGE_REQUESTS = 64 };

struct stage_host {
	char *file; /* on the volume, NULL: none */
	int mount_id;
	struct host_visit *visit; /* under way */
	uint64_t visited_at;
	bool has_read;	   /* since it was mounted */
	bool is_uncertain; /* a write has failed, maybe of what was to be as before */
	uint64_t mounted_at;
};

struct stage_request {
	struct host_request request;
	struct request parsed;
	int host, dir, target; /* target < 0: it is to be deleted */
	bool is_over;
	int error;
};

struct stage {
	struct world world;
	struct hosts *hosts;
	struct host_world effects;
	uint64_t now;
	uint64_t timer; /* 0: none is set */
	struct stage_host host[STAGE_HOSTS];
	char target[STAGE_TARGETS][LINK_PATH_MAX]; /* volume names */
	bool is_committing;
	size_t reports;
	char *reported; /* the last sentence, */
	char *why;	/* and the last reply's */
	/* Called when a request is over. */
	void (*on_reply)(struct stage *stage, struct stage_request *request);
	void *data;
};

void stage_init(struct stage *stage);
void stage_fini(struct stage *stage);
void stage_mount(struct stage *stage, int host);
void stage_unmount(struct stage *stage, int host);
/* Both, before anybody looks. */
void stage_mount_anew(struct stage *stage, int host);
/* Fills the request in, and sends it to its host. `target` < 0: deletes. */
void stage_ask(struct stage *stage, struct stage_request *request, int host, int dir, int target);
/* Ends the visit under way on a host: as it should, or (`error`) it fails. */
void stage_answer(struct stage *stage, int host, int error);
/* Decides what is ready, up to a commit, which then is under way. */
void stage_begin(struct stage *stage);
/* Ends the commit under way. */
void stage_commit(struct stage *stage, int error);
/* Time passes. What is due is done. */
void stage_wait(struct stage *stage, uint64_t time);
/* All that is under way ends well, until nothing is. */
void stage_run(struct stage *stage);
/* Which target the database, or the file on the host, has at a directory; -1: none. */
int stage_find_point(struct stage *stage, int host, int dir);
int stage_find_entry(struct stage *stage, int host, int dir);
/* What another machine does to the file. */
void stage_edit(struct stage *stage, int host, int dir, int target);
/* The same with the volume name of one target and the unique ID of another. */
void stage_edit_odd(struct stage *stage, int host, int dir, int target, int other);
