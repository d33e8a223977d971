/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machines/vigil, by a clock that the test turns, from one deadline to the next; and
 * machines/crash_loop.
 */

#include "../run-suite.h"
#include "machines/crash_loop.h"
#include "machines/vigil.h"

enum { MS = 1000, SECONDS = 1000 * MS };

static uint64_t now;

static struct vigil begin(uint64_t interval)
{
	struct vigil vigil = { 0 };

	now = 7 * SECONDS;
	vigil_begin(&vigil, interval, now);
	return vigil;
}

/* Goes on to what is due next, which must not be now already, and takes it. */
static enum vigil_action go_on(struct vigil *vigil)
{
	uint64_t at = vigil_get_deadline(vigil);

	ck_assert_uint_ne(at, 0);
	ck_assert_int_eq(vigil_take(vigil, at - 1), VIGIL_NOTHING);
	now = at;
	return vigil_take(vigil, now);
}

START_TEST(nobody_asks)
{
	struct vigil vigil = begin(0);

	ck_assert_uint_eq(vigil_get_deadline(&vigil), 0);
	ck_assert_int_eq(vigil_take(&vigil, now + 1000000 * (uint64_t)SECONDS), VIGIL_NOTHING);
}
END_TEST

START_TEST(systemd_hears_in_time)
{
	struct vigil vigil = begin(20 * SECONDS);

	ck_assert_int_eq(vigil_take(&vigil, now), VIGIL_FEED);
	for (int i = 1; i < 100; i++) {
		vigil_hear(&vigil, now);
		ck_assert_int_eq(go_on(&vigil), VIGIL_FEED);
		ck_assert_uint_eq(now, 7 * SECONDS + (uint64_t)i * 20 * SECONDS);
		ck_assert_int_eq(vigil_take(&vigil, now), VIGIL_NOTHING);
	}
}
END_TEST

/* A late turn is not made up for by several. */
START_TEST(a_late_turn_feeds_once)
{
	struct vigil vigil = begin(20 * SECONDS);

	now += 200 * (uint64_t)SECONDS;
	vigil_hear(&vigil, now);
	ck_assert_int_eq(vigil_take(&vigil, now), VIGIL_FEED);
	ck_assert_int_eq(vigil_take(&vigil, now), VIGIL_NOTHING);
}
END_TEST

START_TEST(a_server_that_stands_still_is_ended)
{
	struct vigil vigil = begin(20 * SECONDS);
	uint64_t heard = now + 5 * SECONDS;
	enum vigil_action action;

	ck_assert_int_eq(vigil_take(&vigil, now), VIGIL_FEED);
	vigil_hear(&vigil, heard);
	do
		action = go_on(&vigil);
	while (action == VIGIL_FEED);
	ck_assert_int_eq(action, VIGIL_ABORT);
	ck_assert_uint_eq(now, heard + 60 * SECONDS);
	ck_assert_int_eq(go_on(&vigil), VIGIL_KILL);
	ck_assert_uint_eq(now, heard + 62 * SECONDS);
	ck_assert_int_eq(go_on(&vigil), VIGIL_LEAVE);
	ck_assert_uint_eq(now, heard + 67 * SECONDS);
}
END_TEST

/* Stopped by Ctrl-Z, or by the freezer of a container. */
START_TEST(who_were_frozen_together_go_on)
{
	struct vigil vigil = begin(20 * SECONDS);
	uint64_t thawed = now + 1000 * (uint64_t)SECONDS;
	enum vigil_action action;

	ck_assert_int_eq(vigil_take(&vigil, now), VIGIL_FEED);
	now = thawed;
	ck_assert_int_eq(vigil_take(&vigil, now), VIGIL_FEED);
	ck_assert_int_eq(vigil_take(&vigil, now), VIGIL_NOTHING);
	do
		action = go_on(&vigil);
	while (action == VIGIL_FEED);
	ck_assert_int_eq(action, VIGIL_ABORT);
	ck_assert_uint_eq(now, thawed + 60 * SECONDS);
}
END_TEST

