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
#include "core/model/shadows.h"
#include "core/rules/engine.h"
#include "fixture.h"
#include "peers.h"

enum { SEEDS = 24, STEPS = 40000, NAMES = 5, JOBS = 12, REGISTER = 64 };

struct entry {
	char path[LINK_PATH_MAX];
	char id[16];
	bool is_new; /* by the change that is being judged */
};

struct table {
	struct entry entry[REGISTER];
	size_t count;
};

/* The names that all hosts have, and those of volumes that each has for itself. */
struct list {
	struct table shared, own[PEERS];
};

static struct {
	struct dice dice;
	unsigned int spite; /* of 16 commits so many lose for no reason */
	unsigned int jobs;  /* under way */
	struct list list;
	char name[LINK_PATH_MAX]; /* that was drawn last */
	unsigned int shadowed;	  /* how often a host was told so */
	bool is_there[PEERS][PEER_VOLUMES];
	unsigned int good, refused, failed, lost; /* replies */
} game;

#define EXPECT(condition) DICE_EXPECT(&game.dice, condition)

/* --- the register ----------------------------------------------------------------------------- */

static struct entry *find(struct table *table, const char *path)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcasecmp(table->entry[i].path, path) == 0)
			return &table->entry[i];
	return NULL;
}

static struct table *get_own(const struct peer *peer)
{
	return &game.list.own[peer - peers.peer];
}

static bool is_present(const struct peer *peer, const char *id)
{
	return volumes_find_id(&peer->manager.volumes, id) != NULL;
}

static void put(struct table *table, const char *path, const char *id)
{
	struct entry *entry = find(table, path);

	EXPECT(table->count < REGISTER);
	if (!entry)
		entry = &table->entry[table->count++];
	strcpy(entry->path, path);
	strcpy(entry->id, id);
	entry->is_new = true;
}

static void drop(struct table *table, const char *path)
{
	struct entry *entry = find(table, path);

	if (entry)
		*entry = table->entry[--table->count];
}

/* What a host has of its own comes before what all have. */
static struct entry *find_visible(const struct peer *peer, const char *path)
{
	struct entry *own = find(get_own(peer), path);

	return own ? own : find(&game.list.shared, path);
}

/* What the host of a client has no volume for is not there, for that client. */
static struct entry *find_shown(const struct peer *peer, const char *path)
{
	struct entry *entry = find_visible(peer, path);

	return entry && is_present(peer, entry->id) ? entry : NULL;
}

/* Whether a host could know that all have a name. */
static bool has_heard(const struct peer *peer, const struct entry *shared)
{
	struct elsewhere_link known;

	return shared &&
		(shared->is_new || elsewhere_find_link(&peer->manager.names, shared->path, &known));
}

/* Gives a name to a volume of the host, or says why not. */
static int give(const struct peer *peer, const char *path, const char *id)
{
	const struct entry *own = find(get_own(peer), path),
			   *shared = find(&game.list.shared, path);

	if (find_shown(peer, path) && (own || peers_is_shared(id) || has_heard(peer, shared)))
		return EEXIST;
	if (peers_is_shared(id)) {
		if (shared && (own || peer_sees_elsewhere(peer, shared->id)))
			return EEXIST;
		drop(get_own(peer), path);
		put(&game.list.shared, path, id);
		return 0;
	}
	if (has_heard(peer, shared) && !own)
		return EEXIST;
	put(get_own(peer), path, id);
	return 0;
}

static int create(const struct peer *peer, const struct request *request)
{
	return is_present(peer, request->id) ? give(peer, request->link.path, request->id) : ENOENT;
}

/* Those that do not show, for a name of the host's own, stay. */
static int delete_all(const struct peer *peer, const char *id)
{
	struct table *table = peers_is_shared(id) ? &game.list.shared : get_own(peer);

	if (!is_present(peer, id))
		return EINVAL;
	for (size_t i = table->count; i-- > 0;)
		if (strcmp(table->entry[i].id, id) == 0 &&
			(table == get_own(peer) || !find(get_own(peer), table->entry[i].path)))
			drop(table, table->entry[i].path);
	return 0;
}

static void drop_visible(const struct peer *peer, const char *path)
{
	drop(find(get_own(peer), path) ? get_own(peer) : &game.list.shared, path);
}

static int rename_name(const struct peer *peer, const struct request *request)
{
	const struct entry *old = find_shown(peer, request->link.path);
	char id[sizeof(old->id)];
	int r;

	if (!old)
		return ENOENT;
	strcpy(id, old->id);
	if (strcasecmp(request->link.path, request->new_link.path) == 0) {
		put(peers_is_shared(id) ? &game.list.shared : get_own(peer), request->new_link.path,
			id);
		return 0;
	}
	r = give(peer, request->new_link.path, id);
	if (!r)
		drop_visible(peer, request->link.path);
	return r;
}

