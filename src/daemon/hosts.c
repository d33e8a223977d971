/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosting volumes, each with the steps of what is under way on it:
 *
 *	read -> decide (core, pure) -> write -> decide again -> commit -> apply -> reply
 *
 * Reading and writing are errands of a thread. What is decided at the door is decided from the state
 * as it is then, and from the file as it was read; when that asks for another file than there is, the
 * file is written first, and the decision made again. So a reply means that both the file and the
 * database are on disk. A commit that fails has the old file put back.
 *
 * The kernel lets one client at a time write to a control file, so a request must not be kept for ever:
 * a host that takes too long is given up, until it answers. What was not replied to must not be
 * there afterwards: the file that has been written by then is put back, too.
 *
 * A reconciliation is the same without a request. Where its file cannot be written, the machine still
 * learns from it.
 */

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/model/hosting.h"
#include "core/rules/reconcile.h"
#include "daemon/hosts.h"
#include "hosts_private.h"

#define PATIENCE (5 * SECOND) /* after that, nobody waits for a host to settle */
#define LIMIT (15 * SECOND)   /* and after that, no request is kept waiting for it */
#define REST (SECOND / 4)     /* before a new mount is looked at: umount(8) must not find it busy */
#define WRITES_MAX 8	      /* for one request, while the state keeps changing */

static const char no_answer[] = "the hosting volume does not answer";

static void advance(struct hosts *hosts, struct host *host);
static void end(struct hosts *hosts, struct host *host, int error, const char *why);

struct hosts *hosts_new(struct mmfs *mmfs)
{
	struct hosts *hosts = xcalloc(1, sizeof(*hosts));

	hosts->mmfs = mmfs;
	return hosts;
}

/* Forgets what was read for the job or the reconciliation under way. */
static void reset(struct host *host)
{
	free(steal_ptr(host->path));
	host_errand_free(steal_ptr(host->seen));
	strbuf_fini(&host->text);
	strbuf_fini(&host->why);
	host->has_file = host->is_unwritten = host->is_given_up = false;
	host->writes = 0;
	host->step = HOST_IDLE;
}

void hosts_free(struct hosts *hosts)
{
	if (!hosts)
		return;
	for (struct host *host = hosts->list, *next; host; host = next) {
		next = host->next;
		reset(host);
		free(host->id);
		free(host);
	}
	free(hosts);
}

static struct host *get_host(struct hosts *hosts, const char *id)
{
	struct host *host = hosts->list;

	while (host && strcmp(host->id, id) != 0)
		host = host->next;
	if (host)
		return host;
	host = xcalloc(1, sizeof(*host));
	host->id = xstrdup(id);
	host->last = &host->first;
	host->next = hosts->list;
	hosts->list = host;
	return host;
}

static void fail_job(struct hosts *hosts, struct fuse_job *job, int error, const char *why)
{
	_cleanup_free_ char *text = xstrdup(why); /* it may be the job's own */

	job->error = error;
	job->failed = job->done;
	strbuf_reset(&job->why);
	strbuf_add_text(&job->why, text);
	door_finish(hosts->mmfs, job);
}

/* Says once that something went wrong which nobody asked for. */
static void report(struct hosts *hosts, struct host *host, int error, const char *why)
{
	uint64_t hash = map_hash_text(why);

	if (hash == host->reported)
		return;
	host->reported = hash;
	log_warning("%s: %s", host->id, why);
	door_note_failure(hosts->mmfs, error, host->id, why);
}

/* Gives the next line of a job to the host that it is about. */
static void next_line(struct hosts *hosts, struct fuse_job *job)
{
	struct job_line *line = &job->lines[job->done];
	struct hosting where;
	struct host *host;
	int r = line->error;

	strbuf_reset(&job->why);
	if (r < 0)
		strbuf_add_text(&job->why, line->why);
	else
		r = hosting_place(&hosts->mmfs->manager, &line->request, &where, &job->why);
	if (r < 0) {
		fail_job(hosts, job, r, strbuf_text(&job->why));
		return;
	}
	host = get_host(hosts, where.host);
	if (host->is_given_up) {
		fail_job(hosts, job, -ETIMEDOUT, no_answer);
		return;
	}
	job->next = NULL;
	*host->last = job;
	host->last = &job->next;
	advance(hosts, host);
}

void hosts_submit(struct hosts *hosts, struct fuse_job *job)
{
	mmfs_read_mounts(hosts->mmfs); /* the client may have mounted it just now */
	job->done = 0;
	next_line(hosts, job);
}

static void send(struct hosts *hosts, struct host *host, struct host_errand *errand,
	void (*finish)(struct errand *errand))
{
	errand->host = host;
	errand->hosts = hosts;
	errand->errand.finish = finish;
	workers_add(hosts->mmfs->workers, &errand->errand);
}

