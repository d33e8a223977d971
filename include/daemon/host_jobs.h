/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/views/error_log.h"
#include "daemon/change_queue.h"
#include "daemon/loop.h"
#include "daemon/mount_table.h"
#include "daemon/workers.h"
#include "machines/hosts.h"

/*
 * Jobs about mount points, and what hosting volumes are told: the daemon's side of machines/hosts.
 */
struct host_jobs {
	struct change_source source;
	struct change_follower follower;
	struct hosts *hosts;
	struct host_world world;
	struct change_queue *queue;
	struct workers *workers;
	struct loop *loop;
	struct mount_table *mounts;
	struct error_log *error_log;
	struct kept *kept;
	struct timer timer;
	uint64_t rest;		/* µs, before a new mount is looked at */
	struct host_job *first; /* under way */
};

/*
 * Borrows all; adds itself to the queue. `queue`, `workers`, `loop`, `mounts`, `error_log` and
 * `kept` are set.
 */
void host_jobs_init(struct host_jobs *jobs, const struct manager *manager);
void host_jobs_fini(struct host_jobs *jobs);
/* Takes a job in. */
void host_jobs_submit(struct host_jobs *jobs, struct fuse_job *job);
/* Takes a job back that waits for a host. False: it is none, or is being committed. */
bool host_jobs_cancel(struct host_jobs *jobs, struct fuse_job *job);
/* The mounts have been read anew. */
void host_jobs_handle_mounts(struct host_jobs *jobs);
/* Fails the jobs that wait, with a negative errno and a sentence. */
void host_jobs_close(struct host_jobs *jobs, int error, const char *why);
