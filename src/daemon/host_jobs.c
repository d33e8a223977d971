/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs about mount points, line by line: each is a request to its host. Visits are errands of the
 * workers.
 */

#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/asking.h"
#include "daemon/host_errand.h"
#include "daemon/host_jobs.h"
#include "io/fuse/kept_outcomes.h"

/* A job under way, by its next line. */
struct host_job {
	struct host_request request;
	struct host_job *next;
	struct fuse_job *job;
};

/* A visit under way. */
struct task {
	struct errand errand;
	struct host_jobs *jobs;
	struct host_visit *visit;
};

static void set_timer(void *data, uint64_t at)
{
	struct host_jobs *jobs = data;

	loop_set_timer(jobs->loop, &jobs->timer, at);
}

static void on_time(void *data, uint64_t now)
{
	struct host_jobs *jobs = data;

	hosts_handle_time(jobs->hosts, now);
	change_queue_work(jobs->queue); /* somebody may wait until nothing is under way */
}

static void run_host_errand(struct errand *errand)
{
	host_errand_run(container_of(errand, struct task, errand)->visit);
}

static void finish_task(struct errand *errand)
{
	struct task *task = container_of(errand, struct task, errand);
	struct host_jobs *jobs = task->jobs;

	hosts_take(jobs->hosts, task->visit, clock_get_monotonic());
	free(task);
	change_queue_work(jobs->queue);
}

static struct fuse_job *get_job(struct host_request *request)
{
	return request ? container_of(request, struct host_job, request)->job : NULL;
}

static void begin_visit(void *data, struct host_visit *visit)
{
	struct host_jobs *jobs = data;
	struct task *task = xcalloc(1, sizeof(*task));
	struct fuse_job *job = get_job(((const struct host *)visit->host)->request);

	if (visit->is_write && job)
		kept_outcomes_note_begun(jobs->kept, job);
	task->errand.run = run_host_errand;
	task->errand.finish = finish_task;
	task->jobs = jobs;
	task->visit = visit;
	workers_add(jobs->workers, &task->errand);
}

static void report(void *data, const char *what, int error, const char *why)
{
	struct host_jobs *jobs = data;

	log_warning("%s: %s", what, why);
	asking_note_own_failure(jobs->error_log, error, what, why);
}

static struct manager_env prepare(void *data, struct host_request *request)
{
	if (!request)
		return asking_get_env(NULL);
	asking_find_device(request->request);
	return asking_get_env(container_of(request, struct host_job, request)->job);
}

static void remove_job(struct host_jobs *jobs, struct host_job *host_job)
{
	struct host_job **at = &jobs->first;

	while (*at != host_job)
		at = &(*at)->next;
	*at = host_job->next;
	free(host_job);
}

static void finish_job(struct host_jobs *jobs, struct host_job *host_job)
{
	struct fuse_job *job = host_job->job;
	struct deltas none = { 0 };

	remove_job(jobs, host_job);
	if (job->error && !job->done)
		asking_note_failure(jobs->error_log, job);
	change_queue_finish(jobs->queue, job, &none);
}

static void fail_job(struct host_jobs *jobs, struct host_job *host_job, int error, const char *why)
{
	struct fuse_job *job = host_job->job;

	job->error = error;
	job->failed = job->done;
	strbuf_reset(&job->why);
	strbuf_add_text(&job->why, why);
	finish_job(jobs, host_job);
}

static void submit_line(struct host_jobs *jobs, struct host_job *host_job)
{
	struct job_line *line = &host_job->job->lines[host_job->job->done];

	if (line->error) {
		fail_job(jobs, host_job, line->error, line->why);
		return;
	}
	host_job->request.request = &line->request;
	hosts_submit(jobs->hosts, &host_job->request, clock_get_monotonic());
}

/*
 * An earlier process has deleted the entry on the hosting volume, and this one has seen that,
 * before it came to the request.
 */
static bool has_gone_before(const struct fuse_job *job, int error)
{
	return error == -EINVAL && job->was_begun && /* it is no registered one any more */
		job->operation->kind == OP_VOLUME_MOUNT_POINT_DELETED;
}

static void reply(void *data, struct host_request *request, int error, const char *why)
{
	struct host_jobs *jobs = data;
	struct host_job *host_job = container_of(request, struct host_job, request);
	struct fuse_job *job = host_job->job;

	if (has_gone_before(job, error))
		error = 0;
	job->was_begun = false;
	if (error)
		fail_job(jobs, host_job, error, why);
	else if (++job->done < job->count)
		submit_line(jobs, host_job);
	else
		finish_job(jobs, host_job);
}

