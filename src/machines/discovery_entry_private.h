/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What becomes of one device. discovery.c: of all of them. */

#include "machines/discovery.h"

#define SECOND 1000000u		   /* µs */
#define UDEVD_LIMIT (10 * SECOND)  /* for udevd to process an event */
#define WATCH_LIMIT (SECOND / 2)   /* for udevd to notice a write, */
#define BUSY_LIMIT (3 * SECOND)	   /* and to come to it when it has a lot to do */
#define SLOW_AFTER (3 * SECOND)	   /* a probe is then no longer waited for */
#define QUEUE_ROUNDS 10		   /* of SLOW_AFTER that it may wait for its turn */
#define PROBE_LIMIT (120 * SECOND) /* a slow one is then given up */

struct entry {
	struct map_node by_name;
	struct probing_job *job; /* while it waits for the prober */
	uint64_t sequence; /* of the kernel's last event: what udevd says of earlier ones is old */
	uint64_t deadline;
	uint64_t diskseq; /* of the medium that was shown; 0: unknown */
	enum discovery_state state : 8;
	bool is_seen : 1;	   /* since the last list was made, or there */
	bool is_shown : 1;	   /* with a medium */
	bool must_read : 1;	   /* whatever is known of its content */
	bool is_ahead : 1;	   /* it was read where udevd did not: what that knows may be old */
	bool is_said_gone : 1;	   /* by the last event, and it is here */
	bool is_left_to_udevd : 1; /* which has never dealt with it */
	bool is_written : 1;	   /* what udevd is awaited for, and nothing else */
	bool is_untold : 1;	   /* udevd has not told of what the kernel said last */
	uint8_t rounds; /* how often its limit may pass yet, while udevd is busy or the prober */
	char name[];
};

struct entry *discovery_entry_find(const struct discovery *discovery, const char *name);
/* The same, made if there is none. */
struct entry *discovery_entry_get(struct discovery *discovery, const char *name);
/* Whatever its device was doubted for counts no more. */
void discovery_entry_trust(struct entry *entry);
/* Takes back what shows if the kernel says that another medium is there by now, or none. */
void discovery_entry_check_medium(
	struct discovery *discovery, struct entry *entry, const struct discovery_event *event);
/*
 * udevd is going to tell of the device, within `limit` unless it is busy. `is_written`: of its
 * content, and what it knows of the disk itself is so still.
 */
void discovery_entry_await_udevd(struct discovery *discovery, struct entry *entry, bool is_written,
	uint64_t limit, uint64_t now);
/*
 * Describes the device anew; of an event, which has found it, if there is one. May free the entry.
 */
void discovery_entry_look(struct discovery *discovery, struct entry *entry, const void *source,
	bool use_udevd, uint64_t now);
/* An event says that the device is gone. May free the entry. */
void discovery_entry_handle_gone(struct discovery *discovery, struct entry *entry, uint64_t now);
/*
 * Takes over the texts of the answer and the job, which was taken from the queue. May free the
 * entry.
 */
void discovery_entry_handle_answer(struct discovery *discovery, struct probing_job *job,
	struct probe_answer *answer, uint64_t now);
/* Its deadline has come. May free the entry. */
void discovery_entry_handle_time(
	struct discovery *discovery, struct entry *entry, bool is_udevd_busy, uint64_t now);
/* The device is gone. Frees the entry. */
void discovery_entry_remove(struct discovery *discovery, struct entry *entry);
