/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Budgets: what one user holds is bounded, alone and together with all other users, and stands in
 * the way of nobody else.
 */

#include <errno.h>
#include <string.h>

#include "core/model/budget.h"
#include "fixture.h"

#define OWNER 42

static int check(const struct budget *budget, uint32_t uid, enum budget_kind kind)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	int r = budget_check(budget, uid, kind, &why);

	ck_assert_int_eq(r<0, why.len> 0);
	return r;
}

START_TEST(test_limits)
{
	static const int errors[BUDGET_KINDS] = { -EMFILE, -ENOBUFS, -ENOBUFS };
	struct budget budget;

	budget_init(&budget, OWNER);
	for (enum budget_kind kind = 0; kind < BUDGET_KINDS; kind++) {
		uint64_t limit = budget_limits[kind].of_user, of_root = budget_limits[kind].of_root;

		ck_assert_uint_gt(budget_limits[kind].of_users, limit);
		ck_assert_uint_gt(of_root, budget_limits[kind].of_users);
		budget_take(&budget, 1000, kind, limit - 1);
		ck_assert_int_eq(check(&budget, 1000, kind), 0);
		budget_take(&budget, 1000, kind, 1);
		ck_assert_int_eq(check(&budget, 1000, kind), errors[kind]);
		ck_assert_int_eq(check(&budget, 1001, kind), 0);
		/* Root and the daemon's own user: more, and with an end as well. */
		budget_take(&budget, 0, kind, of_root - 1);
		ck_assert_int_eq(check(&budget, 0, kind), 0);
		ck_assert_int_eq(check(&budget, OWNER, kind), 0);
		budget_take(&budget, 0, kind, 1);
		ck_assert_int_eq(check(&budget, 0, kind), errors[kind]);
		ck_assert_int_eq(check(&budget, OWNER, kind), 0);
		budget_give(&budget, 1000, kind, 1);
		ck_assert_int_eq(check(&budget, 1000, kind), 0);
		budget_give(&budget, 1000, kind, limit - 1);
		budget_give(&budget, 0, kind, of_root);
	}
	ck_assert_uint_eq(budget.accounts.count, 0);
	budget_fini(&budget);
}
END_TEST

/* One person can be many users: together they have an end, too, which root does not feel. */
START_TEST(test_many_users)
{
	struct budget budget;
	uint32_t uid = 100000;

	budget_init(&budget, OWNER);
	for (; check(&budget, uid, BUDGET_FILES) == 0; uid++)
		budget_take(&budget, uid, BUDGET_FILES, 100);
	ck_assert_uint_lt(uid, 100000 + budget_limits[BUDGET_FILES].of_users / 100 + 2);
	ck_assert_int_eq(check(&budget, 7, BUDGET_FILES), -EMFILE);
	ck_assert_int_eq(check(&budget, 0, BUDGET_FILES), 0);
	ck_assert_int_eq(check(&budget, OWNER, BUDGET_FILES), 0);
	while (uid-- > 100000)
		budget_give(&budget, uid, BUDGET_FILES, 100);
	ck_assert_int_eq(check(&budget, 7, BUDGET_FILES), 0);
	ck_assert_uint_eq(budget.accounts.count, 0);
	budget_fini(&budget);
}
END_TEST

/* One answer may be longer than the limit. */
START_TEST(test_exceed)
{
	struct budget budget;

	budget_init(&budget, OWNER);
	budget_take(&budget, 5, BUDGET_BYTES, 0);
	ck_assert_uint_eq(budget.accounts.count, 0);
	budget_give(&budget, 5, BUDGET_BYTES, 0);
	budget_take(&budget, 5, BUDGET_BYTES, UINT64_C(1) << 40);
	ck_assert_uint_eq(budget_get_held(&budget, 5, BUDGET_BYTES), UINT64_C(1) << 40);
	ck_assert_int_eq(check(&budget, 5, BUDGET_BYTES), -ENOBUFS);
	ck_assert_int_eq(check(&budget, 6, BUDGET_BYTES), -ENOBUFS);
	budget_give(&budget, 5, BUDGET_BYTES, UINT64_C(1) << 40);
	ck_assert_int_eq(check(&budget, 6, BUDGET_BYTES), 0);
	budget_fini(&budget);
}
END_TEST

START_TEST(test_time)
{
	struct budget budget;

	budget_init(&budget, OWNER);
	for (uint32_t uid = 1; uid <= 3; uid++)
		budget_take(&budget, uid, BUDGET_FILES, 1);
	budget_take(&budget, 0, BUDGET_FILES, 1);
	for (int turn = 0; turn < 3; turn++) {
		ck_assert_uint_eq(budget_get_time(&budget, 1), budget_times.of_user);
		budget_spend(&budget, 1, budget_times.of_user - 1);
		ck_assert_uint_eq(budget_get_time(&budget, 1), 1);
		budget_spend(&budget, 1, 5);
		ck_assert_uint_eq(budget_get_time(&budget, 1), 0);
		ck_assert_uint_gt(budget_get_time(&budget, 2), 0);
		budget_spend(&budget, 2, budget_times.of_users);
		ck_assert_uint_eq(budget_get_time(&budget, 3), 0);
		ck_assert_uint_eq(budget_get_time(&budget, 99), 0);
		ck_assert_uint_eq(budget_get_time(&budget, 0), budget_times.of_root);
		budget_spend(&budget, 0, budget_times.of_root + 7);
		ck_assert_uint_eq(budget_get_time(&budget, 0), 0);
		ck_assert_uint_eq(budget_get_time(&budget, OWNER), budget_times.of_root);
		budget_begin_turn(&budget);
	}
	budget_spend(&budget, 77, 5); /* holds nothing */
	ck_assert_uint_eq(budget.accounts.count, 4);
	budget_fini(&budget);
}
END_TEST

/* Who has less is woken by and by, all users together; root and the daemon's own user at once. */
START_TEST(test_wakes)
{
	struct budget budget;

	budget_init(&budget, OWNER);
	for (int turn = 0; turn < 3; turn++) {
		for (uint32_t i = 0; i < BUDGET_WAKES; i++)
			ck_assert(budget_take_wake(&budget, 1000 + i));
		for (uint32_t i = 0; i < 2 * BUDGET_WAKES; i++) {
			ck_assert(!budget_take_wake(&budget, 1000 + i));
			ck_assert(budget_take_wake(&budget, 0));
			ck_assert(budget_take_wake(&budget, OWNER));
		}
		budget_begin_turn(&budget);
	}
	budget_fini(&budget);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("budget");
	TCase *tcase = suite_add_case(suite, "budget");

	tcase_add_test(tcase, test_limits);
	tcase_add_test(tcase, test_many_users);
	tcase_add_test(tcase, test_exceed);
	tcase_add_test(tcase, test_time);
	tcase_add_test(tcase, test_wakes);
	return run_suite(suite);
}
