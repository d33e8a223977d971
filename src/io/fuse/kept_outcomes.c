/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of requests with a commit.
 *
 * The database and this memory cannot be written in one step. So the outcome of each request is
 * noted here before the commit, with the number of that, and the commit writes its number into the
 * database. A process that goes on compares: with a number up to that in the database it has
 * happened. An outcome goes with the answer to its request, in the same commit of the memory.
 *
 * A commit whose rows all hosts are to have may have happened there, and not in the database, when
 * a process dies. Until the next one knows, its outcomes are open.
 *
 * A request whose lines have commits of their own has one outcome, with the lines that were done
 * before the commit and those that are done with it. Where there is no room a request has none:
 * another process would decide it anew.
 */

#include <string.h>

#include "io/fuse/kept_cluster.h"
#include "io/fuse/kept_kind.h"
#include "io/fuse/kept_outcomes.h"

/* The items of the reply, the output and the sentence follow. */
struct kept_outcome {
	uint64_t commit;
	uint64_t before; /* lines that were done before it */
	uint64_t done, failed, triples;
	uint64_t items, output, why; /* bytes of these */
	int32_t error;
	uint32_t number;
	uint32_t is_nameless;
	uint32_t is_begun; /* the line behind `before` may be on a hosting volume */
};

#define NEVER UINT64_MAX	  /* a commit that did not happen */
#define OPEN KEPT_CLUSTER_EARLIER /* one that may have happened */

static uint64_t get_before(const struct kept *kept, const struct fuse_job *job)
{
	const struct kept_outcome *head = job->outcome ? kept_get(kept, job->outcome) : NULL;

	if (!head)
		return 0;
	return head->commit == NEVER ? head->before : head->done;
}

static bool is_begun(const struct kept *kept, const struct fuse_job *job)
{
	const struct kept_outcome *head = job->outcome ? kept_get(kept, job->outcome) : NULL;

	return head && head->is_begun && (head->commit == NEVER || !head->commit);
}

void kept_outcomes_note(struct kept *kept, struct fuse_job *job, uint64_t commit)
{
	struct kept_outcome head = {
		.commit = commit,
		.before = get_before(kept, job),
		.done = job->done,
		.failed = job->failed,
		.triples = job->reply.triples,
		.items = job->reply.items.len,
		.output = job->output.len,
		.why = job->why.len,
		.error = job->error,
		.number = job->reply.number,
		.is_nameless = job->reply.is_nameless,
		.is_begun = is_begun(kept, job),
	};
	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT;

	if (!job->number)
		return;
	strbuf_add(&bytes, &head, sizeof(head));
	strbuf_add(&bytes, strbuf_text(&job->reply.items), job->reply.items.len);
	strbuf_add(&bytes, strbuf_text(&job->output), job->output.len);
	strbuf_add(&bytes, strbuf_text(&job->why), job->why.len);
	kept_remove(kept, job->outcome);
	job->outcome = kept_try_add(kept, KEPT_OUTCOME, job->number, bytes.data, bytes.len);
}

void kept_outcomes_note_begun(struct kept *kept, struct fuse_job *job)
{
	struct kept_outcome head = { .commit = NEVER, .is_begun = true };

	if (!job->number)
		return;
	head.before = get_before(kept, job);
	kept_remove(kept, job->outcome);
	job->outcome = kept_try_add(kept, KEPT_OUTCOME, job->number, &head, sizeof(head));
	kept_commit(kept);
}

void kept_outcomes_take_back(struct kept *kept, struct fuse_job *job)
{
	static const uint64_t never = NEVER;

	if (job->outcome)
		kept_write(kept, job->outcome, offsetof(struct kept_outcome, commit), &never,
			sizeof(never));
}

void kept_outcomes_drop(struct kept *kept, struct fuse_job *job)
{
	kept_remove(kept, job->outcome);
	job->outcome = 0;
}

static bool is_sound(const struct kept *kept, uint32_t record)
{
	const struct kept_outcome *head = kept_get(kept, record);
	uint64_t len = kept_get_len(kept, record);

	if (len < sizeof(*head) || head->error > 0)
		return false;
	len -= sizeof(*head);
	return head->items <= len && head->output <= len - head->items &&
		head->why == len - head->items - head->output &&
		reply_is_sound((const char *)(head + 1), (size_t)head->items);
}

/* Whether something of the request has happened. */
static bool has_happened(const struct kept *kept, uint32_t record, uint64_t commit)
{
	const struct kept_outcome *head = kept_get(kept, record);

	return is_sound(kept, record) && (head->commit <= commit || head->before || head->is_begun);
}

