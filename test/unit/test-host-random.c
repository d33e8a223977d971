/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machines/host alone: after each thing that happens it has asked for, replied and is waiting for
 * exactly what a model says that only knows the picture at the head of host.c, not what is in files
 * or decided. Visits hang and fail, commits fail, requests are taken back, volumes come and go, and
 * who gets a reply asks again at once. That file and database agree is for test-hosts-random.
 *
 * What is broken on purpose, and noticed: mutants.list.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/rules/engine.h"
#include "dice.h"
#include "fixture.h"
#include "machines/host.h"

enum { SEEDS = 24, STEPS = 5000, REQUESTS = 12, DIRS = 3, TARGETS = 3, LOG = 64 };

#define NOBODY (-1)
#define SOME_ERROR 1 /* in the model: whatever it is */

struct own_request {
	struct host_request request;
	struct request parsed;
	bool is_used;
};

/* What the host did, in its order. */
struct act {
	bool is_visit, is_write;
	int request, error; /* a reply */
	int next;	    /* the request that was submitted upon that, or NOBODY */
};

static struct {
	struct dice dice;
	struct world world;
	struct host_world effects;
	struct host *host;
	uint64_t now;
	int mount_id;
	char *file, *file_read;
	struct host_visit *visit;
	struct own_request requests[REQUESTS];
	struct act acts[LOG];
	size_t done, seen; /* acts, and those that the model has come to */
} game;

/* The picture. */
static struct {
	enum host_step step;
	int queue[REQUESTS], queued;
	int current; /* request under way */
	bool is_due, is_retry, is_slow, is_dropped, is_given_up, is_doubtful, is_unwritten;
	uint64_t look_at, pause, started, spent;
	int error; /* of the commit */
	unsigned int races;
} model;

#define EXPECT(condition) DICE_EXPECT(&game.dice, condition)

static struct act *add_act(void)
{
	EXPECT(game.done < LOG);
	game.acts[game.done] = (struct act){ .request = NOBODY, .next = NOBODY };
	return &game.acts[game.done++];
}

static void begin_visit(void *data, struct host_visit *visit)
{
	struct act *act = add_act();

	EXPECT(!game.visit);
	game.visit = visit;
	act->is_visit = true;
	act->is_write = visit->is_write;
}

static int submit(void)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	_cleanup_free_ char *line = NULL;
	bool is_deletion = dice_draw(&game.dice, 3) == 0;
	unsigned int dir = dice_draw(&game.dice, DIRS), target = dice_draw(&game.dice, TARGETS);
	struct own_request *request;
	int i = 0;

	while (i < REQUESTS && game.requests[i].is_used)
		i++;
	if (i == REQUESTS)
		return NOBODY;
	request = &game.requests[i];
	line = is_deletion ? xasprintf("source=/h/d%u", dir)
			   : xasprintf("source=/h/d%u target=UUID=t%u", dir, target);
	*request = (struct own_request){ .is_used = true };
	ck_assert_int_eq(
		request_parse(operation_find_name(is_deletion ? "volume_mount_point_deleted"
							      : "volume_mount_point_created"),
			line, strlen(line), &request->parsed, &why),
		0);
	request->request.request = &request->parsed;
	host_submit(game.host, &request->request, game.now);
	return i;
}

static void reply(void *data, struct host_request *waiting, int error, const char *why)
{
	struct own_request *request = container_of(waiting, struct own_request, request);
	size_t at = game.done;
	int i = (int)(request - game.requests);

	EXPECT(request->is_used);
	EXPECT(!error || (why && *why));
	add_act();
	game.acts[at].request = i;
	game.acts[at].error = -error;
	request_fini(&request->parsed);
	request->is_used = false;
	if (dice_draw(&game.dice, 4) == 0)
		game.acts[at].next = submit();
}

static void report(void *data, const char *what, int error, const char *why)
{
	EXPECT(error < 0 && *why);
}

static struct manager_env prepare(void *data, struct host_request *request)
{
	return game.world.env;
}

/* --- what the picture says -------------------------------------------------------------------- */

static void picture_advance(void);

static void picture_submit(int request)
{
	model.queue[model.queued++] = request;
	picture_advance();
}

static const struct act *take_act(void)
{
	EXPECT(game.seen < game.done);
	return &game.acts[game.seen++];
}

