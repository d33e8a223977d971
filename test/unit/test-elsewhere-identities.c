/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What another host sees under a unique ID is not rewritten, nor does it go to another ID: all that
 * would do so, and where nobody sees it is done.
 */

#include <errno.h>
#include <string.h>

#include "core/rules/sharing.h"
#include "fixture.h"
#include "others.h"

#define PARTUUID "00000000-0000-0000-0000-000000000001"

static bool is_seen(const void *elsewhere, const char *id)
{
	return strcmp(id, elsewhere) == 0;
}

static void begin(struct world *world, const char *seen)
{
	world_init(world);
	world->manager.share = SHARE_ALL;
	world->manager.follow = FOLLOW_ON;
	world->env.is_seen_elsewhere = is_seen;
	world->env.elsewhere = seen;
}

static const char *get_owner(const struct world *world)
{
	const struct link *link = names_find_link(&world->manager.names, "/DosDevices/data");

	return link ? link->record->id : "";
}

/* A filesystem of several devices gets the names of the one that is told of second. */
static void join_filesystem(struct world *world)
{
	world_plug(world, "sda", "uuid=1 seq=5");
	world_play(world, "ok create_point /DosDevices/data sda");
	world_plug(world, "sdb", "fstype=btrfs uuid=2 sub=b members=2 seq=6");
	world_plug(world, "sda", "fstype=btrfs uuid=2 sub=a members=2 seq=5");
}

/* An ID is filed under the spelling of the device that comes. */
static void spell(struct world *world)
{
	TAKE(world, RECORD("UUID=1"), { .kind = ELSEWHERE_RECORD, .id = "UUID=AB12" },
		LINK("/DosDevices/data", "UUID=AB12"));
	world_plug(world, "sda", "uuid=ab12");
}

/* By its partition. */
static void move(struct world *world)
{
	struct elsewhere_row record = RECORD("UUID=1");

	record.value[ID_PARTUUID] = PARTUUID;
	TAKE(world, record, LINK("/DosDevices/data", "UUID=1"));
	world->manager.follow = FOLLOW_OFF;
	world_plug(world, "sda1", "part=1 uuid=2 partuuid=" PARTUUID);
	ck_assert_int_eq(world_ask(world, "unique_id_changed", "device=sda1"),
		is_seen(world->env.elsewhere, "UUID=1") ? EEXIST : 0);
}

START_TEST(names_go_nowhere)
{
	static const struct {
		void (*act)(struct world *world);
		const char *from, *to;
	} cases[] = {
		{ join_filesystem, "UUID=1", "UUID=2" },
		{ spell, "UUID=AB12", "UUID=AB12" }, /* it was somewhere */
		{ move, "UUID=1", "UUID=2" },
	};
	struct world world;

	begin(&world, cases[_i].from);
	cases[_i].act(&world);
	ck_assert_str_eq(get_owner(&world), cases[_i].from);
	world_fini(&world);
	begin(&world, "UUID=9");
	cases[_i].act(&world);
	ck_assert_str_eq(get_owner(&world), cases[_i].to);
	world_fini(&world);
}
END_TEST

/* UUID=1 is known with a WWN and a size, and another disk is about to be that. */
static void know(struct world *world, const char *seen)
{
	struct elsewhere_row record = RECORD("UUID=1");

	begin(world, seen);
	record.value[ID_WWN] = "0x1";
	TAKE(world, record, LINK(GUID, "UUID=1"), LINK("/DosDevices/data", "UUID=1"));
}

static int claim(struct world *world)
{
	world_plug(world, "sda", "uuid=1 wwn=0x1 size=1000");
	world_plug(world, "sdb", "uuid=1 wwn=0x2 size=1000");
	return world_ask(world, "claim_unique_id", "device=sdb");
}

static int restore(struct world *world)
{
	return world_ask(world, "remember", "id=UUID=1 seen=1700000000000000 size=4096 wwn=0x2");
}

static int come_back(struct world *world)
{
	world_plug(world, "sda", "uuid=1 wwn=0x1 size=1000");
	world_plug(world, "sda", "uuid=1 wwn=0x2 size=1000");
	return 0;
}

START_TEST(identities_stay)
{
	static const struct {
		int (*act)(struct world *world);
		int error;
	} cases[] = { { claim, EBUSY }, { restore, 0 }, { come_back, 0 } };
	const struct fingerprint *fingerprint;
	struct world world;

	know(&world, "UUID=1");
	ck_assert_int_eq(cases[_i].act(&world), cases[_i].error);
	fingerprint = &names_find_record(&world.manager.names, "UUID=1")->fingerprint;
	ck_assert_str_eq(fingerprint->value[ID_WWN], "0x1");
	ck_assert_uint_eq(fingerprint->size, 1000);
	world_fini(&world);
	know(&world, "UUID=9");
	ck_assert_int_eq(cases[_i].act(&world), 0);
	fingerprint = &names_find_record(&world.manager.names, "UUID=1")->fingerprint;
	ck_assert_str_eq(fingerprint->value[ID_WWN], "0x2");
	world_fini(&world);
}
END_TEST

/* An ID that a device has, and that is not its unique ID, is named as such. */
START_TEST(a_volume_becomes_no_identity)
{
	struct elsewhere_row record = { .kind = ELSEWHERE_RECORD, .id = "WWN=w", .size = 1000 };
	struct world world;

	begin(&world, "WWN=w");
	TAKE(&world, record, LINK(GUID, "WWN=w"));
	world_plug(&world, "sda", "uuid=1 wwn=w");
	ck_assert_int_eq(world_ask(&world, "create_point", "link=data id=WWN=w"), EEXIST);
	ck_assert_int_eq(world_ask(&world, "keep_links_when_offline", "id=WWN=w"), EEXIST);
	ck_assert_ptr_nonnull(names_find_link(&world.manager.names, GUID));
	world.env.elsewhere = "UUID=9";
	ck_assert_int_eq(world_ask(&world, "create_point", "link=data id=WWN=w"), 0);
	ck_assert_ptr_null(names_find_link(&world.manager.names, GUID));
	world_fini(&world);
}
END_TEST

/* Whether others see it may not be known here: so the engine is asked. */
START_TEST(all_hosts_are_asked)
{
	struct sharing sharing;
	struct world world;

	know(&world, "UUID=9");
	world_decide(&world, "remember", "id=UUID=1 size=4096 wwn=0x2");
	sharing_init(&sharing, &world.manager, &world.change, "me");
	ck_assert_ptr_nonnull(
		strstr(strbuf_text(&sharing.compare), "{\"below\":\"seen/UUID=1/\",\"but\":"));
	sharing_fini(&sharing);
	world_commit(&world);
	world_decide(&world, "keep_links_when_offline", "id=UUID=1 absent=ok");
	sharing_init(&sharing, &world.manager, &world.change, "me");
	ck_assert(sharing.has_rows);
	ck_assert_ptr_null(strstr(strbuf_text(&sharing.compare), "below"));
	sharing_fini(&sharing);
	world_commit(&world);
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("elsewhere-identities");
	TCase *tcase = suite_add_case(suite, "elsewhere-identities");

	tcase_add_loop_test(tcase, names_go_nowhere, 0, 3);
	tcase_add_loop_test(tcase, identities_stay, 0, 3);
	tcase_add_test(tcase, a_volume_becomes_no_identity);
	tcase_add_test(tcase, all_hosts_are_asked);
	return run_suite(suite);
}
