/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random events and requests, on the mount manager and on the naive model. After each change both
 * must show the same, what was touched must cover what looks different, the tree and who follows
 * its events must know the state, and a mount manager started anew from the rows written so far,
 * over the same devices, must find everything as it was. The one exception: a volume whose
 * Volume{GUID} names were deleted gets a new one when it arrives again.
 *
 * $MMFS_TEST_SEED plays one seed only, $MMFS_TEST_STEPS sets how long.
 */

#include <stdio.h>
#include <string.h>

#include "core/rules/apply.h"
#include "core/rules/engine.h"
#include "describe.h"
#include "game.h"

#ifdef __SANITIZE_ADDRESS__
enum { SEEDS = 24, STEPS = 1000 }; /* several times slower */
#else
enum { SEEDS = 24, STEPS = 3000 };
#endif

static void log_device(struct game *game, const struct model_device *device)
{
	strbuf_add_format(&game->log, "+ %s size=%u seq=%u at=%d%s%s", device->name,
		(unsigned int)device->size, (unsigned int)device->diskseq, device->attachment,
		device->is_blank ? " blank" : "", device->is_faulty ? " fault" : "");
	strbuf_add_format(&game->log, " label=%s%s%s%s", device->label ? device->label : "",
		device->is_removable ? " removable" : "", device->is_disc ? " disc" : "",
		device->wants_no_letter ? " no letter" : "");
	for (int i = 0; i < ID_KINDS; i++)
		strbuf_add_format(&game->log, " %s", device->identity[i] ?: "-");
	strbuf_add_char(&game->log, '\n');
}

static bool has_unwritten(const struct model *model)
{
	for (size_t i = 0; i < MODEL_DEVICES; i++)
		if (model->device[i].is_unwritten)
			return true;
	return model->owes_holders;
}

static bool has_unwritten_volume(const struct model *model)
{
	for (size_t i = 0; i < MODEL_DEVICES; i++)
		if (model->device[i].is_unwritten && model->device[i].state != MODEL_DUPLICATE &&
			model->device[i].state != MODEL_STRANGER)
			return true;
	return false;
}

/*
 * `is_one`: nothing in the change can have been undone by the rest of it. `clients`: whose requests
 * brought something, where several share the change.
 */
static void take_step(
	struct game *game, bool is_certain, bool is_one, uint32_t clients, struct model *after)
{
	_cleanup_strbuf_ struct strbuf before = STRBUF_INIT, now = STRBUF_INIT;
	struct world *world = &game->world;
	uint32_t epic = world->manager.epic;
	bool is_counted = change_is_counted(&world->change);
	uint32_t counted = clients ? clients : is_counted;
	size_t entries = world->change.entry_count;
	uint64_t sequence = world->manager.history.next_sequence;

	if (!is_certain) { /* the commit failed */
		change_fini(&world->change);
		change_init(&world->change, &world->manager);
		game_expect_same(game, "after a failed commit it", &world->manager, &game->model);
		return;
	}
	describe_links(&world->manager, &before);
	world_commit(world);
	game_learn_names(game, &world->manager, after);
	EXPECT(game, is_counted || !game_has_changed(&game->model, after),
		"a change is not counted\n");
	EXPECT(game, !is_one || !is_counted || entries || game_has_changed(&game->model, after),
		"a change is counted that is none\n");
	EXPECT(game, is_counted || !entries, "the history has a change that is not counted\n");
	game->model = *after;
	game_expect_same(game, "it", &world->manager, &game->model);
	describe_links(&world->manager, &now);
	game_check_covered(game, strbuf_text(&before), strbuf_text(&now));
	game_check_covered(game, strbuf_text(&now), strbuf_text(&before));
	game_check_marks(game);
	EXPECT(game, world->manager.epic == epic + counted, "the epic number is wrong\n");
	EXPECT(game, world->manager.history.next_sequence == sequence + entries,
		"the history has a gap\n");
	/*
	 * That a duplicate is still one is nothing to write; the naive model would write it again.
	 */
	EXPECT(game, !engine_has_unwritten(&world->manager) || has_unwritten(&game->model),
		"nothing was left to be written\n");
	EXPECT(game, engine_has_unwritten(&world->manager) || !has_unwritten_volume(&game->model),
		"what has to be written is not known\n");
	if (!has_unwritten(&game->model) && !engine_is_overdue(&world->manager) &&
		(game->step % 10 == 0 || game->model.links < 8))
		game_check_restart(game);
}

