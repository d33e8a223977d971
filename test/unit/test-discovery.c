/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From events to devices, with a made-up world and its clock: disks.h. */

#include <check.h>
#include <errno.h>
#include <string.h>

#include "disks.h"

#define HANGING PROBING_UNDER_WAY_MAX

static void setup_kernel(void)
{
	disks_init("*", false);
}

static void setup_udevd(void)
{
	disks_init("*", true);
}

START_TEST(the_prober_reads_what_the_kernel_announces)
{
	disk_plug(0, 7);
	ck_assert(!discovery_is_settled(disks.discovery));
	disk_answer(0);
	ck_assert(discovery_is_enumerated(disks.discovery));
	ck_assert(!discovery_is_settled(disks.discovery));
	disk_expect(0, 7);
	ck_assert(discovery_is_settled(disks.discovery));
	ck_assert(disks.list[0].is_watched);
	disk_unplug(0);
	disk_expect(0, -2);
	ck_assert(!disks.list[0].is_watched);
}
END_TEST

/* Nobody waits for udevd or the prober while a name leads to what is no more. */
START_TEST(the_medium_before_shows_no_more_at_once)
{
	disk_plug(0, 7);
	disk_udevd(0, 0);
	disk_expect(0, 7);
	disk_eject(0);
	disk_expect(0, -2);
	disk_udevd(0, 0);
	disk_plug(0, 8);
	disk_udevd(0, 0);
	disk_expect(0, 8);
	disk_plug(0, 9); /* another one right after, before anybody looked */
	disk_expect(0, -2);
	disk_udevd(0, 0);
	disk_expect(0, 9);
}
END_TEST

START_TEST(what_is_excluded_is_not_looked_at)
{
	disks_fini();
	disks_init("!d1", false);
	disk_plug(0, 7);
	disk_plug(1, 8);
	discovery_look(disks.discovery, "d1", disks.now);
	ck_assert_uint_eq(disks.probe_count, 1);
}
END_TEST

START_TEST(news_during_a_probe_make_another)
{
	disk_plug(0, 7);
	disks_wait(1);
	disk_write(0, 8);
	ck_assert_uint_eq(disks.probe_count, 1);
	disk_answer(0);
	disk_expect(0, 7);
	disk_answer(0);
	disk_expect(0, 8);
	ck_assert_uint_eq(disks.probe_count, 0);
}
END_TEST

START_TEST(news_before_the_prober_began_do_not)
{
	disks.begin_error = -EAGAIN;
	disk_plug(0, 7);
	disk_write(0, 8);
	disks_wait(SECOND);
	disks.begin_error = 0;
	discovery_look(disks.discovery, "d1", disks.now); /* something happens */
	disk_answer(0);
	disk_expect(0, 8);
	ck_assert_uint_eq(disks.probe_count, 0);
}
END_TEST

START_TEST(a_slow_disk_is_shown_as_such_and_answers_later)
{
	disk_plug(0, 7);
	disks_wait(2 * SECOND);
	ck_assert(!discovery_is_enumerated(disks.discovery));
	disks_wait(SECOND);
	ck_assert(discovery_is_enumerated(disks.discovery));
	disk_expect_fault(0, "reading it takes long");
	disk_answer(0);
	disk_expect(0, 7);
}
END_TEST

START_TEST(a_dead_disk_is_given_up)
{
	disk_plug(0, 7);
	disks_wait(124 * SECOND);
	ck_assert_uint_eq(disks.probe_count, 0);
	disk_expect_fault(0, "reading it takes long");
	ck_assert_uint_eq(disks.timer, 0);
	disk_write(0, 8);
	disk_answer(0);
	disk_expect(0, 8);
}
END_TEST

START_TEST(disks_that_hang_hold_up_others_until_they_are_slow)
{
	for (size_t i = 0; i < HANGING; i++)
		disk_plug(i, 1);
	disks_wait(SECOND);
	disk_plug(HANGING, 7);
	ck_assert_uint_eq(disks.probe_count, HANGING);
	disks_wait(2 * SECOND);
	ck_assert_uint_eq(disks.probe_count, HANGING + 1);
	disk_answer(HANGING);
	disk_expect(HANGING, 7);
	disk_expect_fault(0, "reading it takes long");
}
END_TEST

START_TEST(who_waits_for_its_turn_is_not_called_slow)
{
	for (size_t i = 0; i <= HANGING; i++)
		disk_plug(i, 1);
	disks_wait(3 * SECOND);
	disk_answer(HANGING);
	disks_take();
	ck_assert_int_eq(disk_get(HANGING), 1);
	ck_assert_ptr_null(strstr(disks.said, "d64:"));
}
END_TEST

