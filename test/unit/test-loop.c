/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timers of the main loop. All of them are due: nothing waits for a clock. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/loop.h"

struct alarm {
	struct timer timer;
	char name;
	struct timer *ends;   /* another one, which it disarms */
	struct timer *begins; /* one that it arms for the past */
};

static struct loop *loop;
static char fired[32];

static void note(void *data, uint64_t now)
{
	const struct alarm *alarm = data;

	ck_assert_uint_eq(alarm->timer.at, 0);
	strncat(fired, &alarm->name, 1);
	if (alarm->ends)
		loop_set_timer(loop, alarm->ends, 0);
	if (alarm->begins)
		loop_set_timer(loop, alarm->begins, 1);
}

static void alarm_init(struct alarm *alarm, char name)
{
	*alarm = (struct alarm){ .timer = { note, alarm }, .name = name };
}

static void run(const char *expected)
{
	fired[0] = '\0';
	ck_assert_int_eq(loop_run_once(loop, 1), 0);
	ck_assert_str_eq(fired, expected);
}

static void setup(void)
{
	ck_assert_int_eq(loop_new(&loop), 0);
}

static void teardown(void)
{
	loop_free(loop);
}

START_TEST(fires_in_order_and_once)
{
	struct alarm a, b, c;

	alarm_init(&a, 'a');
	alarm_init(&b, 'b');
	alarm_init(&c, 'c');
	loop_set_timer(loop, &b.timer, 20);
	loop_set_timer(loop, &c.timer, 20);
	loop_set_timer(loop, &a.timer, 10);
	run("abc");
	run("");
}
END_TEST

START_TEST(is_armed_anew_and_disarmed)
{
	struct alarm a, b, c;

	alarm_init(&a, 'a');
	alarm_init(&b, 'b');
	alarm_init(&c, 'c');
	loop_set_timer(loop, &a.timer, 10);
	loop_set_timer(loop, &b.timer, 20);
	loop_set_timer(loop, &c.timer, UINT64_MAX);
	loop_set_timer(loop, &a.timer, 30);
	b.ends = &a.timer;
	run("b");
	loop_set_timer(loop, &c.timer, 0);
	loop_set_timer(loop, &c.timer, 0);
	run("");
}
END_TEST

START_TEST(what_is_armed_for_the_past_waits_for_the_next_turn)
{
	struct alarm a, b;

	alarm_init(&a, 'a');
	alarm_init(&b, 'b');
	a.begins = &a.timer;
	loop_set_timer(loop, &a.timer, 10);
	run("a");
	run("a");
	a.begins = &b.timer;
	run("a");
	run("b");
	run("");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("loop");
	TCase *tcase = tcase_create("timers");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, fires_in_order_and_once);
	tcase_add_test(tcase, is_armed_anew_and_disarmed);
	tcase_add_test(tcase, what_is_armed_for_the_past_waits_for_the_next_turn);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