/* systemd goes on hearing meanwhile. */
START_TEST(the_keeper_lives_while_its_server_dies)
{
	struct vigil vigil = begin(1 * SECONDS);
	int feeds = 0;

	for (;;) {
		enum vigil_action action = go_on(&vigil);

		feeds += action == VIGIL_FEED;
		if (action == VIGIL_LEAVE)
			break;
	}
	ck_assert_int_ge(feeds, 9);
}
END_TEST

/* What it says after that is no sign of life. */
START_TEST(who_leaves_is_given_time)
{
	struct vigil vigil = begin(0);

	vigil_let_go(&vigil, now);
	ck_assert_int_eq(go_on(&vigil), VIGIL_LEAVE);
	ck_assert_uint_eq(now, 17 * SECONDS);

	vigil = begin(1 * SECONDS);
	vigil_let_go(&vigil, now);
	for (enum vigil_action action; (action = go_on(&vigil)) != VIGIL_LEAVE;)
		ck_assert_int_eq(action, VIGIL_FEED);
	ck_assert_uint_eq(now, 17 * SECONDS);
}
END_TEST

/* While there is no server, none can be silent; the next one begins with a full limit. */
START_TEST(between_two_servers_only_systemd_hears)
{
	struct vigil vigil = begin(20 * SECONDS);
	enum vigil_action action;

	do
		action = go_on(&vigil);
	while (action == VIGIL_FEED);
	ck_assert_int_eq(action, VIGIL_ABORT);
	vigil_pause(&vigil); /* it has died of that */
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(go_on(&vigil), VIGIL_FEED);
	vigil_begin(&vigil, 20 * SECONDS, now);
	while ((action = vigil_take(&vigil, now)) == VIGIL_FEED)
		;
	ck_assert_int_eq(action, VIGIL_NOTHING);
	for (uint64_t began = now; (action = go_on(&vigil)) != VIGIL_ABORT;) {
		ck_assert_int_eq(action, VIGIL_FEED);
		ck_assert_uint_lt(now, began + 60 * SECONDS + 1);
	}
}
END_TEST

START_TEST(one_that_leaves_and_one_that_dies_differ)
{
	struct vigil vigil = begin(20 * SECONDS);

	vigil_let_go(&vigil, now);
	vigil_pause(&vigil); /* it said so, but had not taken over yet */
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(go_on(&vigil), VIGIL_FEED);
}
END_TEST

START_TEST(five_ends_in_half_a_minute_are_too_many)
{
	struct crash_loop loop = { 0 };

	for (int i = 0; i < 4; i++)
		ck_assert(!crash_loop_note(&loop, 1));
	ck_assert(crash_loop_note(&loop, 1 + 30 * SECONDS - 1));
	/* From then on any of the last five counts. */
	ck_assert(!crash_loop_note(&loop, 1 + 30 * SECONDS));
	ck_assert(!crash_loop_note(&loop, 1 + 31 * SECONDS));
	ck_assert(!crash_loop_note(&loop, 1 + 32 * SECONDS));
	ck_assert(crash_loop_note(&loop, 1 + 33 * SECONDS));
}
END_TEST

START_TEST(one_end_now_and_then_is_not)
{
	struct crash_loop loop = { 0 };

	for (uint64_t i = 1; i < 1000; i++)
		ck_assert(!crash_loop_note(&loop, i * 30 * SECONDS / 4));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vigil");
	TCase *tests = suite_add_case(suite, "vigil");

	tcase_add_test(tests, nobody_asks);
	tcase_add_test(tests, systemd_hears_in_time);
	tcase_add_test(tests, a_late_turn_feeds_once);
	tcase_add_test(tests, a_server_that_stands_still_is_ended);
	tcase_add_test(tests, who_were_frozen_together_go_on);
	tcase_add_test(tests, the_keeper_lives_while_its_server_dies);
	tcase_add_test(tests, who_leaves_is_given_time);
	tcase_add_test(tests, between_two_servers_only_systemd_hears);
	tcase_add_test(tests, one_that_leaves_and_one_that_dies_differ);
	tcase_add_test(tests, five_ends_in_half_a_minute_are_too_many);
	tcase_add_test(tests, one_end_now_and_then_is_not);
	return run_suite(suite);
}