/* Who was a stranger to what is forgotten now is looked at again. */
static void play_overdue(struct game *game)
{
	const struct model_batch batch = { .is_overdue = true };
	struct model after = game->model;

	if (!engine_is_overdue(&game->world.manager) || engine_has_unwritten(&game->world.manager))
		return;
	strbuf_add_text(&game->log, "overdue\n");
	EXPECT(game,
		engine_decide_devices(&game->world.manager, &game->world.env, &game->world.change),
		"nothing is overdue\n");
	model_apply_devices(&after, &batch, true);
	take_step(game, true, true, 0, &after);
}

static void play_devices(struct game *game)
{
	struct world *world = &game->world;
	bool can_write = true;
	struct model_device put[MODEL_DEVICES];
	struct model_batch batch = { .put = { NULL } };
	struct model after = game->model;
	int count = game_draw(game, 3) ? 1 : 1 + game_draw(game, 6);

	while (count-- > 0) {
		size_t i = (size_t)game_draw(game, MODEL_DEVICES);

		if (batch.put[i] || batch.is_gone[i])
			continue;
		if (game_draw(game, 3) == 0) {
			batch.is_gone[i] = true;
			game_remove_device(game, game->model.device[i].name);
		} else {
			game_draw_device(game, i, &put[i]);
			batch.put[i] = &put[i];
			volumes_change_put(&world->change.volumes, game_make_device(&put[i]));
			log_device(game, &put[i]);
		}
	}
	engine_decide_devices(&world->manager, &world->env, &world->change);
	if (game_draw(game, 8) == 0 && change_has_rows(&world->change)) {
		strbuf_add_text(&game->log, "which cannot be written\n");
		engine_retry(&world->manager, &world->change);
		EXPECT(game, !change_has_rows(&world->change), "it is written\n");
		can_write = false;
	}
	model_apply_devices(&after, &batch, can_write);
	take_step(game, true, true, 0, &after);
}

static void play_request(
	struct game *game, const struct model_request *request, struct model *after)
{
	_cleanup_strbuf_ struct strbuf reply = STRBUF_INIT;
	struct world *world = &game->world;
	int expected = model_apply_request(after, request, &reply);
	int seen = game_decide_request(game, request);

	EXPECT(game, seen == expected, "the result is %d, expected %d (%s)\n", seen, expected,
		strbuf_text(&world->why));
	EXPECT(game, seen || strcmp(strbuf_text(&world->reply), strbuf_text(&reply)) == 0,
		"the reply is\n%s, expected\n%s", strbuf_text(&world->reply), strbuf_text(&reply));
}

/* One write. True: it brought something. */
static bool play_write(struct game *game, int count, struct model *after)
{
	struct world *world = &game->world;
	size_t entries = world->change.entry_count;

	engine_begin_requests(&world->change);
	while (count-- > 0) {
		struct model_request request;

		game_draw_request(game, &request);
		play_request(game, &request, after);
	}
	engine_end_requests(&world->manager, &world->env, &world->change);
	return world->change.entry_count > entries;
}

static void play_requests(struct game *game)
{
	struct model after = game->model;
	int count = game_draw(game, 3) ? 1 : 2 + game_draw(game, 4);

	after.nameless_count = 0;
	play_write(game, count, &after);
	take_step(game, game_draw(game, 20) != 0, count == 1, 0, &after);
}

/* Writes of several clients, in one commit. */
static void play_shared(struct game *game)
{
	struct model after = game->model;
	uint32_t clients = 0;

	after.nameless_count = 0;
	for (int count = 2 + game_draw(game, 3); count > 0; count--) {
		strbuf_add_text(&game->log, "a client:\n");
		clients += play_write(game, 1 + game_draw(game, 2), &after);
	}
	take_step(game, game_draw(game, 20) != 0, false, clients, &after);
}

/* One write of requests that send devices away. */
static void play_removals(struct game *game)
{
	struct model after = game->model;
	struct model_batch batch = { .put = { NULL } };

	after.nameless_count = 0;
	for (int count = game_draw(game, 3) ? 1 : 4; count > 0; count--) {
		struct model_request request;

		game_draw_removal(game, &request);
		play_request(game, &request, &after);
	}
	batch.is_dismissal = true;
	memcpy(batch.is_gone, after.is_prepared, sizeof(batch.is_gone));
	memset(after.is_prepared, 0, sizeof(after.is_prepared));
	if (game->world.change.volumes.gones)
		model_apply_devices(&after, &batch, true);
	engine_end_requests(&game->world.manager, &game->world.env, &game->world.change);
	take_step(game, game_draw(game, 20) != 0, true, 0, &after);
}

