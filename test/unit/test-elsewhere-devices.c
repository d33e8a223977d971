/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other hosts have and see, when devices come to this one or have new content.
 */

#include <errno.h>
#include <string.h>

#include "core/model/mount_points.h"
#include "core/rules/engine.h"
#include "core/rules/sharing.h"
#include "fixture.h"
#include "others.h"

static bool is_seen(const void *elsewhere, const char *id)
{
	return strcmp(id, elsewhere) == 0;
}

static void see(struct world *world, const char *id)
{
	world->env.is_seen_elsewhere = is_seen;
	world->env.elsewhere = id;
}

/* Equal IDs on other disks, as images and snapshots have. */
START_TEST(what_is_another_disk_is_a_clone)
{
	struct elsewhere_row row = RECORD("UUID=1");
	struct world world;

	row.value[ID_WWN] = "0x5000c500a1b2c3d1";
	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	TAKE(&world, row, LINK("/DosDevices/data", "UUID=1"));
	world_plug(&world, "sda", "uuid=1 wwn=0x5000c500a1b2c3d2 fabric");
	ck_assert_str_eq(world_show(&world), "");
	ck_assert_str_eq(
		volumes_find_name(&world.manager.volumes, "sda")->id, "WWN=0x5000c500a1b2c3d2");
	world_plug(&world, "sdb", "uuid=1 wwn=0x5000c500a1b2c3d1 size=2000 fabric");
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sdb\n");
	/* It was here: then it may be another by now, unless somebody has it. */
	world_unplug(&world, "sda");
	world.env.is_seen_elsewhere = is_seen;
	world.env.elsewhere = "UUID=1";
	world_unplug(&world, "sdb");
	world_plug(&world, "sdc", "uuid=1 wwn=0x5000c500a1b2c3d3 fabric");
	ck_assert_str_eq(world_show(&world), "");
	world_unplug(&world, "sdc");
	world.env.elsewhere = "UUID=2";
	world_plug(&world, "sdd", "uuid=1 wwn=0x5000c500a1b2c3d4 fabric");
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sdd\n");
	world_fini(&world);
}
END_TEST

/* Others see the volume with the name; here there is new content where it was. */
static void begin_following(struct world *world)
{
	world_init(world);
	world->manager.share = SHARE_FABRIC;
	world->manager.follow = FOLLOW_ON;
	world_plug(world, "sda1", "part=1 uuid=1 seq=3 fabric");
	world_play(world, "ok create_point /DosDevices/data sda1");
	see(world, "UUID=1");
	world_plug(world, "sda1", "part=1 uuid=2 seq=3 fabric");
}

/* Names go to new content when nobody sees what was there before. */
START_TEST(names_follow_when_others_have_noticed)
{
	const struct device *device;
	struct world world;

	begin_following(&world);
	device = volumes_find_name(&world.manager.volumes, "sda1");
	ck_assert_ptr_null(device->id);
	ck_assert_str_eq(device->reason,
		"other hosts still see UUID=1 here: its names follow when they have noticed");
	ck_assert_str_eq(world_show(&world), "");
	ck_assert_str_eq(
		names_find_link(&world.manager.names, "/DosDevices/data")->record->id, "UUID=1");
	ck_assert_int_eq(world_ask(&world, "create_point", "/DosDevices/more sda1"), ENOENT);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&world.why), "still see UUID=1"));
	see(&world, "UUID=9");
	world_settle(&world);
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sda1\n");
	ck_assert_ptr_null(names_find_record(&world.manager.names, "UUID=1"));
	world_fini(&world);
}
END_TEST

/* What is the machine's own, nobody else can see. */
START_TEST(names_of_the_machine_follow_at_once)
{
	struct world world;

	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	world.manager.follow = FOLLOW_ON;
	world_plug(&world, "sda1", "part=1 uuid=1 seq=3");
	world_play(&world, "ok create_point /DosDevices/data sda1");
	see(&world, "UUID=1");
	world_plug(&world, "sda1", "part=1 uuid=2 seq=3");
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sda1\n");
	world_fini(&world);
}
END_TEST

/* Somebody else was first to notice, and has moved the names. */
START_TEST(names_may_have_followed_elsewhere)
{
	struct world world;

	begin_following(&world);
	TAKE(&world, RECORD("UUID=2"), LINK("/DosDevices/data", "UUID=2"),
		{ .kind = ELSEWHERE_RECORD, .id = "UUID=1", .is_gone = true });
	see(&world, "UUID=2");
	world_settle(&world);
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sda1\n");
	world_fini(&world);
}
END_TEST

/* The same for a client who says what a device was. */
START_TEST(what_others_see_is_not_moved_by_hand)
{
	struct world world;

	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	TAKE(&world, RECORD("UUID=1"), LINK("/DosDevices/data", "UUID=1"));
	world_plug(&world, "sda1", "part=1 uuid=2 fabric");
	see(&world, "UUID=1");
	ck_assert_int_eq(world_ask(&world, "unique_id_changed", "device=sda1 id=UUID=1"), EEXIST);
	see(&world, "UUID=9");
	ck_assert_int_eq(world_ask(&world, "unique_id_changed", "device=sda1 id=UUID=1"), 0);
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sda1\n");
	world_fini(&world);
}
END_TEST