static void picture_reply(int request, int error)
{
	const struct act *act = take_act();

	EXPECT(!act->is_visit && act->request == request);
	EXPECT(error == SOME_ERROR ? act->error != 0 : act->error == error);
	if (act->next == NOBODY)
		return;
	if (model.is_given_up)
		picture_reply(act->next, ETIMEDOUT);
	else
		picture_submit(act->next);
}

static void picture_visit(enum host_step step)
{
	const struct act *act = take_act();

	EXPECT(act->is_visit && act->is_write == (step != HOST_READING));
	model.step = step;
	model.started = game.now;
}

static int take_first(void)
{
	int first = model.queue[0];

	model.queued--;
	memmove(model.queue, model.queue + 1, sizeof(*model.queue) * (size_t)model.queued);
	return first;
}

static bool is_due(void)
{
	return model.step == HOST_IDLE && model.is_due && game.mount_id;
}

static bool is_visited(void)
{
	return model.step == HOST_READING || model.step == HOST_WRITING ||
		model.step == HOST_RESTORING;
}

static void picture_advance(void)
{
	while (model.step == HOST_IDLE && model.queued) {
		int request = take_first();

		if (game.mount_id) {
			model.current = request;
			picture_visit(HOST_READING);
		} else {
			picture_reply(request, SOME_ERROR);
		}
	}
	if (!is_due() || game.now < model.look_at)
		return;
	model.is_due = model.is_retry = false;
	picture_visit(HOST_READING);
}

static void picture_retry(void)
{
	uint64_t pause = model.pause ? model.pause : HOST_RETRY_FIRST;

	if (model.is_due)
		return;
	model.is_due = model.is_retry = true;
	model.look_at = game.now + pause;
	model.pause = 2 * pause < HOST_RETRY_MAX ? 2 * pause : HOST_RETRY_MAX;
}

static void picture_end(int error)
{
	bool was_dropped = model.is_dropped, was_unclear = model.is_doubtful || model.is_unwritten;
	int request = model.current;

	model.step = HOST_IDLE;
	model.current = NOBODY;
	model.spent = 0;
	model.races = 0;
	model.is_slow = model.is_dropped = model.is_given_up = false;
	model.is_doubtful = model.is_unwritten = false;
	if (request != NOBODY) {
		if (was_unclear)
			picture_retry();
		picture_reply(request, error);
	} else if (was_dropped && !error) {
		model.is_due = true;
		model.is_retry = false;
		model.look_at = game.now;
	} else if (error || was_unclear) {
		picture_retry();
	} else {
		model.pause = 0;
	}
	picture_advance();
}

static void picture_answer(bool is_write, int error)
{
	model.spent += game.now - model.started;
	model.is_doubtful |= is_write && error;
	if (model.step == HOST_RESTORING) {
		picture_end(model.is_dropped ? 0 : model.error);
	} else if (model.step == HOST_READING && (error || model.is_dropped)) {
		picture_end(error);
	} else if (model.step == HOST_WRITING && error &&
		(model.current != NOBODY || model.is_dropped)) {
		picture_end(error);
	} else if (model.step == HOST_WRITING && !error && model.is_dropped) {
		picture_visit(HOST_RESTORING);
	} else {
		model.is_unwritten |= error != 0;
		model.step = HOST_READY;
	}
}

static void picture_commit(int error)
{
	bool is_as_read = is_same_text(game.file, game.file_read);

	if (!error || model.current == NOBODY || is_as_read) {
		picture_end(error);
		return;
	}
	model.error = error;
	picture_visit(HOST_RESTORING);
}

static uint64_t picture_get_deadline(void)
{
	if (is_due())
		return model.look_at;
	if (!is_visited() || model.is_given_up)
		return 0;
	return model.started - model.spent + (model.is_slow ? HOST_LIMIT : HOST_PATIENCE);
}

static void picture_time(void)
{
	uint64_t deadline = picture_get_deadline();

	if (!deadline || game.now < deadline)
		return;
	if (!is_visited()) {
		picture_advance();
	} else if (!model.is_slow) {
		model.is_slow = true;
	} else {
		int request = model.current;

		model.is_dropped = model.is_given_up = true;
		model.current = NOBODY;
		if (request != NOBODY)
			picture_reply(request, ETIMEDOUT);
		while (model.queued)
			picture_reply(take_first(), ETIMEDOUT);
	}
}

static bool picture_is_settled(void)
{
	if (model.step == HOST_IDLE)
		return !is_due() || model.is_retry;
	return is_visited() && model.is_slow;
}

