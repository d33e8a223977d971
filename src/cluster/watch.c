/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What changes: a watch, which is a hint that must add up.
 *
 * Each change puts `head`, whose version is the number of changes; a watch that has left one out
 * is seen by that, and everything is read anew. Where a key is deleted, gone/KEY is put in the
 * same revision: so a deletion that was lost is made good. Every second some member is asked for
 * the head of now; a watch that does not come to it in time is taken to be dead. The number of
 * rows is compared after each new watch, and now and then.
 */

#include <string.h>

#include "change_private.h"
#include "reader_private.h"
#include "watch_private.h"

#define BEAT_TIME SECOND
#define LAG_LIMIT (2 * SECOND)
#define CREATE_LIMIT (3 * SECOND)
#define RETRY_TIME (SECOND / 4)
#define AUDIT_TIME (600 * SECOND)

/* Begins one, or ends one that etcd has not confirmed in time. */
void watch_handle_time(struct session *session)
{
	if (session->stage != STAGE_FOLLOW || session->is_watching)
		return;
	if (session->watch) {
		peer_unwatch(session);
		session->watch_member = (session->watch_member + 1) % session->config.members;
	}
	session->watch = ++session->tickets;
	session->ops->watch(
		session->data, session->watch, session->watch_member, session->position + 1);
	peer_set_clock(session, CLOCK_WATCH, session->now + CREATE_LIMIT);
}

static void renew_watch(struct session *session)
{
	peer_unwatch(session);
	session->watch_member = (session->watch_member + 1) % session->config.members;
	peer_set_clock(session, CLOCK_WATCH, session->now + RETRY_TIME);
}

void watch_handle_silence(struct session *session, const char *why)
{
	free(session->silence);
	session->silence = xstrdup(why);
	renew_watch(session);
}

/* --- one revision ---------------------------------------------------------------------------- */

static bool is_below(const char *key, const char *prefix)
{
	return strncmp(key, prefix, strlen(prefix)) == 0;
}

static bool is_counted(const char *key)
{
	return is_below(key, "volumes/") || is_below(key, "links/") || is_below(key, "points/");
}

static bool is_deleted_in(const struct etcd_rows *rows, const char *key)
{
	const struct etcd_row *row = etcd_rows_find(rows, key);

	return row && !row->value;
}

/* Of the rows of one revision what mmfs is told of. */
static void sift(
	struct session *session, const struct etcd_row *rows, size_t count, struct etcd_rows *told)
{
	for (size_t i = 0; i < count; i++) {
		const struct etcd_row *row = &rows[i];
		struct etcd_row *copy;

		if (is_counted(row->key))
			session->count += !row->value ? -1 : row->version == 1 ? 1 : 0;
		else if (!is_below(row->key, "log/") || !row->value || change_is_void(row->value))
			continue;
		copy = etcd_rows_add(told, row->key, row->value);
		copy->revision = row->revision;
		copy->version = row->version;
	}
	for (size_t i = 0; i < count; i++) {
		const char *key = rows[i].key + 5;

		if (is_below(rows[i].key, "gone/") && rows[i].value && is_counted(key) &&
			!is_deleted_in(told, key)) {
			session->count--;
			etcd_rows_add(told, key, NULL)->revision = rows[i].revision;
		}
	}
}

static void tell_revision(
	struct session *session, const struct etcd_rows *told, int64_t revision, const char *head)
{
	char change[128], host[128];
	struct tale tale = {
		.type = TALE_ROWS,
		.rows = told->list,
		.count = told->count,
		.revision = revision,
		.head = session->head,
		.change = change,
		.host = host,
	};

	reader_parse_head(head, change, host);
	if (told->count > 0)
		peer_tell(session, &tale);
}

/* False: something was lost. */
static bool take_revision(struct session *session, const struct etcd_row *rows, size_t count)
{
	struct etcd_rows told = {};
	const struct etcd_row *head = NULL;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].key, "head") == 0)
			head = &rows[i];
		if (strcmp(rows[i].key, "format") == 0)
			session->format = 0; /* not what it was */
	}
	if (rows[0].revision <= session->position || (head && head->version != session->head + 1))
		return false;
	for (size_t i = 0; i < count; i++)
		change_handle_log(session, &rows[i]);
	if (head) { /* without it, it is no change, and says nothing about those before */
		session->position = rows[0].revision;
		session->head = head->version;
	}
	sift(session, rows, count, &told);
	tell_revision(session, &told, rows[0].revision, head ? head->value : "");
	etcd_rows_fini(&told);
	return true;
}

