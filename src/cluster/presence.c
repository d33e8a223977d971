/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is alive: hosts/HOST, with a lease, which says nothing but that somebody was there a moment
 * ago. Who sees which volume: seen/ID/HOST, which stays until that host, or an administrator, takes
 * it away. Neither is on the way of a change: they are written behind.
 *
 * A program that was killed and begins anew finds its own row, and takes it over: it knows it by
 * its value, which names the boot of the machine and the socket of mmfs. A row with another value
 * is that of somebody else with the same name.
 */

#include <string.h>

#include "presence_private.h"

#define LEASE_SECONDS 30
#define KEEP_TIME (10 * SECOND)	  /* between signs of life */
#define RETRY_TIME SECOND	  /* when there was no answer, */
#define DOUBLED_TIME (5 * SECOND) /* when the name is another's, or there is no space, */
#define DENIED_TIME (30 * SECOND) /* when roles forbid it */
#define BEHIND_TIME (SECOND / 4)
#define ASK_ROWS 50000

static char *get_host_key(const char *host)
{
	return xasprintf("hosts/%s", host);
}

void presence_begin(struct session *session)
{
	peer_drop(session, CALL_LEASE);
	peer_drop(session, CALL_SEEN);
	session->is_keeping = false;
	session->lease = 0;
	session->is_seen_known = false;
	peer_set_clock(session, CLOCK_LEASE, session->now);
	peer_set_clock(session, CLOCK_SEEN, session->now + BEHIND_TIME); /* mmfs asks by then */
}

/* --- alive ----------------------------------------------------------------------------------- */

static void register_host(struct session *session)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;
	_cleanup_free_ char *key = get_host_key(session->config.host);

	etcd_add_compare(&request, key, "", session->host_row);
	etcd_add_put(&request.then, key, session->config.self, session->lease);
	etcd_add_range(&request.otherwise, key, "");
	peer_call(session, CALL_LEASE, &request);
}

void presence_handle_lease_time(struct session *session)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;

	if (peer_is_busy(session, CALL_LEASE) || session->stage == STAGE_CLOSED)
		return;
	if (session->is_keeping) {
		request.type = ETCD_KEEP_ALIVE;
		request.number = session->lease;
	} else {
		session->lease = 0;
		request.type = ETCD_LEASE;
		request.number = LEASE_SECONDS;
	}
	peer_call(session, CALL_LEASE, &request);
}

static void handle_keep(struct session *session, const struct etcd_answer *answer)
{
	session->is_keeping = answer->seconds > 0; /* else it has ended */
	peer_set_clock(session, CLOCK_LEASE, session->now + (session->is_keeping ? KEEP_TIME : 0));
}

static void handle_registration(struct session *session, const struct etcd_answer *answer)
{
	const struct etcd_row *other = etcd_answer_row(answer, 0);

	if (answer->is_done) {
		session->host_row = answer->revision;
		session->is_registered = true;
		session->is_doubled = session->is_denied = session->is_full = false;
		session->is_keeping = true;
		peer_set_clock(session, CLOCK_SEEN, session->now + BEHIND_TIME);
		peer_set_clock(session, CLOCK_LEASE, session->now + KEEP_TIME);
		return;
	}
	session->is_doubled = other && strcmp(other->value, session->config.self) != 0;
	session->host_row = !other || session->is_doubled ? 0 : other->revision;
	if (session->is_doubled) {
		session->is_registered = false;
		peer_set_clock(session, CLOCK_LEASE, session->now + DOUBLED_TIME);
	} else {
		register_host(session);
	}
}

void presence_handle_lease(struct session *session, const struct etcd_answer *answer)
{
	switch (answer->status) {
	case ETCD_OK:
		break;
	case ETCD_UNCLEAR:
		peer_set_clock(session, CLOCK_LEASE, session->now + RETRY_TIME);
		return;
	case ETCD_FULL:
		session->is_full = true;
		session->is_keeping = false;
		peer_set_clock(session, CLOCK_LEASE, session->now + DOUBLED_TIME);
		return;
	case ETCD_DENIED:
	case ETCD_COMPACTED:
	case ETCD_INVALID:
		session->is_denied = true;
		session->is_keeping = false;
		peer_set_clock(session, CLOCK_LEASE, session->now + DENIED_TIME);
		return;
	}
	if (session->is_keeping) {
		handle_keep(session, answer);
	} else if (session->lease == 0) {
		session->lease = answer->lease;
		register_host(session);
	} else {
		handle_registration(session, answer);
	}
}

