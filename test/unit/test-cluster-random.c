/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machines/cluster at random against an engine that is a list of changes: at random a host
 * commits and asks, others write, answers come late, or never, or with another helper than the
 * one that was asked, the engine goes and comes. Each commit is answered once and in time; what
 * was answered well has happened, and what was refused never will; what happened comes as news,
 * each change once and in its order.
 *
 * What is broken on purpose, and noticed: mutants.list.
 */

#include <errno.h>
#include <string.h>

#include "../run-suite.h"
#include "dice.h"
#include "machines/cluster_ask.h"

enum { SEEDS = 24, STEPS = 20000, CHANGES = 8192, LINES = 256 };
#define ID "00000000-0000-4000-8000-000000000001"

struct written {
	uint64_t number; /* of the host; 0: another's */
};

static struct game {
	struct dice dice;
	struct cluster *cluster;
	struct names known;
	struct cluster_time now;
	uint64_t timer;

	/* The engine. A change has its index as its revision. */
	struct written changes[CHANGES];
	uint64_t revision;
	/* Its helper. */
	bool is_connected, is_wanted, is_up;
	uint64_t told;	 /* up to this revision */
	uint64_t asked;	 /* a commit that is not answered: its id, */
	uint64_t number; /* … its number, also for those that come later, */
	bool has_happened;
	uint64_t syncs[LINES];
	size_t sync_count;
	uint64_t ask; /* who is there; 0: it is answered */

	/* Who waits. */
	bool is_waiting, is_commit;
	uint64_t began, sent; /* when, and the number that was sent */
	bool is_told;	      /* answered, in this step */
	int result;
	uint64_t open;	    /* without an answer: the number */
	uint64_t inherited; /* what an earlier process had to ask for, and when this one began */
	uint64_t inherited_at;
	uint64_t opened; /* what another process would have to ask for */
	uint64_t last;	 /* number that was sent */
	uint64_t taken;
	bool is_settling; /* since then, of what was there then */
	uint64_t settling_at, settling_open, settling_revision;
	unsigned int good, lost, unsure, settled, waits;
} game;

#define EXPECT(condition) DICE_EXPECT(&game.dice, condition)

static void say(const char *format, ...) _printf_(1, 2);

/* The helper says something. */
static void say(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	cluster_handle_line(game.cluster, text, strlen(text), &game.now);
}

static bool has_happened(uint64_t number)
{
	for (uint64_t i = 1; i <= game.revision; i++)
		if (game.changes[i].number == number)
			return true;
	return false;
}

static void write_change(uint64_t number)
{
	if (game.revision + 1 < CHANGES)
		game.changes[++game.revision].number = number;
}

static void tell_next(void)
{
	uint64_t revision = ++game.told, number = game.changes[revision].number;

	if (number && number == game.open)
		game.open = 0;
	say("{\"rows\":[{\"key\":\"log/x\",\"value\":\"{}\",\"revision\":%llu}],\"revision\":%llu,"
	    "\"head\":%llu,\"host\":\"%s\",\"change\":\"%s/%llu\"}",
		(unsigned long long)revision, (unsigned long long)revision,
		(unsigned long long)revision, number ? "h1" : "h2", number ? "h1" : "h2",
		(unsigned long long)(number ? number : revision));
}

/* Not those behind a change whose answer has yet to come. */
static bool may_tell(void)
{
	return game.is_wanted && game.told < game.revision &&
		!(game.asked && game.changes[game.told + 1].number == game.number);
}

static void tell_all(void)
{
	while (may_tell())
		tell_next();
}

/* --- what the machine does -------------------------------------------------------------------- */

static void take_want(const struct json *json, const struct json_value *want)
{
	const char *open = json_get_text(json, want, "open");

	game.told = json_get_number(json, want, "revision");
	EXPECT(game.told <= game.revision);
	game.asked = 0;
	game.is_wanted = true;
	EXPECT(!game.open || open);
	EXPECT(!open || cluster_line_get_number(open, "h1") == game.open);
}

