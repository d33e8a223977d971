/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errands while there can be no thread: they wait, and are tried again without another errand. */

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "daemon/loop.h"
#include "daemon/workers.h"

static int refusals, tries;
static struct errand *started;
static bool is_done;

static void run(struct errand *errand)
{
}

static void finish(struct errand *errand)
{
	is_done = true;
}

static int start(struct errand *errand)
{
	tries++;
	if (refusals-- > 0)
		return -EAGAIN;
	started = errand;
	return workers_start_thread(errand);
}

START_TEST(test_no_thread)
{
	struct errand errand = { .run = run, .finish = finish };
	struct workers *workers = NULL;
	struct loop *loop = NULL;

	refusals = 2;
	ck_assert_int_eq(loop_new(&loop), 0);
	ck_assert_int_eq(workers_new(loop, &workers), 0);
	workers_set_start(workers, start);
	workers_add(workers, &errand);
	ck_assert(tries == 1 && !started);
	while (!started)
		ck_assert_int_eq(loop_run_once(loop, 0), 0);
	ck_assert_msg(tries == 3, "it is tried at intervals, not all the time");
	ck_assert_ptr_eq(started, &errand);
	while (!is_done) {
		struct pollfd fd = { .fd = workers_get_fd(workers), .events = POLLIN };

		ck_assert_int_eq(poll(&fd, 1, -1), 1);
		workers_handle(workers);
	}
	workers_free(workers);
	loop_free(loop);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("workers");
	TCase *tcase = tcase_create("workers");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, test_no_thread);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
