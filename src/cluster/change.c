/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The change that is under way: see the header.
 *
 * A change is one transaction, which also puts log/HOST/NUMBER, and wants that to be absent. If
 * its answer is lost, another transaction puts a void entry there, on the same condition: either
 * that is done, and the change can never happen any more, or it has. Until one of them is known
 * nothing else is sent. So a change happens once or never, even if the network delivers it twice.
 */

#include <stdio.h>
#include <string.h>

#include "change_private.h"

#define PATIENCE (15 * SECOND)
#define VOID_TIME (SECOND / 5) /* between attempts, when nobody answers */
#define SYNC_TIME (SECOND / 20)
#define LIMIT_BYTES (1400 * 1024)
#define VOID_LOG "{\"void\":true}"
#define BLOCKERS 16		/* that are told of one prefix */
#define TAKEN_BYTES (48 * 1024) /* of keys that are asked for if they are there after all */

bool change_is_void(const char *log)
{
	return strcmp(log, VOID_LOG) == 0;
}

/* --- the transaction ------------------------------------------------------------------------- */

static bool is_shared_key(const char *key)
{
	return strncmp(key, "volumes/", 8) == 0 || strncmp(key, "links/", 6) == 0 ||
		strncmp(key, "points/", 7) == 0;
}

/* "HOST/17" of this host, as the key of its log; or NULL. */
static char *get_log_key(const struct session *session, const char *change, int64_t *ret_number)
{
	const char *host = session->config.host;
	size_t len = strlen(host);
	const char *digits = change + len + 1;
	unsigned long long number;
	char *end;

	if (strncmp(change, host, len) != 0 || change[len] != '/' || digits[0] < '1' ||
		digits[0] > '9' || strlen(digits) > 18)
		return NULL;
	number = strtoull(digits, &end, 10);
	if (*end)
		return NULL;
	*ret_number = (int64_t)number;
	return xasprintf("log/%s/%020llu", host, number);
}

/* NULL, or what is wrong with what mmfs wants. */
static const char *judge(const struct session *session, const struct order *order)
{
	size_t operations = size_add(order->puts.count, size_multiply(order->deletes.count, 2));
	size_t compares = 0, bytes = strlen(order->log);

	for (size_t i = 0; i < order->puts.count; i++) {
		if (!is_shared_key(order->puts.list[i].key))
			return "there is a key that no change may write";
		bytes += strlen(order->puts.list[i].key) + strlen(order->puts.list[i].value);
	}
	for (size_t i = 0; i < order->deletes.count; i++) {
		if (!is_shared_key(order->deletes.list[i].key))
			return "there is a key that no change may delete";
		bytes += 2 * strlen(order->deletes.list[i].key) + 64;
	}
	for (size_t i = 0; i < order->compare_count; i++)
		compares += order->compares[i].is_below ? 2 : 1;
	if (operations > session->config.room || compares > session->config.room)
		return "the change has more rows than a transaction of etcd takes";
	return bytes > LIMIT_BYTES ? "the change is larger than a transaction of etcd" : NULL;
}

static void add_compares(
	struct session *session, const struct order *order, struct etcd_request *request)
{
	for (size_t i = 0; i < order->compare_count; i++) {
		const struct order_compare *compare = &order->compares[i];
		_cleanup_free_ char *end = NULL, *behind = NULL;

		if (!compare->is_below) {
			etcd_add_compare(request, compare->key, "", compare->revision);
			continue;
		}
		end = xasprintf("%s\x7f", compare->key);
		behind = xasprintf("%s\x01", compare->but); /* no key lies between the two */
		etcd_add_compare(request, compare->key, compare->but, 0);
		etcd_add_compare(request, behind, end, 0);
	}
}

static void note_read(struct session *session, const struct order_compare *compare)
{
	session->reads = xgrow(session->reads, session->read_count, sizeof(*session->reads));
	session->reads[session->read_count++] = (struct order_compare){
		.key = xstrdup(compare->key),
		.but = compare->is_below ? xstrdup(compare->but) : NULL,
		.is_below = compare->is_below,
	};
}

/* Who stands in the way is read where the change is not done, and what was to be nowhere. */
static void add_reads(
	struct session *session, const struct order *order, struct etcd_request *request)
{
	size_t bytes = 0;