static int ask_register(const struct peer *peer, const struct request *request)
{
	if (request->operation->kind == OP_CREATE_POINT)
		return create(peer, request);
	if (request->operation->kind == OP_RENAME)
		return rename_name(peer, request);
	if (request->id)
		return delete_all(peer, request->id);
	if (!find_shown(peer, request->link.path))
		return ENOENT;
	drop_visible(peer, request->link.path);
	return 0;
}

/* All of a job up to its first line that fails, or nothing. */
static int judge_job(const struct peer *peer, const struct fuse_job *job)
{
	struct list before = game.list;
	size_t done = 0;
	int error = 0;

	while (!error && done < job->count) {
		error = ask_register(peer, &job->lines[done].request);
		done += !error;
	}
	if (error && job->is_whole) {
		game.list = before;
		done = 0;
	}
	EXPECT(job->done == done);
	return error;
}

/* A volume that comes has a name of its own made, unless it has one, whoever saw it first. */
static void judge_arrival(const struct peer *peer, const struct change *change)
{
	index_for_each (&change->names.links, const struct link, link) {
		struct table *table = link->record && peers_is_shared(link->record->id)
			? &game.list.shared
			: get_own(peer);

		EXPECT(link->record && link_name_is_volume(link->path));
		for (size_t i = 0; i < table->count; i++)
			EXPECT(strcmp(table->entry[i].id, link->record->id) != 0 ||
				!link_name_is_volume(table->entry[i].path));
		put(table, link->path, link->record->id);
	}
}

/* The moment that counts. */
static void judge(struct peer *peer, const struct change *change)
{
	struct fuse_job *job = peer->jobs.committing;

	for (size_t i = 0; i < game.list.shared.count; i++)
		game.list.shared.entry[i].is_new = false;
	if (!job) {
		judge_arrival(peer, change);
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

/* Often the same once more: who gives a name and takes it at once does so in one change. */
static const char *draw_name(void)
{
	if (!*game.name || dice_draw(&game.dice, 2) == 0)
		snprintf(game.name, sizeof(game.name), "/DosDevices/%c%u",
			dice_draw(&game.dice, 4) ? 'n' : 'N', dice_draw(&game.dice, NAMES));
	return game.name;
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
	static uint64_t requests;
	enum operation_kind kind = kinds[dice_draw(&game.dice, ARRAY_SIZE(kinds))];
	struct peer *peer = &peers.peer[dice_draw(&game.dice, PEERS)];
	struct peer_job *own;

	if (game.jobs == JOBS)
		return;
	game.jobs++;
	own = xcalloc(1, sizeof(*own));
	own->peer = peer;
	own->job.number = ++requests;
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

static void fire_timer(struct timer *timer)
{
	if (!timer->at)
		return;
	timer->at = 0;
	timer->fn(timer->data, 0);
}

static void fire(struct peer *peer)
{
	fire_timer(&peer->devices.timer);
	fire_timer(&peer->elsewhere.timer);
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

static void check_link(const struct names *names, const struct entry *entry)
{
	const struct link *link = names_find_link(names, entry->path);

	EXPECT(link && strcmp(link->path, entry->path) == 0);
	EXPECT(strcmp(link->record->id, entry->id) == 0);
}

static void check_names(const struct peer *peer, const struct names *names)
{
	struct table *own = get_own(peer);
	size_t shadowed = 0;

	for (size_t i = 0; i < own->count; i++)
		check_link(names, &own->entry[i]);
	for (size_t i = 0; i < game.list.shared.count; i++) {
		const struct entry *entry = &game.list.shared.entry[i];
		const struct shadow *shadow = shadows_find(names, entry->path);

		EXPECT(!shadow == !find(own, entry->path));
		EXPECT(!shadow ||
			(strcmp(shadow->path, entry->path) == 0 &&
				strcmp(shadow->id, entry->id) == 0));
		if (!shadow)
			check_link(names, entry);
		shadowed += shadow != NULL;
	}
	EXPECT(names->links.count == own->count + game.list.shared.count - shadowed);
	EXPECT(names->shadows.count == shadowed);
	EXPECT(names->revision == peer->manager.names.revision);
}

static void check_rows(const struct peer *peer)
{
	struct names names;

	names_init(&names, NULL);
	rows_load(&peer->rows, &names);
	check_names(peer, &names);
	names_fini(&names);
}

static bool is_quiet(void)
{
	for (size_t i = 0; i < PEERS; i++)
		if (peers.peer[i].store.change || peers.peer[i].coming.first ||
			peers.peer[i].here.first || peers.peer[i].devices.timer.at)
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
	EXPECT(game.jobs == 0);
	for (size_t i = 0; i < PEERS; i++) {
		const struct peer *peer = &peers.peer[i];

		game.shadowed += peer->shadowed;
		check_names(peer, &peer->manager.names);
		check_rows(peer);
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
	EXPECT(game.good > steps / 200 && game.refused > steps / 200 && game.shadowed);
	EXPECT(game.spite < 14 || game.lost); /* in so many steps it comes to that */
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
