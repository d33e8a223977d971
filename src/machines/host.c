/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One hosting volume, and what is under way on it:
 *
 *	     a request, or a mount whose rest is over           the answer
 *	IDLE ───────────────────────────────────────► READING ────────────► READY ◄─┐
 *	 ▲                                                                   │ │    │ written
 *	 │                                      its turn, and another file   │ │    │
 *	 │                                     ┌─────────────────────────────┘ │    │
 *	 │                                     ▼                 the same file │    │
 *	 │                                  WRITING ───────────────────────────┼────┘
 *	 │                                     │ dropped meanwhile             ▼    │ lost a race
 *	 │◄────────── RESTORING ◄──────────────┴───── failed, after a write ─ COMMITTING
 *	 │◄─────────────────────────────────────────────────────────────────── committed, failed
 *
 * In READING, WRITING and RESTORING somebody is on a visit to the volume; whatever fails leads to
 * IDLE. What is decided is decided from the state as it is then, and from the file as it was read;
 * when that asks for another file than there is, the file is written first, and the decision made
 * again. So a reply means that both the file and the database are on disk. A commit that fails has
 * the old file put back.
 *
 * The kernel lets one client at a time write to a control file, so a request must not be kept for
 * ever: a host whose visits take too long is given up, until it answers; the time that a commit
 * takes is not the host's. A client may take its request back. What was not replied to must not be
 * there afterwards: the file that has been written by then is put back, too.
 *
 * A reconciliation is the same without a request. Where its file cannot be written, the machine
 * still learns from it. One that fails is made again while the volume is mounted, after a pause.
 */

#include <errno.h>
#include <string.h>

#include "core/model/hosting.h"
#include "core/rules/engine.h"
#include "core/rules/reconcile.h"
#include "machines/host.h"

static const char no_answer[] = "the hosting volume does not answer";

static void advance(struct host *host, uint64_t now);

struct host *host_new(const char *id, const struct manager *manager, const struct host_world *world)
{
	struct host *host = xcalloc(1, sizeof(*host));

	host->id = xstrdup(id);
	host->manager = manager;
	host->world = world;
	host->last = &host->first;
	return host;
}

void host_visit_free(struct host_visit *visit)
{
	if (!visit)
		return;
	free(visit->mount_path);
	free(visit->damaged);
	replica_fini(&visit->places);
	replica_fini(&visit->file);
	strbuf_fini(&visit->text);
	strbuf_fini(&visit->before);
	strbuf_fini(&visit->why);
	free(visit);
}

/* Forgets what was read for the request or the reconciliation under way. */
static void reset(struct host *host)
{
	free(steal_ptr(host->path));
	host_visit_free(steal_ptr(host->seen));
	strbuf_fini(&host->text);
	strbuf_fini(&host->why);
	host->has_file = host->is_unwritten = host->is_slow = false;
	host->is_dropped = host->is_given_up = host->is_doubtful = false;
	host->writes = host->races = 0;
	host->spent = 0;
	host->error = 0;
	host->step = HOST_IDLE;
}

void host_free(struct host *host)
{
	reset(host);
	free(host->id);
	free(host);
}

static void reply(struct host *host, struct host_request *request, int error, const char *why)
{
	host->world->reply(host->world->data, request, error, why);
}

/* Says once that something went wrong which nobody asked for. */
static void report(struct host *host, int error, const char *why)
{
	uint64_t hash = map_hash_text(why);

	if (hash == host->reported)
		return;
	host->reported = hash;
	host->world->report(host->world->data, host->id, error, why);
}

static bool is_visited(const struct host *host)
{
	return host->step == HOST_READING || host->step == HOST_WRITING ||
		host->step == HOST_RESTORING;
}

static void begin_visit(
	struct host *host, struct host_visit *visit, enum host_step step, uint64_t now)
{
	visit->host = host;
	host->step = step;
	host->started = now;
	host->world->visit(host->world->data, visit);
}