	etcd_add_range(&request->otherwise, session->change_key, "");
	etcd_add_range(&request->otherwise, "head", "");
	for (size_t i = 0; i < order->compare_count; i++) {
		const struct order_compare *compare = &order->compares[i];
		_cleanup_free_ char *end = xasprintf("%s\x7f", compare->key);

		if (request->otherwise.count >= session->config.room)
			return;
		if (compare->is_below)
			etcd_add_range(&request->otherwise, compare->key, end)->limit = BLOCKERS;
		else if (!compare->revision && (bytes += strlen(compare->key)) < TAKEN_BYTES)
			etcd_add_range(&request->otherwise, compare->key, "");
		else
			continue;
		note_read(session, compare);
	}
}

static void add_writes(
	struct session *session, const struct order *order, struct etcd_request *request)
{
	uint64_t seconds = (session->config.real + session->now) / SECOND;
	_cleanup_free_ char *gone = xasprintf("{\"time\":%llu}", (unsigned long long)seconds);
	_cleanup_free_ char *head = xasprintf("{\"change\":\"%s\"}", order->change);

	for (size_t i = 0; i < order->puts.count; i++)
		etcd_add_put(&request->then, order->puts.list[i].key, order->puts.list[i].value, 0);
	for (size_t i = 0; i < order->deletes.count; i++) {
		const char *key = order->deletes.list[i].key;
		_cleanup_free_ char *grave = xasprintf("gone/%s", key);

		etcd_add_delete(&request->then, key, "");
		etcd_add_put(&request->then, grave, gone, 0);
	}
	etcd_add_put(&request->then, "head", head, 0);
	etcd_add_put(&request->then, session->change_key, order->log, 0);
}

/* --- its way --------------------------------------------------------------------------------- */

static void drop_reads(struct session *session)
{
	for (size_t i = 0; i < session->read_count; i++) {
		free(session->reads[i].key);
		free(session->reads[i].but);
	}
	free(session->reads);
	session->reads = NULL;
	session->read_count = 0;
}

void change_drop(struct session *session)
{
	free(session->change);
	free(session->change_key);
	session->change = session->change_key = NULL;
	session->change_id = 0;
	session->clocks[CLOCK_CHANGE] = session->clocks[CLOCK_PATIENCE] = 0;
	peer_drop(session, CALL_CHANGE);
	drop_reads(session);
}

/* It is known what became of it. */
static void close_change(
	struct session *session, enum outcome outcome, int64_t revision, const char *why)
{
	struct tale tale = {
		.type = session->change_id ? TALE_ANSWER : TALE_SETTLED,
		.id = session->change_id,
		.change = session->change,
		.outcome = outcome,
		.revision = revision,
		.why = why,
	};

	if (!session->change_id && outcome != OUTCOME_DONE)
		tale.outcome = OUTCOME_VOID;
	peer_tell(session, &tale);
	change_drop(session);
}

void change_commit(struct session *session, const struct order *order)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;
	_cleanup_free_ char *key = NULL;
	const char *why;
	int64_t number;

	if (standing_get(session, &why) != STANDING_UP) {
		peer_answer(session, order->id, OUTCOME_REFUSED, why);
		return;
	}
	key = get_log_key(session, order->change, &number);
	why = session->change		 ? "an earlier change is not settled yet"
		: !key			 ? "the change is not one of this host"
		: number < session->next ? "the number of the change was used before"
					 : judge(session, order);
	if (why) {
		peer_answer(session, order->id, OUTCOME_REFUSED, why);
		return;
	}
	session->next = number + 1;
	session->change = xstrdup(order->change);
	session->change_key = steal_ptr(key);
	session->change_id = order->id;
	session->is_voiding = false;
	etcd_add_compare(&request, "format", "", session->format);
	etcd_add_compare(&request, session->change_key, "", 0);
	add_compares(session, order, &request);
	add_writes(session, order, &request);
	add_reads(session, order, &request);
	peer_set_clock(session, CLOCK_PATIENCE, session->now + PATIENCE);
	peer_call(session, CALL_CHANGE, &request);
}

static void send_void(struct session *session)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;

	session->is_voiding = true;
	etcd_add_compare(&request, session->change_key, "", 0);
	etcd_add_put(&request.then, session->change_key, VOID_LOG, 0);
	etcd_add_range(&request.otherwise, session->change_key, "");
	peer_call(session, CALL_CHANGE, &request);
}

