/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that follow a device whose content changes, and what is known of a device while its content
 * is in doubt: scripts/following.script.
 */

#include <string.h>

#include "core/rules/forgetting.h"
#include "core/rules/recall.h"
#include "fixture.h"

/* What the next mmfs makes of sda, from the database alone. */
static void recall(struct world *world, const char *words, uint64_t boot, const char *id)
{
	_cleanup_(device_free_p) struct device *now = fixture_device("sda", words);
	const struct device *const here[] = { now }, *known;
	struct touched touched = { 0 };
	struct manager next;

	manager_init(&next, &world->manager.order);
	rows_load(&world->rows, &next.names);
	next.boot = boot;
	recall_remembered(&next, here, 1, &touched);
	known = volumes_find_name(&next.volumes, "sda");
	ck_assert_msg(is_same_text(known ? known->id : NULL, id), "%s: %s", words,
		known && known->id ? known->id : "nothing");
	touched_fini(&touched);
	manager_fini(&next);
}

START_TEST(test_restart)
{
	struct world world;

	world_init(&world);
	world.manager.boot = 7;
	world_plug(&world, "sda", "uuid=1 seq=5");
	world_upkeep(&world);
	recall(&world, "blank seq=5", 7, "UUID=1");
	recall(&world, "uuid=2 seq=5", 7, "UUID=1");
	recall(&world, "fault=broken seq=5", 7, "UUID=1");
	recall(&world, "uuid=1 seq=5", 7, NULL); /* there is nothing to recall */
	recall(&world, "blank seq=6", 7, NULL);
	recall(&world, "blank seq=5", 8, NULL);
	recall(&world, "blank seq=5", 0, NULL);
	/* It is known, and comes with another medium: that is written behind its arrival. */
	world_unplug(&world, "sda");
	world_plug(&world, "sda", "uuid=1 seq=9");
	recall(&world, "blank seq=9", 7, NULL);
	forgetting_decide_upkeep(&world.manager, &world.env, false, &world.change);
	manager_forget_moves(&world.manager);
	world_commit(&world);
	recall(&world, "blank seq=9", 7, "UUID=1");
	recall(&world, "blank seq=5", 7, NULL);
	world_unplug(&world, "sda");
	world_plug(&world, "sda", "uuid=1 seq=5");
	world_upkeep(&world);
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("following");
	TCase *tcase = suite_add_case(suite, "following");

	fixture_add_script(tcase, "following");
	fixture_add(suite, "restart", test_restart);
	return run_suite(suite);
}
