/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several hosts, one database: at random clients ask, volumes come and go, commits are accepted,
 * lose races (also for no reason) or fail, and what was written comes to the others early or late.
 * All of it together does what a register does that is one list of names, and that is asked once
 * for each job at the moment its commit is accepted: so nothing acknowledged is lost, nothing is
 * done twice, and refusals are true, too. In the end each host shows the same, and nobody waits.
 *
 * What is broken on purpose, and noticed: mutants.list.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "core/rules/engine.h"
#include "fixture.h"
#include "peers.h"

enum { SEEDS = 24, STEPS = 3000, NAMES = 5, JOBS = 12, REGISTER = 64 };

struct entry {
	char path[LINK_PATH_MAX];
	char id[16];
};

static struct {
	struct dice dice;
	unsigned int spite; /* of 16 commits so many lose for no reason */
	unsigned int jobs;  /* under way */
	struct entry entry[REGISTER];
	size_t entries;
	bool is_there[PEERS][PEER_VOLUMES];
	unsigned int good, refused, failed, lost; /* replies */
} game;

#define EXPECT(condition) DICE_EXPECT(&game.dice, condition)

/* --- the register ----------------------------------------------------------------------------- */

static struct entry *find(const char *path)
{
	for (size_t i = 0; i < game.entries; i++)
		if (strcasecmp(game.entry[i].path, path) == 0)
			return &game.entry[i];
	return NULL;
}

static bool is_present(const struct peer *peer, const char *id)
{
	return volumes_find_id(&peer->manager.volumes, id) != NULL;
}

/* What the host of a client knows of no volume for is not there, for that client. */
static struct entry *find_shown(const struct peer *peer, const char *path)
{
	struct entry *entry = find(path);

	return entry && is_present(peer, entry->id) ? entry : NULL;
}

static void put(const char *path, const char *id)
{
	struct entry *entry = find(path);

	EXPECT(game.entries < REGISTER);
	if (!entry)
		entry = &game.entry[game.entries++];
	strcpy(entry->path, path);
	strcpy(entry->id, id);
}

static void drop(struct entry *entry)
{
	*entry = game.entry[--game.entries];
}

static int create(const struct peer *peer, const struct request *request)
{
	if (!is_present(peer, request->id))
		return ENOENT;
	if (find_shown(peer, request->link.path))
		return EEXIST;
	put(request->link.path, request->id);
	return 0;
}

static int delete_all(const struct peer *peer, const char *id)
{
	if (!is_present(peer, id))
		return EINVAL;
	for (size_t i = game.entries; i-- > 0;)
		if (strcmp(game.entry[i].id, id) == 0)
			drop(&game.entry[i]);
	return 0;
}

static int rename_name(const struct peer *peer, const struct request *request)
{
	struct entry *old = find_shown(peer, request->link.path);
	struct entry *over = find_shown(peer, request->new_link.path);
	char id[sizeof(old->id)];

	if (!old)
		return ENOENT;
	if (over && over != old)
		return EEXIST;
	strcpy(id, old->id);
	drop(old);
	put(request->new_link.path, id);
	return 0;
}

static int ask_register(const struct peer *peer, const struct request *request)
{
	struct entry *entry;

	if (request->operation->kind == OP_CREATE_POINT)
		return create(peer, request);
	if (request->operation->kind == OP_RENAME)
		return rename_name(peer, request);
	if (request->id)
		return delete_all(peer, request->id);
	entry = find_shown(peer, request->link.path);
	if (!entry)
		return ENOENT;
	drop(entry);
	return 0;
}

/* All of a job up to its first line that fails, or nothing. */
static int judge_job(const struct peer *peer, const struct fuse_job *job)
{
	struct entry before[REGISTER];
	size_t entries = game.entries, done = 0;
	int error = 0;

	memcpy(before, game.entry, sizeof(before));
	while (!error && done < job->count) {
		error = ask_register(peer, &job->lines[done].request);
		done += !error;
	}
	if (error && job->is_whole) {
		memcpy(game.entry, before, sizeof(before));
		game.entries = entries;
		done = 0;
	}
	EXPECT(job->done == done);
	return error;
}

/* A volume that comes has a name of its own made, unless it has one, whoever saw it first. */
static void judge_arrival(const struct change *change)
{
	map_for_each (&change->names.links, node, next) {
		const struct link *link = container_of(node, struct link, by_path);

		EXPECT(link->record && link_name_is_volume(link->path));
		for (size_t i = 0; i < game.entries; i++)
			EXPECT(strcmp(game.entry[i].id, link->record->id) != 0 ||
				!link_name_is_volume(game.entry[i].path));
		put(link->path, link->record->id);
	}
}

