/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/complaints: so many lines in a minute, and then how many more there were.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../run-suite.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/complaints.h"

void loop_set_timer(struct loop *loop, struct timer *timer, uint64_t at)
{
	timer->at = at;
}

static FILE *log_file;

static void setup(void)
{
	log_file = tmpfile();
	ck_assert_int_ge(dup2(fileno(log_file), STDERR_FILENO), 0);
	log_init("test", false);
}

static void teardown(void)
{
	fclose(log_file);
}

/* How many lines there are, and the last. */
static unsigned int count_lines(char last[256])
{
	unsigned int count = 0;

	rewind(log_file);
	while (fgets(last, 256, log_file))
		count++;
	return count;
}

static void fire(struct complaints *complaints)
{
	complaints->timer.at = 0;
	complaints->timer.fn(complaints->timer.data, clock_get_monotonic());
}

START_TEST(so_many_and_the_number_of_the_rest)
{
	struct complaints complaints;
	char last[256];

	complaints_init(&complaints, NULL, "rows");
	for (unsigned int i = 1; i <= 1000; i++)
		complaints_add(&complaints, "row %u", i);
	ck_assert_uint_ne(complaints.timer.at, 0);
	ck_assert_uint_eq(count_lines(last), COMPLAINTS_MAX);
	ck_assert_ptr_nonnull(strstr(last, "row 10\n"));
	fire(&complaints);
	ck_assert_uint_eq(count_lines(last), COMPLAINTS_MAX + 1);
	ck_assert_ptr_nonnull(strstr(last, "990 more warnings about rows are left out"));
	complaints_add(&complaints, "row %u", 1001u);
	ck_assert_uint_ne(complaints.timer.at, 0);
	fire(&complaints);
	ck_assert_uint_eq(count_lines(last), COMPLAINTS_MAX + 2);
	ck_assert_ptr_nonnull(strstr(last, "row 1001\n"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("complaints");
	TCase *tcase = suite_add_case(suite, "complaints");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, so_many_and_the_number_of_the_rest);
	return run_suite(suite);
}