static void read_host(struct host *host, const struct mount *mount, uint64_t now)
{
	_cleanup_free_ const struct mount_point **points = NULL;
	struct host_visit *visit = xcalloc(1, sizeof(*visit));
	size_t count = mount_points_get(&host->manager->names, &points);

	visit->mount_path = xstrdup(mount->path);
	visit->mount_id = mount->id;
	/* Where the superblock has another number than the device, so has each subvolume. */
	visit->number = mount->super == mount->number ? mount->number : 0;
	visit->uses_file = host->manager->replicate != REPLICATE_OFF;
	for (size_t i = 0; i < count; i++)
		if (strcmp(points[i]->host, host->id) == 0)
			replica_set(&visit->places, points[i]->path, NULL, NULL);
	if (host->path)
		replica_set(&visit->places, host->path, NULL, NULL);
	begin_visit(host, visit, HOST_READING, now);
}

/* Sends the file to its volume: `text`, or that there shall be none (NULL). */
static void write_host(
	struct host *host, const struct strbuf *text, enum host_step step, uint64_t now)
{
	const struct host_visit *seen = host->seen;
	struct host_visit *visit = xcalloc(1, sizeof(*visit));

	visit->mount_path = xstrdup(seen->mount_path);
	visit->mount_id = seen->mount_id;
	visit->number = seen->number;
	visit->is_write = true;
	visit->has_file = text != NULL;
	if (text)
		strbuf_add(&visit->text, strbuf_text(text), text->len);
	visit->had_file = host->has_file;
	strbuf_add(&visit->before, strbuf_text(&host->text), host->text.len);
	begin_visit(host, visit, step, now);
}

static void restore(struct host *host, uint64_t now)
{
	const struct host_visit *seen = host->seen;

	write_host(host, seen->has_file ? &seen->text : NULL, HOST_RESTORING, now);
}

static void begin_request(struct host *host, uint64_t now)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct host_request *request = host->first;
	struct hosting where;
	int r;

	host->first = steal_ptr(request->next);
	if (!host->first)
		host->last = &host->first;
	r = hosting_find(host->manager, request->request->source, &where, &why);
	if (r == 0 && strcmp(where.host, host->id) != 0) {
		strbuf_add_text(&why, "the mounts have changed meanwhile");
		r = -ESTALE;
	}
	if (r < 0) {
		reply(host, request, r, strbuf_text(&why));
		return;
	}
	host->request = request;
	host->path = xstrdup(where.path);
	read_host(host, where.mount, now);
}

/* Whether it has to be reconciled, if only after its rest. */
static bool is_due(const struct host *host)
{
	return host->step == HOST_IDLE && host->must_reconcile && host->mount_id;
}

/* Begins what is to be done next. */
static void advance(struct host *host, uint64_t now)
{
	const struct mount *mount;

	while (host->step == HOST_IDLE && host->first)
		begin_request(host, now);
	if (!is_due(host) || now < host->look_at)
		return;
	host->must_reconcile = host->is_retry = false;
	mount = hosting_get_mount(host->manager, host->id);
	if (mount)
		read_host(host, mount, now);
}

/* A reconciliation is to be made again, when what kept it from succeeding may be gone. */
static void retry_later(struct host *host, uint64_t now)
{
	if (host->must_reconcile)
		return;
	host->must_reconcile = host->is_retry = true;
	host->look_at = now + (host->pause ? host->pause : HOST_RETRY_FIRST);
	host->pause = host->pause ? 2 * host->pause : 2 * HOST_RETRY_FIRST;
	if (host->pause > HOST_RETRY_MAX)
		host->pause = HOST_RETRY_MAX;
}

static void reconcile_at(struct host *host, uint64_t at)
{
	host->must_reconcile = true;
	host->is_retry = false;
	host->look_at = at;
}

/* What was under way is over, with an error or without. */
static void end(struct host *host, int error, const char *why, uint64_t now)
{
	_cleanup_free_ char *text = why ? xstrdup(why) : NULL; /* it may be the host's own */
	struct host_request *request = steal_ptr(host->request);
	bool was_dropped = host->is_dropped, was_doubtful = host->is_doubtful || host->is_unwritten;

	reset(host);
	if (request) {
		if (was_doubtful)
			retry_later(host, now);
		reply(host, request, error, text);
	} else if (was_dropped && !error) {
		reconcile_at(host, now); /* whatever its answer was for, look again */
	} else if (error || was_doubtful) {
		if (error)
			report(host, error, text);
		retry_later(host, now);
	} else {
		host->pause = 0;
	}
	advance(host, now);
}