static void on_read(struct errand *done)
{
	struct host_errand *errand = container_of(done, struct host_errand, errand);
	struct hosts *hosts = errand->hosts;
	struct host *host = errand->host;

	host->seen = errand;
	if (errand->damaged)
		report(hosts, host, -EBADMSG, errand->damaged);
	if (errand->error < 0 || host->is_given_up) {
		host->must_reconcile |= host->is_given_up && !errand->error;
		end(hosts, host, errand->error, strbuf_text(&errand->why));
		return;
	}
	strbuf_add(&host->text, strbuf_text(&errand->text), errand->text.len);
	host->has_file = errand->has_file;
	host->step = HOST_READY;
	door_work(hosts->mmfs);
}

static void read_host(struct hosts *hosts, struct host *host, const struct mount *mount)
{
	const struct manager *manager = &hosts->mmfs->manager;
	_cleanup_free_ const struct mount_point **points = NULL;
	struct host_errand *errand = host_errand_new(mount);
	size_t count = mount_points_get(&manager->names, &points);

	errand->uses_file = manager->replicate != REPLICATE_OFF;
	for (size_t i = 0; i < count; i++)
		if (strcmp(points[i]->host, host->id) == 0)
			replica_set(&errand->places, points[i]->path, NULL, NULL);
	if (host->path)
		replica_set(&errand->places, host->path, NULL, NULL);
	host->step = HOST_READING;
	host->started = clock_get_monotonic();
	send(hosts, host, errand, on_read);
}

static void begin_job(struct hosts *hosts, struct host *host)
{
	struct fuse_job *job = host->first;
	struct hosting where;
	int r;

	host->first = steal_ptr(job->next);
	if (!host->first)
		host->last = &host->first;
	strbuf_reset(&job->why);
	r = hosting_find(
		&hosts->mmfs->manager, job->lines[job->done].request.source, &where, &job->why);
	if (r == 0 && strcmp(where.host, host->id) != 0) {
		strbuf_add_text(&job->why, "the mounts have changed meanwhile");
		r = -ESTALE;
	}
	if (r < 0) {
		fail_job(hosts, job, r, strbuf_text(&job->why));
		return;
	}
	host->job = job;
	host->path = xstrdup(where.path);
	read_host(hosts, host, where.mount);
}

/* Whether it has to be looked at, if only after its rest. */
static bool is_due(const struct host *host)
{
	return host->step == HOST_IDLE && host->must_reconcile && host->mount_id;
}

/* Begins what is to be done next on a host. */
static void advance(struct hosts *hosts, struct host *host)
{
	const struct mount *mount;

	while (host->step == HOST_IDLE && host->first)
		begin_job(hosts, host);
	if (!is_due(host) || clock_get_monotonic() < host->look_at)
		return;
	host->must_reconcile = false;
	mount = hosting_get_mount(&hosts->mmfs->manager, host->id);
	if (mount)
		read_host(hosts, host, mount);
}

/* What was under way is over, with an error or without. */
static void end(struct hosts *hosts, struct host *host, int error, const char *why)
{
	struct fuse_job *job = steal_ptr(host->job);

	if (job && error)
		fail_job(hosts, job, error, why);
	else if (error)
		report(hosts, host, error, why);
	reset(host);
	if (job && !error && job->done < job->count)
		next_line(hosts, job);
	advance(hosts, host);
}

static void write_host(struct hosts *hosts, struct host *host, const struct strbuf *text,
	void (*finish)(struct errand *errand));

static void on_restored(struct errand *done)
{
	struct host_errand *errand = container_of(done, struct host_errand, errand);
	struct hosts *hosts = errand->hosts;
	struct host *host = errand->host;
	_cleanup_strbuf_ struct strbuf why = host->why;

	host->why = (struct strbuf)STRBUF_INIT;
	if (errand->error < 0)
		log_error("%s: %s", host->id, strbuf_text(&errand->why));
	host_errand_free(errand);
	host->must_reconcile |= host->is_given_up;
	end(hosts, host, host->is_given_up ? 0 : host->error, strbuf_text(&why));
}

/* The file was written after all, though nobody waits for that any more. */
static void give_back(struct hosts *hosts, struct host *host, const struct host_errand *written)
{
	const struct host_errand *seen = host->seen;

	if (written->error < 0) {
		end(hosts, host, 0, NULL);
		return;
	}
	strbuf_reset(&host->text);
	strbuf_add(&host->text, strbuf_text(&written->text), written->text.len);
	host->has_file = written->has_file;
	host->step = HOST_RESTORING;
	write_host(hosts, host, seen->has_file ? &seen->text : NULL, on_restored);
}