START_TEST(a_prober_that_never_has_room_keeps_nobody_for_ever)
{
	disks.begin_error = -EAGAIN;
	disk_plug(0, 1);
	disks_wait(40 * SECOND);
	ck_assert(discovery_is_enumerated(disks.discovery));
	disk_expect_fault(0, "reading it takes long");
}
END_TEST

START_TEST(the_end_of_the_prober_fails_all_at_once)
{
	disk_plug(0, 7);
	disk_plug(1, 8);
	disks.probe_count = 0;
	disks.begin_error = -EPIPE;
	discovery_handle_prober_end(disks.discovery, disks.now);
	ck_assert(discovery_is_enumerated(disks.discovery));
	disk_expect_fault(0, "cannot be probed: the prober has died");
	disk_expect_fault(1, "cannot be probed: the prober has died");
	disk_plug(2, 9);
	ck_assert(discovery_is_enumerated(disks.discovery));
	disk_expect_fault(2, "cannot be probed: the prober has died");
	ck_assert_uint_eq(disks.timer, 0);
}
END_TEST

START_TEST(a_probe_that_is_refused_fails_and_no_other)
{
	disks.begin_error = -EINVAL;
	disk_plug(0, 7);
	disk_expect_fault(0, "cannot be probed: Invalid argument");
	disks.begin_error = 0;
	disk_plug(1, 8);
	disk_answer(1);
	disk_expect(1, 8);
}
END_TEST

START_TEST(a_talkative_disk_does_not_put_off_a_rescan)
{
	disk_plug(0, 7);
	disk_answer(0);
	disks.list[1].is_present = true; /* which was lost */
	disks.list[1].content = 8;
	disks.lists = 0;
	discovery_handle_overrun(disks.discovery, disks.now);
	for (int i = 0; i < 50; i++) {
		const struct discovery_event event = { .name = "d0", .sequence = 1000 };

		disks_wait(SECOND / 20);
		discovery_handle_kernel(disks.discovery, &event, disks.now);
	}
	ck_assert_uint_eq(disks.lists, 1);
	disk_answer(1);
	disk_expect(1, 8);
}
END_TEST

START_TEST(a_rescan_waits_for_quiet)
{
	disks.lists = 0;
	discovery_handle_overrun(disks.discovery, disks.now);
	disks_wait(SECOND / 20);
	discovery_handle_overrun(disks.discovery, disks.now);
	disks_wait(SECOND / 20);
	ck_assert_uint_eq(disks.lists, 0);
	ck_assert(!discovery_is_enumerated(disks.discovery));
	disks_wait(SECOND / 20);
	ck_assert_uint_eq(disks.lists, 1);
	ck_assert(discovery_is_enumerated(disks.discovery));
}
END_TEST

START_TEST(a_rescan_that_fails_is_made_again_at_leisure)
{
	disk_plug(0, 7);
	disk_answer(0);
	disk_expect(0, 7);
	disks.list[0].content = 8; /* nobody says so */
	disks.lists = 0;
	disks.list_error = -EMFILE;
	discovery_rescan(disks.discovery, disks.now);
	ck_assert(discovery_is_enumerated(disks.discovery));
	disks_wait(100 * SECOND);
	ck_assert_uint_ge(disks.lists, 5);
	ck_assert_uint_le(disks.lists, 10);
	ck_assert_str_eq(disks.said, "cannot list block devices: Too many open files\n");
	disk_expect(0, 7);
	disks.list_error = 0;
	disks_wait(61 * SECOND);
	disk_answer(0);
	disk_expect(0, 8);
	ck_assert_uint_eq(disks.timer, 0);
}
END_TEST

/* Of what a mounted filesystem writes udevd hears nothing, and would say the old for good. */
START_TEST(what_was_read_counts_until_udevd_tells_more)
{
	disk_plug(0, 7);
	disk_udevd(0, 0);
	disk_expect(0, 7);
	disks.list[0].content = 8; /* nobody says so */
	discovery_look(disks.discovery, "d0", disks.now);
	disk_expect(0, 7);
	discovery_read(disks.discovery, "d0", disks.now);
	disk_answer(0);
	disk_expect(0, 8);
	discovery_look(disks.discovery, "d0", disks.now);
	disk_answer(0);
	disk_expect(0, 8);
	disk_udevd(0, 0);
	ck_assert_uint_eq(disks.probe_count, 0);
	disk_expect(0, 8);
	discovery_look(disks.discovery, "d0", disks.now);
	ck_assert_uint_eq(disks.probe_count, 0);
}
END_TEST