void host_submit(struct host *host, struct host_request *request, uint64_t now)
{
	if (host->is_given_up) {
		reply(host, request, -ETIMEDOUT, no_answer);
		return;
	}
	request->next = NULL;
	*host->last = request;
	host->last = &request->next;
	advance(host, now);
}

static bool cancel_waiting(struct host *host, struct host_request *request)
{
	struct host_request **at = &host->first;

	while (*at && *at != request)
		at = &(*at)->next;
	if (!*at)
		return false;
	*at = request->next;
	if (!*at)
		host->last = at;
	return true;
}

bool host_cancel(struct host *host, struct host_request *request)
{
	if (cancel_waiting(host, request))
		return true;
	if (host->request != request || !is_visited(host))
		return false;
	host->request = NULL;
	host->is_dropped = true;
	return true;
}

void host_set_mount(struct host *host, int mount_id, uint64_t look_at, uint64_t now)
{
	host->mount_id = mount_id;
	host->refused = host->reported = 0;
	host->pause = 0;
	host->must_reconcile = false;
	if (!mount_id)
		return;
	reconcile_at(host, look_at);
	advance(host, now);
}

void host_handle_arrival(struct host *host, uint64_t now)
{
	if (host->is_incomplete && host->mount_id && host->step != HOST_COMMITTING &&
		!(host->must_reconcile && !host->is_retry))
		reconcile_at(host, now);
	advance(host, now);
}

static void set_text(struct host *host, const struct host_visit *visit)
{
	strbuf_reset(&host->text);
	strbuf_add(&host->text, strbuf_text(&visit->text), visit->text.len);
	host->has_file = visit->has_file;
}

static void take_read(struct host *host, struct host_visit *visit, uint64_t now)
{
	host->seen = visit;
	if (visit->damaged)
		report(host, -EBADMSG, visit->damaged);
	if (visit->error < 0 || host->is_dropped) {
		end(host, visit->error, strbuf_text(&visit->why), now);
		return;
	}
	set_text(host, visit);
	host->step = HOST_READY;
}

static void take_written(struct host *host, struct host_visit *visit, uint64_t now)
{
	if (visit->error < 0 && (host->request || host->is_dropped)) {
		end(host, visit->error, strbuf_text(&visit->why), now);
	} else if (visit->error < 0) {
		report(host, visit->error, strbuf_text(&visit->why));
		host->is_unwritten = true;
		host->step = HOST_READY;
	} else {
		set_text(host, visit);
		host->step = HOST_READY;
		if (host->is_dropped) /* it was written after all, though nobody waits any more */
			restore(host, now);
	}
	host_visit_free(visit);
}

static void take_restored(struct host *host, struct host_visit *visit, uint64_t now)
{
	if (visit->error < 0)
		report(host, visit->error, strbuf_text(&visit->why));
	host_visit_free(visit);
	end(host, host->is_dropped ? 0 : host->error, strbuf_text(&host->why), now);
}

void host_take(struct host *host, struct host_visit *visit, uint64_t now)
{
	host->spent += now - host->started;
	host->is_doubtful |= visit->is_write && visit->error < 0;
	switch (host->step) {
	case HOST_READING:
		take_read(host, visit, now);
		break;
	case HOST_WRITING:
		take_written(host, visit, now);
		break;
	case HOST_RESTORING:
		take_restored(host, visit, now);
		break;
	case HOST_IDLE:
	case HOST_READY:
	case HOST_COMMITTING:
		host_visit_free(visit); /* there is one visit at a time */
		break;
	}
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
	struct host *host, const struct replica *file, struct strbuf *why, uint64_t now)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int r = replica_format(file, &text, why);

	if (r < 0 || is_same_file(host, &text) || (!host->has_file && !file->count))
		return r;
	if (host->writes++ == HOST_WRITES_MAX) {
		strbuf_add_text(why, "too much is changing at once");
		return -EAGAIN;
	}
	write_host(host, &text, HOST_WRITING, now);
	return -EINPROGRESS;
}