/* One write of requests that make devices owners. */
static void play_claims(struct game *game)
{
	struct world *world = &game->world;
	struct model after = game->model;
	struct model_batch batch = { .put = { NULL } };
	int expected, seen;
	struct model_request request;
	bool is_any = false;

	after.nameless_count = 0;
	for (int i = 1; i <= 2; i++) {
		game_draw_claim(game, &request);
		expected = model_add_claim(&after, request.device, i, &batch);
		seen = game_decide_request(game, &request);
		EXPECT(game, seen == expected, "the result is %d, expected %d (%s)\n", seen,
			expected, strbuf_text(&world->why));
		is_any |= seen == 0;
	}
	if (is_any)
		model_apply_devices(&after, &batch, true);
	engine_end_requests(&world->manager, &world->env, &world->change);
	take_step(game, game_draw(game, 20) != 0, false, 0, &after);
}

static void play_restart(struct game *game)
{
	struct model after;

	strbuf_add_text(&game->log, "restart\n");
	world_reload(&game->world);
	game_restart_model(game, &game->world.manager, &after);
	game->model = after;
	game_expect_same(game, "started anew it", &game->world.manager, &game->model);
}

static void play_step(struct game *game)
{
	int kind = game_draw(game, 40);

	if (kind < 17)
		play_devices(game);
	else if (kind < 18)
		play_claims(game);
	else if (kind < 20)
		play_removals(game);
	else if (kind < 36)
		play_requests(game);
	else if (kind < 39)
		play_shared(game);
	else
		play_restart(game);
	play_overdue(game);
}

static void init_game(struct game *game, unsigned int seed)
{
	const char *fault;

	memset(game, 0, sizeof(*game));
	game->seed = seed;
	game->random = seed;
	world_init(&game->world);
	ck_assert_int_eq(id_order_parse(game_orders[seed % ARRAY_SIZE(game_orders)],
				 &game->model.order, &fault),
		0);
	game->world.manager.order = game->model.order;
	game->world.has_auto_dl = seed % 4 == 1;
	if (seed % 3 == 1) /* of a volume with two links nobody is told each */
		game->world.links_told = game->world.manager.links_told = 1;
	game->model.gives_letters = game->world.manager.gives_letters = seed % 4 == 1;
	game->model.suggests_label = game->world.manager.suggests_label = seed % 5 == 2;
	game->model.strangers = game->world.manager.strangers = (enum strangers)(seed % 3);
	for (size_t i = 0; i < MODEL_DEVICES; i++) /* asked for before they come, too */
		game_draw_device(game, i, &game->model.device[i]);
}

/* The fixture checks that the tree shows it, and that its reader was told. */
static void play_mounts(struct game *game)
{
	static const char *const paths[MODEL_MOUNTS] = { "/a", "/a/b", "/c", "/cd", "/e" };
	_cleanup_strbuf_ struct strbuf words = STRBUF_INIT;
	struct model *model = &game->model;

	model->mounts = 0;
	for (int count = game_draw(game, MODEL_MOUNTS + 1); count > 0; count--) {
		size_t i = model->mounts++;

		model->mount[i].device = model->device[game_draw(game, MODEL_DEVICES)].name;
		model->mount[i].path = paths[count - 1];
		model->mount[i].is_whole = game_draw(game, 3) != 0;
		strbuf_add_format(&words, "%s%s %s ", model->mount[i].device,
			model->mount[i].is_whole ? "" : "*", model->mount[i].path);
	}
	strbuf_add_format(&game->log, "M %s\n", strbuf_text(&words));
	world_mount(&game->world, strbuf_text(&words));
}

START_TEST(test_random)
{
	const char *only = getenv("MMFS_TEST_SEED"), *steps = getenv("MMFS_TEST_STEPS");
	unsigned int limit = steps ? (unsigned int)strtoul(steps, NULL, 10) : STEPS;
	struct game *game;

	if (only && (_i != 0))
		return;
	game = xcalloc(1, sizeof(*game));
	init_game(game, only ? (unsigned int)strtoul(only, NULL, 10) : (unsigned int)_i);
	for (game->step = 0; game->step < limit; game->step++) {
		strbuf_reset(&game->log);
		if (game_draw(game, 10) == 0)
			play_mounts(game);
		game->model.now = game->world.env.now;
		play_step(game);
	}
	strbuf_fini(&game->log);
	world_fini(&game->world);
	free(game);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("manager-random");
	TCase *tcase = suite_add_case(suite, "manager-random");

	tcase_add_loop_test(tcase, test_random, 0, SEEDS);
	return run_suite(suite);
}
