/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links in /dev: anything may happen at any time, and it ends well.
 *
 * What is broken on purpose, and noticed: mutants.list.
 */

#include "../run-suite.h"
#include "dice.h"
#include "publish-stage.h"

enum { STEPS = 1200, ROUND = 300 };
#ifdef __SANITIZE_ADDRESS__
enum { SEEDS = 40, PEACEFUL_SEEDS = 20 }; /* several times slower */
#else
enum { SEEDS = 100, PEACEFUL_SEEDS = 40 };
#endif

struct game {
	struct stage stage;
	struct dice dice;
	const char *wanted[NODES]; /* what the machine was told last */
	uint64_t told[NODES];	   /* of which disk */
	int changes;
};

static int draw(struct game *game, int limit)
{
	return (int)dice_draw(&game->dice, (unsigned int)limit);
}

/* News of a device comes when udevd has dealt with it, or there is no udevd. */
static void tell(struct game *game, int node)
{
	static const char *const texts[] = { NULL, "one", "two", "three" };
	struct stage *stage = &game->stage;
	bool is_new = game->told[node] != stage->disk[node];
	const char *text = stage->disk[node] ? texts[draw(game, 4)] : NULL;

	for (int i = 0; i < stage->queued; i++)
		if (stage->queue[i].node == node && !stage->queue[i].number)
			return;
	game->changes += !is_same_text(game->wanted[node], text) || is_new;
	game->wanted[node] = text;
	game->told[node] = stage->disk[node];
	stage_set(stage, node, text);
}

static void move(struct game *game)
{
	struct stage *stage = &game->stage;
	int node = draw(game, NODES);

	switch (draw(game, 15)) {
	case 0:
		stage_plug(stage, node);
		break;
	case 1:
		stage_unplug(stage, node);
		break;
	case 2:
		if (!stage->is_udevd_running || draw(game, 3)) {
			stage_start_udevd(stage);
			break;
		}
		stage_end_udevd(stage);
		ck_assert_msg(publish_is_settled(&stage->publish), "nobody is there to wait for");
		break;
	case 3:
		stage->is_full = draw(game, 3) == 0;
		break;
	case 4:
		stage->is_refused = draw(game, 3) == 0;
		break;
	case 5:
		stage_pass_time(stage, (uint64_t)draw(game, 20) * SECOND / 2);
		break;
	case 6:
	case 7:
	case 8:
		stage_deal(stage);
		break;
	case 9:
	case 10:
	case 11:
		stage_hear(stage);
		break;
	default:
		tell(game, node);
	}
}

/* One question of a device is under way unless time has passed. */
static void assert_few(const struct game *game)
{
	int asked[NODES] = { 0 };

	for (int i = 0; i < game->stage.queued; i++)
		if (game->stage.queue[i].number)
			ck_assert_int_le(++asked[game->stage.queue[i].node], 5);
}

static void bring_in_order(struct game *game)
{
	struct stage *stage = &game->stage;

	stage_start_udevd(stage);
	stage->is_full = stage->is_refused = stage->is_news_late = false;
	stage_deal_with_all(stage);
	while (stage_hear(stage))
		;
	for (int node = 0; node < NODES; node++)
		if (game->told[node] != stage->disk[node] || draw(game, 2))
			tell(game, node);
	ck_assert(stage_come_to_rest(stage));
	ck_assert(publish_is_settled(&stage->publish));
	for (int node = 0; node < NODES; node++) {
		stage_expect_links(stage, node, game->wanted[node]);
		for (uint64_t i = 0; i < DISKS; i++)
			ck_assert(i == stage->disk[node] || !stage->file[node][i]);
	}
}

/* From the start to the end. */
static void play_round(struct dice *dice)
{
	struct game game = { .dice = *dice };

	stage_begin(&game.stage);
	publish_start(&game.stage.publish, game.stage.now);
	for (int i = 0; i < ROUND; i++) {
		game.stage.is_news_late = true;
		move(&game);
		assert_few(&game);
		if (i % 50 == 49)
			bring_in_order(&game);
	}
	stage_end(&game.stage);
	dice->random = game.dice.random;
}

START_TEST(whatever_happens_it_ends_well)
{
	unsigned int steps = dice_get_steps(STEPS);
	struct dice dice = dice_new(_i);

	for (; dice.step < steps && !dice_is_left_out(_i); dice.step += ROUND)
		play_round(&dice);
}
END_TEST

/* Whoever waited for what is there now can use it. */
static void assert_settled_is_right(const struct game *game)
{
	const struct stage *stage = &game->stage;

	for (int node = 0; node < NODES && publish_is_settled(&stage->publish); node++)
		if (game->told[node] == stage->disk[node])
			stage_expect_links(stage, node, game->wanted[node]);
}

/* In peace: as many events as changes at most, and each is right as soon as udevd is done. */
START_TEST(nothing_is_asked_in_vain)
{
	struct game game = { .dice = dice_new(_i) };
	struct stage *stage = &game.stage;

	stage_begin(stage);
	publish_start(&stage->publish, stage->now);
	stage->is_news_late = true;
	for (int i = 0; i < 500; i++) {
		int node = draw(&game, NODES);

		if (draw(&game, 5) == 0)
			stage_plug(stage, node);
		else if (draw(&game, 3) == 0)
			stage_deal(stage);
		else if (draw(&game, 3) == 0)
			stage_hear(stage);
		else
			tell(&game, node);
		assert_settled_is_right(&game);
	}
	stage->is_news_late = false;
	while (stage_hear(stage))
		;
	stage_deal_with_all(stage);
	for (int node = 0; node < NODES; node++)
		tell(&game, node);
	stage_deal_with_all(stage);
	ck_assert(publish_is_settled(&stage->publish));
	for (int node = 0; node < NODES; node++)
		stage_expect_links(stage, node, game.wanted[node]);
	ck_assert_int_le(stage->asked, game.changes);
	ck_assert_int_eq(stage->complaints[0] + stage->complaints[1] + stage->complaints[2], 0);
	stage_end(stage);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("publish-random");
	TCase *tcase = suite_add_case(suite, "publish-random");

	tcase_add_loop_test(tcase, whatever_happens_it_ends_well, 0, SEEDS);
	tcase_add_loop_test(tcase, nothing_is_asked_in_vain, 0, PEACEFUL_SEEDS);
	return run_suite(suite);
}
