/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Shared by mmfs.c, door.c and show.c; nobody else includes this. */

#include "core/model/change.h"
#include "core/views/error_log.h"
#include "core/views/event_stream.h"
#include "daemon/automount.h"
#include "daemon/hosts.h"
#include "daemon/mmfs.h"
#include "daemon/publisher.h"
#include "daemon/workers.h"
#include "io/mounts/mounts.h"
#include "io/store/store.h"

#define SECOND 1000000u /* µs */

struct mmfs {
	struct loop *loop;
	struct manager manager;
	struct tree tree;
	struct store *store;
	struct discovery *discovery;
	struct mount_source *mounts;
	struct fuse_server *fuse; /* NULL until mounted */
	struct workers *workers;
	struct hosts *hosts;
	struct timer host_timer;
	struct timer retry_timer;
	struct automount *automount;
	struct publisher *publisher; /* NULL: publish=off */
	bool mounts_registered;	     /* automount=registered */
	struct error_log error_log;
	struct event_stream stream;
	struct strbuf volume_info; /* of metrics, as of … */
	uint64_t volume_info_at;   /* … this many changes of tree and events */
	int signals;

	struct fuse_job *first, **last; /* waiting their turn */
	bool has_new_mounts;		/* since the volumes that are no device were looked at */
	bool must_look; /* … who began to in this turn: mounts and events that came before */
	struct fuse_job *settling;		/* wait until nothing is under way */
	struct fuse_job *queries, **last_query; /* whose users have no more time in this turn */
	struct budget budget;

	struct change change;  /* being committed */
	struct fuse_job *jobs; /* whose it is, in order; NULL: devices, or nobody's */
	struct host *host;     /* on which it was decided, NULL: none */
	bool is_committing;
	bool is_starting; /* devices are only gathered */
	bool must_stop;
	uint64_t commits;
	bool must_retry;   /* what could not be written is looked at in the next turn */
	uint64_t retry_at; /* and then at the latest, µs of the monotonic clock; 0: nothing waits */
	uint64_t retry_after; /* µs */
};

/* mmfs.c: reads where volumes are mounted now, and shows it */
void mmfs_read_mounts(struct mmfs *mmfs);

/* door.c: whatever changes something goes through here */

void door_get_random(void *to, size_t len);
/* Takes a job of a client in. */
void door_submit(void *data, struct fuse_job *job);
/* A new turn of the main loop: goes on with queries that take long. */
void door_answer(struct mmfs *mmfs);
/* Looks at what has happened before who waits for it began to. */
void door_look(struct mmfs *mmfs);
/* Takes a job that waits back. False: it is past that. */
bool door_cancel(void *data, struct fuse_job *job);
/* Goes on with what can be gone on with: called when anything may have become ready. */
void door_work(void *data);
/* Gives a job that changes nothing back to its client. */
void door_finish(struct mmfs *mmfs, struct fuse_job *job);
/* Notes a failure that no client asked for: of the volume or path that `what` names. */
void door_note_failure(struct mmfs *mmfs, int error, const char *what, const char *why);
/* Commits mmfs::change, which was decided for these jobs. */
void door_commit(struct mmfs *mmfs, struct fuse_job *jobs);
/* Who asks, NULL: mmfs itself. */
struct manager_env door_get_env(const struct fuse_job *job);
/* Finds the number of the device that a request names. */
void door_find_device(struct request *request);
void door_on_store(void *data, uint32_t events);
/* Looks at what could not be written: the database can be written again, or somebody asks. */
void door_retry(struct mmfs *mmfs);
/* When door_handle_time() wants to be called, µs of the monotonic clock; 0: not at all. */
uint64_t door_get_deadline(const struct mmfs *mmfs);
void door_handle_time(struct mmfs *mmfs);
/* Shows what became different without a job: takes over `deltas`. */
void door_show(struct mmfs *mmfs, struct deltas *deltas);
/* Fails all jobs that wait. */
void door_close(struct mmfs *mmfs);

/* show.c: what a control file shows without a request, and `metrics` */
void show_render(void *data, const struct node *node, struct strbuf *ret_text);
