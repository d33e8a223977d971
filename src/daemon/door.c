/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one door. Every job of a client and every batch of devices takes the same way, one at a time:
 *
 *	decide (core, pure) -> commit (store thread) -> apply (core) -> reply (notify thread)
 *
 * Jobs that change nothing are answered at once from the state. While a commit is under way the
 * rest queues up; devices gather in one batch, and of jobs as many as may share the next commit:
 * waiting for the disk is what a change costs. What is visible is committed: the state changes only
 * after the store has said so, and a failed commit leaves no trace.
 */

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "core/rules/apply.h"
#include "core/rules/engine.h"
#include "core/rules/mounted.h"
#include "daemon/mmfs_private.h"
#include "io/udev/dev_path.h"

#define SHARED_LINES 1000	  /* in one transaction, of writes that need not be */
#define REPLY_BYTES (1024 * 1024) /* after which no more lines of a write are answered */
#define RETRY_FIRST (5 * SECOND) /* after a failed commit; the pause doubles from try to try, … */
#define RETRY_MAX (60 * SECOND)	 /* … up to this */

void door_get_random(void *to, size_t len)
{
	if (getrandom(to, len, 0) != (ssize_t)len)
		abort();
}

struct manager_env door_get_env(const struct fuse_job *job)
{
	return (struct manager_env){
		.now = clock_get_real(),
		.get_random = door_get_random,
		.uid = job ? job->uid : getuid(),
		.pid = job ? job->pid : (uint32_t)getpid(),
		.command = job ? job->command : "mmfs",
	};
}

static void note_failure(struct mmfs *mmfs, const struct fuse_job *job)
{
	const struct job_line *line = &job->lines[job->failed];
	struct failure failure = {
		.time = clock_get_real(),
		.uid = job->uid,
		.error = -job->error,
		.operation = (char *)operation_get_title(job->operation),
		.request = line->text,
		.why = (char *)strbuf_text(&job->why),
	};

	error_log_add(&mmfs->error_log, &failure);
	log_debug("%s '%s' of uid %u: %s: %s", failure.operation, failure.request, failure.uid,
		strerror(failure.error), failure.why);
}

void door_note_failure(struct mmfs *mmfs, int error, const char *what, const char *why)
{
	struct failure failure = {
		.time = clock_get_real(),
		.uid = getuid(),
		.error = -error,
		.operation = (char *)"reconcile",
		.request = (char *)what,
		.why = (char *)why,
	};

	error_log_add(&mmfs->error_log, &failure);
}

/* Tells the readers of `events`; they get it when the kernel and the client have got theirs. */
static void tell(struct mmfs *mmfs, const struct events *events)
{
	uint64_t now = clock_get_real();

	for (size_t i = 0; i < events->count; i++)
		event_stream_add(&mmfs->stream, &events->list[i], mmfs->manager.epic, now);
}

/* Gives a job back to its client, and `deltas` to the kernel. */
static void finish(struct mmfs *mmfs, struct fuse_job *job, struct deltas *deltas)
{
	if (job && job->error && !job->done && job->error != -EOVERFLOW)
		note_failure(mmfs, job);
	crash_point("daemon:before-reply");
	if (mmfs->fuse) {
		tell(mmfs, &deltas->events);
		fuse_finish(mmfs->fuse, job, deltas);
	}
	deltas_fini(deltas);
}

static void finish_without_change(struct mmfs *mmfs, struct fuse_job *job)
{
	struct deltas none = { 0 };

	finish(mmfs, job, &none);
}

void door_finish(struct mmfs *mmfs, struct fuse_job *job)
{
	finish_without_change(mmfs, job);
}

void door_show(struct mmfs *mmfs, struct deltas *deltas)
{
	finish(mmfs, NULL, deltas);
}

/* Whether volumes or volume names come, for which hosting volumes may have waited. */
static bool brings_volume_names(const struct change *change)
{
	if (change->volumes.assignment_count)
		return true;
	map_for_each (&change->names.links, node, next)
		if (link_name_is_volume(container_of(node, struct link, by_path)->path))
			return true;
	return false;
}

/* What was found on hosting volumes and did not become a mount point, or is one no more. */
static void note_mount_points(struct mmfs *mmfs, const struct events *events)
{
	for (size_t i = 0; i < events->count; i++) {
		const struct event *event = &events->list[i];
		bool is_refused = event->kind == EVENT_MOUNT_POINT_REFUSED;

		if (!event->reason || event->kind == EVENT_MOUNT_POINT_CREATED ||
			(!is_refused && event->kind != EVENT_MOUNT_POINT_DELETED))
			continue;
		log_warning("mount point %s: %s", event->path, event->reason);
		door_note_failure(mmfs, is_refused ? -EEXIST : -ENOENT, event->path, event->reason);
	}
}

