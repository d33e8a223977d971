/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/views/tree.h"
#include "io/fuse/notify_reply.h"
#include "io/fuse/teller.h"

struct notify;
struct requests;

/* When notify_handle_time() is to be called, µs of the monotonic clock; 0: not at all. */
typedef void notify_timer_fn(void *data, uint64_t at);

/*
 * Starts the threads. `tellers` stay the caller's, and must be there until notify_stop() has
 * returned true; without one the thread waits itself. `set_timer` is called, with `data`, by
 * whoever calls the functions below.
 */
int notify_start(struct fuse_session *session, struct requests *requests,
	struct teller *const tellers[TELLERS], notify_timer_fn *set_timer, void *data,
	struct notify **ret_notify);
/*
 * Sends what is queued, then ends the threads. False: a client holds one up, which uses the session
 * for as long as it pleases. NULL is fine.
 */
bool notify_stop(struct notify *notify);

/* A folder whose lock a client holds in the kernel until it gets its reply: ln, rm, mv. */
struct notify_folder {
	uint64_t ino;
	const char *name; /* of the entry that it is about; NULL: nothing has changed */
};

/*
 * Takes over `deltas` and what the reply points to: invalidates them all, then sends the reply.
 * Entries of the folder that the client holds (`held`, or NULL) are left out: the kernel updates
 * what it sees there by itself. News (REPLY_DATA, REPLY_POLL, REPLY_WAKE, REPLY_IOCTL) wait until
 * whatever was posted before is what every process sees. Never blocks.
 */
void notify_post(struct notify *notify, struct deltas *deltas, const struct notify_folder *held,
	const struct notify_reply *reply);
/* Sends an answer that an earlier process has captured (requests.h), behind all that was posted. */
void notify_post_answer(struct notify *notify, uint32_t answer);
/* Takes back the attributes of an inode at once: that takes no lock of a client's. */
void notify_attributes(struct notify *notify, uint64_t ino);
/* A reply alone: sends it when all that was changed by now is what every process sees. */
void notify_send(struct notify *notify, const struct notify_reply *reply);
/*
 * Gives replies free that wait for what has been held up for too long. `now` is in µs of the
 * monotonic clock. True: something is held up from now on.
 */
bool notify_handle_time(struct notify *notify, uint64_t now);
/*
 * Whether that has happened, and is over: while it lasts, looking up anew would have to wait as
 * well.
 */
bool notify_was_held(struct notify *notify);
/* Whether names are taken back all at once, without a lock; see notify.c. */
void notify_use_epochs(struct notify *notify, bool uses_epochs);
/* Takes all names back, by a kernel that has epochs. */
void notify_begin_epoch(struct notify *notify);
/* Whether all that was posted is sent. */
bool notify_is_idle(struct notify *notify);
/* How many invalidations have been sent. */
uint64_t notify_get_count(struct notify *notify);