static void take_line(void *data, const char *text, size_t len)
{
	_cleanup_free_ char *copy = xstrndup(text, len);
	_cleanup_json_ struct json json = { 0 };
	const struct json_value *object;
	const char *change;

	EXPECT(len && text[len - 1] == '\n' && json_parse(copy, len, &json) == 0);
	EXPECT(game.is_connected);
	object = json.list;
	if (json_find(&json, object, "want")) {
		take_want(&json, json_find(&json, object, "want"));
		return;
	}
	change = json_get_text(&json, object, "change");
	if (change) {
		EXPECT(!game.asked && !game.open && game.is_up);
		game.asked = json_get_number(&json, object, "commit");
		game.number = cluster_line_get_number(change, "h1");
		EXPECT(game.number > game.last && game.number == game.opened);
		game.last = game.open = game.sent = game.number;
		game.has_happened = false;
	} else if (json_find(&json, object, "sync")) {
		EXPECT(game.sync_count < LINES);
		game.syncs[game.sync_count++] = json_get_number(&json, object, "sync");
	} else if (json_find(&json, object, "ask")) {
		game.ask = json_get_number(&json, object, "ask");
	}
}

static void hang_up(void *data, const char *why)
{
	ck_abort_msg("seed %u step %u: hung up: %s", game.dice.seed, game.dice.step, why);
}

static void set_timer(void *data, uint64_t at)
{
	game.timer = at;
}

/* With the last of the own changes all those before count as written down here. */
static void expect_no_gap(void)
{
	for (uint64_t i = 1; i <= game.revision; i++)
		EXPECT(game.changes[i].number >= game.sent ||
			game.changes[i].number <= game.known.own_change);
}

static void answer(void *data, int result, uint64_t revision, const char *why)
{
	EXPECT(game.is_waiting && !game.is_told);
	EXPECT((result < 0) == (why != NULL));
	game.is_told = true;
	game.is_waiting = false;
	game.result = result;
	EXPECT(game.now.monotonic <= game.began + CLUSTER_PATIENCE);
	if (!game.is_commit) {
		EXPECT(result == 0 ||
			(result == -ETIMEDOUT &&
				game.now.monotonic == game.began + CLUSTER_PATIENCE));
		return;
	}
	if (result == 0) {
		EXPECT(has_happened(game.sent));
		expect_no_gap();
		EXPECT(game.changes[revision].number == game.sent);
		EXPECT(cluster_get_number(game.cluster) == game.sent);
		game.known.own_change = game.sent;
		game.good++;
	} else if (result == -ETIMEDOUT) {
		EXPECT(game.now.monotonic == game.began + CLUSTER_PATIENCE);
		game.unsure++;
	} else {
		EXPECT(result == -EAGAIN);
		EXPECT(!has_happened(game.sent));
		game.lost++;
	}
}

static void changed(void *data, bool is_up, const char *why)
{
	EXPECT(is_up == cluster_is_up(game.cluster));
}

static void opening(void *data, const char *host, uint64_t number)
{
	EXPECT(strcmp(host, "h1") == 0 && number > game.last);
	EXPECT(!game.opened || has_happened(game.opened));
	game.opened = number;
}

static void closed(void *data)
{
	EXPECT(game.opened && !has_happened(game.opened));
	game.opened = 0;
}

static void settled(void *data, int result)
{
	EXPECT(game.inherited);
	EXPECT(game.now.monotonic <= game.inherited_at + CLUSTER_PATIENCE);
	if (result == 0)
		EXPECT(has_happened(game.inherited) && game.known.own_change >= game.inherited);
	else if (result == -EAGAIN)
		EXPECT(!has_happened(game.inherited));
	else
		EXPECT(result == -ETIMEDOUT &&
			game.now.monotonic == game.inherited_at + CLUSTER_PATIENCE);
	game.inherited = 0;
	game.settled++;
}

static void ignore(void *data)
{
}

static void complain(void *data, const char *text)
{
	ck_abort_msg("seed %u: %s", game.dice.seed, text);
}

static const struct cluster_world world = {
	.send = take_line,
	.hang_up = hang_up,
	.set_timer = set_timer,
	.answer = answer,
	.changed = changed,
	.opening = opening,
	.closed = closed,
	.settled = settled,
	.wake = ignore,
	.say = complain,
};

/* --- moves ------------------------------------------------------------------------------------ */

/* What was told of an own change, and is not taken yet. */
static bool has_own_news(void)
{
	for (uint64_t i = game.taken + 1; i <= game.told; i++)
		if (game.changes[i].number > game.known.own_change)
			return true;
	return false;
}