/* --- who sees what --------------------------------------------------------------------------- */

/* Whose row it is: the host, behind the last slash. */
static bool is_of_host(const char *key, const char *host)
{
	const char *slash = strrchr(key, '/');

	return slash && strcmp(slash + 1, host) == 0;
}

static char *get_seen_key(const struct session *session, const char *id)
{
	return xasprintf("seen/%s/%s", id, session->config.host);
}

void presence_set_seen(struct session *session, const struct etcd_rows *seen)
{
	etcd_rows_fini(&session->seen_wanted);
	for (size_t i = 0; i < seen->count; i++) {
		_cleanup_free_ char *key = get_seen_key(session, seen->list[i].key);

		etcd_rows_add(&session->seen_wanted, key, seen->list[i].value);
	}
	session->is_seen_wanted = true;
	peer_set_clock(session, CLOCK_SEEN, session->now + BEHIND_TIME);
}

/* As much of the difference as a transaction takes. */
static void add_difference(struct session *session, struct etcd_request *request)
{
	const struct etcd_rows *wanted = &session->seen_wanted, *known = &session->seen_known;

	for (size_t i = 0; i < wanted->count; i++) {
		const struct etcd_row *row = &wanted->list[i];
		const struct etcd_row *old = etcd_rows_find(known, row->key);

		if (request->then.count >= session->config.room)
			return;
		if (old && strcmp(old->value, row->value) == 0)
			continue;
		etcd_add_put(&request->then, row->key, row->value, 0);
		etcd_rows_add(&session->seen_sent, row->key, row->value);
	}
	for (size_t i = 0; i < known->count; i++) {
		const struct etcd_row *row = &known->list[i];

		if (request->then.count >= session->config.room)
			return;
		if (etcd_rows_find(wanted, row->key))
			continue;
		etcd_add_delete(&request->then, row->key, "");
		etcd_rows_add(&session->seen_sent, row->key, NULL);
	}
}

void presence_handle_seen_time(struct session *session)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;

	if (peer_is_busy(session, CALL_SEEN) || session->stage == STAGE_CLOSED ||
		!session->is_seen_wanted || session->is_doubled || session->is_denied ||
		session->is_newer)
		return;
	etcd_rows_fini(&session->seen_sent);
	if (session->is_seen_known)
		add_difference(session, &request);
	else
		etcd_add_range(&request.then, "seen/", "seen0");
	if (request.then.count > 0)
		peer_call(session, CALL_SEEN, &request);
}

/* The list with what was sent put in place. */
static void note_sent(struct session *session)
{
	struct etcd_rows old = session->seen_known;

	session->seen_known = (struct etcd_rows){};
	for (size_t i = 0; i < old.count; i++) {
		if (!etcd_rows_find(&session->seen_sent, old.list[i].key))
			etcd_rows_add(&session->seen_known, old.list[i].key, old.list[i].value);
	}
	for (size_t i = 0; i < session->seen_sent.count; i++) {
		const struct etcd_row *row = &session->seen_sent.list[i];

		if (row->value)
			etcd_rows_add(&session->seen_known, row->key, row->value);
	}
	etcd_rows_fini(&old);
}

/* Those of this host, among all. */
static void take_known(struct session *session, const struct etcd_rows *rows)
{
	etcd_rows_fini(&session->seen_known);
	for (size_t i = 0; i < rows->count; i++)
		if (is_of_host(rows->list[i].key, session->config.host))
			etcd_rows_add(&session->seen_known, rows->list[i].key, rows->list[i].value);
	session->is_seen_known = true;
	peer_set_clock(session, CLOCK_SEEN, session->now);
}