/* --- what happens ----------------------------------------------------------------------------- */

static void play_request(void)
{
	size_t at = game.done;
	int request;

	request = submit();
	if (request == NOBODY)
		return;
	if (model.is_given_up) {
		EXPECT(game.done > at);
		picture_reply(request, ETIMEDOUT);
	} else {
		picture_submit(request);
	}
}

static void play_cancel(void)
{
	int i = (int)dice_draw(&game.dice, REQUESTS), at = 0;
	bool is_current = model.current == i && is_visited();

	if (!game.requests[i].is_used)
		return;
	while (at < model.queued && model.queue[at] != i)
		at++;
	EXPECT(host_cancel(game.host, &game.requests[i].request) ==
		(at < model.queued || is_current));
	if (at < model.queued) {
		model.queued--;
		memmove(&model.queue[at], &model.queue[at + 1],
			sizeof(*model.queue) * (size_t)(model.queued - at));
	} else if (is_current) {
		model.current = NOBODY;
		model.is_dropped = true;
	} else {
		return;
	}
	request_fini(&game.requests[i].parsed);
	game.requests[i].is_used = false;
}

static void play_mount(void)
{
	const struct device *device = volumes_find_name(&game.world.manager.volumes, "sda1");
	bool is_mounted = game.mount_id != 0;
	uint64_t look_at = game.now + HOST_REST;

	world_change_mount(&game.world, "sda1", is_mounted ? NULL : "/h");
	game.mount_id =
		is_mounted ? 0 : mounts_next(&game.world.manager.mounts, device->number, NULL)->id;
	host_set_mount(game.host, game.mount_id, look_at, game.now);
	model.pause = 0;
	model.is_due = model.is_retry = false;
	if (!game.mount_id)
		return;
	model.is_due = true;
	model.look_at = look_at;
	picture_advance();
}

static void perform(struct host_visit *visit)
{
	if (visit->is_write) {
		free(game.file);
		game.file = visit->has_file ? xstrdup(strbuf_text(&visit->text)) : NULL;
		return;
	}
	free(game.file_read);
	game.file_read = game.file ? xstrdup(game.file) : NULL;
	if (!game.file)
		return;
	visit->has_file = true;
	strbuf_add_text(&visit->text, game.file);
	ck_assert_int_eq(replica_parse(game.file, strlen(game.file), &visit->file, &visit->why), 0);
}

static void play_answer(void)
{
	struct host_visit *visit = steal_ptr(game.visit);
	bool is_write = visit && visit->is_write;
	int error = dice_draw(&game.dice, 6) ? 0 : EIO;

	if (!visit)
		return;
	if (!error && visit->mount_id != game.mount_id)
		error = ESTALE;
	visit->error = -error;
	if (error)
		strbuf_add_text(&visit->why, "the disk does not want to");
	else
		perform(visit);
	host_take(game.host, visit, game.now);
	picture_answer(is_write, error);
}

/* What is decided is not the picture's business, but what may come of it. */
static void play_decide(void)
{
	struct world *world = &game.world;
	size_t at = game.done;

	if (model.step != HOST_READY)
		return;
	if (host_decide(game.host, &world->change, game.now)) {
		model.step = HOST_COMMITTING;
		return;
	}
	change_fini(&world->change);
	change_init(&world->change, &world->manager);
	if (game.done > at && game.acts[at].is_visit && game.acts[at].is_write)
		picture_visit(HOST_WRITING);
	else if (model.current != NOBODY || model.is_unwritten)
		picture_end(SOME_ERROR);
	else
		model.is_unwritten = true;
}

/* Who has lost one race loses more of them. */
static void play_commit(void)
{
	struct world *world = &game.world;
	bool is_race = dice_draw(&game.dice, 8) && (model.races || !dice_draw(&game.dice, 6));
	int error = is_race ? EAGAIN : dice_draw(&game.dice, 4) ? 0 : ENOSPC;

	if (model.step != HOST_COMMITTING)
		return;
	if (error) {
		change_fini(&world->change);
		change_init(&world->change, &world->manager);
	} else {
		world_commit(world);
	}
	if (is_race)
		host_again(game.host, game.now);
	else
		host_end(game.host, -error, error ? "the disk is full" : NULL, game.now);
	if (is_race && ++model.races < ENGINE_RACES_MAX)
		model.step = HOST_READY;
	else
		picture_commit(error);
}

