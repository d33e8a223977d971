/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links in /dev: anything may happen at any time, and it ends well.
 */

#include "../run-suite.h"
#include "publish-stage.h"

struct game {
	struct stage stage;
	uint32_t random;
	const char *wanted[NODES]; /* what the machine was told last */
	uint64_t told[NODES];	   /* of which disk */
	int changes;
};

static int draw(struct game *game, int limit)
{
	game->random = game->random * 1664525 + 1013904223;
	return (int)((game->random >> 8) % (uint32_t)limit);
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

	switch (draw(game, 12)) {
	case 0:
		stage_plug(stage, node);
		break;
	case 1:
		stage_unplug(stage, node);
		break;
	case 2:
		if (stage->is_udevd_running && draw(game, 3) == 0)
			stage_end_udevd(stage);
		else
			stage_start_udevd(stage);
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
	stage->is_full = stage->is_refused = false;
	stage_deal_with_all(stage);
	for (int node = 0; node < NODES; node++)
		tell(game, node);
	ck_assert(stage_come_to_rest(stage));
	ck_assert(publish_is_settled(&stage->publish));
	for (int node = 0; node < NODES; node++) {
		stage_expect_links(stage, node, game->wanted[node]);
		for (uint64_t i = 0; i < DISKS; i++)
			ck_assert(i == stage->disk[node] || !stage->file[node][i]);
	}
}

START_TEST(whatever_happens_it_ends_well)
{
	struct game game = { .random = (uint32_t)_i };

	stage_begin(&game.stage);
	publish_start(&game.stage.publish, game.stage.now);
	for (int i = 0; i < 300; i++) {
		move(&game);
		assert_few(&game);
		if (i % 50 == 49)
			bring_in_order(&game);
	}
	stage_end(&game.stage);
}
END_TEST

/* In peace: as many events as changes at most, and each is right as soon as udevd is done. */
START_TEST(nothing_is_asked_in_vain)
{
	struct game game = { .random = (uint32_t)_i };
	struct stage *stage = &game.stage;

	stage_begin(stage);
	publish_start(&stage->publish, stage->now);
	for (int i = 0; i < 500; i++) {
		int node = draw(&game, NODES);

		if (draw(&game, 5) == 0)
			stage_plug(stage, node);
		else if (draw(&game, 3) == 0)
			stage_deal(stage);
		else
			tell(&game, node);
	}
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

	tcase_add_loop_test(tcase, whatever_happens_it_ends_well, 0, 100);
	tcase_add_loop_test(tcase, nothing_is_asked_in_vain, 0, 40);
	return run_suite(suite);
}
