/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other side of mmfs-cluster: what of the engine can be believed and used.
 *
 *	AWAY ─ connected, greeted ─► JOINING ─ up ─► UP
 *	  ▲                                          │ down, read-only, full, and back
 *	  └──────────── connection lost ─────────────┘
 *
 * One commit or question is under way at a time. A commit without an answer stays open: nothing
 * else is sent until it is known what became of it, which the one who speaks to the engine finds
 * out, if need be another one than before. That it has happened shows in its rows, which come in
 * any case; where nobody waits any more they are what ends it: with a later change of this host
 * all earlier ones count as written down here.
 */

#include <errno.h>
#include <string.h>

#include "base/hex.h"
#include "cluster_hosts_private.h"
#include "cluster_taken_private.h"
#include "cluster_talk_private.h"

#define NOISE_MAX 100
#define NOISE_TIME 10000000u  /* µs */
#define HELD_MAX (256u << 20) /* bytes of memory: of a million links */

struct cluster *cluster_new(const char *name, const struct names *known,
	const struct cluster_world *world, uint64_t real)
{
	struct cluster *cluster = xcalloc(1, sizeof(*cluster));

	cluster->name = xstrdup(name);
	cluster->known = known;
	cluster->world = world;
	cluster->since = real;
	cluster->last_news = &cluster->news;
	cluster->seen = xstrdup("");
	return cluster;
}

void cluster_free(struct cluster *cluster)
{
	if (!cluster)
		return;
	while (cluster->news)
		cluster_drop_news(cluster);
	elsewhere_change_free(cluster->all);
	cluster_hosts_fini(cluster);
	cluster_forget_seen(cluster);
	free(cluster->rivals);
	free(cluster->taken);
	free(cluster->seen);
	free(cluster->why);
	free(cluster->host);
	free(cluster->name);
	free(cluster);
}

void cluster_inherit(
	struct cluster *cluster, const char *host, uint64_t number, const struct cluster_time *now)
{
	cluster->host = xstrdup(host);
	cluster->open = cluster->inherited = cluster->last_number = number;
	cluster->inherited_limit = now->monotonic + CLUSTER_PATIENCE;
	cluster_talk_set_timer(cluster);
}

void cluster_expect(struct cluster *cluster, const struct cluster_time *now)
{
	cluster->expected_limit = now->monotonic + CLUSTER_PATIENCE_BACK;
	cluster_talk_set_timer(cluster);
	cluster_talk_look(cluster);
}

static void drop_all(struct cluster *cluster)
{
	if (cluster->all)
		cluster->held -= elsewhere_change_measure(cluster->all);
	elsewhere_change_free(steal_ptr(cluster->all));
}

static int break_off(struct cluster *cluster, const char *why, const struct cluster_time *now)
{
	cluster->world->hang_up(cluster->world->data, why);
	cluster_handle_lost(cluster, now);
	return -EBADMSG;
}

/* --- beginning -------------------------------------------------------------------------------- */

void cluster_handle_connected(struct cluster *cluster, const struct cluster_time *now)
{
	cluster->is_connected = true;
	cluster->is_greeted = cluster->is_disbelieved = false;
}

void cluster_handle_lost(struct cluster *cluster, const struct cluster_time *now)
{
	cluster->is_connected = cluster->is_greeted = cluster->is_listing = false;
	cluster->ask_id = cluster->open_id = 0;
	drop_all(cluster);
	if (cluster_is_up(cluster)) /* it may just be started anew */
		cluster->expected_limit = now->monotonic + CLUSTER_PATIENCE_LOST;
	cluster_talk_change_state(cluster, CLUSTER_AWAY, NULL, now->real);
	cluster_talk_set_timer(cluster);
}

static bool parse_uuid(const char *text, uint64_t ret_id[2])
{
	unsigned int digits = 0;

	ret_id[0] = ret_id[1] = 0;
	for (; *text; text++) {
		int value = hex_get_value(*text);

		if (value < 0 && *text != '-')
			return false;
		if (value < 0)
			continue;
		if (digits == 32)
			return false;
		ret_id[digits / 16] = ret_id[digits / 16] << 4 | (uint64_t)value;
		digits++;
	}
	return digits == 32 && (ret_id[0] || ret_id[1]);
}