/* The first takes `deltas` along, all replies go behind it. */
static void finish_all(struct mmfs *mmfs, struct fuse_job *jobs, struct deltas *deltas)
{
	do {
		struct fuse_job *next = jobs ? jobs->next : NULL;

		finish(mmfs, jobs, deltas);
		jobs = next;
	} while (jobs);
}

/* Puts the committed change in place and shows it. */
static void apply(struct mmfs *mmfs, struct fuse_job *jobs)
{
	uint64_t now = clock_get_real();
	struct deltas deltas = { 0 };
	bool brings_names = brings_volume_names(&mmfs->change);
	struct touched touched;

	crash_point("daemon:before-apply");
	apply_change(&mmfs->manager, &mmfs->change, &touched);
	change_fini(&mmfs->change);
	note_mount_points(mmfs, &touched.events);
	/* Before it is mounted nobody listens. */
	tree_update(&mmfs->tree, &mmfs->manager, &touched, now, mmfs->fuse ? &deltas : NULL);
	publisher_update(mmfs->publisher, &touched);
	touched_fini(&touched);
	finish_all(mmfs, jobs, &deltas);
	if (brings_names) {
		hosts_handle_arrival(mmfs->hosts);
		hosts_update(mmfs->hosts);
	}
	automount_update(mmfs->automount);
	if (mmfs->host)
		hosts_handle_commit(mmfs->hosts, steal_ptr(mmfs->host), 0, NULL);
}

void door_commit(struct mmfs *mmfs, struct fuse_job *jobs)
{
	if (!change_has_rows(&mmfs->change)) {
		apply(mmfs, jobs);
		return;
	}
	mmfs->jobs = jobs;
	mmfs->is_committing = true;
	mmfs->commits++;
	store_commit(mmfs->store, &mmfs->change);
}

void door_find_device(struct request *request)
{
	struct volume_ref *device = &request->device;

	if (device->text && device->kind == VOLUME_BY_DEVICE)
		device->number = dev_path_find_number(device->text);
}

static int decide_line(struct mmfs *mmfs, const struct manager_env *env, struct fuse_job *job,
	struct job_line *line, struct change *change)
{
	if (line->number)
		strbuf_add_format(&job->why, "line %zu: ", line->number);
	if (line->error) {
		strbuf_add_text(&job->why, line->why);
		return line->error;
	}
	door_find_device(&line->request);
	return engine_decide_request(
		&mmfs->manager, env, &line->request, change, &job->reply, &job->why);
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
static bool is_full(const struct fuse_job *job)
{
	return job->done && !job->is_whole && job->reply.items.len >= REPLY_BYTES;
}

/*
 * Decides the next lines of a job in order, up to the first that fails, or until a time (0: none).
 * False: there are more to decide.
 */
static bool decide_lines(
	struct mmfs *mmfs, struct fuse_job *job, struct change *change, uint64_t limit)
{
	struct manager_env env = door_get_env(job);

	engine_begin_requests(change);
	for (; job->done < job->count && !is_full(job); job->done++) {
		if (limit && clock_get_monotonic() >= limit)
			return false;
		strbuf_reset(&job->why);
		job->error = decide_line(mmfs, &env, job, &job->lines[job->done], change);
		if (job->error)
			break;
	}
	encode_reply(job);
	job->failed = job->error ? job->done : 0;
	if (job->error && job->is_whole)
		job->done = 0;
	engine_end_requests(&mmfs->manager, &env, change);
	return true;
}

static void decide_job(struct mmfs *mmfs, struct fuse_job *job, struct change *change)
{
	decide_lines(mmfs, job, change, 0);
}

static struct fuse_job *take_job(struct mmfs *mmfs)
{
	struct fuse_job *job = mmfs->first;

