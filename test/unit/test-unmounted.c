/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machines/unmounted, by a clock that the test turns. */

#include <string.h>

#include "../run-suite.h"
#include "machines/unmounted.h"

enum { MS = 1000, SECONDS = 1000 * MS };

static struct unmounted unmounted;
static uint64_t now;
static bool is_kept; /* by the kernel, whatever device */
static unsigned int reads, questions;

static bool is_held(void *data, const char *name)
{
	ck_assert_ptr_eq(data, &now);
	questions++;
	return is_kept;
}

static void read_device(void *data, const char *name)
{
	ck_assert_ptr_eq(data, &now);
	ck_assert(*name == 'd');
	reads++;
}

static void setup(void)
{
	now = 7 * SECONDS;
	is_kept = false;
	reads = questions = 0;
	unmounted = (struct unmounted){ .effects = { is_held, read_device, &now } };
}

static void teardown(void)
{
	unmounted_fini(&unmounted);
}

START_TEST(each_change_is_one_read)
{
	is_kept = true;
	unmounted_note(&unmounted, "d1", true, now);
	ck_assert_uint_eq(reads, 1);
	ck_assert_uint_eq(unmounted_get_deadline(&unmounted), 0);
	is_kept = false;
	unmounted_note(&unmounted, "d1", false, now);
	ck_assert_uint_eq(reads, 2);
	ck_assert_uint_eq(unmounted_get_deadline(&unmounted), 0);
}
END_TEST

START_TEST(what_is_still_written_to_is_read_again)
{
	is_kept = true;
	unmounted_note(&unmounted, "d1", false, now);
	unmounted_look(&unmounted, true, now);
	ck_assert_uint_eq(reads, 1);
	is_kept = false;
	now = unmounted_get_deadline(&unmounted);
	unmounted_look(&unmounted, false, now - 1);
	ck_assert_uint_eq(reads, 1);
	unmounted_look(&unmounted, false, now);
	ck_assert_uint_eq(reads, 2);
	ck_assert_uint_eq(unmounted_get_deadline(&unmounted), 0);
}
END_TEST

START_TEST(who_asks_for_all_does_not_wait)
{
	is_kept = true;
	unmounted_note(&unmounted, "d1", false, now);
	unmounted_note(&unmounted, "d2", false, now);
	is_kept = false;
	unmounted_look(&unmounted, true, now);
	ck_assert_uint_eq(reads, 4);
	ck_assert_uint_eq(unmounted_get_deadline(&unmounted), 0);
}
END_TEST

/* Mounted again, or for good in another namespace. */
START_TEST(nobody_asks_more_than_needed)
{
	is_kept = true;
	unmounted_note(&unmounted, "d1", false, now);
	unmounted_note(&unmounted, "d1", true, now);
	ck_assert_uint_eq(unmounted_get_deadline(&unmounted), 0);
	unmounted_note(&unmounted, "d1", false, now);
	unmounted_note(&unmounted, "d1", false, now);
	questions = 0;
	for (uint64_t end = now + 100 * SECONDS; now < end;
		now = unmounted_get_deadline(&unmounted))
		unmounted_look(&unmounted, false, now);
	ck_assert_uint_ge(questions, 50);
	ck_assert_uint_le(questions, 60);
	ck_assert_uint_eq(reads, 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unmounted");
	TCase *tests = suite_add_case(suite, "unmounted");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, each_change_is_one_read);
	tcase_add_test(tests, what_is_still_written_to_is_read_again);
	tcase_add_test(tests, who_asks_for_all_does_not_wait);
	tcase_add_test(tests, nobody_asks_more_than_needed);
	return run_suite(suite);
}
