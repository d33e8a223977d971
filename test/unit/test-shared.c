/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes whose names are to be those of all hosts, while nothing can be written for these.
 */

#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/rules/engine.h"
#include "core/rules/sharing.h"
#include "fixture.h"

static void explain(const void *elsewhere, struct strbuf *ret_why)
{
	strbuf_add_text(ret_why, "the others are asleep");
}

/* What it takes to write them is not there: what is the machine's own goes on. */
START_TEST(shared_volumes_wait_for_the_others)
{
	struct world world;

	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	world.env.cannot_share = true;
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	world_plug(&world, "sdb1", "part=1 uuid=2");
	ck_assert_ptr_null(names_find_record(&world.manager.names, "UUID=1"));
	ck_assert_ptr_nonnull(
		strstr(volumes_find_name(&world.manager.volumes, "sda1")->reason, "cluster"));
	ck_assert_ptr_nonnull(volumes_find_id(&world.manager.volumes, "UUID=2"));
	ck_assert(engine_is_overdue(&world.manager));
	world.env.explain = explain;
	ck_assert_int_eq(world_ask(&world, "create_point", "link=a device=sda1"), EROFS);
	ck_assert_str_eq(strbuf_text(&world.why), "the others are asleep");
	ck_assert_int_eq(world_ask(&world, "query_points", "device=sda1"), EINVAL);
	ck_assert_int_eq(world_ask(&world, "create_point", "link=a id=UUID=1"), EROFS);
	ck_assert_str_eq(strbuf_text(&world.why), "the others are asleep");
	ck_assert_int_eq(world_ask(&world, "query_points", "id=UUID=1"), EINVAL);
	ck_assert_int_eq(world_ask(&world, "create_point", "link=a device=sdb1"), 0);
	world.env.cannot_share = false;
	world_plug(&world, "sdc1", "part=1 uuid=3");
	ck_assert(names_find_record(&world.manager.names, "UUID=1")->is_shared);
	world_fini(&world);
}
END_TEST

/* Nor does it become the machine's own by what is said of volumes that are not here. */
START_TEST(who_waits_for_the_others_is_not_absent)
{
	static const char *const requests[][2] = {
		{ "create_point", "link=b id=UUID=a1 absent=ok" },
		{ "create_point", "link=b id=UUID=A1 absent=ok" },
		{ "create_point", "link=b device=UUID=a1 absent=ok" },
		{ "create_point", "link=b id=UUID=a1" },
		{ "create_point", "link=b device=UUID=a1" },
		{ "remember", "id=UUID=a1 keep=1" },
		{ "remember", "id=UUID=A1 seen=1 node=/dev/sdq1" },
	};
	struct world world;

	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	world.env.cannot_share = true;
	world.env.explain = explain;
	world_plug(&world, "sda1", "part=1 uuid=a1 partuuid=7 fabric");
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		ck_assert_int_eq(world_ask(&world, requests[i][0], requests[i][1]), EROFS);
		ck_assert_str_eq(strbuf_text(&world.why), "the others are asleep");
		ck_assert_ptr_null(names_find_record(&world.manager.names, "UUID=a1"));
	}
	/* Of others, and of what the machine has for itself, nobody else need know. */
	ck_assert_int_eq(world_ask(&world, "create_point", "link=b id=UUID=a2 absent=ok"), 0);
	ck_assert_int_eq(world_ask(&world, "create_point", "link=c id=PARTUUID=7 absent=ok"), 0);
	world.env.cannot_share = false;
	world_plug(&world, "sdc1", "part=1 uuid=3");
	ck_assert(names_find_record(&world.manager.names, "UUID=a1")->is_shared);
	ck_assert_int_eq(world_ask(&world, "create_point", "link=d id=UUID=a1 absent=ok"), 0);
	ck_assert_str_eq(world_show(&world), "/DosDevices/c /dev/sda1\n/DosDevices/d /dev/sda1\n");
	world_fini(&world);
}
END_TEST

/* However many volumes there are in a change, each is looked for once. */
START_TEST(many_volumes_in_one_change)
{
	enum { VOLUMES = 60000 };
	struct sharing sharing;
	struct world world;
	clock_t before;

	world_init(&world);
	for (unsigned int i = 0; i < VOLUMES; i++) {
		_cleanup_free_ char *id = xasprintf("UUID=%u", i);

		names_edit_record(&world.change.names, id)->is_shared = true;
	}
	before = clock();
	sharing_init(&sharing, &world.manager, &world.change, "me");
	ck_assert_uint_eq(sharing.volume_count, VOLUMES);
	ck_assert_int_lt((clock() - before) / CLOCKS_PER_SEC, 2);
	sharing_fini(&sharing);
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shared");
	TCase *tcase = suite_add_case(suite, "shared");

	tcase_add_test(tcase, shared_volumes_wait_for_the_others);
	tcase_add_test(tcase, who_waits_for_the_others_is_not_absent);
	tcase_add_test(tcase, many_volumes_in_one_change);
	return run_suite(suite);
}
