/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a volume was last here, and what is forgotten; the mark of who wants no drive letter.
 */

#include <stdio.h>

#include "fixture.h"

/* Images that are seen once and never again do not stay for ever. */
START_TEST(test_bound)
{
	enum { IMAGES = 5000, KEPT = 4096, AT_ONCE = 8 };
	_Static_assert((IMAGES - KEPT) % AT_ONCE == 0, "those of one time stay or go together");
	struct world world;
	char words[32], name[32], id[32];

	world_init(&world);
	world_plug(&world, "sda1", "uuid=named");
	ck_assert_int_eq(world_ask(&world, "create_point", "link=a sda1"), 0);
	world_unplug(&world, "sda1");
	for (int i = 0; i < IMAGES; i += AT_ONCE) {
		for (int j = 0; j < AT_ONCE; j++) {
			snprintf(name, sizeof(name), "loop%d", j);
			snprintf(words, sizeof(words), "uuid=%05d", i + j);
			world_put(&world, name, words);
		}
		world_settle(&world);
		world.env.now++;
		for (int j = 0; j < AT_ONCE; j++) {
			snprintf(name, sizeof(name), "loop%d", j);
			world_remove(&world, name);
		}
		world_settle(&world);
		if (i % 1000 == 0)
			world_upkeep(&world);
	}
	world_upkeep(&world);
	ck_assert_uint_eq(world.manager.names.records.count, KEPT + 1);
	ck_assert_uint_eq(world.rows.record_count, KEPT + 1);
	ck_assert_ptr_nonnull(names_find_record(&world.manager.names, "UUID=named"));
	for (int i = 0; i < IMAGES; i++) {
		snprintf(id, sizeof(id), "UUID=%05d", i);
		ck_assert_int_eq(
			names_find_record(&world.manager.names, id) != NULL, i >= IMAGES - KEPT);
	}
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("forgetting");
	TCase *tcase = suite_add_case(suite, "forgetting");

	fixture_add_script(tcase, "forgetting");
	tcase_add_test(tcase, test_bound);
	return run_suite(suite);
}
