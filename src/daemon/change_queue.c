/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every request and every batch of devices takes the same way, one change at a time:
 *
 *	decide (a source) -> commit (ledger) -> apply (core) -> followers -> reply (notify
 *	thread)
 *
 * While a commit is under way the sources gather what comes meanwhile. What is visible is
 * committed: the state changes only after the store has said so, and a failed commit leaves no
 * trace. If others that write the same database were faster, the source decides again.
 */

#include <errno.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "core/model/dropped.h"
#include "core/rules/apply.h"
#include "core/views/tree_update.h"
#include "daemon/change_queue.h"
#include "io/fuse/fuse_finish.h"

#define LINKS_SWEPT 1000 /* in one turn: some milliseconds */

struct change_queue {
	struct manager *manager;
	struct tree *tree;
	struct event_stream *stream;
	struct ledger *ledger;
	struct kept_changes *kept;
	struct kept_told *noted;
	struct fuse_server *fuse; /* NULL until mounted */
	struct change_source *sources, **last_source;
	struct change_follower *followers, **last_follower;

	struct change change;	       /* being committed */
	struct change_source *current; /* whose it is */
	bool is_committing;
	bool is_working; /* sources are being asked: what they call may ask for that once more */
	bool is_asked;
	uint64_t commits, successes;
};

struct change_queue *change_queue_new(
	struct manager *manager, struct tree *tree, struct event_stream *stream)
{
	struct change_queue *queue = xcalloc(1, sizeof(*queue));

	queue->manager = manager;
	queue->tree = tree;
	queue->stream = stream;
	queue->last_source = &queue->sources;
	queue->last_follower = &queue->followers;
	return queue;
}

void change_queue_free(struct change_queue *queue)
{
	if (!queue)
		return;
	change_fini(&queue->change);
	free(queue);
}

void change_queue_add_source(struct change_queue *queue, struct change_source *source)
{
	*queue->last_source = source;
	queue->last_source = &source->next;
}

void change_queue_add_follower(struct change_queue *queue, struct change_follower *follower)
{
	*queue->last_follower = follower;
	queue->last_follower = &follower->next;
}

void change_queue_set_ledger(struct change_queue *queue, struct ledger *ledger)
{
	queue->ledger = ledger;
}

void change_queue_set_kept(
	struct change_queue *queue, struct kept_changes *kept, struct kept_told *noted)
{
	queue->kept = kept;
	queue->noted = noted;
}

void change_queue_set_fuse(struct change_queue *queue, struct fuse_server *fuse)
{
	queue->fuse = fuse;
}

bool change_queue_has_others(const struct change_queue *queue)
{
	return ledger_has_others(queue->ledger);
}

size_t change_queue_get_lines(const struct change_queue *queue)
{
	return ledger_get_lines(queue->ledger);
}

void change_queue_explain_refusal(const struct change_queue *queue, struct strbuf *why)
{
	ledger_explain_refusal(queue->ledger, why);
}

void change_queue_settle(struct change_queue *queue)
{
	ledger_settle(queue->ledger);
}

void change_queue_look(struct change_queue *queue)
{
	ledger_look(queue->ledger);
}

uint64_t change_queue_get_looks(const struct change_queue *queue)
{
	return ledger_get_looks(queue->ledger);
}

int change_queue_forget_host(struct change_queue *queue, const char *host, struct strbuf *why)
{
	return ledger_forget_host(queue->ledger, host, why);
}

int change_queue_take_over(struct change_queue *queue, struct strbuf *why)
{
	return ledger_take_over(queue->ledger, why);
}

bool change_queue_is_settled(const struct change_queue *queue)
{
	return ledger_is_settled(queue->ledger);
}

bool change_queue_is_committing(const struct change_queue *queue)
{
	return queue->is_committing;
}

uint64_t change_queue_get_commits(const struct change_queue *queue)
{
	return queue->commits;
}

uint64_t change_queue_get_successes(const struct change_queue *queue)
{
	return queue->successes;
}

void change_queue_finish(struct change_queue *queue, struct fuse_job *job, struct deltas *deltas)
{
	uint64_t now = clock_get_real();

	crash_point("daemon:before-reply");
	if (queue->fuse) {
		/* Readers of `events` get it when the kernel and the client have got theirs. */
		event_stream_add_all(queue->stream, &deltas->events, queue->manager->epic, now);
		fuse_finish(queue->fuse, job, deltas);
	}
	deltas_fini(deltas);
}

/* Before it is mounted nobody listens. */
static void update(struct change_queue *queue, struct touched *touched, struct deltas *ret_deltas)
{
	for (struct change_follower *follower = queue->followers; follower;
		follower = follower->next)
		follower->applied(follower->data, touched);
	ret_deltas->is_unheard = queue->fuse && !fuse_has_listeners(queue->fuse);
	tree_update(queue->tree, queue->manager, touched, clock_get_real(),
		queue->fuse ? ret_deltas : NULL);
	for (size_t i = 0; i < touched->id_count; i++)
		kept_told_note(queue->noted, queue->tree, touched->ids[i]);
	for (size_t i = 0; i < touched->linked_count; i++)
		kept_told_note(queue->noted, queue->tree, touched->linked[i]);
	for (size_t i = 0; i < touched->device_count; i++)
		kept_told_note_device(queue->noted, &queue->manager->volumes, touched->devices[i]);
	touched_fini(touched);
}

