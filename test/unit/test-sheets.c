/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts in sheets, at random, against the same texts in one piece.
 */

#include <string.h>
#include <sys/mman.h>

#include "../run-suite.h"
#include "base/sheets.h"
#include "dice.h"

#define TEXTS 4
#define MEMORY ((size_t)32 << 20)
#define KIND 7u

struct pair {
	struct sheets text;
	struct strbuf naive;
};

static void check_slice(struct dice *dice, const struct pair *pair, uint64_t offset, size_t size)
{
	size_t left = offset < pair->naive.len ? pair->naive.len - (size_t)offset : 0;
	size_t len = sheets_get_slice(&pair->text, offset, size), count, at = 0;
	_cleanup_free_ char *copy = xcalloc(size + 1, 1);
	struct iovec pieces[8];

	DICE_EXPECT(dice, len == (size < left ? size : left));
	sheets_copy(&pair->text, offset, len, copy);
	DICE_EXPECT(dice, !len || memcmp(copy, pair->naive.data + offset, len) == 0);
	count = sheets_find(&pair->text, offset, len, pieces, ARRAY_SIZE(pieces));
	for (size_t i = 0; i < count && i < ARRAY_SIZE(pieces); i++) {
		DICE_EXPECT(dice, pieces[i].iov_len && pieces[i].iov_len <= len - at);
		DICE_EXPECT(dice, memcmp(pieces[i].iov_base, copy + at, pieces[i].iov_len) == 0);
		at += pieces[i].iov_len;
	}
	DICE_EXPECT(dice, count > ARRAY_SIZE(pieces) || at == len);
}

/* Whole lines, on sheets that are no longer than they may be, but for a line that is. */
static void check_sheets(struct dice *dice, const struct pair *pair)
{
	size_t end = 0;

	for (size_t i = 0; i < pair->text.count; i++) {
		const struct sheet *sheet = pair->text.places[i].sheet;
		const char *newline = memchr(sheet->data, '\n', sheet->len);

		end += sheet->len;
		DICE_EXPECT(dice, pair->text.places[i].end == end && !sheet->is_marked);
		DICE_EXPECT(dice, sheet->data[sheet->len - 1] == '\n');
		DICE_EXPECT(dice,
			sheet->len <= pair->text.max || newline == sheet->data + sheet->len - 1);
	}
	DICE_EXPECT(dice, end == pair->text.len && end == pair->naive.len);
}

static void add_lines(struct dice *dice, struct pair *pair)
{
	_cleanup_strbuf_ struct strbuf lines = STRBUF_INIT;
	size_t count = dice_draw(dice, 4) ? dice_draw(dice, 3) : dice_draw(dice, 60);

	while (count--) {
		for (unsigned int n = dice_draw(dice, dice_draw(dice, 20) ? 20 : 150); n; n--)
			strbuf_add_char(&lines, (char)('a' + (int)dice_draw(dice, 26)));
		strbuf_add_char(&lines, '\n');
	}
	strbuf_add(&pair->naive, strbuf_text(&lines), lines.len);
	sheets_add(&pair->text, &lines);
	DICE_EXPECT(dice, lines.len == 0);
}

/* Begins a text anew, with some sheets of another; what is different is counted in two ways. */
static void share(struct dice *dice, struct pair *from, struct pair *to)
{
	size_t different = 0;

	sheets_fini(&to->text);
	strbuf_fini(&to->naive);
	to->text.max = from->text.max;
	for (size_t i = 0; i < from->text.count; i++) {
		struct sheet *sheet = from->text.places[i].sheet;

		if (dice_draw(dice, 8)) {
			sheets_share(&to->text, sheet);
			strbuf_add(&to->naive, sheet->data, sheet->len);
		} else {
			different += sheet->len;
		}
	}
	DICE_EXPECT(dice, sheets_get_difference(&from->text, &to->text) == different);
	DICE_EXPECT(dice, sheets_get_difference(&to->text, &from->text) == 0);
}

static size_t count_records(const struct kept *kept)
{
	size_t count = 0;

	for (uint32_t record = 0; (record = kept_next(kept, KIND, record));)
		count++;
	return count;
}

/* Another process finds the sheets by their numbers. */
static void keep(struct dice *dice, struct pair *pair, struct kept *kept)
{
	static uint64_t number;

	for (size_t i = 0; i < pair->text.count; i++) {
		struct sheet *sheet = pair->text.places[i].sheet, *loaded;
		bool is_new = !sheet->record;

		DICE_EXPECT(dice, sheet_keep(sheet, kept, KIND, ++number));
		DICE_EXPECT(dice, !is_new || sheet->number == number);
		loaded = sheet_load(kept, sheet->record);
		DICE_EXPECT(dice, loaded->number == sheet->number && loaded->len == sheet->len);
		DICE_EXPECT(dice, memcmp(loaded->data, sheet->data, sheet->len) == 0);
		free(loaded); /* the record stays that of the other */
	}
	kept_commit(kept);
}

static void play(struct dice *dice, struct pair *pairs, struct kept *kept)
{
	struct pair *pair = &pairs[dice_draw(dice, TEXTS)];

	switch (dice_draw(dice, 8)) {
	case 0:
		dice->last = "share";
		if (pair != pairs)
			share(dice, pairs, pair);
		break;
	case 1:
		dice->last = "keep";
		keep(dice, pair, kept);
		break;
	default:
		dice->last = "add";
		add_lines(dice, pair);
	}
	check_sheets(dice, pair);
	for (int i = 0; i < 4; i++)
		check_slice(dice, pair, dice_draw(dice, (unsigned int)pair->naive.len + 10),
			dice_draw(dice, 2000));
}

START_TEST(test_random)
{
	struct dice dice = dice_new(_i);
	struct pair pairs[TEXTS] = { 0 };
	void *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct kept *kept = kept_new(memory, MEMORY);
	unsigned int steps = dice_get_steps(400);

	if (dice_is_left_out(_i))
		return;
	for (size_t i = 0; i < TEXTS; i++)
		pairs[i].text.max = 50 + dice_draw(&dice, 300);
	for (dice.step = 0; dice.step < steps; dice.step++)
		play(&dice, pairs, kept);
	for (size_t i = 0; i < TEXTS; i++) {
		sheets_fini(&pairs[i].text);
		strbuf_fini(&pairs[i].naive);
	}
	kept_commit(kept);
	ck_assert_uint_eq(count_records(kept), 0);
	kept_free(kept);
	munmap(memory, MEMORY);
}
END_TEST

/* Without room a sheet stays where it is. */
START_TEST(test_no_room)
{
	void *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct kept *kept = kept_new(memory, MEMORY);
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
	struct sheets text = { 0 };

	while (kept_try_add(kept, KIND + 1, 0, NULL, 64))
		;
	strbuf_add_text(&line, "line\n");
	sheets_add(&text, &line);
	ck_assert(!sheet_keep(text.places[0].sheet, kept, KIND, 1));
	ck_assert_uint_eq(text.places[0].sheet->record, 0);
	ck_assert_int_eq(memcmp(text.places[0].sheet->data, "line\n", 5), 0);
	sheets_fini(&text);
	kept_free(kept);
	munmap(memory, MEMORY);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sheets");
	TCase *tcase = suite_add_case(suite, "sheets");

	tcase_add_loop_test(tcase, test_random, 1, 30);
	tcase_add_test(tcase, test_no_room);
	return run_suite(suite);
}
