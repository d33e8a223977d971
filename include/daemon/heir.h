/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/job_source.h"
#include "io/fuse/kept_changes.h"
#include "io/fuse/kept_cluster.h"
#include "io/fuse/kept_told.h"

/*
 * What a server takes over of the changes of an earlier one, and leaves to a later one: which have
 * happened, and what clients and readers of `events` are still to be told of them.
 */
struct heir {
	struct manager *manager;
	struct tree *tree;
	struct event_stream *stream;
	struct change_queue *queue;
	struct job_source *jobs;
	struct kept *kept;
	struct kept_changes changes;
	struct kept_told noted;
	struct kept_cluster cluster;
	struct ledger *ledger;
	struct told *told; /* by an earlier server, until it is told on; NULL: there was none */
};

/* Before the first change; all that is borrowed is set. */
void heir_init(struct heir *heir);
void heir_fini(struct heir *heir);
/* The database has been loaded, and nothing was changed yet; heir::ledger is set. */
void heir_judge(struct heir *heir, const struct commit_number *last);
/*
 * All devices have been looked at, and nothing is decided about them yet: those that the earlier
 * server knew are what it knew them to be, or without one the database.
 */
void heir_recall(struct heir *heir, const struct device_monitor *monitor);
/*
 * From now on readers are told: of what they have missed, to begin with. The mount is there; before
 * any request is served again.
 */
void heir_tell(struct heir *heir);
/* All that was under way is served again. */
void heir_end(struct heir *heir);

/* What the ledger says of a later server's concerns: see ledger_joints. */
void heir_note_cluster(struct heir *heir, bool is_up);
void heir_note_opening(struct heir *heir, const char *host, uint64_t number, uint64_t commit);
void heir_note_closed(struct heir *heir);
void heir_settle(struct heir *heir, int result);
