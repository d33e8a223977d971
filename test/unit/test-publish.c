/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links in /dev: one thing after the other.
 */

#include <stdio.h>

#include "../run-suite.h"
#include "publish-stage.h"

START_TEST(links_come_change_and_go)
{
	struct stage stage;

	stage_begin(&stage);
	publish_start(&stage.publish, stage.now);
	stage_plug(&stage, 0);
	stage_deal_with_all(&stage);
	stage_set(&stage, 0, NULL);
	ck_assert_int_eq(stage.asked, 0);
	stage_set(&stage, 0, "one");
	ck_assert(!publish_is_settled(&stage.publish));
	stage_deal_with_all(&stage);
	ck_assert(publish_is_settled(&stage.publish));
	stage_expect_links(&stage, 0, "one");
	stage_set(&stage, 0, "one");
	ck_assert_int_eq(stage.asked, 1);
	stage_set(&stage, 0, "two");
	stage_deal_with_all(&stage);
	stage_expect_links(&stage, 0, "two");
	stage_set(&stage, 0, NULL);
	stage_deal_with_all(&stage);
	stage_expect_links(&stage, 0, NULL);
	ck_assert_int_eq(stage.asked, 3);
	ck_assert_uint_eq(stage.publish.targets.count, 0);
	ck_assert(stage_come_to_rest(&stage));
	stage_end(&stage);
}
END_TEST

START_TEST(many_changes_are_few_events)
{
	struct stage stage;
	char text[16];

	stage_begin(&stage);
	publish_start(&stage.publish, stage.now);
	stage_plug(&stage, 0);
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "name%d", i);
		stage_set(&stage, 0, text);
	}
	ck_assert_int_eq(stage.asked, 1);
	stage_deal_with_all(&stage);
	/* udevd may have read the file before the last change, as far as anybody knows. */
	ck_assert_int_eq(stage.asked, 2);
	stage_expect_links(&stage, 0, "name999");
	ck_assert(stage_come_to_rest(&stage));
	ck_assert_int_eq(stage.asked, 2);
	stage_end(&stage);
}
END_TEST

START_TEST(an_answer_to_an_earlier_question_is_none)
{
	struct stage stage;

	stage_begin(&stage);
	publish_start(&stage.publish, stage.now);
	stage_plug(&stage, 0);
	stage_set(&stage, 0, "one");
	ck_assert_uint_eq(stage.publish.number, 1);
	stage_set(&stage, 0, "two");
	publish_handle_answer(&stage.publish, "sda", 1, stage.now);
	ck_assert(!publish_is_settled(&stage.publish));
	publish_handle_answer(&stage.publish, "sda", 1, stage.now);
	publish_handle_answer(&stage.publish, "sdb", 2, stage.now);
	publish_handle_answer(&stage.publish, "sda", 0, stage.now);
	ck_assert(!publish_is_settled(&stage.publish));
	publish_handle_answer(&stage.publish, "sda", 2, stage.now);
	ck_assert(publish_is_settled(&stage.publish));
	stage_end(&stage);
}
END_TEST

START_TEST(another_disk_inherits_nothing)
{
	struct stage stage;

	stage_begin(&stage);
	publish_start(&stage.publish, stage.now);
	for (int i = 0; i < 100; i++) {
		stage_plug(&stage, 0);
		stage_deal_with_all(&stage);
		ck_assert_ptr_null(stage.links[0]);
		stage_set(&stage, 0, NULL);
		ck_assert_ptr_null(stage.file[0][i]);
		stage_set(&stage, 0, "one");
		if (i % 2)
			stage_deal_with_all(&stage);
	}
	ck_assert_int_eq(stage.asked, 100);
	stage_unplug(&stage, 0);
	stage_deal_with_all(&stage);
	stage_set(&stage, 0, NULL);
	ck_assert(stage_come_to_rest(&stage));
	ck_assert_ptr_null(stage.file[0][100]);
	ck_assert_uint_eq(stage.publish.targets.count, 0);
	ck_assert_int_eq(stage.looked, 0);
	stage_end(&stage);
}
END_TEST