	mmfs->first = job->next;
	if (!mmfs->first)
		mmfs->last = &mmfs->first;
	job->next = NULL;
	return job;
}

/* Jobs behind the first that go into the same commit, each upon the ones before. */
static void add_jobs(struct mmfs *mmfs, struct fuse_job *job)
{
	size_t lines = job->count;

	while (mmfs->first && mmfs->first->may_share && lines < SHARED_LINES) {
		job = job->next = take_job(mmfs);
		lines += job->count;
		decide_job(mmfs, job, &mmfs->change);
	}
}

static void begin_jobs(struct mmfs *mmfs)
{
	struct fuse_job *job = take_job(mmfs);

	change_init(&mmfs->change, &mmfs->manager);
	decide_job(mmfs, job, &mmfs->change);
	if (job->error && !job->done) {
		change_fini(&mmfs->change);
		finish_without_change(mmfs, job);
		return;
	}
	if (job->may_share)
		add_jobs(mmfs, job);
	door_commit(mmfs, job);
}

/* Decides what the devices that are known by now bring. False: there are none. */
static bool begin_devices(struct mmfs *mmfs)
{
	struct manager_env env = door_get_env(NULL);

	if (mmfs->is_starting)
		return false;
	change_init(&mmfs->change, &mmfs->manager);
	discovery_take(mmfs->discovery, &mmfs->change.volumes);
	if (mmfs->has_new_mounts)
		mounted_decide_departures(&mmfs->manager, &mmfs->change);
	mmfs->has_new_mounts = false;
	if (!mmfs->must_retry && !mmfs->change.volumes.puts && !mmfs->change.volumes.gones) {
		change_fini(&mmfs->change);
		return false;
	}
	mmfs->must_retry = false;
	if (!engine_decide_devices(&mmfs->manager, &env, &mmfs->change)) {
		change_fini(&mmfs->change);
		return false;
	}
	door_commit(mmfs, NULL);
	return true;
}

/* The devices are what they are, written down or not. */
static void retry_devices(struct mmfs *mmfs)
{
	engine_retry(&mmfs->manager, &mmfs->change);
	apply(mmfs, NULL);
	mmfs->retry_after = mmfs->retry_after ? 2 * mmfs->retry_after : RETRY_FIRST;
	if (mmfs->retry_after > RETRY_MAX)
		mmfs->retry_after = RETRY_MAX;
	mmfs->retry_at = clock_get_monotonic() + mmfs->retry_after;
}

void door_retry(struct mmfs *mmfs)
{
	mmfs->retry_after = mmfs->retry_at = 0;
	mmfs->must_retry = engine_has_unwritten(&mmfs->manager);
}

uint64_t door_get_deadline(const struct mmfs *mmfs)
{
	return mmfs->is_committing ? 0 : mmfs->retry_at;
}

void door_handle_time(struct mmfs *mmfs)
{
	if (mmfs->is_committing || !mmfs->retry_at || clock_get_monotonic() < mmfs->retry_at)
		return;
	mmfs->retry_at = 0;
	mmfs->must_retry = true;
	door_work(mmfs);
}

/*
 * Answers from the state: no change can come of the job, so it needs no turn. Who asks for much is
 * answered in slices, so that others are served in between.
 */
static bool answer(struct mmfs *mmfs, struct fuse_job *job, uint64_t limit)
{
	struct change change;
	bool is_done;

	change_init(&change, &mmfs->manager);
	is_done = decide_lines(mmfs, job, &change, limit);
	change_fini(&change);
	if (is_done)
		finish_without_change(mmfs, job);
	return is_done;
}

/* Goes on with a query while its user has time in this turn. */
static bool answer_slice(struct mmfs *mmfs, struct fuse_job *job)
{
	uint64_t time = budget_get_time(&mmfs->budget, job->uid), start = clock_get_monotonic();
	uint32_t uid = job->uid;
	bool is_done = time && answer(mmfs, job, start + time);

	if (time)
		budget_spend(&mmfs->budget, uid, clock_get_monotonic() - start);
	return is_done;
}

void door_answer(struct mmfs *mmfs)
{
	struct fuse_job **at = &mmfs->queries;

	budget_begin_turn(&mmfs->budget);
	while (*at) {
		struct fuse_job *job = *at, *next = job->next;

		if (answer_slice(mmfs, job))
			*at = next;
		else
			at = &job->next;
	}
	mmfs->last_query = at;
}

static void submit_query(struct mmfs *mmfs, struct fuse_job *job)
{
	if (answer_slice(mmfs, job))
		return;
	*mmfs->last_query = job;
	mmfs->last_query = &job->next;
}

static void check_settled(struct mmfs *mmfs)
{
	if (mmfs->is_starting || mmfs->is_committing || !mmfs->settling || mmfs->must_look ||
		!discovery_is_settled(mmfs->discovery) || !hosts_is_settled(mmfs->hosts) ||
		!automount_is_settled(mmfs->automount) || !publisher_is_settled(mmfs->publisher))
		return;
	while (mmfs->settling) {
		struct fuse_job *job = mmfs->settling;

		mmfs->settling = job->next;
		answer(mmfs, job, 0);
	}
}

void door_work(void *data)
{
	struct mmfs *mmfs = data;

	while (!mmfs->is_committing) {
		if (begin_devices(mmfs) || hosts_begin(mmfs->hosts))
			continue;
		if (!mmfs->first)
			break;
		begin_jobs(mmfs);
	}
	check_settled(mmfs);
}

/* Nothing of them has happened. */
static void fail_jobs(struct mmfs *mmfs, struct fuse_job *job, int error, const char *why)
{
	for (struct fuse_job *next; job; job = next) {
		next = job->next;
		job->done = job->failed = 0;
		job->error = error;
		strbuf_reset(&job->why);
		strbuf_add_text(&job->why, why);
		finish_without_change(mmfs, job);
	}
}

void door_on_store(void *data, uint32_t events)
{
	struct mmfs *mmfs = data;
	struct fuse_job *jobs = mmfs->jobs;
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	int r;

	if (!store_take_result(mmfs->store, &r, &why))
		return;
	mmfs->is_committing = false;
	mmfs->jobs = NULL;
	if (r == 0) {
		apply(mmfs, jobs);
		door_retry(mmfs);
	} else {
		log_error("%s", strbuf_text(&why));
		if (mmfs->host) {
			change_fini(&mmfs->change);
			hosts_handle_commit(
				mmfs->hosts, steal_ptr(mmfs->host), r, strbuf_text(&why));
		} else if (jobs) {
			change_fini(&mmfs->change);
			fail_jobs(mmfs, jobs, r, strbuf_text(&why));
		} else {
			retry_devices(mmfs);
		}
	}
	door_work(mmfs);
}

/* Looks anew at what a job is about, which then waits until all is known. */
static void begin_wait(struct mmfs *mmfs, struct fuse_job *job)
{
	const struct map *devices = &mmfs->manager.volumes.by_name;

	if (job->operation->kind != OP_SETTLE)
		door_retry(mmfs);
	for (size_t i = 0; job->operation->kind == OP_VOLUME_ARRIVAL_NOTIFICATION && i < job->count;
		i++) {
		const char *text = job->lines[i].request.device.text;
		_cleanup_free_ char *path =
			!text || *text == '/' ? NULL : xasprintf("/dev/%s", text);

		if (text)
			discovery_look(mmfs->discovery, dev_path_find_number(path ? path : text));
	}
	map_for_each (devices, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		if (job->operation->kind == OP_CHECK_UNPROCESSED_VOLUMES && device->reason)
			discovery_look(mmfs->discovery, device->number);
	}
	job->next = mmfs->settling;
	mmfs->settling = job;
	mmfs->must_look = true; /* once for all who begin to wait in this turn */
}

void door_look(struct mmfs *mmfs)
{
	if (!mmfs->must_look)
		return;
	mmfs->must_look = false;
	mmfs_read_mounts(mmfs);
	discovery_drain(mmfs->discovery);
	door_work(mmfs);
}

bool door_cancel(void *data, struct fuse_job *job)
{
	struct mmfs *mmfs = data;
	struct fuse_job **at = &mmfs->settling;

	while (*at && *at != job)
		at = &(*at)->next;
	if (!*at)
		return hosts_cancel(mmfs->hosts, job);
	*at = job->next;
	return true;
}

/* Whether a job is about what is mounted rather than devices: then there is nothing to wait for. */
static bool is_of_mounted(struct mmfs *mmfs, const struct fuse_job *job)
{
	const struct volume_ref *ref = &job->lines[0].request.device;

	if (job->operation->kind != OP_VOLUME_ARRIVAL_NOTIFICATION || !ref->text ||
		ref->text[0] != '/' || strncmp(ref->text, "/dev/", 5) == 0)
		return false;
	mmfs_read_mounts(mmfs); /* the client may have mounted it just now */
	return mounted_is_meant(&mmfs->manager, ref);
}

void door_submit(void *data, struct fuse_job *job)
{
	struct mmfs *mmfs = data;

	job->next = NULL;
	if (job->count == 0) {
		finish_without_change(mmfs, job); /* an unfinished line: kept for the next write */
	} else if (job->operation->flags & OPERATION_HOSTS) {
		hosts_submit(mmfs->hosts, job);
	} else if (job->operation->flags & OPERATION_WAITS && !is_of_mounted(mmfs, job)) {
		begin_wait(mmfs, job);
	} else if (!(job->operation->flags & OPERATION_CHANGES)) {
		submit_query(mmfs, job);
	} else {
		*mmfs->last = job;
		mmfs->last = &job->next;
		door_work(mmfs);
	}
}

void door_close(struct mmfs *mmfs)
{
	fail_jobs(mmfs, mmfs->first, -ENODEV, "mmfs is stopping");
	fail_jobs(mmfs, mmfs->settling, -ENODEV, "mmfs is stopping");
	fail_jobs(mmfs, mmfs->queries, -ENODEV, "mmfs is stopping");
	hosts_close(mmfs->hosts);
}