/* Another disk that takes a node is not hidden by the list of all. */
START_TEST(a_rescan_lets_news_in_between)
{
	for (size_t i = 0; i < 20; i++) {
		disk_plug(i, 7);
		disk_answer(i);
	}
	disks_take();
	discovery_rescan(disks.discovery, disks.now);
	ck_assert_uint_lt(disks.probe_count, 20);
	ck_assert_uint_eq(disks.timer, disks.now);
	disk_plug(19, 8);
	disk_plug(20, 9);
	disk_unplug(18);
	disk_expect(19, -2);
	ck_assert(!discovery_is_enumerated(disks.discovery));
	disks_wait(0);
	for (size_t i = 0; i <= 20; i++)
		while (disks_find_probe(i) < DISKS)
			disk_answer(i);
	ck_assert(discovery_is_enumerated(disks.discovery));
	disk_expect(17, 7);
	disk_expect(18, -2);
	disk_expect(19, 8);
	disk_expect(20, 9);
}
END_TEST

START_TEST(what_is_said_to_be_gone_and_is_here_has_that_fault)
{
	const struct discovery_event gone = { .name = "d0", .is_gone = true, .sequence = 1 };
	const struct discovery_event change = { .name = "d0", .sequence = 2 };

	disk_plug(0, 7);
	disk_answer(0);
	discovery_handle_kernel(disks.discovery, &gone, disks.now);
	ck_assert_uint_eq(disks.probe_count, 0);
	disk_expect_fault(0, "an event says that it was removed, and it is still here");
	discovery_handle_kernel(disks.discovery, &change, disks.now);
	disk_answer(0);
	disk_expect(0, 7);
}
END_TEST

START_TEST(what_hangs_and_is_gone_is_gone_at_once)
{
	disk_plug(0, 7);
	disk_unplug(0);
	ck_assert_uint_eq(disks.probe_count, 0);
	disk_expect(0, -2);
	ck_assert(discovery_is_settled(disks.discovery));
}
END_TEST

START_TEST(the_word_of_udevd_counts)
{
	disk_plug(0, 7);
	ck_assert_uint_eq(disks.probe_count, 0);
	ck_assert(!discovery_is_enumerated(disks.discovery));
	disk_udevd(0, 1); /* of an earlier one */
	disks_take();
	ck_assert_int_eq(disk_get(0), -2);
	disk_udevd(0, 0);
	ck_assert_uint_eq(disks.probe_count, 0);
	disk_expect(0, 7);
	disk_unplug(0);
	disk_expect(0, -2);
}
END_TEST

START_TEST(what_udevd_does_not_tell_is_read)
{
	disk_plug(0, 7);
	disks_wait(9 * SECOND);
	ck_assert_uint_eq(disks.probe_count, 0);
	disks_wait(SECOND);
	disk_answer(0);
	disk_expect(0, 7);
}
END_TEST

START_TEST(a_write_is_left_to_udevd_for_as_long_as_it_is_busy)
{
	disk_plug(0, 7);
	disk_udevd(0, 0);
	disks.is_udevd_busy = true;
	disk_write(0, 8);
	disks_wait(2 * SECOND);
	ck_assert_uint_eq(disks.probe_count, 0);
	disks.is_udevd_busy = false;
	disks_wait(SECOND / 2);
	disk_answer(0);
	disk_expect(0, 8);
}
END_TEST

/* A write that udevd has not noticed is about content: what it knows of the disk is so still. */
START_TEST(what_udevd_alone_knows_outlives_a_write)
{
	disk_plug(0, 7);
	disk_udevd(0, 0);
	disk_write(0, 8);
	disks_wait(SECOND);
	disk_answer(0);
	disk_expect(0, 8);
	ck_assert_pstr_eq(disk_find(0)->identity[ID_PATH], "port-d0");
	/* Of a disk that it has not come to, it knows what was at its place before. */
	disk_plug(0, 9);
	disks.list[0].is_known_to_udevd = true;
	disks_wait(10 * SECOND);
	disk_answer(0);
	disk_write(0, 10);
	disks_wait(10 * SECOND);
	disk_answer(0);
	disk_expect(0, 10);
	ck_assert_ptr_null(disk_find(0)->identity[ID_PATH]);
}
END_TEST

/* At the start nobody has seen the event: what udevd says of the medium before does not count. */
START_TEST(what_udevd_knows_of_another_medium_does_not_count)
{
	disks_fini();
	disks_init("*", true);
	for (size_t i = 0; i < 3; i++) {
		disks.list[i].is_present = disks.list[i].is_known_to_udevd = true;
		disks.list[i].is_outdated_for_udevd = i > 0;
		disks.list[i].udevd_content = 7;
		disks.list[i].content = i ? 8 : 7;
	}
	discovery_start(disks.discovery, disks.now);
	disk_expect(0, 7);
	disk_expect(1, -2);
	ck_assert(!discovery_is_enumerated(disks.discovery));
	disk_udevd(1, 0);
	disk_expect(1, 8);
	disks.is_udevd_busy = true;
	disks_wait(2 * SECOND);
	disk_expect(2, -2);
	disks.is_udevd_busy = false;
	disks_wait(SECOND); /* it knows nothing of it */
	disk_answer(2);
	disk_expect(2, 8);
	ck_assert_ptr_null(disk_find(2)->identity[ID_PATH]);
	ck_assert(discovery_is_settled(disks.discovery));
}
END_TEST

