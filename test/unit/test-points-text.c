/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of `points` after changes at random, from the one before, against the one made anew: it
 * is the same, and what has not changed is there once.
 */

#include <string.h>

#include "../run-suite.h"
#include "core/views/points_text.h"
#include "core/views/render.h"
#include "dice.h"

#define ID "UUID=1"
#define NAMES 2000u
#define LINE_MAX 100 /* bytes */

/* In the order of their numbers, a folder of each form behind the other. */
static char *make_path(unsigned int number)
{
	static const char *const names[] = { "-", "a plain name ", "q\"uoted\"\\", "~",
		"\xc3\xa4" };

	return xasprintf("/DosDevices/%s%04u", names[number * ARRAY_SIZE(names) / NAMES], number);
}

static void set_one(
	struct manager *manager, struct stale_lines *lines, unsigned int number, bool is_there)
{
	_cleanup_free_ char *path = make_path(number);
	bool was_there = names_find_link(&manager->names, path);

	if (was_there && !is_there)
		names_remove_link(&manager->names, path);
	else if (!was_there && is_there)
		names_set_link(&manager->names, path, ID, 1);
	stale_lines_add(lines, path);
}

/*
 * One, some anywhere, or most of a range: so the text grows and shrinks, here and there, and for a
 * while mostly the one or the other.
 */
static void change(struct dice *dice, struct manager *manager, struct stale_lines *lines)
{
	unsigned int first = dice_draw(dice, NAMES), count = 1 + dice_draw(dice, 40);
	bool is_growing = dice->step / 50 % 2 == 0, is_odd = dice_draw(dice, 4) == 0;
	bool is_there = is_growing != is_odd;

	switch (dice_draw(dice, 4)) {
	case 0:
		set_one(manager, lines, first, is_there);
		break;
	case 1:
		for (; count; count--)
			set_one(manager, lines, dice_draw(dice, NAMES), is_there);
		break;
	case 2:
		for (count *= 8; count && first < NAMES; count--, first++)
			if (dice_draw(dice, 10))
				set_one(manager, lines, first, is_there);
		break;
	default: /* the same twice */
		set_one(manager, lines, first, is_there);
		set_one(manager, lines, first, !is_there);
	}
}

static void check(struct dice *dice, const struct manager *manager, const struct sheets *text)
{
	_cleanup_strbuf_ struct strbuf anew = STRBUF_INIT;
	_cleanup_free_ char *copy = xcalloc(text->len + 1, 1);

	render_points(manager, &anew);
	sheets_copy(text, 0, text->len, copy);
	DICE_EXPECT(dice, text->len == anew.len);
	DICE_EXPECT(dice, strcmp(copy, strbuf_text(&anew)) == 0);
	for (size_t i = 1; i < text->count; i++)
		DICE_EXPECT(dice,
			text->places[i].sheet->len + text->places[i - 1].sheet->len >
				text->max / 2 - LINE_MAX);
}

START_TEST(test_random)
{
	struct dice dice = dice_new(_i);
	struct manager manager;
	struct sheets text = { .max = 600 + dice_draw(&dice, 4000) }, anew = { .max = text.max };
	unsigned int steps = dice_get_steps(300);

	if (dice_is_left_out(_i))
		return;
	manager_init(&manager, &id_order_default);
	names_edit_record(&manager.names, ID)->keep_links = true;
	points_text_make(&manager, &text);
	for (dice.step = 0; dice.step < steps; dice.step++) {
		struct stale_lines lines = { 0 };
		struct sheets after = { .max = text.max };

		change(&dice, &manager, &lines);
		points_text_renew(&manager, &lines, &text, &after);
		check(&dice, &manager, &after);
		DICE_EXPECT(&dice,
			sheets_get_difference(&after, &text) <=
				(2 * text.max + 200) * (lines.count + 1));
		sheets_fini(&text);
		text = after;
		stale_lines_fini(&lines);
	}
	points_text_make(&manager, &anew);
	check(&dice, &manager, &anew);
	sheets_fini(&anew);
	sheets_fini(&text);
	manager_fini(&manager);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("points-text");
	TCase *tcase = suite_add_case(suite, "points-text");

	tcase_add_loop_test(tcase, test_random, 1, 20);
	return run_suite(suite);
}