void change_queue_show(struct change_queue *queue, struct touched *touched)
{
	struct deltas deltas = { 0 };

	update(queue, touched, &deltas);
	change_queue_finish(queue, NULL, &deltas);
}

static bool amend(struct change_queue *queue, struct touched *touched)
{
	bool has_news = false;

	for (struct change_source *source = queue->sources; source; source = source->next)
		has_news |= source->amend && source->amend(source->data, touched);
	return has_news;
}

/*
 * What is gone leads nowhere at once: to write down what follows takes as long as the disk of the
 * database takes, and the node may be another device's by then.
 */
static void show_gone(struct change_queue *queue)
{
	struct touched touched = { 0 };

	if (amend(queue, &touched))
		change_queue_show(queue, &touched);
}

/* Puts the committed change in place and shows it, but for what is gone again. */
static void apply(struct change_queue *queue)
{
	struct change_source *source = steal_ptr(queue->current);
	struct deltas deltas = { 0 };
	struct touched touched;

	crash_point("daemon:before-apply");
	apply_change(queue->manager, &queue->change, &touched);
	kept_changes_end(queue->kept, queue->manager);
	amend(queue, &touched);
	change_fini(&queue->change);
	update(queue, &touched, &deltas);
	source->end(source->data, 0, NULL, &deltas);
	if (deltas.count || deltas.has_views || deltas.events.count || deltas.events.untold)
		change_queue_finish(queue, NULL, &deltas);
	deltas_fini(&deltas);
}

bool change_queue_sweep(struct change_queue *queue)
{
	dropped_sweep(&queue->manager->names, LINKS_SWEPT, tree_sweep_link, queue->tree);
	return queue->manager->names.dropped;
}

/* Where others write, too, even a refusal is committed, to see whether it is still right. */
static bool must_commit(const struct change_queue *queue)
{
	return change_has_rows(&queue->change) ||
		(change_queue_has_others(queue) && change_needs_newest(&queue->change));
}

static void commit(struct change_queue *queue)
{
	if (!must_commit(queue)) {
		apply(queue);
		return;
	}
	queue->is_committing = true;
	queue->commits++;
	kept_changes_begin(queue->kept, queue->manager, &queue->change);
	if (queue->current->note)
		queue->current->note(queue->current->data, queue->change.commit.number);
	kept_commit(queue->kept->kept);
	crash_point("commit:noted");
	ledger_commit(queue->ledger, &queue->change);
}

static bool begin(struct change_queue *queue)
{
	for (struct change_source *source = queue->sources; source; source = source->next) {
		change_init(&queue->change, queue->manager);
		if (source->begin(source->data, &queue->change)) {
			queue->current = source;
			commit(queue);
			return true;
		}
		change_fini(&queue->change);
	}
	return false;
}

void change_queue_work(void *data)
{
	struct change_queue *queue = data;

	queue->is_asked = true;
	if (queue->is_working)
		return;
	queue->is_working = true;
	while (queue->is_asked) {
		queue->is_asked = false;
		show_gone(queue);
		while (!queue->is_committing && begin(queue))
			;
		for (struct change_source *source = queue->sources; source && !queue->is_committing;
			source = source->next)
			if (source->rest)
				source->rest(source->data);
	}
	queue->is_working = false;
}

static void fail_change(struct change_queue *queue, int error, const char *why)
{
	struct change_source *source = queue->current;
	struct deltas none = { 0 };

	if (source->retry) {
		source->retry(source->data, &queue->change);
		apply(queue);
		return;
	}
	queue->current = NULL;
	change_fini(&queue->change);
	source->end(source->data, error, why, &none);
}

static void decide_again(struct change_queue *queue)
{
	struct change_source *source = steal_ptr(queue->current);

	source->again(source->data, &queue->change);
	change_fini(&queue->change);
}

void change_queue_on_ledger(void *data, uint32_t events)
{
	struct change_queue *queue = data;
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	int r;

	if (!ledger_take_result(queue->ledger, &r, &why))
		return;
	queue->is_committing = false;
	if (r < 0)
		kept_changes_cancel(queue->kept);
	if (r == 0) {
		queue->successes += change_has_rows(&queue->change);
		apply(queue);
	} else if (r == -EAGAIN && queue->current->again) {
		decide_again(queue);
	} else {
		log_error("%s", strbuf_text(&why));
		fail_change(queue, r, strbuf_text(&why));
	}
	change_queue_work(queue);
}

void change_queue_abandon(struct change_queue *queue, int error, const char *why)
{
	struct change_source *source = steal_ptr(queue->current);
	struct deltas none = { 0 };

	if (source)
		source->end(source->data, error, why, &none);
}
