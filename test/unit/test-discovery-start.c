/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The start beside an udevd that is behind, with a made-up world and its clock: disks.h. */

#include <check.h>

#include "disks.h"

static void setup(void)
{
	disks_init("*", true);
}

START_TEST(what_udevd_has_not_dealt_with_at_start_is_not_read)
{
	static const char reason[] = "udevd has not dealt with it yet: not read";

	disks_fini();
	disks_init("*", true);
	for (size_t i = 0; i < 4; i++) {
		disks.list[i].is_present = true;
		disks.list[i].content = 7;
	}
	discovery_start(disks.discovery, disks.now);
	ck_assert_uint_eq(disks.probe_count, 0);
	disk_expect_fault(0, reason);
	disk_udevd(0, 0);
	disk_expect(0, 7);
	discovery_look(disks.discovery, "d1", disks.now);
	disk_answer(1);
	disk_expect(1, 7);
	disks.list[2].is_known_to_udevd = false;
	discovery_rescan(disks.discovery, disks.now);
	disk_answer(2);
	disk_expect(2, 7);
}
END_TEST

START_TEST(what_was_left_to_udevd_is_read_when_it_ends)
{
	disks.list[0].is_present = true;
	disks.list[0].content = 7;
	discovery_start(disks.discovery, disks.now);
	disk_expect_fault(0, "udevd has not dealt with it yet: not read");
	discovery_set_udevd(disks.discovery, false, false, disks.now);
	disk_answer(0);
	disk_expect(0, 7);
}
END_TEST

START_TEST(who_waits_waits_for_udevd_as_long_as_it_gets_on)
{
	for (size_t i = 0; i < 3; i++)
		disks.list[i].is_present = true;
	disks.is_udevd_busy = true;
	discovery_start(disks.discovery, disks.now);
	disks_take();
	ck_assert(discovery_is_settled(disks.discovery));
	ck_assert(discovery_awaits_udevd(disks.discovery, disks.now));
	disks_wait(2 * SECOND);
	ck_assert(discovery_awaits_udevd(disks.discovery, disks.now));
	disk_udevd(0, 0);
	disks_wait(2 * SECOND);
	ck_assert(discovery_awaits_udevd(disks.discovery, disks.now));
	disks_wait(SECOND); /* a disk hangs */
	ck_assert(!discovery_awaits_udevd(disks.discovery, disks.now));
	disk_udevd(1, 0);
	ck_assert(discovery_awaits_udevd(disks.discovery, disks.now));
	disks.is_udevd_busy = false; /* it will not deal with the last one */
	ck_assert(!discovery_awaits_udevd(disks.discovery, disks.now));
	disks.is_udevd_busy = true;
	disk_udevd(2, 0);
	ck_assert(!discovery_awaits_udevd(disks.discovery, disks.now));
}
END_TEST

START_TEST(the_start_waits_for_udevd_and_longer_as_long_as_it_gets_on)
{
	for (size_t i = 0; i < 2; i++) {
		disks.list[i].is_present = true;
		disks.list[i].content = disks.list[i].udevd_content = 7 + i;
		disks.list[i].is_known_to_udevd = i == 0;
	}
	disks.is_udevd_busy = true;
	discovery_start(disks.discovery, disks.now);
	ck_assert(!discovery_has_begun(disks.discovery, disks.now));
	disks_wait(2 * SECOND);
	ck_assert(!discovery_has_begun(disks.discovery, disks.now));
	disk_udevd(0, 0);
	disks_wait(2 * SECOND);
	ck_assert(!discovery_has_begun(disks.discovery, disks.now));
	disks_wait(SECOND); /* it hangs */
	ck_assert(discovery_has_begun(disks.discovery, disks.now));
	disk_udevd(1, 0);
	ck_assert(discovery_has_begun(disks.discovery, disks.now));
}
END_TEST

START_TEST(the_start_waits_no_more_when_udevd_knows_all)
{
	disks.list[0].is_present = disks.list[0].is_known_to_udevd = true;
	disks.list[0].content = disks.list[0].udevd_content = 7;
	disks.is_udevd_busy = true;
	discovery_start(disks.discovery, disks.now);
	ck_assert(!discovery_has_begun(disks.discovery, disks.now));
	disks.is_udevd_busy = false;
	ck_assert(discovery_has_begun(disks.discovery, disks.now));
	disks.is_udevd_busy = true;
	disks_wait(2 * SECOND);
	disk_udevd(0, 0); /* always busy with something */
	ck_assert(!discovery_has_begun(disks.discovery, disks.now));
	disks_wait(SECOND);
	ck_assert(discovery_has_begun(disks.discovery, disks.now));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("discovery-start");
	TCase *tcase = tcase_create("start");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, disks_fini);
	tcase_add_test(tcase, what_udevd_has_not_dealt_with_at_start_is_not_read);
	tcase_add_test(tcase, what_was_left_to_udevd_is_read_when_it_ends);
	tcase_add_test(tcase, who_waits_waits_for_udevd_as_long_as_it_gets_on);
	tcase_add_test(tcase, the_start_waits_for_udevd_and_longer_as_long_as_it_gets_on);
	tcase_add_test(tcase, the_start_waits_no_more_when_udevd_knows_all);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
