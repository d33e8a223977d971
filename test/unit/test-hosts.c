/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is under way on hosting volumes: disks that hang, fail and come late, commits that fail. */

#include <errno.h>
#include <string.h>

#include "stage.h"

static struct stage stage;
static struct stage_request first, second;

static void begin(void)
{
	stage_init(&stage);
	stage_mount(&stage, 0);
	stage_run(&stage);
}

static void end(void)
{
	stage_fini(&stage);
}

static void expect_over(const struct stage_request *request, int error)
{
	ck_assert(request->is_over);
	ck_assert_int_eq(request->error, error);
}

START_TEST(test_created)
{
	stage_ask(&stage, &first, 0, 1, 2);
	ck_assert(!hosts_is_settled(stage.hosts));
	stage_answer(&stage, 0, 0);
	stage_begin(&stage);
	ck_assert(!stage.is_committing);
	ck_assert_msg(stage.host[0].visit && stage.host[0].visit->is_write, "the file comes first");
	stage_answer(&stage, 0, 0);
	stage_begin(&stage);
	ck_assert(stage.is_committing && !first.is_over);
	stage_commit(&stage, 0);
	expect_over(&first, 0);
	ck_assert_int_eq(stage_find_point(&stage, 0, 1), 2);
	ck_assert_int_eq(stage_find_entry(&stage, 0, 1), 2);
	ck_assert(hosts_is_settled(stage.hosts));
}
END_TEST

START_TEST(test_rest)
{
	stage_mount(&stage, 1);
	ck_assert_ptr_null(stage.host[1].visit);
	stage_wait(&stage, HOST_REST - 1);
	ck_assert_ptr_null(stage.host[1].visit);
	ck_assert(!hosts_is_settled(stage.hosts));
	/* The rest is over, and nobody has looked yet: it is not settled either. */
	stage.now += 1000;
	ck_assert(!hosts_is_settled(stage.hosts));
	ck_assert_uint_ne(stage.timer, 0);
	hosts_handle_time(stage.hosts, stage.now);
	ck_assert_ptr_nonnull(stage.host[1].visit);
}
END_TEST

START_TEST(test_hanging)
{
	stage_ask(&stage, &first, 0, 1, 2);
	stage_ask(&stage, &second, 0, 2, 1);
	stage_wait(&stage, HOST_PATIENCE - 1);
	ck_assert(!hosts_is_settled(stage.hosts));
	stage_wait(&stage, 1);
	ck_assert(hosts_is_settled(stage.hosts));
	stage_wait(&stage, HOST_LIMIT - HOST_PATIENCE - 1);
	ck_assert(!first.is_over && !second.is_over);
	stage_wait(&stage, 1);
	expect_over(&first, ETIMEDOUT);
	expect_over(&second, ETIMEDOUT);
	ck_assert_uint_eq(stage.timer, 0);
	stage_ask(&stage, &second, 0, 2, 1);
	expect_over(&second, ETIMEDOUT);
	stage_run(&stage);
	ck_assert_int_eq(stage_find_point(&stage, 0, 1), -1);
	stage_ask(&stage, &second, 0, 2, 1);
	stage_run(&stage);
	expect_over(&second, 0);
}
END_TEST

START_TEST(test_late_write)
{
	stage_ask(&stage, &first, 0, 1, 2);
	stage_answer(&stage, 0, 0);
	stage_begin(&stage);
	stage_wait(&stage, HOST_LIMIT);
	expect_over(&first, ETIMEDOUT);
	stage_answer(&stage, 0, 0);
	ck_assert_int_eq(stage_find_entry(&stage, 0, 1), 2);
	stage_run(&stage);
	ck_assert_int_eq(stage_find_entry(&stage, 0, 1), -1);
	ck_assert_int_eq(stage_find_point(&stage, 0, 1), -1);
}
END_TEST

START_TEST(test_slow_commit)
{
	stage_ask(&stage, &first, 0, 1, 2);
	stage_answer(&stage, 0, 0);
	stage_begin(&stage);
	stage_answer(&stage, 0, 0);
	stage_begin(&stage);
	ck_assert(stage.is_committing);
	/* There is nothing to do while the database's disk takes its time, and nobody to blame. */
	ck_assert_uint_eq(stage.timer, 0);
	stage_wait(&stage, 10 * HOST_LIMIT);
	ck_assert(!first.is_over);
	stage_commit(&stage, 0);
	expect_over(&first, 0);
}
END_TEST

START_TEST(test_other_commit)
{
	stage_ask(&stage, &first, 0, 1, 2);
	stage_answer(&stage, 0, 0);
	/* It is ready, and another commit is under way. */
	stage_wait(&stage, 10 * HOST_LIMIT);
	ck_assert(!first.is_over);
	stage_run(&stage);
	expect_over(&first, 0);
}
END_TEST

START_TEST(test_failed_commit)
{
	stage_ask(&stage, &first, 0, 1, 2);
	stage_answer(&stage, 0, 0);
	stage_begin(&stage);
	stage_answer(&stage, 0, 0);
	stage_begin(&stage);
	stage_commit(&stage, ENOSPC);
	ck_assert_msg(!first.is_over, "the old file has to be back first");
	stage_answer(&stage, 0, 0);
	expect_over(&first, ENOSPC);
	ck_assert_int_eq(stage_find_entry(&stage, 0, 1), -1);
}
END_TEST

