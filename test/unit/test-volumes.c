/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who owns a unique ID: the rules for clones. Most are in scripts/volumes.script, whose cases
 * are played a second time with a restart after each step, which must not change who owns what.
 */

#include <stdio.h>
#include <string.h>

#include "core/rules/devices.h"
#include "core/rules/engine.h"
#include "core/views/document.h"
#include "fixture.h"

static const char *const crowd[][2] = {
	{ "sda1", "part=1 uuid=1 partuuid=p serial=s" },
	{ "sdb1", "part=1 uuid=1 partuuid=p serial=t" },
	{ "sdc1", "part=1 uuid=1 partuuid=q serial=s" },
	{ "sdd1", "part=1 uuid=1 partuuid=q serial=s size=7" },
	{ "sde", "uuid=2" },
	{ "sdf", "uuid=2" },
	{ "sdg", "uuid=2 serial=u" },
	{ "sdh", "serial=u" },
	{ "dm-0", "virtual uuid=2 dm=x" },
	{ "dm-1", "virtual uuid=2 dm=x" },
	{ "md1", "virtual uuid=1 md=y wwn=0x1" },
	{ "sdi", "uuid=3 wwn=0x1" },
	{ "sdj", "blank" },
	{ "loop2", "uuid=4 serial=t" },
	{ "loop10", "uuid=4 serial=t" },
	{ "loop11", "uuid=4" },
};

static void put_crowd(struct world *world, uint32_t seed)
{
	size_t order[ARRAY_SIZE(crowd)];

	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++) {
		size_t j = (seed = seed * 1664525 + 1013904223, (seed >> 8) % (i + 1));

		order[i] = order[j];
		order[j] = i;
	}
	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++)
		world_put(world, crowd[order[i]][0], crowd[order[i]][1]);
	world_settle(world);
}

/* `before` is what the database knows; then all come at once, in 100 orders. */
static void check_orders(const char *const *before, size_t count)
{
	_cleanup_free_ char *expected = NULL;

	for (uint32_t seed = 0; seed < 100; seed++) {
		struct world world;

		world_init(&world);
		world_play_steps(&world, before, count);
		put_crowd(&world, seed);
		if (!expected)
			expected = xstrdup(world_show_devices(&world));
		if (strcmp(world_show_devices(&world), expected) != 0)
			ck_abort_msg("order %u gives\n%s, another gave\n%s", seed,
				world_show_devices(&world), expected);
		world_reload(&world);
		ck_assert_str_eq(world_show_devices(&world), expected);
		world_fini(&world);
	}
}

START_TEST(test_orders)
{
	static const char *const disks[] = { "plug x part=1 uuid=1 partuuid=q serial=s size=7",
		"unplug x", "plug x uuid=4 serial=t", "unplug x" };
	static const char *const others[] = { "plug x part=1 uuid=9 partuuid=q serial=s",
		"unplug x", "plug x serial=u", "unplug x", "plug x serial=t", "plug y uuid=4",
		"unplug x", "unplug y" };

	check_orders(NULL, 0);
	check_orders(disks, ARRAY_SIZE(disks));
	check_orders(others, ARRAY_SIZE(others));
}
END_TEST

START_TEST(test_crowd)
{
	struct world world;

	world_init(&world);
	put_crowd(&world, 5);
	ck_assert_str_eq(world_show_devices(&world),
		"dm-0 UUID=2\n"
		"dm-1 DM_UUID=x\n"
		"loop10 SERIAL=t\n"
		"loop11 -duplicate of /dev/loop2, which has UUID=4\n"
		"loop2 UUID=4\n"
		"md1 UUID=1\n"
		"sda1 PARTUUID=p\n"
		"sdb1 SERIAL=t-part1\n"
		"sdc1 PARTUUID=q\n"
		"sdd1 SERIAL=s-part1\n"
		"sde -duplicate of /dev/dm-0, which has UUID=2\n"
		"sdf -duplicate of /dev/dm-0, which has UUID=2\n"
		"sdg SERIAL=u\n"
		"sdh -duplicate of /dev/sdg, which has SERIAL=u\n"
		"sdi UUID=3\n"
		"sdj -no content\n");
	world_fini(&world);
}
END_TEST