/* It was told late: what is there now is another disk, of which nothing is known. */
/* News of its end may be here before udevd has dealt with that. */
START_TEST(links_of_a_disk_that_is_gone_are_waited_for)
{
	struct stage stage;

	stage_begin(&stage);
	publish_start(&stage.publish, stage.now);
	for (int i = 0; i < 3; i++) {
		stage_plug(&stage, 0);
		stage_set(&stage, 0, "one");
		stage_deal_with_all(&stage);
		if (i == 1)
			stage_plug(&stage, 0); /* the next is there at once, and has no names */
		else
			stage_unplug(&stage, 0);
		stage_set(&stage, 0, NULL);
		for (int j = 0; j < 5; j++)
			stage_pass_time(&stage, SECOND / 10);
		ck_assert(!publish_is_settled(&stage.publish));
		if (i == 2)
			stage_end_udevd(&stage);
		stage_deal(&stage);
		stage_pass_time(&stage, SECOND / 10);
		ck_assert(publish_is_settled(&stage.publish));
	}
	stage_start_udevd(&stage);
	ck_assert(stage_come_to_rest(&stage));
	ck_assert_int_eq(stage.asked, 3);
	ck_assert_uint_eq(stage.publish.targets.count, 0);
	stage_end(&stage);
}
END_TEST

START_TEST(a_disk_that_went_unnoticed_is_looked_at)
{
	struct stage stage;

	stage_begin(&stage);
	publish_start(&stage.publish, stage.now);
	stage_plug(&stage, 0);
	stage_plug(&stage, 0);
	publish_set(&stage.publish, "sda", 1, "one", stage.now);
	ck_assert_int_eq(stage.asked, 0);
	ck_assert_int_eq(stage.looked, 1);
	ck_assert_ptr_null(stage.file[0][1]);
	ck_assert_uint_eq(stage.publish.targets.count, 0);
	ck_assert(publish_is_settled(&stage.publish));
	stage_end(&stage);
}
END_TEST

START_TEST(what_was_left_stays_or_is_put_right)
{
	struct stage stage;

	stage_begin(&stage);
	for (int node = 0; node < NODES; node++) {
		stage_plug(&stage, node);
		stage.file[node][1] = xstrdup("left");
		publish_adopt(&stage.publish, stage_get_name(node), 1, "left", node != 1);
	}
	stage_deal_with_all(&stage);
	stage_set(&stage, 0, "left"); /* as it is to be */
	stage_set(&stage, 1, "left"); /* the event was never asked for */
	stage_set(&stage, 2, NULL);   /* nobody knows it any more */
	ck_assert_int_eq(stage.asked + stage.written, 0);
	publish_start(&stage.publish, stage.now);
	stage_deal_with_all(&stage);
	ck_assert_int_eq(stage.asked, 2);
	stage_expect_links(&stage, 0, "left");
	stage_expect_links(&stage, 1, "left");
	stage_expect_links(&stage, 2, NULL);
	stage_expect_links(&stage, 3, "left"); /* is still being looked at */
	stage_set(&stage, 3, "other");
	stage_deal_with_all(&stage);
	stage_expect_links(&stage, 3, "other");
	ck_assert(stage_come_to_rest(&stage));
	stage_end(&stage);
}
END_TEST

START_TEST(links_without_a_file_are_taken_away)
{
	struct stage stage;

	stage_begin(&stage);
	stage_plug(&stage, 0);
	stage.links[0] = xstrdup("stray");
	stage.queued = 0;
	publish_adopt(&stage.publish, "sda", 1, NULL, false);
	stage_set(&stage, 0, NULL);
	publish_start(&stage.publish, stage.now);
	stage_deal_with_all(&stage);
	ck_assert_ptr_null(stage.links[0]);
	ck_assert_uint_eq(stage.publish.targets.count, 0);
	stage_end(&stage);
}
END_TEST

START_TEST(without_udevd_nothing_is_asked_or_waited_for)
{
	struct stage stage;

	stage_begin(&stage);
	stage.is_udevd_running = false;
	publish_start(&stage.publish, stage.now);
	for (int node = 0; node < NODES; node++) {
		stage_plug(&stage, node);
		stage_set(&stage, node, "one");
	}
	ck_assert(publish_is_settled(&stage.publish));
	for (int i = 0; i < 600; i++)
		stage_pass_time(&stage, SECOND);
	ck_assert_int_eq(stage.asked, 0);
	ck_assert_int_le(stage.looks_for_udevd, 45);
	ck_assert_str_eq(stage.file[3][1], "one");
	stage_start_udevd(&stage);
	stage_pass_time(&stage, 15 * SECOND);
	stage_deal_with_all(&stage);
	ck_assert_int_eq(stage.asked, NODES);
	for (int node = 0; node < NODES; node++)
		stage_expect_links(&stage, node, "one");
	ck_assert(stage_come_to_rest(&stage));
	stage_end(&stage);
}
END_TEST

START_TEST(when_udevd_ends_everything_is_asked_again)
{
	struct stage stage;

	stage_begin(&stage);
	publish_start(&stage.publish, stage.now);
	for (int node = 0; node < NODES; node++) {
		stage_plug(&stage, node);
		stage_set(&stage, node, "one");
	}
	stage_deal(&stage);
	stage_end_udevd(&stage);
	ck_assert(publish_is_settled(&stage.publish));
	stage_start_udevd(&stage);
	ck_assert(stage_come_to_rest(&stage));
	for (int node = 0; node < NODES; node++)
		stage_expect_links(&stage, node, "one");
	stage_end(&stage);
}
END_TEST