/* --- news ------------------------------------------------------------------------------------ */

/* The position has come to where the others are. */
static void update_lag(struct session *session)
{
	if (session->position < session->goal) {
		peer_set_clock(session, CLOCK_LAG, session->now + LAG_LIMIT);
		return;
	}
	session->clocks[CLOCK_LAG] = 0;
}

void watch_handle_news(struct session *session, const struct etcd_news *news)
{
	const struct etcd_row *rows = news->rows.list;
	size_t count = news->rows.count, next;

	if (news->is_canceled) {
		if (news->compacted > 0)
			reader_load(session);
		else
			watch_handle_silence(session, news->why);
		return;
	}
	if (news->is_created) {
		session->is_watching = true;
		session->clocks[CLOCK_WATCH] = 0;
		session->clocks[CLOCK_BEAT] = session->clocks[CLOCK_AUDIT] = session->now;
	}
	for (size_t i = 0; i < count; i = next) {
		for (next = i + 1; next < count && rows[next].revision == rows[i].revision; next++)
			;
		if (!take_revision(session, rows + i, next - i)) {
			reader_load(session);
			return;
		}
	}
	if (session->format == 0)
		reader_close(session);
	update_lag(session);
	waiters_update(session);
}

void watch_handle_beat_time(struct session *session)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;

	peer_set_clock(session, CLOCK_BEAT, session->now + BEAT_TIME);
	if (session->stage == STAGE_CLOSED || peer_is_busy(session, CALL_BEAT))
		return;
	etcd_add_range(&request.then, "head", "");
	etcd_add_range(&request.then, "format", "");
	peer_call(session, CALL_BEAT, &request);
}

void watch_handle_beat(struct session *session, const struct etcd_answer *answer)
{
	const struct etcd_row *head = etcd_answer_row(answer, 0);
	const struct etcd_row *format = etcd_answer_row(answer, 1);

	if (answer->status != ETCD_OK) {
		peer_set_clock(session, CLOCK_BEAT, session->now + RETRY_TIME);
		return;
	}
	if (session->is_older) {
		peer_unwatch(session);
		session->stage = session->stage == STAGE_FOLLOW ? STAGE_STUCK : session->stage;
		return;
	}
	if (!format || format->revision != session->format) {
		peer_unwatch(session);
		reader_close(session);
		return;
	}
	if (head && head->revision > session->goal)
		session->goal = head->revision;
	update_lag(session);
	if (session->stage == STAGE_FOLLOW && session->is_watching &&
		session->position >= session->goal)
		session->is_current = true;
}

/* What was there two seconds ago has not come. */
void watch_handle_lag(struct session *session)
{
	if (session->stage != STAGE_FOLLOW || session->position >= session->goal)
		return;
	session->is_current = false;
	if (session->is_watching)
		renew_watch(session);
	peer_set_clock(session, CLOCK_LAG, session->now + LAG_LIMIT);
}

/* --- adding up ------------------------------------------------------------------------------- */

void watch_handle_audit(struct session *session)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;

	peer_set_clock(session, CLOCK_AUDIT, session->now + AUDIT_TIME);
	if (session->stage != STAGE_FOLLOW || peer_is_busy(session, CALL_COUNT))
		return;
	etcd_add_range(&request.then, "head", "");
	count_add_reads(&request, 0);
	peer_call(session, CALL_COUNT, &request);
}

void watch_handle_count(struct session *session, const struct etcd_answer *answer)
{
	const struct etcd_row *head = etcd_answer_row(answer, 0);

	if (answer->status != ETCD_OK || (head ? head->version : 0) != session->head)
		peer_set_clock(session, CLOCK_AUDIT, session->now + CREATE_LIMIT);
	else if (session->stage == STAGE_FOLLOW && count_get(answer, 1) != session->count)
		reader_load(session);
}