/* The moment that counts. */
static void judge(struct peer *peer, const struct change *change)
{
	struct fuse_job *job = peer->jobs.committing;

	if (!job) {
		judge_arrival(change);
		return;
	}
	for (; job; job = job->next) {
		struct peer_job *own = container_of(job, struct peer_job, job);

		own->accepted++;
		own->judged = judge_job(peer, job);
		EXPECT(own->judged == -job->error);
	}
}

/* --- clients ---------------------------------------------------------------------------------- */

static void free_job(struct peer_job *own)
{
	for (size_t i = 0; i < own->job.count; i++)
		request_fini(&own->job.lines[i].request);
	free(own->job.lines);
	reply_fini(&own->job.reply);
	strbuf_fini(&own->job.output);
	strbuf_fini(&own->job.why);
	free(own);
}

static void check_reply(const struct fuse_job *job)
{
	struct reply_item item;
	size_t at = 0, deleted = 0;

	if (job->count > 1 || job->error || job->operation->kind != OP_DELETE_POINTS)
		return;
	while (reply_next(&job->reply, &at, &item)) {
		EXPECT(!job->lines[0].request.id || strcmp(item.id, job->lines[0].request.id) == 0);
		deleted++;
	}
	EXPECT(job->lines[0].request.id || deleted == 1);
}

static void replied(struct peer_job *own)
{
	struct fuse_job *job = &own->job;
	bool is_given_up = job->error == -EAGAIN || job->error == -EIO;

	EXPECT(!own->is_replied);
	own->is_replied = true;
	EXPECT(own->accepted == !is_given_up);
	EXPECT(is_given_up || own->judged == -job->error);
	EXPECT(job->error != -EAGAIN || job->races == ENGINE_RACES_MAX);
	EXPECT((job->error != 0) == (job->why.len != 0));
	check_reply(job);
	game.good += !job->error;
	game.refused += job->error && !is_given_up;
	game.failed += job->error == -EIO;
	game.lost += job->error == -EAGAIN;
	game.jobs--;
	free_job(own);
}

static const char *draw_name(void)
{
	static char text[LINK_PATH_MAX];

	snprintf(text, sizeof(text), "/DosDevices/%c%u", dice_draw(&game.dice, 4) ? 'n' : 'N',
		dice_draw(&game.dice, NAMES));
	return text;
}

static void parse_name(struct link_name *ret_name)
{
	const char *text = draw_name(), *fault;

	ck_assert_int_eq(link_name_parse(text, strlen(text), ret_name, &fault), 0);
}

static void draw_request(enum operation_kind kind, struct request *ret_request)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	_cleanup_free_ char *line = NULL;
	unsigned int volume = dice_draw(&game.dice, PEER_VOLUMES);

	if (kind == OP_RENAME) {
		*ret_request = (struct request){ .operation = operation_find(kind) };
		parse_name(&ret_request->link);
		parse_name(&ret_request->new_link);
		return;
	}
	if (kind == OP_CREATE_POINT)
		line = xasprintf("link=%s id=UUID=v%u", draw_name(), volume);
	else if (dice_draw(&game.dice, 6) == 0)
		line = xasprintf("id=UUID=v%u", volume);
	else
		line = xasprintf("link=%s", draw_name());
	ck_assert_int_eq(
		request_parse(operation_find(kind), line, strlen(line), ret_request, &why), 0);
}

static void play_job(void)
{
	static const enum operation_kind kinds[] = { OP_CREATE_POINT, OP_CREATE_POINT,
		OP_CREATE_POINT, OP_DELETE_POINTS, OP_RENAME };
	enum operation_kind kind = kinds[dice_draw(&game.dice, ARRAY_SIZE(kinds))];
	struct peer *peer = &peers.peer[dice_draw(&game.dice, PEERS)];
	struct peer_job *own;

	if (game.jobs == JOBS)
		return;
	game.jobs++;
	own = xcalloc(1, sizeof(*own));
	own->peer = peer;
	own->job.operation = operation_find(kind);
	own->job.is_whole = kind == OP_RENAME || dice_draw(&game.dice, 2);
	own->job.count = kind == OP_RENAME ? 1 : 1 + dice_draw(&game.dice, 3);
	own->job.may_share = kind != OP_RENAME && dice_draw(&game.dice, 4) &&
		(own->job.count == 1 || !own->job.is_whole);
	own->job.lines = xcalloc(own->job.count, sizeof(*own->job.lines));
	for (size_t i = 0; i < own->job.count; i++)
		draw_request(kind, &own->job.lines[i].request);
	job_source_submit(&peer->jobs, &own->job);
}

/* --- the rest of the world -------------------------------------------------------------------- */

