/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine between mmfs and etcd: who is told of what has happened. What each part does is in
 * reader.c, watch.c, change.c and presence.c.
 */

#include <errno.h>
#include <string.h>

#include "change_private.h"
#include "presence_private.h"
#include "reader_private.h"
#include "watch_private.h"

#define HOUSE_TIME (3600 * SECOND)
#define LOG_ROWS 1000 /* of its own that a host keeps */
#define GONE_SECONDS (24 * 3600)
#define GONE_ROWS 1000 /* that are looked at, at a time */

struct session *session_new(
	const struct session_config *config, const struct session_ops *ops, void *data)
{
	struct session *session = xcalloc(1, sizeof(*session));

	session->config = *config;
	session->config.room -= SESSION_HEADROOM;
	session->ops = ops;
	session->data = data;
	session->cluster_id = xstrdup("");
	session->next = 1;
	session->clocks[CLOCK_OPEN] = session->clocks[CLOCK_BEAT] = 1;
	session->clocks[CLOCK_HOUSE] = 1;
	return session;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	session->change_id = 0;
	waiters_drop(session);
	change_drop(session);
	free(session->waiters);
	free(session->silence);
	free(session->reason);
	free(session->cluster_id);
	free(session->from);
	free(session->forget_host);
	etcd_rows_fini(&session->seen_wanted);
	etcd_rows_fini(&session->seen_known);
	etcd_rows_fini(&session->seen_sent);
	free(session);
}

/* --- housekeeping ---------------------------------------------------------------------------- */

static void keep_house(struct session *session)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;
	_cleanup_free_ char *from = NULL, *end = NULL;

	peer_set_clock(session, CLOCK_HOUSE, session->now + HOUSE_TIME);
	if (session->stage != STAGE_FOLLOW || session->is_denied ||
		peer_is_busy(session, CALL_HOUSE))
		return;
	etcd_add_range(&request.then, "gone/", "gone0")->limit = GONE_ROWS;
	if (session->next > LOG_ROWS) {
		from = xasprintf("log/%s/", session->config.host);
		end = xasprintf("log/%s/%020lld", session->config.host,
			(long long)(session->next - LOG_ROWS));
		etcd_add_delete(&request.then, from, end);
	}
	peer_call(session, CALL_HOUSE, &request);
}

/* What is gone for more than a day. Clocks of hosts differ: that does no harm here. */
static void handle_house(struct session *session, const struct etcd_answer *answer)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;
	uint64_t seconds = (session->config.real + session->now) / SECOND;
	const struct etcd_rows *rows = etcd_answer_rows(answer, 0);

	for (size_t i = 0; i < rows->count; i++) {
		const struct etcd_row *row = &rows->list[i];
		uint64_t then = strncmp(row->value, "{\"time\":", 8) == 0
			? strtoull(row->value + 8, NULL, 10)
			: seconds;

		if (!strncmp(row->key, "gone/", 5) && then + GONE_SECONDS < seconds &&
			request.then.count < session->config.room)
			etcd_add_delete(&request.then, row->key, "");
	}
	if (answer->status == ETCD_OK && request.then.count > 0)
		peer_call(session, CALL_HOUSE, &request);
}

/* --- events ---------------------------------------------------------------------------------- */

typedef void answer_fn(struct session *session, const struct etcd_answer *answer);
typedef void time_fn(struct session *session);

static void handle_standing(_unused_ struct session *session)
{
}

void session_handle_answer(
	struct session *session, uint64_t ticket, const struct etcd_answer *answer, uint64_t now)
{
	static answer_fn *const handlers[PURPOSES] = {
		[CALL_OPEN] = reader_handle_open,
		[CALL_READ] = reader_handle_read,
		[CALL_BEAT] = watch_handle_beat,
		[CALL_COUNT] = watch_handle_count,
		[CALL_CHANGE] = change_handle_answer,
		[CALL_SYNC] = waiters_handle_answer,
		[CALL_LEASE] = presence_handle_lease,
		[CALL_SEEN] = presence_handle_seen,
		[CALL_ASK] = presence_handle_ask,
		[CALL_FORGET] = presence_handle_forget,
		[CALL_HOUSE] = handle_house,
	};
	enum stage stage = session->stage;
	enum purpose purpose;