/* The state may not change while it is only being decided. */
START_TEST(test_is_pure)
{
	struct world world;
	_cleanup_free_ char *before = NULL;

	world_init(&world);
	world_play(
		&world, "plug sda uuid=1", "plug sdb uuid=1", "plug sdc1 part=1 uuid=1 partuuid=p");
	before = xstrdup(world_show_devices(&world));
	world_remove(&world, "sda");
	world_put(&world, "sdd", "uuid=1");
	devices_decide(&world.manager, &world.env, &world.change);
	ck_assert_str_eq(
		volumes_change_find_id(&world.manager.volumes, &world.change.volumes, "UUID=1")
			->name,
		"sdb");
	ck_assert_ptr_null(
		volumes_change_find_id(&world.manager.volumes, &world.change.volumes, "UUID=9"));
	change_fini(&world.change);
	change_init(&world.change, &world.manager);
	ck_assert_str_eq(world_show_devices(&world), before);
	ck_assert_str_eq(volumes_find_id(&world.manager.volumes, "UUID=1")->name, "sda");
	world_fini(&world);
}
END_TEST

/* Whether the devices of the change would have something written. They do not come by that. */
static bool is_written(struct world *world)
{
	bool is_written;

	engine_decide_devices(&world->manager, &world->env, &world->change);
	is_written = names_has_rows(&world->change.names);
	change_fini(&world->change);
	change_init(&world->change, &world->manager);
	return is_written;
}

static void put_both(struct world *world)
{
	world_put(world, "sda", "fstype=btrfs uuid=1 sub=a members=2");
	world_put(world, "sdb", "fstype=btrfs uuid=1 sub=b members=2");
}

/* Where it is does not change, and so nothing is written when its devices come again. */
START_TEST(test_comes_back)
{
	struct world world;

	world_init(&world);
	put_both(&world);
	ck_assert(is_written(&world));
	put_both(&world);
	world_settle(&world);
	put_both(&world);
	ck_assert(!is_written(&world));
	world_remove(&world, "sda");
	ck_assert(is_written(&world)); /* sdb is to stand for it */
	world_unplug(&world, "sda");
	world_unplug(&world, "sdb");
	put_both(&world);
	ck_assert(!is_written(&world));
	put_both(&world);
	world_settle(&world);
	ck_assert_str_eq(volumes_find_id(&world.manager.volumes, "UUID=1")->name, "sdb");
	world_fini(&world);
}
END_TEST

/* What is here has its node of now, whichever the database has; of what is not it has the last. */
START_TEST(test_document_has_node)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct world world;

	world_init(&world);
	world_play(&world, "plug sda uuid=1", "plug sdb uuid=2", "unplug sda", "unplug sdb",
		"plug sdc uuid=1");
	document_render(&world.manager, &text);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&text), "\"last_device\":\"/dev/sdc\""));
	ck_assert_ptr_nonnull(strstr(strbuf_text(&text), "\"last_device\":\"/dev/sdb\""));
	ck_assert_ptr_null(strstr(strbuf_text(&text), "/dev/sda"));
	world_fini(&world);
}
END_TEST

START_TEST(test_find)
{
	struct world world;
	const struct device *device;

	world_init(&world);
	world_play(&world, "plug sda uuid=1", "plug sdb uuid=2");
	device = volumes_find_name(&world.manager.volumes, "sda");
	ck_assert_ptr_nonnull(device);
	ck_assert_ptr_eq(volumes_find_id(&world.manager.volumes, "UUID=1"), device);
	ck_assert_ptr_eq(volumes_find_number(&world.manager.volumes, device->number), device);
	ck_assert_ptr_null(volumes_find_name(&world.manager.volumes, "sd"));
	ck_assert_ptr_null(volumes_find_number(&world.manager.volumes, 1));
	world_play(&world, "unplug sda", "unplug sda", "unplug nothing");
	ck_assert_ptr_null(volumes_find_name(&world.manager.volumes, "sda"));
	ck_assert_ptr_null(volumes_find_id(&world.manager.volumes, "UUID=1"));
	ck_assert_uint_eq(world.manager.volumes.by_number.count, 1);
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("volumes");
	TCase *tcase = suite_add_case(suite, "volumes");

	fixture_add_script(tcase, "volumes");
	tcase_add_test(tcase, test_orders);
	tcase_add_test(tcase, test_crowd);
	tcase_add_test(tcase, test_is_pure);
	tcase_add_test(tcase, test_comes_back);
	tcase_add_test(tcase, test_document_has_node);
	tcase_add_test(tcase, test_find);
	return run_suite(suite);
}