static void on_written(struct errand *done)
{
	struct host_errand *errand = container_of(done, struct host_errand, errand);
	struct hosts *hosts = errand->hosts;
	struct host *host = errand->host;

	if (host->is_given_up) {
		give_back(hosts, host, errand);
	} else if (errand->error < 0 && host->job) {
		end(hosts, host, errand->error, strbuf_text(&errand->why));
	} else {
		if (errand->error < 0) {
			report(hosts, host, errand->error, strbuf_text(&errand->why));
			host->is_unwritten = true;
		} else {
			strbuf_reset(&host->text);
			strbuf_add(&host->text, strbuf_text(&errand->text), errand->text.len);
			host->has_file = errand->has_file;
		}
		host->step = HOST_READY;
		door_work(hosts->mmfs);
	}
	host_errand_free(errand);
}

/* Sends the file to its volume: `text`, or that there shall be none (NULL). */
static void write_host(struct hosts *hosts, struct host *host, const struct strbuf *text,
	void (*finish)(struct errand *errand))
{
	const struct host_errand *seen = host->seen;
	struct host_errand *errand = host_errand_new_like(seen);

	errand->is_write = true;
	errand->has_file = text != NULL;
	if (text)
		strbuf_add(&errand->text, strbuf_text(text), text->len);
	errand->had_file = host->has_file;
	strbuf_add(&errand->before, strbuf_text(&host->text), host->text.len);
	send(hosts, host, errand, finish);
}

static bool is_same_file(const struct host *host, const struct strbuf *text)
{
	return host->has_file && strcmp(strbuf_text(&host->text), strbuf_text(text)) == 0;
}

/*
 * Whether the volume has the file that was decided. If not, writing it has begun (-EINPROGRESS), or
 * it cannot be written.
 */
static int check_file(
	struct hosts *hosts, struct host *host, const struct replica *file, struct strbuf *why)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int r = replica_format(file, &text, why);

	if (r < 0 || is_same_file(host, &text) || (!host->has_file && !file->count))
		return r;
	if (host->writes++ == WRITES_MAX) {
		strbuf_add_text(why, "too much is changing at once");
		return -EAGAIN;
	}
	host->step = HOST_WRITING;
	write_host(hosts, host, &text, on_written);
	return -EINPROGRESS;
}

/* The same refusals as last time are no news. */
static void check_refusals(struct host *host, struct change *change)
{
	uint64_t hash = events_get_hash(&change->events);

	if (hash == host->refused)
		events_fini(&change->events);
	host->refused = hash;
}

static int decide(struct hosts *hosts, struct host *host, struct strbuf *why)
{
	struct mmfs *mmfs = hosts->mmfs;
	struct fuse_job *job = host->job;
	struct manager_env env = door_get_env(job);
	struct reconciled reconciled = { 0 };
	struct reconcile in = {
		.host = host->id,
		.file = host->seen->has_file ? &host->seen->file : NULL,
		.places = &host->seen->places,
		.is_written = mmfs->manager.replicate != REPLICATE_OFF && !host->is_unwritten,
		.request = job ? &job->lines[job->done].request : NULL,
		.path = host->path,
		.why = why,
	};
	int r;

	if (job)
		door_find_device(&job->lines[job->done].request);
	r = reconcile_decide(&mmfs->manager, &env, &in, &mmfs->change, &reconciled);
	if (r == 0 && in.is_written)
		r = check_file(hosts, host, &reconciled.file, why);
	replica_fini(&reconciled.file);
	if (r == 0)
		host->is_incomplete = reconciled.is_incomplete;
	return r;
}

static void begin(struct hosts *hosts, struct host *host)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct mmfs *mmfs = hosts->mmfs;
	struct fuse_job *job = host->job;
	int r;

	change_init(&mmfs->change, &mmfs->manager);
	r = decide(hosts, host, &why);
	if (r == 0) {
		check_refusals(host, &mmfs->change);
		host->step = HOST_COMMITTING;
		mmfs->host = host;
		if (job)
			job->done++;
		host->is_last_line = job && job->done == job->count;
		door_commit(mmfs, host->is_last_line ? job : NULL);
		return;
	}
	change_fini(&mmfs->change);
	if (r == -EINPROGRESS)
		return;
	if (job || host->is_unwritten) {
		end(hosts, host, r, strbuf_text(&why));
	} else {
		report(hosts, host, r, strbuf_text(&why));
		host->is_unwritten = true; /* still ready */
	}
}

bool hosts_begin(struct hosts *hosts)
{
	for (struct host *host = hosts->list; host; host = host->next) {
		if (host->step == HOST_READY) {
			begin(hosts, host);
			return true;
		}
	}
	return false;
}

