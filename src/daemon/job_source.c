/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs of clients. One that changes nothing is answered at once from the state; one that waits,
 * when nothing is under way any more. While a commit is under way the rest queues up, as many as
 * may share the next commit: waiting for the disk is what a change costs.
 */

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "core/rules/engine.h"
#include "core/rules/mounted.h"
#include "daemon/asking.h"
#include "daemon/job_source.h"
#include "io/udev/dev_path.h"

#define SHARED_LINES 1000	  /* in one transaction, of writes that need not be */
#define REPLY_BYTES (1024 * 1024) /* after which no more lines of a write are answered */
#define SHARED_RACES 4		  /* a job that has lost so many shares no commit any more */

static const char unsure[] = "the cluster does not answer: it may have happened, or may yet";

/* Whether names were there, or were not, that other hosts may have changed since. */
static bool rests_on_names(const struct fuse_job *job)
{
	return (job->error == -EEXIST || job->error == -ENOENT) &&
		job->operation->flags & OPERATION_CHANGES;
}

/* Gives a job back to its client, and `deltas` to the kernel. */
static void finish(struct job_source *jobs, struct fuse_job *job, struct deltas *deltas)
{
	if (rests_on_names(job))
		change_queue_explain_refusal(jobs->queue, &job->why);
	/* Nobody meant to change anything with a trial: its reply says why. */
	if (job->error && !job->done && job->error != -EOVERFLOW && !job->is_trial)
		asking_note_failure(jobs->error_log, job);
	change_queue_finish(jobs->queue, job, deltas);
}

static void finish_without_change(struct job_source *jobs, struct fuse_job *job)
{
	struct deltas none = { 0 };

	finish(jobs, job, &none);
}

static int decide_line(struct job_source *jobs, const struct manager_env *env, struct fuse_job *job,
	struct job_line *line, struct change *change)
{
	if (line->number)
		strbuf_add_format(&job->why, "line %zu: ", line->number);
	if (line->error) {
		strbuf_add_text(&job->why, line->why);
		return line->error;
	}
	asking_find_device(&line->request);
	return engine_decide_request(
		jobs->manager, env, &line->request, change, &job->reply, &job->why);
}

/* The output of a binary request: without room for it nothing happens. */
static void encode_reply(struct fuse_job *job)
{
	if (job->error || !job->code)
		return;
	job->error = wire_encode(job->code, &job->reply, job->room, &job->output);
	if (job->error)
		job->done = 0;
}

/* Of a write whose lines need not happen together the rest may come again, as after a failure. */
static bool is_full(const struct job_source *jobs, const struct fuse_job *job)
{
	return job->done && !job->is_whole &&
		(job->reply.items.len >= REPLY_BYTES ||
			job->done >= change_queue_get_lines(jobs->queue));
}

/*
 * Decides the next lines of a job in order, up to the first that fails, or until a time (0: none).
 * False: there are more to decide.
 */
static bool decide_lines(
	struct job_source *jobs, struct fuse_job *job, struct change *change, uint64_t limit)
{
	struct manager_env env = asking_get_env(job);

	job->reply.is_unread = job->is_unread;
	engine_begin_requests(change);
	for (; job->done < job->count && !is_full(jobs, job); job->done++) {
		if (limit && clock_get_monotonic() >= limit)
			return false;
		strbuf_reset(&job->why);
		job->error = decide_line(jobs, &env, job, &job->lines[job->done], change);
		if (job->error)
			break;
	}
	encode_reply(job);
	job->failed = job->error ? job->done : 0;
	if (job->error && job->is_whole)
		job->done = 0;
	engine_end_requests(jobs->manager, &env, change);
	return true;
}

/* Takes back what was decided of a job for a change that did not happen. */
static void reset_job(struct fuse_job *job)
{
	job->done = job->failed = 0;
	job->error = 0;
	reply_fini(&job->reply);
	strbuf_reset(&job->output);
	strbuf_reset(&job->why);
}

static void decide_job(struct job_source *jobs, struct fuse_job *job, struct change *change)
{
	reset_job(job);
	decide_lines(jobs, job, change, 0);
}

static bool may_share(const struct fuse_job *job)
{
	return job->may_share && job->races < SHARED_RACES;
}

static struct fuse_job *take_job(struct job_source *jobs)
{
	struct fuse_job *job = jobs->first;

	jobs->first = job->next;
	if (!jobs->first)
		jobs->last = &jobs->first;
	job->next = NULL;
	return job;
}