void host_jobs_submit(struct host_jobs *jobs, struct fuse_job *job)
{
	struct host_job *host_job = xcalloc(1, sizeof(*host_job));

	mount_table_read(jobs->mounts); /* the client may have mounted it just now */
	if (!job->outcome)
		job->done = 0;
	host_job->job = job;
	host_job->next = jobs->first;
	jobs->first = host_job;
	if (job->done < job->count)
		submit_line(jobs, host_job);
	else
		finish_job(jobs, host_job); /* it has happened in an earlier process */
}

bool host_jobs_cancel(struct host_jobs *jobs, struct fuse_job *job)
{
	struct host_job *host_job = jobs->first;

	while (host_job && host_job->job != job)
		host_job = host_job->next;
	if (!host_job || !hosts_cancel(jobs->hosts, &host_job->request))
		return false;
	remove_job(jobs, host_job);
	return true;
}

static bool begin(void *data, struct change *change)
{
	struct host_jobs *jobs = data;

	return hosts_begin(jobs->hosts, change, clock_get_monotonic());
}

/* The job whose next line is being committed, or NULL. */
static struct fuse_job *find_committing(struct host_jobs *jobs)
{
	return get_job(hosts_get_request(jobs->hosts));
}

/* With the commit one more line is done. */
static void note(void *data, uint64_t commit)
{
	struct host_jobs *jobs = data;
	struct fuse_job *job = find_committing(jobs);

	if (!job)
		return;
	job->done++;
	kept_outcomes_note(jobs->kept, job, commit);
	job->done--;
}

static void take_back(struct host_jobs *jobs)
{
	struct fuse_job *job = find_committing(jobs);

	if (job)
		kept_outcomes_take_back(jobs->kept, job);
}

static void end(void *data, int error, const char *why, struct deltas *deltas)
{
	struct host_jobs *jobs = data;

	if (error)
		take_back(jobs);
	change_queue_finish(jobs->queue, NULL, deltas); /* before the reply */
	hosts_end(jobs->hosts, error, why, clock_get_monotonic());
}

static void again(void *data, struct change *change)
{
	struct host_jobs *jobs = data;

	take_back(jobs);
	hosts_again(jobs->hosts, clock_get_monotonic());
}

/* What was found on hosting volumes and did not become a mount point, or is one no more. */
static void note_mount_points(struct host_jobs *jobs, const struct events *events)
{
	for (size_t i = 0; i < events->count; i++) {
		const struct event *event = &events->list[i];
		bool is_refused = event->kind == EVENT_MOUNT_POINT_REFUSED;

		if (!event->reason || event->kind == EVENT_MOUNT_POINT_CREATED ||
			(!is_refused && event->kind != EVENT_MOUNT_POINT_DELETED))
			continue;
		log_warning("mount point %s: %s", event->path, event->reason);
		asking_note_own_failure(jobs->error_log, is_refused ? -EEXIST : -ENOENT,
			event->path, event->reason);
	}
}

/* A device that came may be a host, or one that a host has waited for. */
static void handle_change(void *data, const struct touched *touched)
{
	struct host_jobs *jobs = data;
	uint64_t now = clock_get_monotonic();

	note_mount_points(jobs, &touched->events);
	if (!hosts_handle_change(jobs->hosts, touched, now))
		return;
	hosts_update(jobs->hosts, jobs->rest, now);
}

void host_jobs_handle_mounts(struct host_jobs *jobs)
{
	hosts_update(jobs->hosts, jobs->rest, clock_get_monotonic());
}

void host_jobs_init(struct host_jobs *jobs, const struct manager *manager)
{
	jobs->world = (struct host_world){
		.visit = begin_visit,
		.reply = reply,
		.report = report,
		.prepare = prepare,
		.set_timer = set_timer,
		.data = jobs,
	};
	jobs->timer = (struct timer){ .fn = on_time, .data = jobs };
	jobs->hosts = hosts_new(manager, &jobs->world);
	jobs->source = (struct change_source){
		.begin = begin, .end = end, .again = again, .note = note, .data = jobs
	};
	jobs->follower = (struct change_follower){ .applied = handle_change, .data = jobs };
	change_queue_add_source(jobs->queue, &jobs->source);
	change_queue_add_follower(jobs->queue, &jobs->follower);
}

void host_jobs_fini(struct host_jobs *jobs)
{
	hosts_free(jobs->hosts);
}

void host_jobs_close(struct host_jobs *jobs, int error, const char *why)
{
	if (jobs->hosts)
		hosts_close(jobs->hosts, error, why);
}