void hosts_handle_commit(struct hosts *hosts, struct host *host, int error, const char *why)
{
	const struct host_errand *seen = host->seen;

	if (!error) {
		if (host->is_last_line)
			host->job = NULL; /* it has its reply, and is gone */
		end(hosts, host, 0, NULL);
		return;
	}
	if (!host->job ||
		(host->has_file == seen->has_file &&
			(!host->has_file || is_same_file(host, &seen->text)))) {
		if (host->job)
			host->job->done--;
		end(hosts, host, error, why);
		return;
	}
	host->job->done--;
	host->step = HOST_RESTORING;
	host->error = error;
	strbuf_add_text(&host->why, why);
	write_host(hosts, host, seen->has_file ? &seen->text : NULL, on_restored);
}

void hosts_update(struct hosts *hosts)
{
	const struct manager *manager = &hosts->mmfs->manager;

	for (struct host *host = hosts->list; host; host = host->next)
		if (host->mount_id && !hosting_get_mount(manager, host->id))
			host->mount_id = 0;
	for (size_t i = 0; i < manager->mounts.count && manager->replicate != REPLICATE_OFF; i++) {
		const struct device *device =
			volumes_find_number(&manager->volumes, manager->mounts.list[i].number);
		const struct mount *mount =
			device && device->id ? hosting_get_mount(manager, device->id) : NULL;
		struct host *host = mount ? get_host(hosts, device->id) : NULL;

		if (!host || host->mount_id == mount->id)
			continue;
		host->mount_id = mount->id;
		host->refused = host->reported = 0;
		host->must_reconcile = true;
		host->look_at = hosts->mmfs->fuse ? clock_get_monotonic() + REST : 0;
		advance(hosts, host);
	}
}

void hosts_handle_arrival(struct hosts *hosts)
{
	for (struct host *host = hosts->list; host; host = host->next) {
		host->must_reconcile |=
			host->is_incomplete && host->mount_id && host != hosts->mmfs->host;
		advance(hosts, host);
	}
}

void hosts_handle_time(struct hosts *hosts)
{
	uint64_t now = clock_get_monotonic();

	for (struct host *host = hosts->list; host; host = host->next) {
		struct fuse_job *job = steal_ptr(host->job);

		advance(hosts, host);
		if (host->step == HOST_IDLE || host->step == HOST_COMMITTING || host->is_given_up ||
			now < host->started + LIMIT) {
			host->job = job;
			continue;
		}
		host->is_given_up = true;
		if (job)
			fail_job(hosts, job, -ETIMEDOUT, no_answer);
		report(hosts, host, -ETIMEDOUT, no_answer);
		while ((job = host->first)) {
			host->first = job->next;
			fail_job(hosts, job, -ETIMEDOUT, no_answer);
		}
		host->last = &host->first;
	}
}

static bool cancel_waiting(struct host *host, struct fuse_job *job)
{
	struct fuse_job **at = &host->first;

	while (*at && *at != job)
		at = &(*at)->next;
	if (!*at)
		return false;
	*at = job->next;
	if (!*at)
		host->last = at;
	return true;
}

bool hosts_cancel(struct hosts *hosts, struct fuse_job *job)
{
	for (struct host *host = hosts->list; host; host = host->next) {
		bool is_away = host->step == HOST_READING || host->step == HOST_WRITING ||
			host->step == HOST_RESTORING;

		if (cancel_waiting(host, job))
			return true;
		if (host->job != job || !is_away)
			continue;
		host->job = NULL;
		host->is_given_up = true; /* what was written by then is taken back */
		return true;
	}
	return false;
}

bool hosts_is_settled(const struct hosts *hosts)
{
	uint64_t now = clock_get_monotonic();

	for (const struct host *host = hosts->list; host; host = host->next)
		if (host->step == HOST_IDLE ? is_due(host) : now < host->started + PATIENCE)
			return false;
	return true;
}

uint64_t hosts_get_deadline(const struct hosts *hosts)
{
	uint64_t now = clock_get_monotonic(), deadline = 0;

	for (const struct host *host = hosts->list; host; host = host->next) {
		uint64_t limit =
			host->started + (now < host->started + PATIENCE ? PATIENCE : LIMIT);

		if (is_due(host))
			limit = host->look_at;
		else if (host->step == HOST_IDLE || host->is_given_up)
			continue;
		if (!deadline || limit < deadline)
			deadline = limit;
	}
	return deadline;
}

void hosts_close(struct hosts *hosts)
{
	for (struct host *host = hosts ? hosts->list : NULL; host; host = host->next) {
		struct fuse_job *job = steal_ptr(host->job);

		if (job)
			fail_job(hosts, job, -ENODEV, "mmfs is stopping");
		while ((job = host->first)) {
			host->first = job->next;
			fail_job(hosts, job, -ENODEV, "mmfs is stopping");
		}
	}
}