/* Jobs behind the first that go into the same commit, each upon the ones before. */
static void add_jobs(struct job_source *jobs, struct fuse_job *job, struct change *change)
{
	size_t lines = job->count, most = change_queue_get_lines(jobs->queue);

	while (jobs->first && may_share(jobs->first) && lines < SHARED_LINES &&
		lines + jobs->first->count <= most) {
		job = job->next = take_job(jobs);
		lines += job->count;
		decide_job(jobs, job, change);
	}
}

static void add_last(struct job_source *jobs, struct fuse_job *job)
{
	*jobs->last = job;
	jobs->last = &job->next;
}

/* Nothing of them has happened, or nobody knows. */
static void fail_jobs(struct job_source *jobs, struct fuse_job *job, int error, const char *why)
{
	for (struct fuse_job *next; job; job = next) {
		next = job->next;
		job->done = job->failed = 0;
		job->error = error;
		strbuf_reset(&job->why);
		strbuf_add_text(&job->why, why);
		finish_without_change(jobs, job);
	}
}

/* What became of them in an earlier server is known now, as far as it ever will be. */
static void release_open(struct job_source *jobs)
{
	struct fuse_job *job = steal_ptr(jobs->open);

	jobs->last_open = &jobs->open;
	for (struct fuse_job *next; job; job = next) {
		next = steal_ptr(job->next);
		if (jobs->open_result == -ETIMEDOUT) {
			kept_outcomes_take(&jobs->outcomes, job);
			fail_jobs(jobs, job, -ETIMEDOUT, unsure);
		} else {
			job_source_submit(jobs, job);
		}
	}
}

void job_source_settle(struct job_source *jobs, int result)
{
	if (result != -ETIMEDOUT)
		kept_outcomes_settle(&jobs->outcomes, result == 0);
	jobs->is_open = false;
	jobs->open_result = result;
}

/* A job changes nothing. True: others may have changed what it was judged by, so they are asked. */
static bool must_ask(struct job_source *jobs, struct change *change)
{
	bool is_refusal = change->is_refusal;

	change_fini(change);
	change_init(change, jobs->manager);
	change->is_refusal = is_refusal;
	return change_queue_has_others(jobs->queue);
}

static bool begin(void *data, struct change *change)
{
	struct job_source *jobs = data;

	if (!jobs->is_open)
		release_open(jobs);
	while (jobs->first) {
		struct fuse_job *job = take_job(jobs);

		decide_job(jobs, job, change);
		if (job->done || !job->error || must_ask(jobs, change)) {
			if (may_share(job))
				add_jobs(jobs, job, change);
			jobs->committing = job;
			return true;
		}
		change->is_refusal = false;
		finish_without_change(jobs, job);
	}
	return false;
}

/*
 * Answers from the state: what would change is dropped, so it needs no turn. Who asks for much is
 * answered in slices, so that others are served in between.
 */
static bool answer(struct job_source *jobs, struct fuse_job *job, uint64_t limit)
{
	struct change change;
	bool is_done;

	change_init(&change, jobs->manager);
	is_done = decide_lines(jobs, job, &change, limit);
	change_fini(&change);
	if (is_done)
		finish_without_change(jobs, job);
	return is_done;
}

/* Goes on with a query while its user has time in this turn. */
static bool answer_slice(struct job_source *jobs, struct fuse_job *job)
{
	uint64_t time = budget_get_time(&jobs->budget, job->uid), start = clock_get_monotonic();
	uint32_t uid = job->uid;
	bool is_done = time && answer(jobs, job, start + time);

	if (time)
		budget_spend(&jobs->budget, uid, clock_get_monotonic() - start);
	return is_done;
}

static void answer_queries(struct job_source *jobs)
{
	struct fuse_job **at = &jobs->queries;

	budget_begin_turn(&jobs->budget);
	while (*at) {
		struct fuse_job *job = *at, *next = job->next;

		if (answer_slice(jobs, job))
			*at = next;
		else
			at = &job->next;
	}
	jobs->last_query = at;
}

static void submit_query(struct job_source *jobs, struct fuse_job *job)
{
	if (answer_slice(jobs, job))
		return;
	*jobs->last_query = job;
	jobs->last_query = &job->next;
}

/* Whether it is about the cluster itself rather than a volume. */
static bool is_of_cluster(const struct fuse_job *job)
{
	return job->operation->kind == OP_CLUSTER_FORGET ||
		(job->operation->kind == OP_CLUSTER_JOIN &&
			job->lines[0].request.given & KEY_BIT(KEY_ALL));
}

