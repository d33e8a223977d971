/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The history keeps the newest entries and counts on.
 */

#include <stdio.h>
#include <string.h>

#include "core/model/history.h"
#include "fixture.h"

START_TEST(test_history)
{
	struct history history;

	history_init(&history);
	ck_assert_uint_eq(history.next_sequence, 1);
	for (uint64_t i = 1; i <= 4 * HISTORY_MAX + 5; i++) {
		char link[32];
		struct history_entry entry = { .sequence = history.next_sequence, .link = link };

		sprintf(link, "/DosDevices/%u", (unsigned int)i);
		history_add(&history, history_entry_new(&entry));
		ck_assert_uint_eq(history.next_sequence, i + 1);
		ck_assert_uint_eq(history.count, i < HISTORY_MAX ? i : HISTORY_MAX);
		ck_assert_uint_eq(history.entries[0]->sequence, i - history.count + 1);
		ck_assert_uint_eq(history.entries[history.count - 1]->sequence, i);
	}
	for (size_t i = 0; i < history.count; i++)
		ck_assert_uint_eq(history.entries[i]->sequence, 3 * HISTORY_MAX + i + 6);
	ck_assert_str_eq(history.entries[0]->link, "/DosDevices/3006");
	history_fini(&history);
}
END_TEST

START_TEST(test_sequence_of_database)
{
	struct history_entry entry = { .sequence = 5000 };
	struct history history;

	history_init(&history);
	history_add(&history, history_entry_new(&entry));
	ck_assert_uint_eq(history.next_sequence, 5001);
	history_fini(&history);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("history");
	TCase *tcase = suite_add_case(suite, "history");

	tcase_add_test(tcase, test_history);
	tcase_add_test(tcase, test_sequence_of_database);
	return run_suite(suite);
}