static void play_device(void)
{
	unsigned int i = dice_draw(&game.dice, PEERS), volume = dice_draw(&game.dice, PEER_VOLUMES);

	bool is_there = dice_draw(&game.dice, 3) != 0;

	if (peer_plug(&peers.peer[i], volume, is_there))
		game.is_there[i][volume] = is_there;
}

static void play_store(void)
{
	struct peer *peer = &peers.peer[dice_draw(&game.dice, PEERS)];
	int error = 0;

	if (!peer_is_asked(peer))
		return;
	if (dice_draw(&game.dice, 16) < game.spite)
		error = -EAGAIN;
	else if (dice_draw(&game.dice, 24) == 0)
		error = -EIO;
	peer_answer(peer, error);
}

static void play_delivery(void)
{
	peer_deliver(&peers.peer[dice_draw(&game.dice, PEERS)]);
}

static void fire(struct peer *peer)
{
	struct timer *timer = &peer->devices.timer;

	if (!timer->at)
		return;
	timer->at = 0;
	timer->fn(timer->data, 0);
}

static void play_timer(void)
{
	fire(&peers.peer[dice_draw(&game.dice, PEERS)]);
}

static void play(void)
{
	static const struct {
		const char *name;
		void (*play)(void);
		unsigned int weight;
	} moves[] = { { "a job", play_job, 8 }, { "a device", play_device, 2 },
		{ "the store", play_store, 12 }, { "news", play_delivery, 6 },
		{ "a timer", play_timer, 1 } };
	unsigned int drawn = dice_draw(&game.dice, 29);

	for (size_t i = 0; i < ARRAY_SIZE(moves); drawn -= moves[i++].weight) {
		if (drawn < moves[i].weight) {
			game.dice.last = moves[i].name;
			moves[i].play();
			return;
		}
	}
}

/* --- what holds ------------------------------------------------------------------------------- */

static void check_names(const struct names *names)
{
	EXPECT(names->links.count == game.entries);
	for (size_t i = 0; i < game.entries; i++) {
		const struct link *link = names_find_link(names, game.entry[i].path);

		EXPECT(link && strcmp(link->path, game.entry[i].path) == 0);
		EXPECT(strcmp(link->record->id, game.entry[i].id) == 0);
	}
}

static void check_rows(const struct rows *rows)
{
	struct names names;

	names_init(&names, NULL);
	rows_load(rows, &names);
	check_names(&names);
	names_fini(&names);
}

static bool is_quiet(void)
{
	for (size_t i = 0; i < PEERS; i++)
		if (peers.peer[i].store.change || peers.peer[i].coming.first ||
			peers.peer[i].devices.timer.at)
			return false;
	return true;
}

static void heal(void)
{
	game.dice.last = "all is well again";
	for (int rounds = 0; !is_quiet(); rounds++) {
		EXPECT(rounds < 1000);
		for (size_t i = 0; i < PEERS; i++) {
			fire(&peers.peer[i]);
			if (peer_is_asked(&peers.peer[i]))
				peer_answer(&peers.peer[i], 0);
			peer_deliver(&peers.peer[i]);
		}
	}
}

static void check(void)
{
	check_rows(&peers.rows);
	EXPECT(game.jobs == 0);
	for (size_t i = 0; i < PEERS; i++) {
		const struct peer *peer = &peers.peer[i];

		check_names(&peer->manager.names);
		check_rows(&peer->rows);
		for (unsigned int j = 0; j < PEER_VOLUMES; j++) {
			_cleanup_free_ char *id = xasprintf("UUID=v%u", j);

			EXPECT(is_present(peer, id) == game.is_there[i][j]);
		}
	}
}

START_TEST(they_are_one_register)
{
	unsigned int steps = dice_get_steps(STEPS);
	static const unsigned int spites[] = { 0, 2, 14 };

	if (dice_is_left_out(_i))
		return;
	memset(&game, 0, sizeof(game));
	game.dice = dice_new(_i);
	game.spite = spites[_i % (int)ARRAY_SIZE(spites)];
	log_set_level((enum log_level)0); /* failed commits are told of */
	peers_init();
	peers.judge = judge;
	peers.replied = replied;
	for (game.dice.step = 1; game.dice.step <= steps; game.dice.step++) {
		play();
		if (game.dice.step % 100 == 0) {
			heal();
			check();
		}
	}
	EXPECT(game.good > steps / 50 && game.refused > steps / 50 && game.failed);
	EXPECT((game.spite == 14) == (game.lost != 0)); /* in so many steps it comes to that */
	peers_fini();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("races-random");
	TCase *tcase = suite_add_case(suite, "races-random");

	tcase_add_loop_test(tcase, they_are_one_register, 0, SEEDS);
	return run_suite(suite);
}
