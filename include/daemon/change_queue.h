/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"
#include "core/views/event_stream.h"
#include "core/views/tree.h"
#include "daemon/ledger.h"
#include "io/fuse/fuse.h"
#include "io/fuse/kept_changes.h"
#include "io/fuse/kept_told.h"

/*
 * The one way by which anything changes. Changes come from sources, one at a time, in the order in
 * which the sources were added; who wants to know what changed follows. Both are owned by whoever
 * adds them, and must live as long as the queue.
 */
struct change_queue;

struct change_source {
	/*
	 * Decides what comes next into `change`, which is new. False: nothing is to be committed.
	 */
	bool (*begin)(void *data, struct change *change);
	/*
	 * The change is in place, and `deltas` are what the kernel is to be told: who has replies
	 * to give may take them along. Or nothing of it has happened: a negative errno and a
	 * sentence.
	 */
	void (*end)(void *data, int error, const char *why, struct deltas *deltas);
	/*
	 * Somebody else has written meanwhile, and nothing of the change is: takes back what it was
	 * made of, for its next turn. NULL: as if it could not be written.
	 */
	void (*again)(void *data, struct change *change);
	/*
	 * The change cannot be written: decides anew without that. NULL: then it does not happen.
	 */
	void (*retry)(void *data, struct change *change);
	/*
	 * Before anything is shown, decided or committed: notes what is not so any more, and need
	 * not wait for a turn. Adds to `touched`; false: nothing is new. NULL: there is no such.
	 */
	bool (*amend)(void *data, struct touched *touched);
	/*
	 * The change is about to be committed under this number: notes what its requests come to,
	 * for another process. NULL: nobody waits for it.
	 */
	void (*note)(void *data, uint64_t commit);
	/* Nothing is under way by now. NULL: it does not matter. */
	void (*rest)(void *data);
	void *data;
	struct change_source *next;
};

struct change_follower {
	void (*applied)(void *data, const struct touched *touched);
	void *data;
	struct change_follower *next;
};

/* Borrows all three. */
struct change_queue *change_queue_new(
	struct manager *manager, struct tree *tree, struct event_stream *stream);
/* NULL is fine. While a commit is under way its change is read: after store_close(). */
void change_queue_free(struct change_queue *queue);
void change_queue_add_source(struct change_queue *queue, struct change_source *source);
void change_queue_add_follower(struct change_queue *queue, struct change_follower *follower);
/* What another process could go on from. Before the first change. */
void change_queue_set_kept(
	struct change_queue *queue, struct kept_changes *kept, struct kept_told *noted);
/* Before the first change; and the mount, once it is there. */
void change_queue_set_ledger(struct change_queue *queue, struct ledger *ledger);
void change_queue_set_fuse(struct change_queue *queue, struct fuse_server *fuse);

/* Goes on with what can be gone on with: called when any source may have something. */
void change_queue_work(void *data);
/* What the change is written to may have a result. */
void change_queue_on_ledger(void *data, uint32_t events);
/* Ends without waiting for a commit under way: whose it is is told the error. */
void change_queue_abandon(struct change_queue *queue, int error, const char *why);

/* As ledger_has_others(): what was refused is to be committed, too, to see that it is right. */
bool change_queue_has_others(const struct change_queue *queue);
/* As functions of the ledger. */
size_t change_queue_get_lines(const struct change_queue *queue);
void change_queue_settle(struct change_queue *queue);
void change_queue_explain_refusal(const struct change_queue *queue, struct strbuf *why);
void change_queue_look(struct change_queue *queue);
uint64_t change_queue_get_looks(const struct change_queue *queue);
int change_queue_forget_host(struct change_queue *queue, const char *host, struct strbuf *why);
int change_queue_take_over(struct change_queue *queue, struct strbuf *why);
bool change_queue_is_settled(const struct change_queue *queue);
bool change_queue_is_committing(const struct change_queue *queue);
uint64_t change_queue_get_commits(const struct change_queue *queue);
/* How many commits have succeeded. */
uint64_t change_queue_get_successes(const struct change_queue *queue);
/*
 * Frees a piece of what is left of links that went all at once. Whether there is more: others are
 * served in between.
 */
bool change_queue_sweep(struct change_queue *queue);
/* Shows what became different without a commit: takes over `touched`. */
void change_queue_show(struct change_queue *queue, struct touched *touched);
/*
 * Gives a job back to its client, and `deltas`, which it takes over, to the kernel and to readers.
 */
void change_queue_finish(struct change_queue *queue, struct fuse_job *job, struct deltas *deltas);
