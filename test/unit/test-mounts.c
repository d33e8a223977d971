/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of mounts, and which volumes a new list touches.
 */

#include <string.h>

#include "fixture.h"

static const char *next_path(
	const struct mounts *mounts, uint64_t number, const struct mount **mount)
{
	*mount = mounts_next(mounts, number, *mount);
	return *mount ? (*mount)->path : NULL;
}

START_TEST(test_next)
{
	const struct mount *mount = NULL;
	struct mounts mounts = { 0 };

	ck_assert_ptr_null(mounts_next(&mounts, 1, NULL));
	mounts_add(&mounts, 1, "/a", true);
	mounts_add(&mounts, 2, "/b", true);
	mounts_add(&mounts, 1, "/c", false);
	ck_assert_pstr_eq(next_path(&mounts, 1, &mount), "/a");
	ck_assert_pstr_eq(next_path(&mounts, 1, &mount), "/c");
	ck_assert(!mount->is_whole);
	ck_assert_pstr_eq(next_path(&mounts, 1, &mount), NULL);
	ck_assert_pstr_eq(next_path(&mounts, 2, &mount), "/b");
	ck_assert_pstr_eq(next_path(&mounts, 2, &mount), NULL);
	ck_assert_ptr_null(mounts_next(&mounts, 3, NULL));
	mounts_fini(&mounts);
	ck_assert_ptr_null(mounts_next(&mounts, 1, NULL));
}
END_TEST

/* Whether the list that `add` makes touches sda and sdb. */
static void check_touched(
	struct world *world, const char *path, bool is_whole, const char *expected)
{
	const struct device *a = volumes_find_name(&world->manager.volumes, "sda");
	struct mounts mounts = { 0 };

	mounts_add(&mounts, 7, "/elsewhere", true);
	if (path)
		mounts_add(&mounts, a->number, path, is_whole);
	touched_fini(&world->touched);
	manager_apply_mounts(&world->manager, &mounts, &world->touched);
	ck_assert_uint_eq(mounts.count, 0);
	ck_assert_uint_eq(world->touched.id_count, expected ? 1 : 0);
	if (expected) {
		ck_assert_str_eq(world->touched.ids[0], expected);
		ck_assert(!world->touched.is_moved[0]);
	}
}

START_TEST(test_touched)
{
	struct world world;

	world_init(&world);
	world_play(&world, "+ sda uuid=1\n+ sdb uuid=2\n+ sdc blank\n");
	check_touched(&world, NULL, false, NULL);
	check_touched(&world, "/mnt", true, "UUID=1");
	check_touched(&world, "/mnt", true, NULL);
	check_touched(&world, "/mnt", false, "UUID=1");
	check_touched(&world, "/other", false, "UUID=1");
	check_touched(&world, NULL, false, "UUID=1");
	check_touched(&world, NULL, false, NULL);
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mounts");
	TCase *tcase = tcase_create("mounts");

	tcase_add_test(tcase, test_next);
	tcase_add_test(tcase, test_touched);
	suite_add_tcase(suite, tcase);
	return fixture_run(suite);
}
