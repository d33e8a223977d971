/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of Check as the tests of the core say, for machines that there is no Check for: all tests
 * are in one list, and the first assertion that does not hold ends the program. See run.sh.
 */
#pragma once

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct TTest {
	const char *name;
	void (*run)(int _i);
} TTest;

typedef struct Suite Suite;
typedef struct TCase TCase;
typedef struct SRunner SRunner;

enum { CK_ENV };

#define START_TEST(name)                                        \
	static void name##_run(int _i);                         \
	static const TTest name##_test = { #name, name##_run }; \
	static const TTest *const name = &name##_test;          \
	static void name##_run(int _i __attribute__((__unused__)))
#define END_TEST

Suite *suite_create(const char *name);
void suite_add_tcase(Suite *suite, TCase *tcase);
TCase *tcase_create(const char *name);
void tcase_set_timeout(TCase *tcase, double seconds);
void tcase_add_loop_test(TCase *tcase, const TTest *test, int start, int end);
SRunner *srunner_create(Suite *suite);
void srunner_run_all(SRunner *runner, int how);
int srunner_ntests_failed(SRunner *runner);
void srunner_free(SRunner *runner);

#define tcase_add_test(tcase, test) tcase_add_loop_test(tcase, test, 0, 1)

_Noreturn void check_fail(const char *file, int line, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));

#define ck_abort_msg(...) check_fail(__FILE__, __LINE__, __VA_ARGS__)
#define ck_assert_msg(condition, ...)                                   \
	do {                                                            \
		if (!(condition))                                       \
			check_fail(__FILE__, __LINE__, "" __VA_ARGS__); \
	} while (0)
#define ck_assert(condition) ck_assert_msg(condition, "not so: %s", #condition)

#define CHECK_NUMBERS(type, format, a, operator, b)                                         \
	do {                                                                                \
		type check_a = (type)(a), check_b = (type)(b);                              \
		if (!(check_a operator check_b))                                            \
			check_fail(__FILE__, __LINE__, "%s: %" format ", %s: %" format, #a, \
				check_a, #b, check_b);                                      \
	} while (0)
#define ck_assert_int_eq(a, b) CHECK_NUMBERS(intmax_t, PRIdMAX, a, ==, b)
#define ck_assert_int_ne(a, b) CHECK_NUMBERS(intmax_t, PRIdMAX, a, !=, b)
#define ck_assert_int_lt(a, b) CHECK_NUMBERS(intmax_t, PRIdMAX, a, <, b)
#define ck_assert_int_ge(a, b) CHECK_NUMBERS(intmax_t, PRIdMAX, a, >=, b)
#define ck_assert_uint_eq(a, b) CHECK_NUMBERS(uintmax_t, PRIuMAX, a, ==, b)
#define ck_assert_uint_ne(a, b) CHECK_NUMBERS(uintmax_t, PRIuMAX, a, !=, b)
#define ck_assert_uint_lt(a, b) CHECK_NUMBERS(uintmax_t, PRIuMAX, a, <, b)
#define ck_assert_uint_le(a, b) CHECK_NUMBERS(uintmax_t, PRIuMAX, a, <=, b)
#define ck_assert_uint_gt(a, b) CHECK_NUMBERS(uintmax_t, PRIuMAX, a, >, b)
#define ck_assert_uint_ge(a, b) CHECK_NUMBERS(uintmax_t, PRIuMAX, a, >=, b)

#define CHECK_TEXTS(a, is_equal, b)                                                              \
	do {                                                                                     \
		const char *check_a = (a), *check_b = (b);                                       \
		bool check_equal =                                                               \
			check_a && check_b ? strcmp(check_a, check_b) == 0 : check_a == check_b; \
		if (check_equal != (is_equal))                                                   \
			check_fail(__FILE__, __LINE__, "%s: '%s', %s: '%s'", #a,                 \
				check_a ? check_a : "(null)", #b, check_b ? check_b : "(null)"); \
	} while (0)
#define ck_assert_str_eq(a, b) CHECK_TEXTS(a, true, b)
#define ck_assert_str_ne(a, b) CHECK_TEXTS(a, false, b)
#define ck_assert_pstr_eq(a, b) CHECK_TEXTS(a, true, b)
#define ck_assert_mem_eq(a, b, len) ck_assert(memcmp(a, b, len) == 0)
#define ck_assert_ptr_eq(a, b) ck_assert((a) == (b))
#define ck_assert_ptr_ne(a, b) ck_assert((a) != (b))
#define ck_assert_ptr_null(a) ck_assert((a) == NULL)
#define ck_assert_ptr_nonnull(a) ck_assert((a) != NULL)