	session->now = now;
	purpose = peer_take(session, ticket, answer);
	if (purpose < PURPOSES)
		handlers[purpose](session, answer);
	waiters_update(session);
	if (stage == STAGE_CLOSED && session->stage == STAGE_OPEN)
		presence_begin(session);
	standing_update(session);
}

void session_handle_news(
	struct session *session, uint64_t ticket, const struct etcd_news *news, uint64_t now)
{
	session->now = now;
	if (ticket != session->watch || session->stage != STAGE_FOLLOW)
		return;
	watch_handle_news(session, news);
	standing_update(session);
}

void session_handle_silence(struct session *session, uint64_t ticket, const char *why, uint64_t now)
{
	session->now = now;
	if (ticket != session->watch)
		return;
	session->watch = 0;
	watch_handle_silence(session, why);
	standing_update(session);
}

void session_handle_link(struct session *session, bool is_there, uint64_t now)
{
	session->now = now;
	if (session->began == 0)
		session->began = now;
	session->is_linked = is_there;
	session->is_wanted = session->is_other = session->is_older = false;
	session->change_id = session->ask_next = 0; /* who comes asks anew */
	session->clocks[CLOCK_PATIENCE] = 0;
	waiters_drop(session);
	peer_unwatch(session);
	peer_drop(session, CALL_READ);
	peer_drop(session, CALL_SYNC);
	peer_drop(session, CALL_ASK);
	peer_drop(session, CALL_FORGET);
	if (session->stage != STAGE_CLOSED)
		session->stage = STAGE_OPEN;
	session->is_current = false;
	if (is_there)
		reader_greet(session);
	standing_update(session);
}

static int handle_want(struct session *session, const struct order *order)
{
	if (session->is_wanted)
		return -EPROTO;
	if (session->stage == STAGE_CLOSED)
		return 0; /* when it is known, all begins anew */
	reader_begin(session, order);
	if (order->open)
		change_settle(session, order->open);
	return 0;
}

int session_handle_order(struct session *session, const struct order *order, uint64_t now)
{
	int status = 0;

	session->now = now;
	switch (order->type) {
	case ORDER_WANT:
		status = handle_want(session, order);
		break;
	case ORDER_COMMIT:
		change_commit(session, order);
		break;
	case ORDER_SYNC:
		waiters_sync(session, order->id);
		break;
	case ORDER_SEEN:
		presence_set_seen(session, &order->seen);
		break;
	case ORDER_ASK:
		presence_ask(session, order->id);
		break;
	case ORDER_FORGET:
		presence_forget(session, order->id, order->host);
		break;
	}
	standing_update(session);
	return status;
}

void session_handle_time(struct session *session, uint64_t now)
{
	static time_fn *const handlers[CLOCKS] = {
		[CLOCK_OPEN] = reader_handle_open_time,
		[CLOCK_READ] = reader_handle_read_time,
		[CLOCK_WATCH] = watch_handle_time,
		[CLOCK_BEAT] = watch_handle_beat_time,
		[CLOCK_LAG] = watch_handle_lag,
		[CLOCK_AUDIT] = watch_handle_audit,
		[CLOCK_CHANGE] = change_handle_time,
		[CLOCK_PATIENCE] = change_handle_patience,
		[CLOCK_SYNC] = waiters_handle_time,
		[CLOCK_LEASE] = presence_handle_lease_time,
		[CLOCK_SEEN] = presence_handle_seen_time,
		[CLOCK_HOUSE] = keep_house,
		[CLOCK_STANDING] = handle_standing,
	};

	session->now = now;
	if (session->began == 0)
		session->began = now;
	for (size_t i = 0; i < CLOCKS; i++) {
		if (session->clocks[i] == 0 || session->clocks[i] > now)
			continue;
		session->clocks[i] = 0;
		handlers[i](session);
	}
	standing_update(session);
}

uint64_t session_get_deadline(const struct session *session)
{
	uint64_t at = 0;

	for (size_t i = 0; i < CLOCKS; i++) {
		if (session->clocks[i] && (!at || session->clocks[i] < at))
			at = session->clocks[i];
	}
	return at;
}