static void play_commit(void)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct sharing sharing = { .has_rows = true, .puts = 1 };
	bool may = game.is_up && !game.open && !has_own_news();
	int r;

	if (game.is_waiting)
		return;
	game.began = game.now.monotonic;
	r = cluster_commit(game.cluster, &sharing, CLUSTER_PATIENCE, &game.now, &why);
	EXPECT(r == (may ? 0 : -EROFS));
	EXPECT(may || why.len);
	game.is_waiting = game.is_commit = r == 0;
}

static void play_sync(void)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

	if (game.is_waiting || cluster_sync(game.cluster, &game.now, &why) < 0)
		return;
	game.began = game.now.monotonic;
	game.is_waiting = true;
	game.is_commit = false;
}

static void play_settle(void)
{
	cluster_settle(game.cluster, &game.now);
	game.is_settling = game.is_up;
	game.settling_at = game.now.monotonic;
	game.settling_open = game.open;
	game.settling_revision = game.revision;
}

static void play_presence(void)
{
	if (!game.ask || !game.is_wanted)
		return;
	say("{\"answer\":%llu,\"hosts\":[],\"seen\":[]}", (unsigned long long)game.ask);
	game.ask = 0;
}

/* Who waits goes on when all that was there is known, or nobody can say more. */
static void check_settled(void)
{
	if (!game.is_settling || !cluster_is_settled(game.cluster))
		return;
	game.is_settling = false;
	if (!cluster_is_up(game.cluster) ||
		game.now.monotonic >= game.settling_at + CLUSTER_PATIENCE)
		return;
	EXPECT(!game.settling_open || game.open != game.settling_open);
	EXPECT(game.taken >= game.settling_revision);
	EXPECT(!game.ask);
	game.waits++;
}

/* The engine decides, and maybe the answer comes. */
static void play_engine(void)
{
	uint64_t id = game.asked;

	if (!game.is_wanted || !game.asked)
		return;
	if (!game.has_happened && dice_draw(&game.dice, 3)) {
		write_change(game.number);
		game.has_happened = game.changes[game.revision].number == game.number;
		if (dice_draw(&game.dice, 3) == 0)
			return; /* the answer comes later, or never */
	}
	game.asked = 0;
	if (!game.has_happened || (game.is_waiting && game.is_commit))
		game.open = 0;
	if (game.has_happened) { /* if nobody waits for that any more it is open until it is told */
		uint64_t at = game.revision;

		while (game.changes[at].number != game.number)
			at--;
		say("{\"answer\":%llu,\"result\":\"done\",\"revision\":%llu}",
			(unsigned long long)id, (unsigned long long)at);
		return;
	}
	tell_all();
	say("{\"answer\":%llu,\"result\":\"lost\",\"revision\":%llu}", (unsigned long long)id,
		(unsigned long long)game.revision);
}

static void play_others(void)
{
	write_change(0);
}

static void play_rows(void)
{
	if (may_tell())
		tell_next();
}

static void play_synced(void)
{
	if (!game.sync_count || !game.is_wanted)
		return;
	tell_all();
	if (game.told == game.revision)
		say("{\"answer\":%llu,\"synced\":%llu}",
			(unsigned long long)game.syncs[--game.sync_count],
			(unsigned long long)game.revision);
}

/* Another helper finds out what became of what was open, and then tells all. */
static void settle(void)
{
	uint64_t open = game.open;
	bool is_done = has_happened(open);

	if (!is_done)
		game.open = 0;
	if (open)
		say("{\"settled\":\"h1/%llu\",\"result\":\"%s\"}", (unsigned long long)open,
			is_done ? "done" : "void");
}

static void play_connection(void)
{
	game.sync_count = 0;
	game.ask = 0;
	game.is_up = game.is_wanted = game.is_settling = false;
	if (game.is_connected) {
		game.is_connected = false;
		if (game.asked && !game.has_happened && dice_draw(&game.dice, 2))
			write_change(game.number); /* it was on its way */
		game.asked = 0;
		cluster_handle_lost(game.cluster, &game.now);
		return;
	}
	game.is_connected = true;
	cluster_handle_connected(game.cluster, &game.now);
	say("{\"hello\":1,\"host\":\"h1\",\"cluster_id\":\"" ID "\",\"room\":120,\"next\":%llu}",
		(unsigned long long)game.last + 1);
	EXPECT(game.is_wanted);
	settle();
}

