/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is there: the format of the cluster, whether what mmfs has is of it, and all rows, in
 * pages at one revision.
 *
 * mmfs has the names up to a revision. They are of this cluster if there were as many changes up to
 * that revision as mmfs counted. If not, etcd was restored from a copy, and nobody but an
 * administrator knows which side is right: names are not taken away for that.
 */

#include <stdio.h>
#include <string.h>

#include "reader_private.h"

#define RETRY_TIME SECOND
#define PAGE_ROWS 10000
#define PAGE_FACTOR 8
#define FORMAT_START "{\"version\":1,\"cluster\":\""

/* Where the rows are that are counted. What mmfs is told of as well is the log of this host. */
static const struct span {
	const char *from;
	const char *end;
} spans[COUNT_READS] = {
	{ "volumes/", "volumes0" },
	{ "links/", "links0" },
	{ "points/", "points0" },
};

void count_add_reads(struct etcd_request *request, int64_t revision)
{
	for (size_t i = 0; i < COUNT_READS; i++) {
		struct etcd_operation *range =
			etcd_add_range(&request->then, spans[i].from, spans[i].end);

		range->is_count_only = true;
		range->revision = revision;
	}
}

int64_t count_get(const struct etcd_answer *answer, size_t operation)
{
	int64_t count = 0;

	for (size_t i = 0; i < COUNT_READS; i++)
		count += etcd_answer_count(answer, operation + i);
	return count;
}

void reader_parse_head(const char *value, char change[128], char host[128])
{
	char *slash;

	change[0] = host[0] = '\0';
	if (sscanf(value, "{\"change\":\"%127[^\"\\]\"}", change) != 1)
		change[0] = '\0';
	strcpy(host, change);
	slash = strrchr(host, '/');
	if (slash)
		*slash = '\0';
	if (!slash || !order_is_name(host)) /* no host has written that */
		change[0] = host[0] = '\0';
}

/* --- the cluster ----------------------------------------------------------------------------- */

void reader_greet(struct session *session)
{
	struct tale tale = {
		.type = TALE_HELLO,
		.host = session->config.host,
		.cluster_id = session->cluster_id,
		.cluster = session->config.name,
		.room = (int64_t)session->config.room,
		.limit = 1400 * 1024,
		.next = session->next,
	};

	peer_tell(session, &tale);
	standing_forget(session);
}

void reader_close(struct session *session)
{
	session->stage = STAGE_CLOSED;
	session->is_current = false;
	peer_drop(session, CALL_READ);
	peer_set_clock(session, CLOCK_OPEN, session->now);
}

/* The last entry of this host. */
static void add_last_log(struct session *session, struct etcd_request *request, int64_t revision)
{
	_cleanup_free_ char *from = xasprintf("log/%s/", session->config.host);
	_cleanup_free_ char *end = xasprintf("log/%s0", session->config.host);
	struct etcd_operation *last = etcd_add_range(&request->then, from, end);

	last->limit = 1;
	last->is_last_first = true;
	last->revision = revision;
}

void reader_handle_open_time(struct session *session)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;

	if (session->stage != STAGE_CLOSED || peer_is_busy(session, CALL_OPEN))
		return;
	etcd_add_range(&request.then, "format", "");
	add_last_log(session, &request, 0);
	peer_call(session, CALL_OPEN, &request);
}

static void found_cluster(struct session *session)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;
	_cleanup_free_ char *format = xasprintf(FORMAT_START "%s\"}", session->config.cluster_id);

	etcd_add_compare(&request, "format", "", 0);
	etcd_add_put(&request.then, "format", format, 0);
	peer_call(session, CALL_OPEN, &request);
}

/* The UUID in a format that is known here, or NULL. */
static char *parse_format(const char *format)
{
	static const char hexadecimal[] = "0123456789abcdef", start[] = FORMAT_START;
	static const size_t groups[] = { 8, 4, 4, 4, 12 };
	const char *id, *at;

	if (strncmp(format, start, strlen(start)) != 0)
		return NULL;
	id = at = format + strlen(start);
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if ((i > 0 && *at++ != '-') || strspn(at, hexadecimal) != groups[i])
			return NULL;
		at += groups[i];
	}
	return strcmp(at, "\"}") == 0 ? xstrndup(id, (size_t)(at - id)) : NULL;
}