/*
 * It is told, when all is known that there is, and no more: what comes of it shows in
 * control/cluster.
 */
static void tell_cluster(struct job_source *jobs, struct fuse_job *job)
{
	const struct job_line *line = &job->lines[0];

	job->done = 1;
	job->error = line->error;
	if (line->error)
		strbuf_add_text(&job->why, line->why);
	else if (job->operation->kind == OP_CLUSTER_JOIN)
		job->error = change_queue_take_over(jobs->queue, &job->why);
	else
		job->error = change_queue_forget_host(jobs->queue, line->request.host, &job->why);
	if (job->error)
		job->done = job->failed = 0;
	finish_without_change(jobs, job);
}

static void check_settled(void *data)
{
	struct job_source *jobs = data;

	if (jobs->devices->is_paused || !jobs->settling ||
		!device_monitor_is_settled(jobs->monitor) ||
		!hosts_is_settled(jobs->hosts->hosts) ||
		!mount_orders_is_settled(jobs->mount_orders) ||
		!publisher_is_settled(jobs->publisher) || !change_queue_is_settled(jobs->queue))
		return;
	while (jobs->settling) {
		struct fuse_job *job = jobs->settling;

		jobs->settling = job->next;
		if (is_of_cluster(job))
			tell_cluster(jobs, job);
		else
			answer(jobs, job, 0);
	}
}

/* The first takes `deltas` along, all replies go behind it. */
static void end(void *data, int error, const char *why, struct deltas *deltas)
{
	struct job_source *jobs = data;
	struct fuse_job *job = steal_ptr(jobs->committing);

	if (error) {
		fail_jobs(jobs, job, error, why);
		return;
	}
	crash_point("commit:shown");
	for (struct fuse_job *next; job; job = next) {
		next = job->next;
		finish(jobs, job, deltas);
	}
}

static void note(void *data, uint64_t commit)
{
	struct job_source *jobs = data;

	for (struct fuse_job *job = jobs->committing; job; job = job->next)
		kept_outcomes_note(jobs->kept, job, commit);
}

/*
 * Puts the jobs of a change that lost a race first in the queue, in their order. Those that have
 * lost often share no commit any more.
 */
static void again(void *data, struct change *change)
{
	struct job_source *jobs = data;
	struct fuse_job *job = steal_ptr(jobs->committing), **at = &jobs->first;

	for (struct fuse_job *next; job; job = next) {
		next = steal_ptr(job->next);
		kept_outcomes_drop(jobs->kept, job);
		if (++job->races == ENGINE_RACES_MAX) {
			fail_jobs(jobs, job, -EAGAIN, engine_lost_race);
			continue;
		}
		job->next = *at;
		*at = job;
		at = &job->next;
		if (!job->next)
			jobs->last = at;
	}
}

/* Looks anew at what a job is about, which then waits until all is known. */
static void begin_wait(struct job_source *jobs, struct fuse_job *job)
{
	const struct map *devices = &jobs->manager->volumes.by_name;

	if (job->operation->kind == OP_SETTLE || is_of_cluster(job))
		change_queue_settle(jobs->queue);
	else
		device_source_retry(jobs->devices);
	for (size_t i = 0; job->operation->kind == OP_VOLUME_ARRIVAL_NOTIFICATION && i < job->count;
		i++) {
		const char *text = job->lines[i].request.device.text;
		_cleanup_free_ char *path =
			!text || *text == '/' ? NULL : xasprintf("/dev/%s", text);

		if (text)
			device_monitor_look(
				jobs->monitor, dev_path_find_number(path ? path : text));
	}
	map_for_each (devices, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		if (job->operation->kind == OP_CHECK_UNPROCESSED_VOLUMES && device->reason)
			device_monitor_look(jobs->monitor, device->number);
	}
	job->next = jobs->arrived;
	jobs->arrived = job;
}

/*
 * What happened before they began to wait is known of, then. It is read in as many turns as it
 * takes, once for all who have come by then; who comes meanwhile is next.
 */
static void look(struct job_source *jobs)
{
	struct fuse_job **at = &jobs->settling;

	if (!jobs->looking && jobs->arrived) {
		jobs->looking = steal_ptr(jobs->arrived);
		mount_table_read(jobs->mounts);
		device_monitor_begin_drain(jobs->monitor);
	}
	if (!jobs->looking)
		return;
	if (device_monitor_drain(jobs->monitor)) {
		while (*at)
			at = &(*at)->next;
		*at = steal_ptr(jobs->looking);
	}
	change_queue_work(jobs->queue);
}

