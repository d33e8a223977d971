/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/change_queue.h"
#include "daemon/device_source.h"
#include "daemon/host_jobs.h"
#include "daemon/mount_orders.h"
#include "daemon/publisher.h"
#include "io/fuse/kept_outcomes.h"

/*
 * Jobs of clients: those that change something are a source, the others are answered from the
 * state.
 */
struct job_source {
	struct change_source source;
	const struct manager *manager;
	struct change_queue *queue;
	struct error_log *error_log;
	struct device_monitor *monitor;
	struct device_source *devices;
	struct host_jobs *hosts;
	struct mount_orders *mount_orders;
	struct publisher *publisher;
	struct mount_table *mounts;
	const char *mountpoint; /* of the tree; NULL: none */
	struct budget budget;
	struct kept *kept;
	struct kept_outcomes outcomes; /* of requests that are served again */
	bool is_open; /* it is not known yet what became of the last change of an earlier server */
	int open_result; /* … what did, once it is: see job_source_settle() */

	struct fuse_job *first, **last;	    /* waiting their turn */
	struct fuse_job *committing;	    /* whose change is being committed, in order */
	struct fuse_job *open, **last_open; /* may be of that change, and wait for it */
	struct fuse_job *settling;	    /* wait until nothing is under way */
	struct fuse_job *looking; /* … once all is read that had happened before they came */
	struct fuse_job *arrived; /* … which begins when it is over for those that are looking */
	struct fuse_job *queries, **last_query; /* whose users have no more time in this turn */
};

/* Adds itself to the queue. All that is borrowed is set. */
void job_source_init(struct job_source *jobs);
/* Takes a job in. */
void job_source_submit(struct job_source *jobs, struct fuse_job *job);
/* Takes a job that waits back. False: it is past that. */
bool job_source_cancel(struct job_source *jobs, struct fuse_job *job);
/*
 * It is known what became of the last change of an earlier server: 0: it has happened, and is in
 * place when a turn comes next; -EAGAIN: it never will; -ETIMEDOUT: it is not known, and nobody
 * waits any more.
 */
void job_source_settle(struct job_source *jobs, int result);
/*
 * A new turn of the main loop: looks at what was there before who waits began to, goes on with
 * queries.
 */
void job_source_handle_turn(struct job_source *jobs);
/* Whether it has something to do in the next turn, whatever happens. */
bool job_source_has_more(const struct job_source *jobs);
/* Fails all jobs that wait, with a negative errno and a sentence. */
void job_source_close(struct job_source *jobs, int error, const char *why);