static void send_want(struct cluster *cluster, const char *cluster_id)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;

	strbuf_add_format(&line, "{\"want\":{\"revision\":%llu,\"head\":%llu,\"cluster_id\":",
		(unsigned long long)cluster->revision, (unsigned long long)cluster->head);
	strbuf_add_json(&line, cluster_id);
	if (cluster->open)
		strbuf_add_format(&line, ",\"open\":\"%s/%llu\"", cluster->host,
			(unsigned long long)cluster->open);
	strbuf_add_text(&line, "}}");
	cluster_talk_send(cluster, &line);
}

static void disbelieve(struct cluster *cluster, const char *why, const struct cluster_time *now)
{
	cluster->is_disbelieved = true;
	cluster_talk_change_state(cluster, CLUSTER_READ_ONLY, why, now->real);
}

/* What is not taken up yet counts as known: it may be what an administrator has decided for. */
static bool is_other_cluster(const struct cluster *cluster, const uint64_t id[2])
{
	const uint64_t *known = cluster->known->cluster;

	for (const struct elsewhere_change *news = cluster->news; news; news = news->next)
		known = news->elsewhere.cluster;
	return (known[0] || known[1]) && (known[0] != id[0] || known[1] != id[1]);
}

/* What is known here was changed since, by an mmfs that was started without the cluster. */
static bool was_left(const struct cluster *cluster)
{
	const struct names *known = cluster->known;

	return !cluster->news && !known->revision && (known->cluster[0] || known->cluster[1]);
}

/* Whether what it has is about the names that are known here. */
static bool is_believed(
	struct cluster *cluster, const struct cluster_line *line, const struct cluster_time *now)
{
	const char *why = NULL;

	if (line->cluster && strcmp(line->cluster, cluster->name) != 0)
		why = "mmfs-cluster is there for a cluster of another name";
	else if (!cluster->is_decided && is_other_cluster(cluster, cluster->id))
		why = "it is another cluster than the names here are of";
	if (!why)
		return true;
	cluster->is_decided = false;
	disbelieve(cluster, why, now);
	return false;
}

/* Nobody can tell any more. */
static void give_up_open(struct cluster *cluster)
{
	cluster->open = 0;
	if (cluster->inherited)
		cluster_talk_settle_inherited(cluster, -ETIMEDOUT);
}

static int take_hello(
	struct cluster *cluster, const struct cluster_line *line, const struct cluster_time *now)
{
	bool has_id = parse_uuid(line->cluster_id, cluster->id);

	if (cluster->is_greeted)
		return break_off(cluster, "it greets twice", now);
	if (*line->cluster_id && !has_id)
		return break_off(cluster, "it names a cluster with an ID that is none", now);
	if (cluster->open && strcmp(cluster->host, line->host) != 0)
		give_up_open(cluster);
	free(cluster->host);
	cluster->host = xstrdup(line->host);
	cluster->is_greeted = true;
	cluster->room = line->room;
	cluster->limit = line->limit;
	if (line->next && line->next - 1 > cluster->last_number)
		cluster->last_number = line->next - 1;
	if (cluster->known->own_change > cluster->last_number)
		cluster->last_number = cluster->known->own_change;
	if (!cluster->news) {
		cluster->revision = cluster->known->revision;
		cluster->head = cluster->known->head;
	}
	cluster_talk_change_state(cluster, CLUSTER_JOINING, NULL, now->real);
	if (!has_id || !is_believed(cluster, line, now))
		return 0;
	cluster->is_decided |= was_left(cluster);
	if (cluster->is_decided)
		cluster->revision = cluster->head = 0;
	send_want(cluster, line->cluster_id);
	cluster_talk_seen(cluster);
	return 0;
}

/* Nothing changes so often: whatever says that would fill the log, and keep everybody waiting. */
static bool is_noisy(struct cluster *cluster, const struct cluster_time *now)
{
	if (now->monotonic - cluster->noise_since >= NOISE_TIME) {
		cluster->noise_since = now->monotonic;
		cluster->noise = 0;
	}
	return ++cluster->noise > NOISE_MAX;
}

