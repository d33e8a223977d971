/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machines/pending against a list that is searched from front to back: names come and go, are
 * looked at and taken, in any order. The newest word counts, at the place of the first.
 *
 * What is broken on purpose, and noticed: mutants.list.
 */

#include <stdio.h>
#include <string.h>

#include "../run-suite.h"
#include "dice.h"
#include "machines/pending.h"

enum { SEEDS = 20, STEPS = 6000, NAMES = 12 };

struct word {
	char name[16];
	unsigned int content; /* 0: it is gone */
};

static struct {
	struct dice dice;
	struct pending pending;
	struct word words[NAMES]; /* the naive model: in the order of their coming */
	size_t count, looked;
	unsigned int contents;
} game;

static void get_name(char ret_name[16])
{
	snprintf(ret_name, 16, "sd%c", 'a' + (char)dice_draw(&game.dice, NAMES));
}

static struct word *get_word(const char *name)
{
	size_t i = 0;

	while (i < game.count && strcmp(game.words[i].name, name) != 0)
		i++;
	if (i == game.count)
		snprintf(game.words[game.count++].name, sizeof(game.words[i].name), "%s", name);
	return &game.words[i];
}

static void play_come(void)
{
	struct device *device;
	char name[16];

	get_name(name);
	device = device_new(name);
	device->diskseq = ++game.contents;
	get_word(name)->content = game.contents;
	pending_add(&game.pending, name, device);
}

static void play_go(void)
{
	char name[16];

	get_name(name);
	get_word(name)->content = 0;
	pending_add(&game.pending, name, NULL);
}

static void look_at(void *data, const char *name, const struct device *device)
{
	const struct word *word = &game.words[game.looked++];

	DICE_EXPECT(&game.dice, game.looked <= game.count);
	DICE_EXPECT(&game.dice, strcmp(name, word->name) == 0);
	DICE_EXPECT(&game.dice, (device ? device->diskseq : 0) == word->content);
}

/* To look takes nothing: whatever is played, this holds at any time. */
static void check(void)
{
	game.looked = 0;
	pending_look(&game.pending, look_at, NULL);
	DICE_EXPECT(&game.dice, game.looked == game.count);
	DICE_EXPECT(&game.dice, pending_is_empty(&game.pending) == !game.count);
}

static void play_take(void)
{
	struct volumes_change change = { 0 };
	size_t puts = 0, gones = 0;

	pending_take(&game.pending, &change);
	DICE_EXPECT(&game.dice, change.puts + change.gones == game.count);
	for (size_t i = 0; i < game.count; i++) {
		const struct word *word = &game.words[i];

		if (!word->content) {
			DICE_EXPECT(&game.dice, gones < change.gones);
			DICE_EXPECT(&game.dice, strcmp(change.gone[gones++], word->name) == 0);
			continue;
		}
		DICE_EXPECT(&game.dice, puts < change.puts);
		DICE_EXPECT(&game.dice, strcmp(change.put[puts]->name, word->name) == 0);
		DICE_EXPECT(&game.dice, change.put[puts++]->diskseq == word->content);
	}
	volumes_change_fini(&change);
	game.count = 0;
}

START_TEST(the_newest_word_counts)
{
	unsigned int steps = dice_get_steps(STEPS);

	if (dice_is_left_out(_i))
		return;
	game.dice = dice_new(_i);
	game.count = 0;
	pending_init(&game.pending);
	for (game.dice.step = 1; game.dice.step <= steps; game.dice.step++) {
		unsigned int kind = dice_draw(&game.dice, 20);

		game.dice.last = kind < 11 ? "come" : kind < 18 ? "go" : "take";
		if (kind < 11)
			play_come();
		else if (kind < 18)
			play_go();
		else
			play_take();
		check();
	}
	pending_fini(&game.pending); /* with what is left */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pending-random");
	TCase *tcase = suite_add_case(suite, "pending-random");

	tcase_add_loop_test(tcase, the_newest_word_counts, 0, SEEDS);
	return run_suite(suite);
}