/* Sets the ID, or is_newer. */
static void take_format(struct session *session, const struct etcd_row *format)
{
	char *id = parse_format(format->value);

	session->format = format->revision;
	session->is_newer = !id;
	free(session->cluster_id);
	session->cluster_id = id ? id : xstrdup("");
}

static void take_last(struct session *session, const struct etcd_row *last)
{
	const char *slash = strrchr(last->key, '/');
	int64_t number = slash ? (int64_t)strtoll(slash + 1, NULL, 10) : 0;

	if (number >= session->next && number < INT64_MAX / 2)
		session->next = number + 1;
}

void reader_handle_open(struct session *session, const struct etcd_answer *answer)
{
	const struct etcd_row *format = etcd_answer_row(answer, 0);
	const struct etcd_row *last = etcd_answer_row(answer, 1);

	if (answer->status != ETCD_OK) {
		free(session->silence);
		session->silence = xstrdup(answer->why);
		session->heard = answer->status == ETCD_UNCLEAR ? session->heard : 0;
		peer_set_clock(session, CLOCK_OPEN, session->now + RETRY_TIME);
		return;
	}
	if (answer->result_count < 2) { /* it was founded, by us or by somebody else */
		peer_set_clock(session, CLOCK_OPEN, session->now);
		return;
	}
	if (!format) {
		found_cluster(session);
		return;
	}
	take_format(session, format);
	if (last)
		take_last(session, last);
	session->stage = STAGE_OPEN;
	session->is_wanted = false;
	if (session->is_linked)
		session->ops->hang_up(session->data);
}

/* --- what mmfs has --------------------------------------------------------------------------- */

static void send_check(struct session *session)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;

	etcd_add_range(&request.then, "head", "")->revision = session->want_revision;
	count_add_reads(&request, session->want_revision);
	peer_call(session, CALL_READ, &request);
}

void reader_begin(struct session *session, const struct order *order)
{
	session->is_wanted = true;
	session->want_revision = order->revision;
	session->want_head = order->head;
	session->is_older = false;
	session->goal = 0;
	if (order->revision == 0) {
		session->highest = 0; /* whatever it has counts */
		for (size_t i = 0; i < PURPOSES; i++)
			session->slots[i].floor = 0;
	}
	session->is_other = order->revision > 0 && order->cluster_id[0] &&
		strcmp(order->cluster_id, session->cluster_id) != 0;
	if (session->is_newer || session->is_other) {
		session->stage = STAGE_STUCK;
	} else if (order->revision == 0) {
		reader_load(session);
	} else {
		session->stage = STAGE_CHECK;
		peer_drop(session, CALL_READ);
		peer_set_clock(session, CLOCK_READ, session->now);
	}
}

static void get_stuck(struct session *session)
{
	session->is_older = true;
	session->stage = STAGE_STUCK;
	peer_unwatch(session);
}

static void follow(struct session *session)
{
	session->stage = STAGE_FOLLOW;
	session->is_current = false;
	peer_set_clock(session, CLOCK_WATCH, session->now);
	peer_set_clock(session, CLOCK_BEAT, session->now);
}

static void handle_check(struct session *session, const struct etcd_answer *answer)
{
	const struct etcd_row *head = etcd_answer_row(answer, 0);

	if (answer->status == ETCD_COMPACTED) {
		reader_load(session);
		return;
	}
	if ((head ? head->version : 0) != session->want_head) {
		get_stuck(session);
		return;
	}
	session->position = session->want_revision;
	session->head = session->want_head;
	session->count = count_get(answer, 1);
	follow(session);
}

/* --- everything ------------------------------------------------------------------------------ */

void reader_load(struct session *session)
{
	peer_unwatch(session);
	if (session->stage == STAGE_FOLLOW) {
		session->want_revision = session->position;
		session->want_head = session->head;
	}
	session->stage = STAGE_LOAD;
	session->is_current = false;
	session->is_reading = false;
	session->span = 0;
	session->page = PAGE_ROWS;
	peer_drop(session, CALL_READ);
	peer_set_clock(session, CLOCK_READ, session->now);
}

