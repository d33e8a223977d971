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
	ck_assert_int_eq(world_ask(&world, "create_point", "link=a device=sdb1"), 0);
	world.env.cannot_share = false;
	world_plug(&world, "sdc1", "part=1 uuid=3");
	ck_assert(names_find_record(&world.manager.names, "UUID=1")->is_shared);
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
	tcase_add_test(tcase, many_volumes_in_one_change);
	return run_suite(suite);
}
