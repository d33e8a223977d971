/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmfs-cluster's machine between a model of etcd and models of mmfs, on three hosts, with a clock
 * of its own: requests that are late, lost, or done without an answer; watches that end, fall
 * silent or leave something out; history that is taken away; programs that are killed. In the end
 * all is well again, and then: each change has happened once, or never, as its host was told, and
 * all hosts have the rows that the model has. Whenever a host is told that it is up to date, it
 * is.
 */

#include <stdio.h>
#include <string.h>

#include "../run-suite.h"
#include "session-world.h"

enum { SEEDS = 40, STEPS = 400, KEYS = 4 };

/* --- mmfs ------------------------------------------------------------------------------------ */

static void on_hang_up(void *data)
{
	struct host *host = data;

	host->is_hung_up = true;
}

static bool is_told(const char *key)
{
	return strncmp(key, "log/", 4) != 0;
}

static void set_row(struct etcd_rows *rows, const struct etcd_row *row)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct etcd_row *old = &rows->list[i];

		if (strcmp(old->key, row->key) != 0)
			continue;
		DICE_EXPECT(&game.dice, old->revision <= row->revision);
		free(old->key);
		free(old->value);
		*old = rows->list[--rows->count];
		break;
	}
	if (row->value)
		etcd_rows_add(rows, row->key, row->value)->revision = row->revision;
}

static void set_fate(const char *name, enum fate fate)
{
	for (size_t i = 0; i < game.change_count; i++) {
		if (strcmp(game.changes[i].name, name) != 0)
			continue;
		DICE_EXPECT(&game.dice,
			game.changes[i].fate == FATE_OPEN || game.changes[i].fate == fate);
		game.changes[i].fate = fate;
	}
}

static bool is_known_done(const char *name)
{
	for (size_t i = 0; i < game.change_count; i++) {
		if (strcmp(game.changes[i].name, name) == 0)
			return game.changes[i].fate == FATE_DONE;
	}
	return false;
}

static void take_rows(struct host *host, const struct tale *tale)
{
	if (tale->change && strncmp(tale->change, host->name, strlen(host->name)) == 0)
		DICE_EXPECT(&game.dice, is_known_done(tale->change));
	if (host->is_loading) {
		DICE_EXPECT(&game.dice, !tale->change);
	} else {
		DICE_EXPECT(&game.dice, tale->revision > host->position);
		host->position = tale->revision;
		host->head = tale->head;
	}
	for (size_t i = 0; i < tale->count; i++) {
		if (is_told(tale->rows[i].key))
			set_row(host->is_loading ? &host->incoming : &host->rows, &tale->rows[i]);
	}
}

/* What the host has is what the model had then. */
static void check_rows(const struct host *host)
{
	static const char *const spaces[] = { "links/", "volumes/" };
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(spaces); i++) {
		_cleanup_free_ char *end = xasprintf("%s\x7f", spaces[i]);
		struct etcd_rows rows;

		engine_read(&game.engine, spaces[i], end, host->position, &rows);
		for (size_t j = 0; j < rows.count; j++) {
			const struct etcd_row *row = etcd_rows_find(&host->rows, rows.list[j].key);

			DICE_EXPECT(&game.dice, row && row->revision == rows.list[j].revision);
		}
		count += rows.count;
		etcd_rows_fini(&rows);
	}
	DICE_EXPECT(&game.dice, host->rows.count == count);
}

/* What was to be nowhere was there, and is known by now, unless it has gone since. */
static void check_taken(const struct host *host, const struct tale *tale)
{
	for (size_t i = 0; i < tale->count; i++) {
		const struct etcd_row *told = &tale->rows[i];
		struct etcd_rows rows;

		engine_read(&game.engine, told->key, "", told->revision, &rows);
		DICE_EXPECT(&game.dice,
			rows.count == 1 && told->revision <= host->position &&
				rows.list[0].revision == told->revision &&
				strcmp(rows.list[0].value, told->value) == 0);
		etcd_rows_fini(&rows);
		game.taken++;
	}
}