static void play_time(void)
{
	static const uint64_t times[] = { 1, 1000, HOST_REST, HOST_REST, HOST_PATIENCE, HOST_LIMIT,
		HOST_LIMIT, HOST_RETRY_FIRST, HOST_RETRY_MAX };

	uint64_t end = game.now + times[dice_draw(&game.dice, ARRAY_SIZE(times))], deadline;

	for (int rounds = 0; (deadline = picture_get_deadline()) && deadline <= end; rounds++) {
		EXPECT(rounds < 100 && host_get_deadline(game.host) == deadline);
		game.now = deadline > game.now ? deadline : game.now;
		host_handle_time(game.host, game.now);
		picture_time();
	}
	game.now = end;
}

static void play_arrival(void)
{
	host_handle_arrival(game.host, game.now);
	picture_advance();
}

static const struct {
	const char *name;
	void (*play)(void);
	unsigned int weight;
} moves[] = {
	{ "request", play_request, 8 },
	{ "cancel", play_cancel, 2 },
	{ "mount", play_mount, 2 },
	{ "answer", play_answer, 10 },
	{ "decide", play_decide, 8 },
	{ "commit", play_commit, 6 },
	{ "time", play_time, 6 },
	{ "arrival", play_arrival, 1 },
};

static void play(void)
{
	unsigned int drawn = dice_draw(&game.dice, 43);

	for (size_t i = 0; i < ARRAY_SIZE(moves); drawn -= moves[i++].weight) {
		if (drawn < moves[i].weight) {
			game.dice.last = moves[i].name;
			moves[i].play();
			return;
		}
	}
	ck_abort_msg("the weights have another sum");
}

static void check(void)
{
	EXPECT(game.seen == game.done);
	EXPECT(game.host->step == model.step);
	EXPECT(host_get_deadline(game.host) == picture_get_deadline());
	EXPECT(host_is_settled(game.host) == picture_is_settled());
	EXPECT((game.visit != NULL) == is_visited());
	host_handle_time(game.host, game.now);
	picture_time();
	EXPECT(game.seen == game.done);
	EXPECT(!picture_get_deadline() || picture_get_deadline() > game.now);
	game.done = game.seen = 0;
}

static void begin(int seed)
{
	memset(&game, 0, sizeof(game));
	memset(&model, 0, sizeof(model));
	game.dice = dice_new(seed);
	game.now = 1000000;
	model.current = NOBODY;
	world_init(&game.world);
	world_plug(&game.world, "sda1", "part=1 uuid=h");
	for (int i = 0; i < TARGETS; i++) {
		_cleanup_free_ char *name = xasprintf("sdt%d", i);
		_cleanup_free_ char *words = xasprintf("part=%d uuid=t%d", i, i);

		world_plug(&game.world, name, words);
	}
	world_mount(&game.world, "");
	game.effects = (struct host_world){
		.visit = begin_visit, .reply = reply, .report = report, .prepare = prepare
	};
	game.host = host_new("UUID=h", &game.world.manager, &game.effects);
}

/* Who still waits is told. */
static void end(void)
{
	bool is_committing = model.step == HOST_COMMITTING && model.current != NOBODY;
	int waiting = model.queued + (model.current != NOBODY) - is_committing;

	game.dice.last = "the end";
	model.is_given_up = true;
	host_close(game.host, -ENODEV, "the end");
	for (size_t i = 0; i < game.done; i++)
		waiting -= game.acts[i].error == ENODEV;
	EXPECT(!waiting);
	game.done = 0;
	if (model.step == HOST_COMMITTING)
		host_end(game.host, -ETIMEDOUT, "it may happen, or not", game.now);
	EXPECT(!is_committing ||
		(game.done && !game.acts[0].is_visit && game.acts[0].error == ETIMEDOUT));
	host_free(game.host);
	host_visit_free(game.visit);
	free(game.file);
	free(game.file_read);
	world_fini(&game.world);
}

START_TEST(it_does_what_the_picture_says)
{
	unsigned int steps = dice_get_steps(STEPS);

	if (dice_is_left_out(_i))
		return;
	begin(_i);
	for (game.dice.step = 1; game.dice.step <= steps; game.dice.step++) {
		play();
		check();
	}
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host-random");
	TCase *tcase = suite_add_case(suite, "host-random");

	tcase_add_loop_test(tcase, it_does_what_the_picture_says, 0, SEEDS);
	return run_suite(suite);
}