void change_settle(struct session *session, const char *change)
{
	struct tale tale = { .type = TALE_SETTLED, .change = change, .outcome = OUTCOME_VOID };
	int64_t number;

	if (session->change && strcmp(session->change, change) == 0) {
		session->change_id = 0; /* it is told as soon as it is known */
		return;
	}
	change_drop(session); /* another one, which mmfs has forgotten */
	session->change_key = get_log_key(session, change, &number);
	if (!session->change_key) {
		peer_tell(session, &tale);
		return;
	}
	if (number >= session->next)
		session->next = number + 1;
	session->change = xstrdup(change);
	send_void(session);
}

static void add_taken(struct etcd_rows *taken, const struct etcd_row *row)
{
	etcd_rows_add(taken, row->key, row->value)->revision = row->revision;
}

static void add_blocker(struct etcd_rows *seen, const char *key, const char *but)
{
	if (strcmp(key, but) != 0)
		etcd_rows_add(seen, key, NULL);
}

static void handle_lost(struct session *session, const struct etcd_answer *answer)
{
	const struct etcd_row *head = etcd_answer_row(answer, 1);
	struct waiter *waiter;

	session->waiters =
		xgrow(session->waiters, session->waiter_count, sizeof(*session->waiters));
	waiter = &session->waiters[session->waiter_count++];
	*waiter = (struct waiter){ .id = session->change_id, .is_sent = true };
	waiter->revision = head ? head->revision : 0;
	for (size_t i = 0; i < session->read_count; i++) {
		const struct order_compare *read = &session->reads[i];
		const struct etcd_rows *rows = etcd_answer_rows(answer, 2 + i);

		for (size_t j = 0; j < rows->count; j++) {
			if (read->is_below)
				add_blocker(&waiter->seen, rows->list[j].key, read->but);
			else
				add_taken(&waiter->taken, &rows->list[j]);
		}
	}
	if (waiter->revision > session->goal)
		session->goal = waiter->revision;
}

/* The transaction was done by etcd, one way or the other. */
static void handle_done(struct session *session, const struct etcd_answer *answer)
{
	const struct etcd_row *log = etcd_answer_row(answer, 0);
	bool is_voided = session->is_voiding && answer->is_done;

	if (!answer->is_done && log) {
		if (change_is_void(log->value))
			is_voided = true;
		else {
			close_change(session, OUTCOME_DONE, log->revision, NULL);
			return;
		}
	}
	if (is_voided) {
		close_change(session, OUTCOME_LOST, session->position, NULL);
	} else if (answer->is_done) {
		close_change(session, OUTCOME_DONE, answer->revision, NULL);
	} else if (session->is_voiding) {
		send_void(session); /* the entry is there and is not: it was no answer to this */
	} else if (!session->change_id) {
		close_change(session, OUTCOME_LOST, session->position, NULL);
	} else {
		handle_lost(session, answer);
		change_drop(session);
		waiters_update(session);
	}
}

void change_handle_answer(struct session *session, const struct etcd_answer *answer)
{
	if (!session->change)
		return;
	switch (answer->status) {
	case ETCD_OK:
		handle_done(session, answer);
		return;
	case ETCD_UNCLEAR:
		break;
	case ETCD_DENIED:
	case ETCD_FULL:
	case ETCD_COMPACTED:
	case ETCD_INVALID:
		if (session->is_voiding)
			break; /* says nothing about the change */
		session->is_denied |= answer->status == ETCD_DENIED;
		session->is_full |= answer->status == ETCD_FULL;
		if (answer->status == ETCD_DENIED || answer->status == ETCD_FULL) {
			peer_drop(session,
				CALL_LEASE); /* by registering anew it is seen when that ends */
			session->is_keeping = false;
			session->clocks[CLOCK_LEASE] = 0;
			peer_set_clock(session, CLOCK_LEASE, session->now + 5 * SECOND);
			standing_update(session); /* why it is refused is known first */
		}
		close_change(session, OUTCOME_REFUSED, 0, answer->why);
		return;
	}
	peer_set_clock(session, CLOCK_CHANGE, session->now + (session->is_voiding ? VOID_TIME : 0));
}