/* It counts as far as it has come before a commit that did not happen. */
static uint32_t cut_back(struct kept *kept, uint32_t record)
{
	const struct kept_outcome *head = kept_get(kept, record);
	struct kept_outcome cut = {
		.before = head->before,
		.done = head->before,
		.is_begun = head->is_begun,
	};
	uint64_t request = kept_get_id(kept, record);

	kept_remove(kept, record);
	return kept_add(kept, KEPT_OUTCOME, request, &cut, sizeof(cut));
}

static void set_commit(struct kept *kept, uint32_t record, uint64_t commit)
{
	kept_write(kept, record, offsetof(struct kept_outcome, commit), &commit, sizeof(commit));
}

static void judge(struct kept *kept, uint64_t commit, uint64_t open)
{
	for (uint32_t record = 0; (record = kept_next(kept, KEPT_OUTCOME, record));) {
		const struct kept_outcome *head = kept_get(kept, record);

		if (open && is_sound(kept, record) && head->commit == open)
			set_commit(kept, record, OPEN);
		else if (!has_happened(kept, record, commit))
			kept_remove(kept, record);
		else if (head->commit > commit)
			cut_back(kept, record);
	}
	kept_commit(kept);
}

void kept_outcomes_init(
	struct kept_outcomes *outcomes, struct kept *kept, uint64_t commit, uint64_t open)
{
	*outcomes = (struct kept_outcomes){ .kept = kept };
	judge(kept, commit, open);
	for (uint32_t record = 0; (record = kept_next(kept, KEPT_OUTCOME, record));) {
		outcomes->records =
			xgrow(outcomes->records, outcomes->count, sizeof(*outcomes->records));
		outcomes->records[outcomes->count++] = record;
	}
}

static bool is_open(const struct kept_outcomes *outcomes, size_t i)
{
	const struct kept_outcome *head = kept_get(outcomes->kept, outcomes->records[i]);

	return head->commit == OPEN;
}

bool kept_outcomes_is_open(const struct kept_outcomes *outcomes, const struct fuse_job *job)
{
	for (size_t i = 0; job->number && i < outcomes->count; i++)
		if (kept_get_id(outcomes->kept, outcomes->records[i]) == job->number)
			return is_open(outcomes, i);
	return false;
}

void kept_outcomes_settle(struct kept_outcomes *outcomes, bool happened)
{
	for (size_t i = 0; i < outcomes->count;) {
		uint32_t *record = &outcomes->records[i];

		if (is_open(outcomes, i) && happened) {
			set_commit(outcomes->kept, *record, 1);
		} else if (is_open(outcomes, i) && has_happened(outcomes->kept, *record, 0)) {
			*record = cut_back(outcomes->kept, *record);
		} else if (is_open(outcomes, i)) {
			kept_remove(outcomes->kept, *record);
			*record = outcomes->records[--outcomes->count];
			continue;
		}
		i++;
	}
}

void kept_outcomes_forget(struct kept_outcomes *outcomes)
{
	size_t count = 0;

	for (size_t i = 0; i < outcomes->count; i++) {
		if (is_open(outcomes, i))
			outcomes->records[count++] = outcomes->records[i];
		else
			kept_remove(outcomes->kept, outcomes->records[i]);
	}
	outcomes->count = count;
}

void kept_outcomes_fini(struct kept_outcomes *outcomes)
{
	free(outcomes->records);
	*outcomes = (struct kept_outcomes){ 0 };
}

/* Lines that a job does not have are none that it has done. */
static void fill(struct fuse_job *job, const struct kept_outcome *head)
{
	const char *bytes = (const char *)(head + 1);

	job->done = head->done < job->count ? (size_t)head->done : job->count;
	job->failed = head->failed < job->count ? (size_t)head->failed : 0;
	job->error = head->error;
	job->was_begun = head->is_begun && !head->commit;
	reply_fini(&job->reply);
	strbuf_add(&job->reply.items, bytes, (size_t)head->items);
	job->reply.triples = (size_t)head->triples;
	job->reply.number = head->number;
	job->reply.is_nameless = head->is_nameless;
	strbuf_reset(&job->output);
	strbuf_add(&job->output, bytes + head->items, (size_t)head->output);
	strbuf_reset(&job->why);
	strbuf_add(&job->why, bytes + head->items + head->output, (size_t)head->why);
}

bool kept_outcomes_take(struct kept_outcomes *outcomes, struct fuse_job *job)
{
	for (size_t i = 0; job->number && i < outcomes->count; i++) {
		if (kept_get_id(outcomes->kept, outcomes->records[i]) != job->number)
			continue;
		job->outcome = outcomes->records[i];
		outcomes->records[i] = outcomes->records[--outcomes->count];
		fill(job, kept_get(outcomes->kept, job->outcome));
		return true;
	}
	return false;
}