START_TEST(an_udevd_that_is_busy_is_not_asked_again)
{
	struct stage stage;

	stage_begin(&stage);
	publish_start(&stage.publish, stage.now);
	stage_plug(&stage, 0);
	stage_set(&stage, 0, "one");
	stage_pass_time(&stage, 9 * SECOND);
	ck_assert(!publish_is_settled(&stage.publish));
	stage_pass_time(&stage, 2 * SECOND);
	ck_assert(publish_is_settled(&stage.publish));
	for (int i = 0; i < 100; i++)
		stage_pass_time(&stage, SECOND);
	ck_assert_int_eq(stage.asked, 1);
	ck_assert_int_eq(stage.complaints[PUBLISH_NO_ANSWER], 0);
	stage_deal_with_all(&stage);
	stage_expect_links(&stage, 0, "one");
	ck_assert(stage_come_to_rest(&stage));
	ck_assert_int_eq(stage.asked, 1);
	stage_end(&stage);
}
END_TEST

START_TEST(who_never_answers_is_left_alone)
{
	struct stage stage;

	stage_begin(&stage);
	stage.is_udevd_deaf = true;
	publish_start(&stage.publish, stage.now);
	stage_plug(&stage, 0);
	stage_set(&stage, 0, "one");
	ck_assert(stage_come_to_rest(&stage));
	ck_assert_int_eq(stage.asked, 5);
	ck_assert_int_eq(stage.complaints[PUBLISH_NO_ANSWER], 1);
	ck_assert(publish_is_settled(&stage.publish));
	stage.is_udevd_deaf = false;
	stage_set(&stage, 0, "two");
	stage_deal_with_all(&stage);
	stage_expect_links(&stage, 0, "two");
	ck_assert_int_eq(stage.asked, 6);
	ck_assert(stage_come_to_rest(&stage));
	stage_end(&stage);
}
END_TEST

START_TEST(a_full_run_is_tried_again)
{
	struct stage stage;

	stage_begin(&stage);
	stage.is_full = true;
	publish_start(&stage.publish, stage.now);
	stage_plug(&stage, 0);
	stage_set(&stage, 0, "one");
	for (int i = 0; i < 600; i++)
		stage_pass_time(&stage, SECOND);
	ck_assert_int_eq(stage.complaints[PUBLISH_NO_FILE], 1);
	ck_assert_int_eq(stage.asked, 0);
	ck_assert(publish_is_settled(&stage.publish));
	stage.is_full = false;
	ck_assert(stage_come_to_rest(&stage));
	stage_expect_links(&stage, 0, "one");
	ck_assert_int_eq(stage.asked, 1);
	stage_end(&stage);
}
END_TEST

START_TEST(a_refused_event_is_tried_again)
{
	struct stage stage;

	stage_begin(&stage);
	stage.is_refused = true;
	publish_start(&stage.publish, stage.now);
	stage_plug(&stage, 0);
	stage_set(&stage, 0, "one");
	ck_assert(publish_is_settled(&stage.publish));
	ck_assert_int_eq(stage.complaints[PUBLISH_NO_EVENT], 1);
	stage.is_refused = false;
	ck_assert(stage_come_to_rest(&stage));
	stage_expect_links(&stage, 0, "one");
	stage_end(&stage);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("publish");
	TCase *tcase = suite_add_case(suite, "publish");

	tcase_add_test(tcase, links_come_change_and_go);
	tcase_add_test(tcase, many_changes_are_few_events);
	tcase_add_test(tcase, an_answer_to_an_earlier_question_is_none);
	tcase_add_test(tcase, another_disk_inherits_nothing);
	tcase_add_test(tcase, links_of_a_disk_that_is_gone_are_waited_for);
	tcase_add_test(tcase, a_disk_that_went_unnoticed_is_looked_at);
	tcase_add_test(tcase, what_was_left_stays_or_is_put_right);
	tcase_add_test(tcase, links_without_a_file_are_taken_away);
	tcase_add_test(tcase, without_udevd_nothing_is_asked_or_waited_for);
	tcase_add_test(tcase, when_udevd_ends_everything_is_asked_again);
	tcase_add_test(tcase, an_udevd_that_is_busy_is_not_asked_again);
	tcase_add_test(tcase, who_never_answers_is_left_alone);
	tcase_add_test(tcase, a_full_run_is_tried_again);
	tcase_add_test(tcase, a_refused_event_is_tried_again);
	return run_suite(suite);
}