void change_handle_time(struct session *session)
{
	if (session->change && !peer_is_busy(session, CALL_CHANGE))
		send_void(session);
}

void change_handle_patience(struct session *session)
{
	if (session->change && session->change_id) {
		peer_answer(session, session->change_id, OUTCOME_UNKNOWN, "etcd has not answered");
		session->change_id = 0;
	}
}

void change_handle_log(struct session *session, const struct etcd_row *row)
{
	if (!session->change || !row->value || strcmp(row->key, session->change_key) != 0)
		return;
	if (change_is_void(row->value))
		close_change(session, OUTCOME_LOST, session->position, NULL);
	else
		close_change(session, OUTCOME_DONE, row->revision, NULL);
}

/* --- who waits ------------------------------------------------------------------------------- */

void waiters_sync(struct session *session, int64_t id)
{
	session->waiters =
		xgrow(session->waiters, session->waiter_count, sizeof(*session->waiters));
	session->waiters[session->waiter_count++] = (struct waiter){ .id = id, .is_sync = true };
	peer_set_clock(session, CLOCK_SYNC, session->now);
}

void waiters_handle_time(struct session *session)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;
	size_t count = 0;

	if (peer_is_busy(session, CALL_SYNC))
		return;
	for (size_t i = 0; i < session->waiter_count; i++) {
		struct waiter *waiter = &session->waiters[i];

		if (waiter->is_sync && !waiter->is_sent) {
			waiter->is_sent = true;
			waiter->revision = -1;
			count++;
		}
	}
	if (count == 0)
		return;
	etcd_add_range(&request.then, "head", "");
	peer_call(session, CALL_SYNC, &request);
}

static void remove_waiter(struct session *session, size_t index)
{
	etcd_rows_fini(&session->waiters[index].seen);
	etcd_rows_fini(&session->waiters[index].taken);
	memmove(&session->waiters[index], &session->waiters[index + 1],
		(session->waiter_count - index - 1) * sizeof(*session->waiters));
	session->waiter_count--;
}

/*
 * A member that has just died says nothing about what the others have: while they are there,
 * another one is asked. When nobody is, that is told first.
 */
static void handle_no_revision(struct session *session, const struct etcd_answer *answer)
{
	const char *why;

	standing_update(session);
	for (size_t i = session->waiter_count; i-- > 0;) {
		struct waiter *waiter = &session->waiters[i];

		if (waiter->revision != -1)
			continue;
		if (answer->status == ETCD_UNCLEAR && standing_get(session, &why) == STANDING_UP) {
			waiter->revision = 0;
			waiter->is_sent = false;
			continue;
		}
		peer_answer(session, waiter->id, OUTCOME_REFUSED, answer->why);
		remove_waiter(session, i);
	}
	peer_set_clock(session, CLOCK_SYNC, session->now + SYNC_TIME);
}

void waiters_handle_answer(struct session *session, const struct etcd_answer *answer)
{
	const struct etcd_row *head = etcd_answer_row(answer, 0);
	int64_t revision = head ? head->revision : 0;

	if (answer->status != ETCD_OK) {
		handle_no_revision(session, answer);
		return;
	}
	if (revision > session->goal)
		session->goal = revision;
	for (size_t i = 0; i < session->waiter_count; i++) {
		if (session->waiters[i].revision == -1)
			session->waiters[i].revision = revision;
	}
	waiters_update(session);
	peer_set_clock(session, CLOCK_SYNC, session->now);
}

void waiters_update(struct session *session)
{
	if (session->stage != STAGE_FOLLOW)
		return;
	for (size_t i = 0; i < session->waiter_count;) {
		struct waiter *waiter = &session->waiters[i];
		struct tale tale = {
			.type = waiter->is_sync ? TALE_SYNCED : TALE_ANSWER,
			.id = waiter->id,
			.outcome = OUTCOME_LOST,
			.revision = session->position,
			.seen = &waiter->seen,
			.rows = waiter->taken.list,
			.count = waiter->taken.count,
		};

		if (!waiter->is_sent || waiter->revision < 0 ||
			waiter->revision > session->position) {
			i++;
			continue;
		}
		peer_tell(session, &tale);
		remove_waiter(session, i);
	}
}

void waiters_drop(struct session *session)
{
	while (session->waiter_count > 0)
		remove_waiter(session, session->waiter_count - 1);
}