static void send_page(struct session *session)
{
	_cleanup_request_ struct etcd_request request = ETCD_REQUEST_INIT;
	struct etcd_operation *range;

	if (!session->is_reading) {
		etcd_add_range(&request.then, "head", "");
	} else if (session->span == COUNT_READS) {
		add_last_log(session, &request, session->position);
	} else {
		range = etcd_add_range(&request.then, session->from, spans[session->span].end);
		range->limit = session->page;
		range->revision = session->position;
	}
	peer_call(session, CALL_READ, &request);
}

void reader_handle_read_time(struct session *session)
{
	if (peer_is_busy(session, CALL_READ))
		return;
	if (session->stage == STAGE_CHECK)
		send_check(session);
	else if (session->stage == STAGE_LOAD)
		send_page(session);
}

static void set_from(struct session *session, const char *key, const char *behind)
{
	free(session->from);
	session->from = xasprintf("%s%s", key, behind);
}

/* Of the time before that, or of the other half of a cluster that was cut in two by hand. */
static bool is_behind_wanted(const struct session *session, int64_t revision, int64_t head)
{
	return session->want_revision > 0 &&
		(revision < session->want_revision || head < session->want_head);
}

static void begin_load(struct session *session, const struct etcd_answer *answer)
{
	const struct etcd_row *head = etcd_answer_row(answer, 0);
	struct tale tale = { .type = TALE_BEGIN };

	if (is_behind_wanted(session, answer->revision, head ? head->version : 0)) {
		get_stuck(session);
		return;
	}
	session->is_reading = true;
	session->position = answer->revision;
	session->head = head ? head->version : 0;
	session->count = 0;
	set_from(session, spans[0].from, "");
	tale.revision = session->position;
	tale.head = session->head;
	peer_tell(session, &tale);
	send_page(session);
}

static void end_load(struct session *session)
{
	struct tale tale = {
		.type = TALE_END,
		.revision = session->position,
		.head = session->head,
	};

	peer_tell(session, &tale);
	session->want_revision = session->position;
	session->want_head = session->head;
	follow(session);
}

static void handle_page(struct session *session, const struct etcd_answer *answer)
{
	const struct etcd_rows *rows = etcd_answer_rows(answer, 0);
	struct tale tale = {
		.type = TALE_ROWS,
		.rows = rows->list,
		.count = rows->count,
		.revision = session->position,
		.head = session->head,
	};

	if (answer->status == ETCD_COMPACTED) { /* meanwhile: from the beginning */
		reader_load(session);
		return;
	}
	if (rows->count > 0)
		peer_tell(session, &tale);
	if (session->span == COUNT_READS) {
		end_load(session);
		return;
	}
	if (strcmp(session->from, spans[session->span].from) == 0)
		session->count += etcd_answer_count(answer, 0);
	if (answer->result_count > 0 && answer->results[0].last)
		set_from(session, answer->results[0].last, "\x01");
	else if (++session->span < COUNT_READS)
		set_from(session, spans[session->span].from, "");
	session->page = session->page < PAGE_ROWS / 2 ? session->page * 2 : PAGE_ROWS;
	send_page(session);
}

/* It may have been more than comes in time, or than a message holds. */
static void read_less(struct session *session)
{
	session->page = session->page > PAGE_FACTOR ? session->page / PAGE_FACTOR : 1;
	peer_set_clock(session, CLOCK_READ, session->now + SECOND / 5);
}

void reader_handle_read(struct session *session, const struct etcd_answer *answer)
{
	if (answer->status == ETCD_UNCLEAR) {
		read_less(session);
		return;
	}
	if (answer->status != ETCD_OK && answer->status != ETCD_COMPACTED) {
		peer_set_clock(session, CLOCK_READ, session->now + RETRY_TIME);
		return;
	}
	if (session->is_older) {
		get_stuck(session);
		return;
	}
	if (session->stage == STAGE_CHECK)
		handle_check(session, answer);
	else if (session->stage == STAGE_LOAD && !session->is_reading)
		begin_load(session, answer);
	else if (session->stage == STAGE_LOAD)
		handle_page(session, answer);
}