static void play_state(void)
{
	if (!game.is_wanted)
		return;
	if (game.is_up) {
		game.is_up = game.is_settling = false;
		say("{\"state\":\"down\",\"why\":\"no leader\"}");
		return;
	}
	tell_all();
	if (game.told < game.revision)
		return;
	game.is_up = true;
	say("{\"state\":\"up\"}");
}

static void play_news(void)
{
	const struct elsewhere *news = cluster_get_news(game.cluster);

	if (!news)
		return;
	EXPECT(news->revision == game.taken + 1);
	EXPECT(news->number == game.changes[news->revision].number);
	EXPECT(strcmp(news->host, news->number ? "h1" : "h2") == 0);
	EXPECT(news->cluster[1] == UINT64_C(0x8000000000000001));
	game.taken = game.known.revision = news->revision;
	if (news->number > game.known.own_change)
		game.known.own_change = news->number;
	cluster_drop_news(game.cluster);
}

/* Another process goes on with what is written down, and was noted. */
static void play_death(void)
{
	if (game.is_connected)
		play_connection();
	cluster_free(game.cluster);
	game.cluster = cluster_new("test", &game.known, &world, game.now.real);
	game.taken = game.known.revision;
	game.is_waiting = false;
	game.timer = game.inherited = game.open = 0;
	if (game.opened <= game.known.own_change)
		return;
	game.inherited = game.open = game.opened;
	game.inherited_at = game.now.monotonic;
	cluster_inherit(game.cluster, "h1", game.inherited, &game.now);
}

static void play_time(void)
{
	uint64_t step = dice_draw(&game.dice, 4) ? 1000 : CLUSTER_PATIENCE;

	EXPECT(!game.is_waiting || game.timer);
	if (game.timer && game.timer < game.now.monotonic + step)
		step = game.timer - game.now.monotonic;
	game.now.monotonic += step;
	if (game.timer == game.now.monotonic)
		cluster_handle_time(game.cluster, &game.now);
}

static void play(void)
{
	static const struct {
		const char *name;
		void (*play)(void);
		unsigned int weight;
	} moves[] = { { "a commit", play_commit, 6 }, { "a sync", play_sync, 2 },
		{ "the engine", play_engine, 6 }, { "others", play_others, 2 },
		{ "rows", play_rows, 6 }, { "a sync's answer", play_synced, 4 },
		{ "the connection", play_connection, 1 }, { "the state", play_state, 3 },
		{ "news", play_news, 8 }, { "time", play_time, 2 }, { "death", play_death, 1 },
		{ "a wait", play_settle, 2 }, { "who is there", play_presence, 4 } };
	unsigned int drawn = dice_draw(&game.dice, 47);

	for (size_t i = 0; i < ARRAY_SIZE(moves); drawn -= moves[i++].weight) {
		if (drawn >= moves[i].weight)
			continue;
		game.dice.last = moves[i].name;
		game.is_told = false;
		moves[i].play();
		check_settled();
		return;
	}
}

static void heal(void)
{
	game.dice.last = "all is well again";
	for (int i = 0; !game.is_wanted || !game.is_up || game.told < game.revision; i++) {
		EXPECT(i < 100);
		game.is_told = false;
		if (!game.is_connected || !game.is_wanted)
			play_connection();
		else if (game.asked)
			play_engine();
		else
			play_state();
	}
	while (cluster_get_news(game.cluster))
		play_news();
	EXPECT(game.taken == game.revision);
	play_settle();
	EXPECT(!cluster_is_settled(game.cluster));
	play_presence();
	play_synced();
	EXPECT(cluster_is_settled(game.cluster) == !game.open);
}

START_TEST(it_is_the_engine)
{
	unsigned int steps = dice_get_steps(STEPS);

	if (dice_is_left_out(_i))
		return;
	memset(&game, 0, sizeof(game));
	game.dice = dice_new(_i);
	game.now = (struct cluster_time){ 1000000, 5000000000 };
	game.cluster = cluster_new("test", &game.known, &world, game.now.real);
	for (game.dice.step = 1; game.dice.step <= steps; game.dice.step++)
		play();
	heal();
	EXPECT(steps < 10000 ||
		(game.good > 20 && game.lost > 20 && game.unsure && game.settled > 20 &&
			game.waits));
	cluster_free(game.cluster);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cluster-random");
	TCase *tcase = suite_add_case(suite, "cluster-random");

	tcase_add_loop_test(tcase, it_is_the_engine, 0, SEEDS);
	return run_suite(suite);
}