static void take_answer(struct host *host, const struct tale *tale)
{
	if (tale->id == host->sync) { /* the answer of a refusal */
		DICE_EXPECT(&game.dice, tale->outcome == OUTCOME_REFUSED && !host->is_up);
		host->sync = 0;
		return;
	}
	DICE_EXPECT(&game.dice, host->open[0] && !host->is_unknown);
	if (tale->outcome == OUTCOME_UNKNOWN) {
		host->is_unknown = true;
		return;
	}
	set_fate(host->open, tale->outcome == OUTCOME_DONE ? FATE_DONE : FATE_NEVER);
	if (tale->outcome == OUTCOME_LOST) {
		check_rows(host);
		check_taken(host, tale);
	}
	host->open[0] = '\0';
}

static void take_end(struct host *host, const struct tale *tale)
{
	etcd_rows_fini(&host->rows);
	host->rows = host->incoming;
	host->incoming = (struct etcd_rows){};
	host->is_loading = false;
	host->position = tale->revision;
	host->head = tale->head;
	check_rows(host);
}

/* Who has just come waits for it: what is about to change is no answer. */
static void take_state(struct host *host, const struct tale *tale)
{
	host->is_up = tale->standing == STANDING_UP;
	DICE_EXPECT(&game.dice, tale->standing == STANDING_UP || tale->standing == STANDING_DOWN);
	DICE_EXPECT(&game.dice,
		host->is_told || game.now >= host->greeted + 5 * SECOND ||
			strcmp(tale->why, "not all has been read yet") != 0);
	host->is_told = true;
}

static void on_tell(void *data, const struct tale *tale)
{
	struct host *host = data;

	DICE_EXPECT(&game.dice, host->is_linked);
	switch (tale->type) {
	case TALE_HELLO:
		snprintf(host->cluster_id, sizeof(host->cluster_id), "%s", tale->cluster_id);
		host->next = tale->next > host->next ? tale->next : host->next;
		host->is_told = false;
		host->greeted = game.now;
		break;
	case TALE_STATE:
		take_state(host, tale);
		break;
	case TALE_BEGIN:
		etcd_rows_fini(&host->incoming);
		host->is_loading = true;
		break;
	case TALE_ROWS:
		take_rows(host, tale);
		break;
	case TALE_END:
		take_end(host, tale);
		break;
	case TALE_ANSWER:
		take_answer(host, tale);
		break;
	case TALE_SYNCED:
		DICE_EXPECT(&game.dice, tale->id == host->sync);
		DICE_EXPECT(&game.dice, host->position >= host->sync_floor);
		check_rows(host);
		host->sync = 0;
		game.synced++;
		break;
	case TALE_SETTLED:
		DICE_EXPECT(&game.dice, strcmp(tale->change, host->open) == 0);
		set_fate(tale->change, tale->outcome == OUTCOME_DONE ? FATE_DONE : FATE_NEVER);
		host->open[0] = '\0';
		host->is_unknown = false;
		break;
	case TALE_PRESENCE:
		break;
	}
}

static const struct session_ops ops = { world_call, world_watch, world_unwatch, on_tell,
	on_hang_up };

static void set_link(struct host *host, bool is_there)
{
	struct order want = { .type = ORDER_WANT };

	if (host->is_linked == is_there)
		return;
	host->is_linked = is_there;
	host->is_up = host->is_loading = false;
	host->sync = 0;
	host->is_unknown = host->open[0] != '\0';
	session_handle_link(host->session, is_there, game.now);
	if (!is_there)
		return;
	want.revision = host->position;
	want.head = host->head;
	want.cluster_id = host->cluster_id;
	want.open = host->open[0] ? host->open : NULL;
	DICE_EXPECT(&game.dice, session_handle_order(host->session, &want, game.now) == 0);
}

static int64_t get_revision(const struct host *host, const char *key)
{
	const struct etcd_row *row = etcd_rows_find(&host->rows, key);

	return row ? row->revision : 0;
}