/* What it has cannot be had: the decision was about something else, and is over. */
static void give_up_decision(
	struct cluster *cluster, const char *why, const struct cluster_time *now)
{
	cluster->is_decided = false;
	drop_all(cluster);
	disbelieve(cluster, why, now);
}

static int take_state(
	struct cluster *cluster, const struct cluster_line *line, const struct cluster_time *now)
{
	static const struct {
		const char *name;
		enum cluster_state state;
	} states[] = { { "up", CLUSTER_UP }, { "down", CLUSTER_UNREACHED },
		{ "read-only", CLUSTER_READ_ONLY }, { "full", CLUSTER_FULL } };
	uint64_t since = line->since && line->since < now->real / 1000000 ? line->since * 1000000
									  : now->real;

	if (is_noisy(cluster, now))
		return break_off(cluster, "it tells of too many states", now);
	if (cluster->is_decided && strcmp(line->state, "read-only") == 0)
		give_up_decision(cluster, line->why, now);
	for (size_t i = 0; i < ARRAY_SIZE(states) && !cluster->is_disbelieved; i++)
		if (strcmp(states[i].name, line->state) == 0)
			cluster_talk_change_state(cluster, states[i].state, line->why, since);
	if (cluster->state == CLUSTER_UP)
		cluster_talk_ask(cluster);
	return 0;
}

/* --- what others have written ----------------------------------------------------------------- */

static void add_news(struct cluster *cluster, struct elsewhere_change *change)
{
	memcpy(change->elsewhere.cluster, cluster->id, sizeof(cluster->id));
	cluster->revision = change->elsewhere.revision;
	cluster->head = change->elsewhere.head;
	*cluster->last_news = change;
	cluster->last_news = &change->next;
	cluster->news_count++;
	cluster->world->wake(cluster->world->data);
}

static void add_rows(
	struct cluster *cluster, struct elsewhere_change *change, const struct cluster_line *line)
{
	_cleanup_strbuf_ struct strbuf first = STRBUF_INIT, why = STRBUF_INIT;
	size_t faults = 0;

	for (size_t i = 0; i < line->count; i++)
		if (elsewhere_change_add(change, &line->rows[i], faults ? &why : &first) < 0) {
			faults++;
			strbuf_reset(&why);
		}
	if (faults > 1)
		strbuf_add_format(&first, "; and %zu more", faults - 1);
	if (faults)
		cluster->world->say(cluster->world->data, strbuf_text(&first));
}

/* Among all there is the log tells of the own change that nobody has answered for. */
static void add_own_log(struct cluster *cluster, const struct cluster_line *line)
{
	_cleanup_free_ char *key = cluster->open
		? xasprintf("log/%s/%020llu", cluster->host, (unsigned long long)cluster->open)
		: NULL;

	for (size_t i = 0; key && i < line->count; i++) {
		_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

		if (strcmp(line->rows[i].key, key) == 0 &&
			elsewhere_change_add_own(
				cluster->all, cluster->open, &line->rows[i], &why) < 0)
			cluster->world->say(cluster->world->data, strbuf_text(&why));
	}
}

static int begin_all(
	struct cluster *cluster, const struct cluster_line *line, const struct cluster_time *now)
{
	if (cluster->all || !line->revision)
		return break_off(cluster, "it begins twice, or nowhere", now);
	if (line->revision < cluster->revision || line->head < cluster->head) {
		disbelieve(cluster, "the engine is an older copy", now);
		return 0;
	}
	cluster->all = elsewhere_change_new(
		line->host ? line->host : cluster->name, line->revision, line->head);
	cluster->all->elsewhere.is_all = true;
	cluster->held += elsewhere_change_measure(cluster->all);
	cluster->all->elsewhere.is_decided = cluster->is_decided;
	return 0;
}

/* The own change that nobody has answered for has happened. */
static void close_open(struct cluster *cluster, uint64_t revision)
{
	uint64_t number = cluster->open;

	cluster->open = cluster->open_id = 0;
	if (cluster->step != STEP_COMMIT)
		return;
	cluster->number = number;
	cluster_talk_finish(cluster, 0, revision, NULL);
}