START_TEST(asked_for_every_disk_is_read_whatever_udevd_knows)
{
	disk_plug(0, 7);
	disk_udevd(0, 0);
	disk_plug(1, 7);
	disks.list[1].must_not_read = true;
	disk_udevd(1, 0);
	disks.list[0].content = 8; /* nobody says so */
	discovery_rescan(disks.discovery, disks.now);
	ck_assert_uint_eq(disks.probe_count, 1);
	disk_answer(0);
	disk_expect(0, 8);
	disk_expect_fault(1, "must not be read");
}
END_TEST

START_TEST(what_is_being_read_for_that_is_not_forgotten_for_news)
{
	disk_plug(0, 7);
	disk_udevd(0, 0);
	disks.list[0].content = 8;
	disks.begin_error = -EAGAIN;
	discovery_rescan(disks.discovery, disks.now);
	disks_wait(1);
	discovery_look(disks.discovery, "d0", disks.now);
	disks.begin_error = 0;
	disks_wait(4 * SECOND);
	disk_answer(0);
	while (disks_find_probe(0) < DISKS)
		disk_answer(0);
	disk_expect(0, 8);
}
END_TEST

START_TEST(udevd_comes_and_goes)
{
	disk_plug(0, 7);
	discovery_set_udevd(disks.discovery, false, false, disks.now);
	disk_answer(0);
	disk_expect(0, 7);
	disks.list[0].udevd_content = 9;
	disks.list[0].is_known_to_udevd = true;
	discovery_set_udevd(disks.discovery, true, true, disks.now);
	disks_wait(SECOND);
	disk_expect(0, 9);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("discovery");
	TCase *kernel = tcase_create("without udevd"), *udevd = tcase_create("with udevd");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(kernel, setup_kernel, disks_fini);
	tcase_add_test(kernel, the_prober_reads_what_the_kernel_announces);
	tcase_add_test(kernel, what_is_excluded_is_not_looked_at);
	tcase_add_test(kernel, news_during_a_probe_make_another);
	tcase_add_test(kernel, news_before_the_prober_began_do_not);
	tcase_add_test(kernel, a_slow_disk_is_shown_as_such_and_answers_later);
	tcase_add_test(kernel, a_dead_disk_is_given_up);
	tcase_add_test(kernel, disks_that_hang_hold_up_others_until_they_are_slow);
	tcase_add_test(kernel, who_waits_for_its_turn_is_not_called_slow);
	tcase_add_test(kernel, a_prober_that_never_has_room_keeps_nobody_for_ever);
	tcase_add_test(kernel, the_end_of_the_prober_fails_all_at_once);
	tcase_add_test(kernel, a_probe_that_is_refused_fails_and_no_other);
	tcase_add_test(kernel, a_talkative_disk_does_not_put_off_a_rescan);
	tcase_add_test(kernel, a_rescan_waits_for_quiet);
	tcase_add_test(kernel, a_rescan_that_fails_is_made_again_at_leisure);
	tcase_add_test(kernel, a_rescan_lets_news_in_between);
	tcase_add_test(kernel, what_is_said_to_be_gone_and_is_here_has_that_fault);
	tcase_add_test(kernel, what_hangs_and_is_gone_is_gone_at_once);
	tcase_add_checked_fixture(udevd, setup_udevd, disks_fini);
	tcase_add_test(udevd, the_medium_before_shows_no_more_at_once);
	tcase_add_test(udevd, the_word_of_udevd_counts);
	tcase_add_test(udevd, what_was_read_counts_until_udevd_tells_more);
	tcase_add_test(udevd, what_udevd_does_not_tell_is_read);
	tcase_add_test(udevd, a_write_is_left_to_udevd_for_as_long_as_it_is_busy);
	tcase_add_test(udevd, what_udevd_alone_knows_outlives_a_write);
	tcase_add_test(udevd, what_udevd_knows_of_another_medium_does_not_count);
	tcase_add_test(udevd, asked_for_every_disk_is_read_whatever_udevd_knows);
	tcase_add_test(udevd, what_is_being_read_for_that_is_not_forgotten_for_news);
	tcase_add_test(udevd, udevd_comes_and_goes);
	suite_add_tcase(suite, kernel);
	suite_add_tcase(suite, udevd);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