/* The same refusals as last time are no news. */
static void check_refusals(struct host *host, struct change *change)
{
	host->will_be_refused = events_get_hash(&change->events);
	if (host->will_be_refused == host->refused)
		events_fini(&change->events);
}

static int decide(struct host *host, struct change *change, struct strbuf *why, uint64_t now)
{
	struct manager_env env = host->world->prepare(host->world->data, host->request);
	struct reconciled reconciled = { 0 };
	struct reconcile in = {
		.host = host->id,
		.file = host->seen->has_file ? &host->seen->file : NULL,
		.places = &host->seen->places,
		.is_written = host->manager->replicate != REPLICATE_OFF && !host->is_unwritten,
		.request = host->request ? host->request->request : NULL,
		.path = host->path,
		.why = why,
	};
	int r = reconcile_decide(host->manager, &env, &in, change, &reconciled);

	if (r == 0 && in.is_written)
		r = check_file(host, &reconciled.file, why, now);
	replica_fini(&reconciled.file);
	host->will_be_incomplete = reconciled.is_incomplete;
	return r;
}

bool host_decide(struct host *host, struct change *change, uint64_t now)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	int r = decide(host, change, &why, now);

	if (r == 0) {
		check_refusals(host, change);
		host->step = HOST_COMMITTING;
		return true;
	}
	if (r == -EINPROGRESS)
		return false;
	if (host->request || host->is_unwritten) {
		end(host, r, strbuf_text(&why), now);
	} else {
		report(host, r, strbuf_text(&why));
		host->is_unwritten = true; /* still ready */
	}
	return false;
}

void host_end(struct host *host, int error, const char *why, uint64_t now)
{
	const struct host_visit *seen = host->seen;
	bool is_as_seen = host->has_file == seen->has_file &&
		(!host->has_file || is_same_file(host, &seen->text));

	if (!error) {
		host->is_incomplete = host->will_be_incomplete;
		host->refused = host->will_be_refused;
	}
	/* At the end of the daemon an error says that it may happen: the file does, too. */
	if (!error || !host->request || is_as_seen || host->is_given_up) {
		end(host, error, why, now);
		return;
	}
	host->error = error;
	strbuf_add_text(&host->why, why);
	restore(host, now);
}

void host_again(struct host *host, uint64_t now)
{
	if (++host->races == ENGINE_RACES_MAX)
		host_end(host, -EAGAIN, engine_lost_race, now);
	else
		host->step = HOST_READY;
}

/* But for the one that is being committed: what becomes of that nobody knows yet. */
static void fail_requests(struct host *host, int error, const char *why)
{
	struct host_request *request =
		host->step == HOST_COMMITTING ? NULL : steal_ptr(host->request);

	if (request)
		reply(host, request, error, why);
	while ((request = host->first)) {
		host->first = request->next;
		reply(host, request, error, why);
	}
	host->last = &host->first;
}

void host_close(struct host *host, int error, const char *why)
{
	host->is_dropped = host->is_given_up = true;
	fail_requests(host, error, why);
}

bool host_is_settled(const struct host *host)
{
	if (host->step == HOST_IDLE)
		return !is_due(host) || host->is_retry;
	return is_visited(host) && host->is_slow;
}

uint64_t host_get_deadline(const struct host *host)
{
	if (is_due(host))
		return host->look_at ? host->look_at : 1;
	if (!is_visited(host) || host->is_given_up)
		return 0;
	return host->started - host->spent + (host->is_slow ? HOST_LIMIT : HOST_PATIENCE);
}

void host_handle_time(struct host *host, uint64_t now)
{
	uint64_t deadline = host_get_deadline(host);

	if (!deadline || now < deadline)
		return;
	if (!is_visited(host)) {
		advance(host, now);
	} else if (!host->is_slow) {
		host->is_slow = true;
	} else {
		host->is_dropped = host->is_given_up = true;
		fail_requests(host, -ETIMEDOUT, no_answer);
		report(host, -ETIMEDOUT, no_answer);
	}
}