static int end_all(struct cluster *cluster, const struct cluster_time *now)
{
	const struct elsewhere *elsewhere;

	if (!cluster->all)
		return break_off(cluster, "it ends what it has not begun", now);
	cluster->is_decided = false;
	elsewhere = &cluster->all->elsewhere;
	if (elsewhere->number && elsewhere->number == cluster->open)
		close_open(cluster, elsewhere->revision);
	add_news(cluster, steal_ptr(cluster->all));
	cluster_talk_look(cluster);
	return 0;
}

static int take_rows(
	struct cluster *cluster, const struct cluster_line *line, const struct cluster_time *now)
{
	struct elsewhere_change *change;
	uint64_t number;

	if (cluster->held > HELD_MAX)
		return break_off(cluster, "it sends more than can be kept", now);
	cluster_taken_drop(cluster, line);
	if (cluster->all) {
		cluster->held -= elsewhere_change_measure(cluster->all);
		add_own_log(cluster, line);
		add_rows(cluster, cluster->all, line);
		cluster->held += elsewhere_change_measure(cluster->all);
		return 0;
	}
	if (line->revision <= cluster->revision)
		return break_off(cluster, "its revisions go backwards", now);
	change = elsewhere_change_new(
		line->host ? line->host : "unknown", line->revision, line->head);
	number = cluster_line_get_number(line->change, cluster->host);
	change->elsewhere.number = number;
	add_rows(cluster, change, line);
	cluster->held += elsewhere_change_measure(change);
	if (number && number == cluster->open)
		close_open(cluster, line->revision);
	if (number > cluster->last_number)
		cluster->last_number = number;
	add_news(cluster, change);
	cluster_talk_look(cluster);
	return 0;
}

/* --- answers ---------------------------------------------------------------------------------- */

static void take_commit(struct cluster *cluster, const struct cluster_line *line)
{
	uint64_t number = cluster->open;

	if (line->result == CLUSTER_UNKNOWN || !line->result)
		return; /* it is settled, or its time is over */
	cluster->open_id = 0;
	if (line->result == CLUSTER_DONE && cluster->step != STEP_COMMIT)
		return; /* its rows come */
	cluster->open = 0;
	if (line->result != CLUSTER_DONE)
		cluster->world->closed(cluster->world->data);
	if (cluster->step != STEP_COMMIT)
		return;
	switch (line->result) {
	case CLUSTER_DONE:
		cluster->number = number;
		cluster_talk_finish(cluster, 0, line->revision, NULL);
		break;
	case CLUSTER_LOST:
		cluster_hosts_note_rivals(cluster, line);
		cluster_taken_note(cluster, line);
		cluster_talk_finish(cluster, -EAGAIN, 0, "another host was faster");
		break;
	case CLUSTER_VOID:
		cluster_talk_finish(cluster, -EAGAIN, 0, "it has not happened");
		break;
	case CLUSTER_REFUSED:
		cluster_talk_finish(cluster, cluster->state == CLUSTER_FULL ? -ENOSPC : -EROFS, 0,
			line->why ? line->why : "the engine refuses it");
		break;
	case CLUSTER_UNKNOWN:
	case CLUSTER_NO_RESULT:
		break;
	}
}

static void take_presence(struct cluster *cluster, const struct cluster_line *line)
{
	if (line->has_presence)
		cluster_hosts_take(cluster, line);
	else
		cluster->ask_id = 0; /* it cannot be told */
	if (!cluster->ask_id) {
		cluster->settle_ask_id = 0;
		cluster->world->wake(cluster->world->data);
	}
}

/* Without it nobody knows whether a refusal is still right. */
static void take_sync(struct cluster *cluster, const struct cluster_line *line)
{
	if (line->is_synced)
		cluster_talk_finish(cluster, 0, line->revision, NULL);
	else
		cluster_talk_finish(cluster, -EROFS, 0,
			line->why ? line->why : "what the engine has cannot be read");
}

static void take_answer(
	struct cluster *cluster, const struct cluster_line *line, const struct cluster_time *now)
{
	if (!line->id)
		return;
	if (line->id == cluster->open_id) {
		take_commit(cluster, line);
	} else if (line->id == cluster->step_id && cluster->step == STEP_SYNC) {
		take_sync(cluster, line);
	} else if (line->id == cluster->settle_id) {
		cluster->settle_id = 0;
	} else if (line->id == cluster->ask_id) {
		take_presence(cluster, line);
	} else if (line->result == CLUSTER_REFUSED && line->why && !is_noisy(cluster, now)) {
		cluster->world->say(cluster->world->data, line->why);
	}
}