void presence_handle_seen(struct session *session, const struct etcd_answer *answer)
{
	if (answer->status != ETCD_OK) {
		session->is_seen_known = false;
		peer_set_clock(session, CLOCK_SEEN,
			session->now + (answer->status == ETCD_UNCLEAR ? RETRY_TIME : DENIED_TIME));
		return;
	}
	if (session->is_seen_known)
		note_sent(session);
	else
		take_known(session, etcd_answer_rows(answer, 0));
	peer_set_clock(session, CLOCK_SEEN, session->now); /* there may be more */
}

/* --- questions ------------------------------------------------------------------------------- */

static void add_presence(struct etcd_request *request)
{
	etcd_add_range(&request->then, "hosts/", "hosts0")->limit = ASK_ROWS;
	etcd_add_range(&request->then, "seen/", "seen0")->limit = ASK_ROWS;
}

void presence_ask(struct session *session, int64_t id)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;

	if (session->stage == STAGE_CLOSED) {
		peer_answer(session, id, OUTCOME_REFUSED, "etcd does not answer");
		return;
	}
	if (peer_is_busy(session, CALL_ASK)) {
		session->ask_next = id;
		return;
	}
	session->ask_next = 0;
	session->ask_id = id;
	add_presence(&request);
	peer_call(session, CALL_ASK, &request);
}

void presence_handle_ask(struct session *session, const struct etcd_answer *answer)
{
	struct tale tale = {
		.type = TALE_PRESENCE,
		.id = session->ask_id,
		.revision = answer->revision,
		.hosts = etcd_answer_rows(answer, 0),
		.seen = etcd_answer_rows(answer, 1),
	};

	if (answer->status == ETCD_OK && !session->is_seen_known &&
		!peer_is_busy(session, CALL_SEEN) && tale.seen->count < ASK_ROWS)
		take_known(session, tale.seen); /* it need not be read once more */
	if (answer->status != ETCD_OK)
		peer_answer(session, session->ask_id, OUTCOME_REFUSED, answer->why);
	else
		peer_tell(session, &tale);
	if (session->ask_next)
		presence_ask(session, session->ask_next);
}

static void forget_more(struct session *session)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;

	session->is_forgetting = false;
	add_presence(&request);
	peer_call(session, CALL_FORGET, &request);
}

void presence_forget(struct session *session, int64_t id, const char *host)
{
	if (session->stage == STAGE_CLOSED || peer_is_busy(session, CALL_FORGET)) {
		peer_answer(session, id, OUTCOME_REFUSED,
			session->stage == STAGE_CLOSED ? "etcd does not answer"
						       : "another host is being forgotten");
		return;
	}
	free(session->forget_host);
	session->forget_host = xstrdup(host);
	session->forget_id = id;
	forget_more(session);
}

void presence_handle_forget(struct session *session, const struct etcd_answer *answer)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;
	_cleanup_free_ char *key = get_host_key(session->forget_host);
	const struct etcd_rows *rows = etcd_answer_rows(answer, 1);

	if (answer->status != ETCD_OK) {
		peer_answer(session, session->forget_id, OUTCOME_REFUSED, answer->why);
	} else if (session->is_forgetting) {
		if (answer->is_done)
			forget_more(session);
		else
			peer_answer(
				session, session->forget_id, OUTCOME_REFUSED, "the host is alive");
	} else if (etcd_rows_find(etcd_answer_rows(answer, 0), key)) {
		peer_answer(session, session->forget_id, OUTCOME_REFUSED, "the host is alive");
	} else {
		etcd_add_compare(&request, key, "", 0);
		for (size_t i = 0; i < rows->count; i++) {
			if (request.then.count < session->config.room &&
				is_of_host(rows->list[i].key, session->forget_host))
				etcd_add_delete(&request.then, rows->list[i].key, "");
		}
		if (request.then.count == 0) {
			peer_answer(session, session->forget_id, OUTCOME_DONE, NULL);
			return;
		}
		session->is_forgetting = true;
		peer_call(session, CALL_FORGET, &request);
	}
}