/* Reconciles host 1, whose file tells of something new, until its commit. */
static void begin_news(void)
{
	stage_edit(&stage, 1, 1, 2);
	stage_mount(&stage, 1);
	stage_wait(&stage, HOST_REST);
}

START_TEST(test_failed_read)
{
	begin_news();
	stage_answer(&stage, 1, EIO);
	ck_assert_uint_eq(stage.reports, 1);
	ck_assert(hosts_is_settled(stage.hosts));
	stage_wait(&stage, HOST_RETRY_FIRST - 1);
	ck_assert_ptr_null(stage.host[1].visit);
	stage_wait(&stage, 1);
	stage_answer(&stage, 1, EIO);
	ck_assert_msg(stage.reports == 1, "the same is said once");
	stage_wait(&stage, HOST_RETRY_FIRST);
	ck_assert_msg(!stage.host[1].visit, "the pause doubles");
	stage_run(&stage);
	ck_assert_int_eq(stage_find_point(&stage, 1, 1), 2);
}
END_TEST

START_TEST(test_failed_reconciliation)
{
	begin_news();
	stage_answer(&stage, 1, 0);
	stage_begin(&stage);
	ck_assert(stage.is_committing);
	stage_commit(&stage, ENOSPC);
	ck_assert_int_eq(stage_find_point(&stage, 1, 1), -1);
	ck_assert_str_eq(stage.reported, strerror(ENOSPC));
	stage_run(&stage);
	ck_assert_int_eq(stage_find_point(&stage, 1, 1), 2);
}
END_TEST

START_TEST(test_refused)
{
	stage_edit_odd(&stage, 1, 1, 2, 1);
	stage_mount(&stage, 1);
	stage_wait(&stage, HOST_REST);
	stage_answer(&stage, 1, 0);
	stage_begin(&stage);
	ck_assert_uint_eq(stage.world.change.events.count, 1);
	stage_commit(&stage, ENOSPC);
	stage_wait(&stage, HOST_RETRY_FIRST);
	stage_answer(&stage, 1, 0);
	stage_begin(&stage);
	ck_assert_msg(stage.world.change.events.count == 1, "nobody has been told yet");
	stage_commit(&stage, 0);
}
END_TEST

START_TEST(test_unwritten)
{
	stage_ask(&stage, &first, 1, 1, 2);
	expect_over(&first, ENOTSUP); /* it is not mounted */
	begin_news();
	stage_answer(&stage, 1, 0);
	stage_begin(&stage);
	stage_commit(&stage, 0);
	stage_unmount(&stage, 1);
	stage_edit(&stage, 1, 1, -1);
	stage_edit(&stage, 1, 2, 1);
	stage_mount(&stage, 1);
	stage_wait(&stage, HOST_REST);
	stage_answer(&stage, 1, 0);
	stage_run(&stage);
	ck_assert_int_eq(stage_find_point(&stage, 1, 1), -1);
	ck_assert_int_eq(stage_find_point(&stage, 1, 2), 1);
}
END_TEST

START_TEST(test_cancelled)
{
	stage_ask(&stage, &first, 0, 1, 2);
	stage_ask(&stage, &second, 0, 2, 1);
	ck_assert(hosts_cancel(stage.hosts, &first.request));
	ck_assert(!hosts_cancel(stage.hosts, &first.request));
	request_fini(&first.parsed);
	stage_run(&stage);
	expect_over(&second, 0);
	ck_assert(!first.is_over);
	ck_assert_int_eq(stage_find_entry(&stage, 0, 1), -1);
}
END_TEST

START_TEST(test_closed)
{
	stage_ask(&stage, &first, 0, 1, 2);
	stage_ask(&stage, &second, 0, 2, 1);
	stage_answer(&stage, 0, 0);
	stage_begin(&stage);
	stage_answer(&stage, 0, 0);
	stage_begin(&stage);
	ck_assert(stage.is_committing);
	hosts_close(stage.hosts, -ENODEV, "the end");
	expect_over(&second, ENODEV);
	ck_assert_msg(!first.is_over, "nobody knows yet whether it happens");
	stage_commit(&stage, ETIMEDOUT);
	expect_over(&first, ETIMEDOUT);
	ck_assert_msg(!stage.host[0].visit, "it may happen: the file says so, too");
}
END_TEST

START_TEST(test_new_mount)
{
	stage_mount(&stage, 1);
	stage_wait(&stage, HOST_REST);
	ck_assert_ptr_nonnull(stage.host[1].visit);
	/* While it is looked at, it is unmounted, written by others, and mounted again. */
	stage_unmount(&stage, 1);
	stage_edit(&stage, 1, 1, 2);
	stage_mount(&stage, 2); /* which takes its id */
	stage_mount(&stage, 1);
	stage_run(&stage);
	ck_assert_int_eq(stage_find_point(&stage, 1, 1), 2);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { test_created, test_rest, test_hanging, test_late_write,
		test_slow_commit, test_other_commit, test_failed_commit, test_failed_read,
		test_failed_reconciliation, test_refused, test_unwritten, test_cancelled,
		test_closed, test_new_mount };
	Suite *suite = suite_create("hosts");
	TCase *tcase = suite_add_case(suite, "hosts");

	tcase_add_checked_fixture(tcase, begin, end);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tcase, tests[i]);
	return run_suite(suite);
}