static void take_settled(struct cluster *cluster, const struct cluster_line *line)
{
	uint64_t number = cluster_line_get_number(line->change, cluster->host);

	if (!number || number != cluster->open)
		return;
	if (line->result == CLUSTER_DONE)
		return; /* its rows come, and tell the revision */
	cluster->open = cluster->open_id = 0;
	cluster->world->closed(cluster->world->data);
	if (cluster->inherited)
		cluster_talk_settle_inherited(cluster, -EAGAIN);
	if (cluster->step == STEP_COMMIT)
		cluster_talk_finish(cluster, -EAGAIN, 0, "it has not happened");
	cluster_talk_look(cluster);
}

static int take_line(
	struct cluster *cluster, const struct cluster_line *line, const struct cluster_time *now)
{
	if (!cluster->is_greeted && line->word != CLUSTER_HELLO)
		return break_off(cluster, "it does not greet first", now);
	switch (line->word) {
	case CLUSTER_HELLO:
		return take_hello(cluster, line, now);
	case CLUSTER_STATE:
		return take_state(cluster, line, now);
	case CLUSTER_BEGIN:
		return cluster->is_disbelieved ? 0 : begin_all(cluster, line, now);
	case CLUSTER_ROWS:
		return cluster->is_disbelieved ? 0 : take_rows(cluster, line, now);
	case CLUSTER_END:
		return cluster->is_disbelieved ? 0 : end_all(cluster, now);
	case CLUSTER_ANSWER:
		take_answer(cluster, line, now);
		return 0;
	case CLUSTER_SETTLED:
		take_settled(cluster, line);
		return 0;
	}
	return 0;
}

void cluster_handle_line(
	struct cluster *cluster, char *text, size_t len, const struct cluster_time *now)
{
	_cleanup_cluster_line_ struct cluster_line line = { 0 };
	bool was_settling = cluster_talk_is_settling(cluster);
	const char *why;

	if (!cluster->is_connected)
		free(text);
	else if (cluster_line_parse(text, len, &line, &why) < 0)
		break_off(cluster, why, now);
	else
		take_line(cluster, &line, now);
	if (was_settling && !cluster_talk_is_settling(cluster))
		cluster_talk_end_settling(cluster);
}

void cluster_handle_time(struct cluster *cluster, const struct cluster_time *now)
{
	if (cluster_talk_is_settling(cluster) && cluster->settle_limit <= now->monotonic)
		cluster_talk_end_settling(cluster);
	if (cluster->inherited && cluster->inherited_limit <= now->monotonic)
		cluster_talk_settle_inherited(cluster, -ETIMEDOUT);
	if (cluster->expected_limit && cluster->expected_limit <= now->monotonic)
		cluster_talk_end_expecting(cluster);
	if (!cluster->step || cluster->step_limit > now->monotonic)
		return;
	cluster_talk_finish(cluster, -ETIMEDOUT, 0,
		cluster->step == STEP_COMMIT
			? "the cluster does not answer: it may have happened, or may yet"
			: "the cluster does not answer");
}

const struct elsewhere *cluster_get_news(const struct cluster *cluster)
{
	return cluster->news ? &cluster->news->elsewhere : NULL;
}

const struct elsewhere *cluster_get_news_behind(const struct elsewhere *news)
{
	const struct elsewhere_change *next =
		container_of(news, struct elsewhere_change, elsewhere)->next;

	return next ? &next->elsewhere : NULL;
}

void cluster_drop_news(struct cluster *cluster)
{
	struct elsewhere_change *change = cluster->news;

	cluster->news = change->next;
	if (!cluster->news)
		cluster->last_news = &cluster->news;
	cluster->news_count--;
	cluster->held -= elsewhere_change_measure(change);
	elsewhere_change_free(change);
	if (cluster->inherited && cluster->inherited <= cluster->known->own_change)
		cluster_talk_settle_inherited(cluster, 0);
}