bool job_source_has_more(const struct job_source *jobs)
{
	return jobs->queries || jobs->arrived || jobs->looking;
}

void job_source_handle_turn(struct job_source *jobs)
{
	look(jobs);
	answer_queries(jobs);
}

bool job_source_cancel(struct job_source *jobs, struct fuse_job *job)
{
	struct fuse_job **lists[] = { &jobs->arrived, &jobs->looking, &jobs->settling };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		for (struct fuse_job **at = lists[i]; *at; at = &(*at)->next) {
			if (*at != job)
				continue;
			*at = job->next;
			return true;
		}
	}
	return host_jobs_cancel(jobs->hosts, job);
}

/* Whether a job is about what is mounted rather than devices: then there is nothing to wait for. */
static bool is_of_mounted(struct job_source *jobs, const struct fuse_job *job)
{
	const struct volume_ref *ref = &job->lines[0].request.device;

	if (job->operation->kind != OP_VOLUME_ARRIVAL_NOTIFICATION || !ref->text ||
		ref->text[0] != '/' || strncmp(ref->text, "/dev/", 5) == 0)
		return false;
	mount_table_read(jobs->mounts); /* the client may have mounted it just now */
	return mounted_is_meant(jobs->manager, ref);
}

/*
 * What a request calls a volume may be a path into the tree, as a shell completes it. Only its text
 * is looked at: whoever followed it would wait for himself.
 */
static void find_shown(const struct job_source *jobs, struct volume_ref *ref)
{
	size_t len = jobs->mountpoint ? strlen(jobs->mountpoint) : 0;
	struct volume_ref shown;

	if (!len || !ref->text || ref->kind != VOLUME_BY_DEVICE || ref->is_shown ||
		strncmp(ref->text, jobs->mountpoint, len) != 0 || ref->text[len] != '/' ||
		!volume_ref_parse_shown(ref->text + len, &shown))
		return;
	free(ref->text);
	*ref = shown;
}

void job_source_submit(struct job_source *jobs, struct fuse_job *job)
{
	bool is_known;

	job->next = NULL;
	for (size_t i = 0; i < job->count; i++)
		find_shown(jobs, &job->lines[i].request.device);
	if (kept_outcomes_is_open(&jobs->outcomes, job)) {
		*jobs->last_open = job;
		jobs->last_open = &job->next;
		change_queue_work(jobs->queue);
		return;
	}
	is_known = kept_outcomes_take(&jobs->outcomes, job);
	if (is_known && !(job->operation->flags & OPERATION_HOSTS)) {
		finish_without_change(jobs, job);
	} else if (job->count == 0) {
		finish_without_change(jobs, job); /* an unfinished line: kept for the next write */
	} else if (is_of_cluster(job)) {
		begin_wait(jobs, job);
	} else if (job->operation->flags & OPERATION_HOSTS) {
		host_jobs_submit(jobs->hosts, job);
	} else if (job->operation->flags & OPERATION_WAITS && !is_of_mounted(jobs, job)) {
		begin_wait(jobs, job);
	} else if (job->is_trial) {
		answer(jobs, job, 0); /* in one go: a line sees what those before it made */
	} else if (!(job->operation->flags & OPERATION_CHANGES)) {
		submit_query(jobs, job);
	} else {
		add_last(jobs, job);
		change_queue_work(jobs->queue);
	}
}

void job_source_close(struct job_source *jobs, int error, const char *why)
{
	fail_jobs(jobs, steal_ptr(jobs->open), -ETIMEDOUT, unsure);
	fail_jobs(jobs, steal_ptr(jobs->first), error, why);
	fail_jobs(jobs, steal_ptr(jobs->arrived), error, why);
	fail_jobs(jobs, steal_ptr(jobs->looking), error, why);
	fail_jobs(jobs, steal_ptr(jobs->settling), error, why);
	fail_jobs(jobs, steal_ptr(jobs->queries), error, why);
}

void job_source_init(struct job_source *jobs)
{
	jobs->source = (struct change_source){
		.begin = begin,
		.end = end,
		.again = again,
		.note = note,
		.rest = check_settled,
		.data = jobs,
	};
	jobs->last = &jobs->first;
	jobs->last_open = &jobs->open;
	jobs->last_query = &jobs->queries;
	change_queue_add_source(jobs->queue, &jobs->source);
}