/* What is deleted when it goes stays as long as it is somewhere. */
START_TEST(what_others_see_is_not_deleted)
{
	struct world world;

	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	world_play(&world, "ok prepare_volume_delete sda1");
	see(&world, "UUID=1");
	world_unplug(&world, "sda1");
	ck_assert_ptr_nonnull(names_find_record(&world.manager.names, "UUID=1"));
	see(&world, "UUID=9");
	world_settle(&world);
	ck_assert_ptr_null(names_find_record(&world.manager.names, "UUID=1"));
	world_fini(&world);
}
END_TEST

static void expect_own(struct world *world)
{
	const struct record *record = names_find_record(&world->manager.names, "UUID=1");

	ck_assert_str_eq(world_show(world), "");
	ck_assert_str_ne(world_get_volume_name(world, "UUID=1"), GUID);
	ck_assert(!record->is_shared && !record->keep_links && record->revision);
	ck_assert_ptr_null(names_find_link(&world->manager.names, "/DosDevices/data"));
	ck_assert_ptr_null(mount_points_find(&world->manager.names, "UUID=1", "data"));
	world_play(world, "ok create_point /DosDevices/data sda1");
	TAKE(world, LINK("/DosDevices/more", "UUID=1"));
	ck_assert_str_eq(world_show(world), "/DosDevices/data /dev/sda1\n");
}

/*
 * A disk that share= does not mean is the machine's own, whether it came before what other hosts
 * have of that ID, or after.
 */
START_TEST(what_is_not_meant_is_the_machines_own)
{
	struct elsewhere_row record = RECORD("UUID=1");
	struct elsewhere_row point = {
		.kind = ELSEWHERE_POINT, .id = "UUID=1", .path = "data", .volume = GUID
	};
	struct sharing sharing;
	struct world world;

	record.value[ID_WWN] = "0x5000c500a1b2c3d1";
	record.keep_links = true;
	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	world_plug(&world, "sda1", "part=1 uuid=1 wwn=0x5000c500a1b2c3d2");
	TAKE(&world, record, LINK(GUID, "UUID=1"), LINK("/DosDevices/data", "UUID=1"));
	expect_own(&world);
	world_fini(&world);

	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	TAKE(&world, record, LINK(GUID, "UUID=1"), LINK("/DosDevices/data", "UUID=1"), point,
		RECORD("UUID=2"), LINK("/DosDevices/other", "UUID=2"));
	world_put(&world, "sda1", "part=1 uuid=1 wwn=0x5000c500a1b2c3d2");
	world.env.elsewhere = &world;
	ck_assert(engine_decide_devices(&world.manager, &world.env, &world.change));
	/* Others keep what they have. */
	sharing_init(&sharing, &world.manager, &world.change, "me");
	ck_assert(!sharing.has_rows);
	sharing_fini(&sharing);
	world_commit(&world);
	expect_own(&world);
	ck_assert_ptr_nonnull(names_find_link(&world.manager.names, "/DosDevices/other"));
	world_fini(&world);
}
END_TEST

/* What was shared when it was here last stays so. */
START_TEST(what_was_shared_here_stays_so)
{
	struct world world;

	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	world_play(&world, "ok create_point /DosDevices/data sda1");
	world_unplug(&world, "sda1");
	world.manager.share = SHARE_OFF;
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	ck_assert(names_find_record(&world.manager.names, "UUID=1")->is_shared);
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sda1\n");
	world_fini(&world);
}
END_TEST

/* Started without the cluster it has all names that it knew: nobody else can give them back. */
START_TEST(without_a_cluster_nothing_leaves)
{
	struct world world;

	world_init(&world);
	world.manager.share = SHARE_OFF;
	TAKE(&world, RECORD("UUID=1"), LINK("/DosDevices/data", "UUID=1"));
	world_plug(&world, "sda1", "part=1 uuid=1");
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sda1\n");
	ck_assert(names_find_record(&world.manager.names, "UUID=1")->is_shared);
	world_fini(&world);
}
END_TEST

/* Whether or not anything can be written about it for all hosts. */
START_TEST(what_is_here_was_here)
{
	struct world world;

	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	world.env.elsewhere = &world;
	world.env.cannot_share = true;
	TAKE(&world, RECORD("UUID=1"), LINK("/DosDevices/data", "UUID=1"));
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	ck_assert_uint_ne(names_find_record(&world.manager.names, "UUID=1")->last_seen, 0);
	world_unplug(&world, "sda1");
	world.manager.share = SHARE_OFF;
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sda1\n");
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("elsewhere-devices");
	TCase *tcase = suite_add_case(suite, "elsewhere-devices");

	tcase_add_test(tcase, what_is_another_disk_is_a_clone);
	tcase_add_test(tcase, names_follow_when_others_have_noticed);
	tcase_add_test(tcase, names_of_the_machine_follow_at_once);
	tcase_add_test(tcase, names_may_have_followed_elsewhere);
	tcase_add_test(tcase, what_others_see_is_not_moved_by_hand);
	tcase_add_test(tcase, what_others_see_is_not_deleted);
	tcase_add_test(tcase, what_is_not_meant_is_the_machines_own);
	tcase_add_test(tcase, what_was_shared_here_stays_so);
	tcase_add_test(tcase, without_a_cluster_nothing_leaves);
	tcase_add_test(tcase, what_is_here_was_here);
	return run_suite(suite);
}