static void play_commit(struct host *host)
{
	struct order order = { .type = ORDER_COMMIT, .id = ++game.ids };
	_cleanup_free_ char *name = NULL;
	char link[32], volume[32];
	struct order_compare compares[2] = { { .key = link }, { .key = volume } };

	if (!host->is_linked || host->open[0] || game.change_count == CHANGES ||
		(!host->is_up && draw(8) != 0))
		return;
	snprintf(link, sizeof(link), "links/%u", draw(KEYS));
	snprintf(volume, sizeof(volume), "volumes/%u", draw(KEYS));
	compares[0].revision = get_revision(host, link);
	compares[1].revision = get_revision(host, volume);
	order.compares = compares;
	order.compare_count = 2;
	etcd_rows_add(&order.puts, volume, "{}");
	if (compares[0].revision && draw(2))
		etcd_rows_add(&order.deletes, link, NULL);
	else
		etcd_rows_add(&order.puts, link, "{}");
	name = xasprintf("%s/%lld", host->name, (long long)host->next++);
	strncpy(host->open, name, sizeof(host->open) - 1);
	order.change = host->open;
	order.log = (char *)(uintptr_t) "{\"entries\":[]}";
	strncpy(game.changes[game.change_count].name, name, sizeof(host->open) - 1);
	game.changes[game.change_count++].fate = FATE_OPEN;
	session_handle_order(host->session, &order, game.now);
	etcd_rows_fini(&order.puts);
	etcd_rows_fini(&order.deletes);
}

static int64_t get_head(void)
{
	struct etcd_rows rows;
	int64_t revision;

	engine_read(&game.engine, "head", "", game.engine.revision, &rows);
	revision = rows.count > 0 ? rows.list[0].revision : 0;
	etcd_rows_fini(&rows);
	return revision;
}

static void play_sync(struct host *host)
{
	struct order order = { .type = ORDER_SYNC };

	if (!host->is_linked || host->sync || !host->is_up)
		return;
	order.id = host->sync = ++game.ids;
	host->sync_floor = get_head();
	session_handle_order(host->session, &order, game.now);
}

static void begin_life(struct host *host)
{
	struct session_config config = { host->name, host->self,
		"00000000-1111-4222-8333-444444444444", MEMBERS, 128, 0, "x" };

	host->life++;
	host->session = session_new(&config, &ops, host);
}

static void play_death(struct host *host)
{
	host->is_linked = host->is_up = host->is_loading = host->is_hung_up = false;
	host->sync = 0;
	host->is_unknown = host->open[0] != '\0';
	host->watch = 0;
	session_free(host->session);
	begin_life(host);
}

/* --- the game -------------------------------------------------------------------------------- */

static void pass(uint64_t until)
{
	while (game.now < until) {
		uint64_t next = until;

		for (size_t i = 0; i < CALLS; i++) {
			if (game.calls[i].host >= 0 && game.calls[i].at < next)
				next = game.calls[i].at;
		}
		for (size_t i = 0; i < HOSTS; i++) {
			uint64_t at = session_get_deadline(game.hosts[i].session);

			if (at && at < next)
				next = at;
		}
		game.now = next > game.now ? next : game.now + 1;
		for (size_t i = 0; i < CALLS; i++) {
			if (game.calls[i].host >= 0 && game.calls[i].at <= game.now)
				world_finish_call(&game.calls[i]);
		}
		for (size_t i = 0; i < HOSTS; i++) {
			struct host *host = &game.hosts[i];

			session_handle_time(host->session, game.now);
			if (draw(2))
				world_give_news(host);
			if (host->is_hung_up) {
				host->is_hung_up = false;
				set_link(host, false);
			}
		}
	}
}

static void play(void)
{
	struct host *host = &game.hosts[draw(HOSTS)];

	switch (draw(16)) {
	case 0:
		set_link(host, !host->is_linked || draw(4) == 0 ? true : false);
		break;
	case 1:
		if (draw(2) == 0)
			world_end_watch(host);
		else
			host->is_silent = true;
		break;
	case 2:
		if (draw(4) == 0)
			game.engine.compacted = game.engine.revision;
		break;
	case 3:
		if (draw(3) == 0)
			play_death(host);
		break;
	case 4:
	case 5:
		play_sync(host);
		break;
	case 6:
		pass(game.now + draw(20000000));
		break;
	default:
		set_link(host, true);
		play_commit(host);
		break;
	}
	pass(game.now + draw(2) * draw(300000));
}

