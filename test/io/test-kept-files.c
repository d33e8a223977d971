/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open files in the next process: their numbers are nobody else's.
 */

#include <sys/mman.h>

#include "../run-suite.h"
#include "io/fuse/kept_kind.h"
#include "io/fuse/kept_numbers.h"

#define SIZE ((size_t)64 << 20)

static void *memory;
static struct kept *kept;
static struct kept_numbers numbers;

static void begin(void)
{
	kept = kept_new(memory, SIZE);
	kept_numbers_init(&numbers, kept);
}

/* The process is killed, and another takes its place. */
static void begin_again(void)
{
	kept_free(kept);
	begin();
}

static void setup(void)
{
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	begin();
}

static void teardown(void)
{
	kept_free(kept);
	munmap(memory, SIZE);
}

START_TEST(test_numbers)
{
	uint64_t last = kept_numbers_take(&numbers), number;

	for (int i = 0; i < 3000; i++) {
		number = kept_numbers_take(&numbers);
		ck_assert_uint_gt(number, last);
		last = number;
	}
	kept_commit(kept);
	begin_again();
	number = kept_numbers_take(&numbers);
	ck_assert_uint_gt(number, last);
	kept_commit(kept);
	begin_again();
	ck_assert_uint_gt(kept_numbers_take(&numbers), number);
}
END_TEST

START_TEST(test_damaged_numbers)
{
	uint64_t number = kept_numbers_take(&numbers);
	uint32_t record;

	kept_commit(kept);
	record = kept_next(kept, KEPT_NUMBERS, 0);
	*(uint64_t *)kept_get(kept, record) ^= 1;
	begin_again();
	ck_assert_uint_eq(kept_get_damage(kept), 1);
	ck_assert_uint_gt(kept_numbers_take(&numbers), number + 1000000);
	ck_assert_uint_eq(kept_numbers_take(&numbers) >> 52, 0);
	kept_commit(kept);
	number = kept_numbers_take(&numbers);
	begin_again();
	ck_assert_uint_gt(kept_numbers_take(&numbers), number);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kept-files");
	TCase *tcase = suite_add_case(suite, "kept-files");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_numbers);
	tcase_add_test(tcase, test_damaged_numbers);
	return run_suite(suite);
}
