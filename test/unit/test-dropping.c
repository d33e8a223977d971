/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which requests let a great many links go at once, and that what comes of them is the same.
 */

#include <string.h>

#include "fixture.h"

#define TOLD 2 /* so three are a great many */

static void begin(struct world *world)
{
	world_init(world);
	world->links_told = world->manager.links_told = TOLD;
	world_play(world, "plug sda1 part=1 uuid=1", "plug sdb1 part=2 uuid=2",
		"ok create_point link=films device=sda1", "ok create_point link=music device=sda1",
		"ok create_point link=X: device=sda1", "ok create_point link=other device=sdb1");
}

/* Whether the change that was decided drops the links of a unique ID. */
static bool drops(const struct world *world, const char *id)
{
	const struct record *record = names_find_record(&world->change.names, id);

	map_for_each (&world->change.names.records, node, next)
		if (strcmp(container_of(node, struct record, by_id)->id, id) == 0)
			record = container_of(node, struct record, by_id);
	return record && record->drops_links;
}

START_TEST(all_of_all_volumes)
{
	struct world world;

	begin(&world);
	ck_assert_int_eq(world_decide(&world, "delete_points", "all=1"), 0);
	ck_assert(drops(&world, "UUID=1") && drops(&world, "UUID=2"));
	ck_assert_ptr_nonnull(strstr(strbuf_text(&world.reply), "LINK=\"/DosDevices/music\""));
	ck_assert_ptr_nonnull(strstr(strbuf_text(&world.reply), "LINK=\"/DosDevices/other\""));
	world_commit(&world);
	ck_assert_str_eq(world_show(&world), "");
	world_reload(&world);
	ck_assert_ptr_null(names_find_link(&world.manager.names, "/DosDevices/films"));
	ck_assert_ptr_null(names_find_link(&world.manager.names, "/DosDevices/other"));
	world_fini(&world);
}
END_TEST

/* Some links of one volume are in memory only, and those of another do not show. */
START_TEST(others_go_one_by_one)
{
	struct world world;

	begin(&world);
	world_play(&world, "plug sdc1 part=3 uuid=3", "ok create_point link=away device=sdc1",
		"unplug sdc1", "ok delete_points_dbonly link=other");
	ck_assert_int_eq(world_decide(&world, "delete_points", "all=1"), 0);
	ck_assert(drops(&world, "UUID=1"));
	ck_assert(!drops(&world, "UUID=2") && !drops(&world, "UUID=3"));
	world_commit(&world);
	ck_assert_str_eq(world_show(&world), "");
	ck_assert_ptr_nonnull(names_find_link(&world.manager.names, "/DosDevices/away"));
	world_fini(&world);
}
END_TEST

/* Also while nobody else is there to be told: what has changed is looked for when they are. */
START_TEST(those_of_all_hosts_go_one_by_one)
{
	struct world world;

	world_init(&world);
	world.links_told = world.manager.links_told = TOLD;
	world.manager.share = SHARE_FABRIC;
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	world_play(&world, "plug sdb1 part=2 uuid=2", "ok create_point link=films device=sda1",
		"ok create_point link=music device=sda1", "ok create_point link=X: device=sda1",
		"ok create_point link=1 device=sdb1", "ok create_point link=2 device=sdb1",
		"ok create_point link=3 device=sdb1");
	ck_assert(names_find_record(&world.manager.names, "UUID=1")->is_shared);
	ck_assert_int_eq(world_decide(&world, "delete_points", "all=1"), 0);
	ck_assert(drops(&world, "UUID=2") && !drops(&world, "UUID=1"));
	world_commit(&world);
	ck_assert_str_eq(world_show(&world), "");
	world_fini(&world);
}
END_TEST

START_TEST(few_go_one_by_one)
{
	struct world world;

	begin(&world);
	world_play(&world, "ok delete_points link=films",
		"ok delete_points link=X:", "ok delete_points device=sdb1");
	ck_assert_int_eq(world_decide(&world, "delete_points", "all=1"), 0);
	ck_assert(!drops(&world, "UUID=1") && !drops(&world, "UUID=2"));
	world_commit(&world);
	ck_assert_str_eq(world_show(&world), "");
	world_fini(&world);
}
END_TEST

/* What is forgotten is gone with all of them, and may be there again at once. */
static void check_forgetting(const char *operation, const char *line)
{
	struct world world;

	begin(&world);
	world_play(&world, "unplug sda1");
	ck_assert_int_eq(world_decide(&world, operation, line), 0);
	ck_assert(drops(&world, "UUID=1") && !drops(&world, "UUID=2"));
	world_commit(&world);
	ck_assert_ptr_null(names_find_record(&world.manager.names, "UUID=1"));
	ck_assert_ptr_null(names_find_link(&world.manager.names, "/DosDevices/films"));
	world_play(&world, "plug sda1 part=1 uuid=1", "ok create_point link=Films device=sda1");
	world_reload(&world);
	ck_assert_str_eq(names_find_link(&world.manager.names, "/DosDevices/films")->path,
		"/DosDevices/Films");
	ck_assert_ptr_null(names_find_link(&world.manager.names, "/DosDevices/music"));
	world_fini(&world);
}

START_TEST(forgotten_volumes)
{
	check_forgetting("forget", "id=UUID=1");
	check_forgetting("scrub_registry", "");
}
END_TEST

/* Forgetting few is deleting them one by one, which readers of `events` are told of. */
START_TEST(forgotten_volumes_with_few)
{
	struct world world;

	begin(&world);
	world_play(&world, "unplug sdb1");
	ck_assert_int_eq(world_decide(&world, "forget", "id=UUID=2"), 0);
	ck_assert(!drops(&world, "UUID=2"));
	world_commit(&world);
	ck_assert_ptr_null(names_find_link(&world.manager.names, "/DosDevices/other"));
	world_fini(&world);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { all_of_all_volumes, others_go_one_by_one,
		those_of_all_hosts_go_one_by_one, few_go_one_by_one, forgotten_volumes,
		forgotten_volumes_with_few };
	Suite *suite = suite_create("dropping");
	TCase *tcase = tcase_create("dropping");

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