static void check_changes(void)
{
	for (size_t i = 0; i < game.change_count; i++) {
		const char *name = game.changes[i].name, *slash = strchr(name, '/');
		_cleanup_free_ char *key = xasprintf("log/%.*s/%020llu", (int)(slash - name), name,
			strtoull(slash + 1, NULL, 10));
		struct etcd_rows rows;
		bool has_happened;

		engine_read(&game.engine, key, "", game.engine.revision, &rows);
		has_happened = rows.count > 0 && strstr(rows.list[0].value, "entries");
		DICE_EXPECT(&game.dice, rows.count == 0 || rows.list[0].version == 1);
		etcd_rows_fini(&rows);
		DICE_EXPECT(&game.dice, game.changes[i].fate != FATE_OPEN);
		DICE_EXPECT(&game.dice, has_happened == (game.changes[i].fate == FATE_DONE));
		game.done += has_happened;
		game.never += !has_happened;
	}
}

static void heal(void)
{
	game.dice.last = "healing";
	game.is_healed = true;
	for (size_t i = 0; i < HOSTS; i++)
		set_link(&game.hosts[i], true);
	pass(game.now + 20 * SECOND);
	for (size_t i = 0; i < HOSTS; i++) {
		set_link(&game.hosts[i], true); /* who was hung up on */
		DICE_EXPECT(&game.dice, game.hosts[i].is_linked);
	}
	pass(game.now + 20 * SECOND);
	for (size_t i = 0; i < HOSTS; i++) {
		DICE_EXPECT(&game.dice, game.hosts[i].is_up && !game.hosts[i].open[0]);
		play_sync(&game.hosts[i]);
	}
	pass(game.now + 5 * SECOND);
	for (size_t i = 0; i < HOSTS; i++) {
		DICE_EXPECT(&game.dice, game.hosts[i].sync == 0);
		DICE_EXPECT(&game.dice, game.hosts[i].position >= get_head());
		check_rows(&game.hosts[i]);
	}
	check_changes();
}

START_TEST(test_random)
{
	unsigned int steps = dice_get_steps(STEPS);

	if (dice_is_left_out(_i))
		return;
	memset(&game, 0, sizeof(game));
	game.dice = dice_new(_i);
	game.now = SECOND;
	game.engine.revision = 1;
	for (size_t i = 0; i < CALLS; i++)
		game.calls[i].host = -1;
	for (size_t i = 0; i < HOSTS; i++) {
		struct host *host = &game.hosts[i];

		snprintf(host->name, sizeof(host->name), "h%zu", i);
		snprintf(host->self, sizeof(host->self), "{\"boot\":\"%zu\"}", i);
		host->next = 1;
		begin_life(host);
	}
	for (game.dice.step = 0; game.dice.step < steps; game.dice.step++)
		play();
	heal();
	for (size_t i = 0; i < HOSTS; i++) {
		session_free(game.hosts[i].session);
		etcd_rows_fini(&game.hosts[i].rows);
		etcd_rows_fini(&game.hosts[i].incoming);
	}
	for (size_t i = 0; i < CALLS; i++) {
		if (game.calls[i].host >= 0)
			world_free_call(&game.calls[i]);
	}
	engine_fini(&game.engine);
	if (getenv("MMFS_TEST_SEED"))
		printf("%u done, %u never, %u synced, %u taken\n", game.done, game.never,
			game.synced, game.taken);
	DICE_EXPECT(&game.dice, steps < STEPS || (game.done > 10 && game.synced > 2));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session-random");
	TCase *tcase = suite_add_case(suite, "random");

	tcase_add_loop_test(tcase, test_random, 0, SEEDS);
	return run_suite(suite);
}
