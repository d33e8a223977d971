/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who owns a unique ID: the rules for clones. Most scripts are played a
 * second time with a restart after each step, which must not change who owns what.
 */

#include <stdio.h>
#include <string.h>

#include "core/rules/devices.h"
#include "fixture.h"

static const char *const scripts[] = {
	/* The first scheme that a device has is used. */
	"+ sda1 part=1 uuid=1 partuuid=p wwn=w serial=s\n= sda1 UUID=1\n"
	"+ sdb1 part=1 partuuid=q wwn=w serial=s\n= sdb1 PARTUUID=q\n"
	"+ sdc1 part=1 wwn=v serial=t\n= sdc1 WWN=v-part1\n"
	"+ sdd serial=u\n= sdd SERIAL=u\n"
	"+ dm-0 virtual dm=LVM-1 serial=v\n= dm-0 DM_UUID=LVM-1\n"
	"+ md0 virtual md=a:b\n= md0 MD_UUID=a:b\n",

	/* Worthless identities count as absent; without any it is unprocessed, for good. */
	"+ sda uuid=0000-0000 serial=0123456789ABCDEF\n= sda -no unique ID\n"
	"+ sdb uuid=0000-0000 serial=S1\n= sdb SERIAL=S1\n"
	"+ sda uuid=1\n= sda UUID=1\n"
	"+ sda\n= sda -no unique ID\n",

	/* Of the devices of a btrfs one is the volume; another one takes its place. */
	"+ sda fstype=btrfs uuid=1 sub=a wwn=w\n+ sdb fstype=btrfs uuid=1 sub=b wwn=v\n"
	"= sda UUID=1\n= sdb -\n+ sdc uuid=2\n= sdb -\n"
	"- sda\n= sdb UUID=1\n+ sda fstype=btrfs uuid=1 sub=a wwn=w\n= sda -\n= sdb UUID=1\n",
	"& sdb fstype=btrfs uuid=1 sub=b wwn=v\n& sda fstype=btrfs uuid=1 sub=a wwn=w\n.\n"
	"= sda UUID=1\n= sdb -\n",
	/* A partition joins: its names are of something that is no more. */
	"+ sda fstype=btrfs uuid=1 sub=a\n+ sdb1 blank part=1 partuuid=p\n= sdb1 PARTUUID=p\n"
	"+ sdb1 part=1 partuuid=p fstype=btrfs uuid=1 sub=b\n= sda UUID=1\n= sdb1 -\n"
	"+ sdb1 part=1 partuuid=p fstype=btrfs uuid=2 sub=b\n= sdb1 UUID=2\n",
	/* A clone is none of them. */
	"+ sda fstype=btrfs uuid=1 sub=a wwn=w\n+ sdb fstype=btrfs uuid=1 sub=a wwn=v\n"
	"= sda UUID=1\n= sdb WWN=v\n",

	/* No volume, or one that cannot be processed. */
	"+ sda blank\n= sda -no content\n"
	"+ sda blank table=gpt uuid=1\n= sda -\n"
	"+ sda fault=unreadable uuid=1\n= sda -unreadable\n"
	"+ sda uuid=1\n= sda UUID=1\n"
	"+ sda size=0 uuid=1\n= sda -\n"
	"+ sdb uuid=1\n= sdb UUID=1\n",

	/* The fingerprint decides among newcomers: each identity in turn, then the size. */
	"+ sdz1 part=1 uuid=1 partuuid=p\n- sdz1\n"
	"& sda1 part=1 uuid=1 partuuid=q\n& sdb1 part=1 uuid=1 partuuid=p\n.\n"
	"= sda1 PARTUUID=q\n= sdb1 UUID=1\n",
	"+ sdz uuid=1 wwn=w\n- sdz\n"
	"& sda uuid=1 wwn=v\n& sdb uuid=1 wwn=w\n.\n= sda WWN=v\n= sdb UUID=1\n",
	"+ sdz uuid=1 serial=s\n- sdz\n"
	"& sda uuid=1 serial=t\n& sdb uuid=1 serial=s\n.\n= sda SERIAL=t\n= sdb UUID=1\n",
	"+ sdz uuid=1 size=7\n- sdz\n"
	"& sda uuid=1 size=8\n& sdb uuid=1 size=7\n.\n"
	"= sda -duplicate of /dev/sdb, which has UUID=1\n= sdb UUID=1\n",
	"+ dm-9 virtual uuid=1 dm=x\n- dm-9\n"
	"& dm-0 virtual uuid=1 dm=y\n& dm-1 virtual uuid=1 dm=x\n.\n"
	"= dm-0 DM_UUID=y\n= dm-1 UUID=1\n",
	"+ md9 virtual uuid=1 md=x\n- md9\n"
	"& md0 virtual uuid=1 md=y\n& md1 virtual uuid=1 md=x\n.\n= md0 MD_UUID=y\n= md1 UUID=1\n",
	/* In that order: the partition weighs more than the disk, the disk more than the size. */
	"+ sdz1 part=1 uuid=1 partuuid=p serial=s size=7\n- sdz1\n"
	"& sda1 part=1 uuid=1 partuuid=q serial=s size=7\n"
	"& sdb1 part=1 uuid=1 partuuid=p serial=t size=8\n.\n= sda1 PARTUUID=q\n= sdb1 UUID=1\n",
	"+ dm-9 virtual uuid=1 dm=x serial=s size=7\n- dm-9\n"
	"& dm-0 virtual uuid=1 dm=y serial=s size=7\n& dm-1 virtual uuid=1 dm=x serial=t "
	"size=8\n.\n"
	"= dm-0 DM_UUID=y\n= dm-1 UUID=1\n",
	"+ sdz uuid=1 serial=s size=7\n- sdz\n"
	"& sda uuid=1 serial=t size=7\n& sdb uuid=1 serial=s size=8\n.\n= sda SERIAL=t\n= sdb "
	"UUID=1\n",

	/* With nothing remembered and nothing to tell them apart, people's order of counting. */
	"& sdb uuid=1\n& sda uuid=1\n.\n= sda UUID=1\n"
	"= sdb -duplicate of /dev/sda, which has UUID=1\n",
	"& loop10 uuid=1\n& loop2 uuid=1\n.\n= loop2 UUID=1\n"
	"= loop10 -duplicate of /dev/loop2, which has UUID=1\n",

	/* A present owner is never robbed, not even by what matches better or is virtual. */
	"+ sdz1 part=1 uuid=1 partuuid=p\n- sdz1\n"
	"+ sdb1 part=1 uuid=1 partuuid=q\n= sdb1 UUID=1\n"
	"+ sda1 part=1 uuid=1 partuuid=p\n= sda1 PARTUUID=p\n= sdb1 UUID=1\n"
	"+ dm-0 virtual uuid=1 dm=x\n= dm-0 DM_UUID=x\n= sdb1 UUID=1\n",
	"+ sdb uuid=1\n+ sda uuid=1\n= sdb UUID=1\n"
	"= sda -duplicate of /dev/sdb, which has UUID=1\n"
	"+ sda uuid=1 label=new\n+ sdb uuid=1 label=new\n= sdb UUID=1\n"
	"= sda -duplicate of /dev/sdb, which has UUID=1\n",
	"+ sdb uuid=1\n+ dm-0 virtual uuid=1\n= sdb UUID=1\n"
	"= dm-0 -duplicate of /dev/sdb, which has UUID=1\n~\n= sdb UUID=1\n",

	/* What a device was before a mkfs is no clone's making do: identities may be told anew. */
	"+ sda1 part=1 blank partuuid=p serial=udev\n= sda1 PARTUUID=p\n- sda1\n"
	"+ sda1 part=1 uuid=1 partuuid=p serial=udev\n= sda1 UUID=1\n> create_point X: sda1\n"
	"- sda1\n+ sda1 part=1 uuid=1 partuuid=p serial=kernel\n@ X: /dev/sda1\n"
	"- sda1\n+ sda1 part=1 uuid=1 partuuid=p serial=udev\n@ X: /dev/sda1\n= sda1 UUID=1\n",

	/* Device-mapper and md devices win over what they are made of. */
	"& sda uuid=1\n& dm-0 virtual uuid=1\n.\n= dm-0 UUID=1\n"
	"= sda -duplicate of /dev/dm-0, which has UUID=1\n",
	"& md127 virtual uuid=1 md=x\n& sda uuid=1 serial=s\n.\n= md127 UUID=1\n= sda SERIAL=s\n",
	"+ sda component uuid=1\n= sda -\n+ dm-0 virtual uuid=1\n= dm-0 UUID=1\n",

	/* Also when these were there before, and until it goes; names stay with the ID. */
	"+ sda1 part=1 uuid=1 partuuid=p\n> create_point X: sda1\n@ X: /dev/sda1\n"
	"+ dm-0 virtual uuid=1 dm=x slaves=sda1\n= dm-0 UUID=1\n= sda1 PARTUUID=p\n"
	"@ X: /dev/dm-0\n~\n= dm-0 UUID=1\n= sda1 PARTUUID=p\n"
	"- dm-0\n= sda1 UUID=1\n@ X: /dev/sda1\n",
	"+ sda uuid=1\n+ sdb uuid=1\n= sda UUID=1\n+ md0 virtual uuid=1 slaves=sda,sdb\n"
	"= md0 UUID=1\n= sda -duplicate of /dev/md0, which has UUID=1\n"
	"= sdb -duplicate of /dev/md0, which has UUID=1\n- md0\n= sda UUID=1\n",
	/* Through others, whatever the database remembers. */
	"+ sda uuid=1 serial=s\n& dm-1 virtual uuid=1 dm=y slaves=md0\n"
	"& md0 virtual uuid=1 md=m slaves=sda\n.\n= dm-1 UUID=1\n= md0 MD_UUID=m\n"
	"= sda SERIAL=s\n",
	/* But not over others: the snapshot of an LVM volume has the same slave as its origin. */
	"+ dm-0 component uuid=1 dm=LVM-1-real virtual slaves=sda\n"
	"+ dm-1 virtual uuid=1 dm=LVM-1 slaves=dm-0\n"
	"+ dm-2 virtual uuid=1 dm=LVM-2 slaves=dm-0,dm-3\n= dm-1 UUID=1\n= dm-2 DM_UUID=LVM-2\n"
	"~\n= dm-1 UUID=1\n",
	"+ sdb uuid=1\n+ dm-0 virtual uuid=1 slaves=sda\n= sdb UUID=1\n"
	"= dm-0 -duplicate of /dev/sdb, which has UUID=1\n",
	/* A ring cannot be, and does no harm. */
	"& dm-0 virtual uuid=1 slaves=dm-1\n& dm-1 virtual uuid=1 slaves=dm-0\n.\n",

	/* The loser falls to its next scheme, and keeps that when the owner has gone. */
	"+ sda1 part=1 uuid=1 partuuid=p\n+ sdb1 part=1 uuid=1 partuuid=q\n"
	"= sda1 UUID=1\n= sdb1 PARTUUID=q\n"
	"- sda1\n= sdb1 PARTUUID=q\n"
	"+ sdb1 part=1 uuid=1 partuuid=q label=x\n= sdb1 PARTUUID=q\n"
	"- sdb1\n+ sdb1 part=1 uuid=1 partuuid=q\n= sdb1 PARTUUID=q\n"
	"+ sda1 part=1 uuid=1 partuuid=p\n= sda1 UUID=1\n",
	"& sda1 part=1 uuid=1 wwn=w serial=s\n& sdb1 part=1 uuid=1 wwn=w serial=s\n"
	"& sdc1 part=1 uuid=1 wwn=w serial=s\n& sdd1 part=1 uuid=1 wwn=w serial=s\n.\n"
	"= sda1 UUID=1\n= sdb1 WWN=w-part1\n= sdc1 SERIAL=s-part1\n"
	"= sdd1 -duplicate of /dev/sda1, which has UUID=1\n",

	/* Also when nothing but the place tells the twins apart. */
	"+ sda1 part=1 uuid=1 partuuid=p seq=1\n+ sdb1 part=1 uuid=1 partuuid=p seq=2\n"
	"= sda1 UUID=1\n= sdb1 PARTUUID=p\n"
	"- sda1\n= sdb1 PARTUUID=p\n~\n= sdb1 PARTUUID=p\n"
	"+ sda1 part=1 uuid=1 partuuid=p seq=3\n= sda1 UUID=1\n= sdb1 PARTUUID=p\n",
	"+ sda1 part=1 uuid=1 partuuid=p seq=1\n+ sdb1 part=1 uuid=1 partuuid=p seq=2\n"
	"- sdb1\n= sda1 UUID=1\n~\n= sda1 UUID=1\n",
	"+ sdb1 part=1 uuid=1 partuuid=p seq=1\n+ sda1 part=1 uuid=1 partuuid=p seq=2\n"
	"+ sdb1 part=1 uuid=1 partuuid=p seq=9\n= sdb1 UUID=1\n= sda1 PARTUUID=p\n"
	"~\n= sdb1 UUID=1\n= sda1 PARTUUID=p\n",
	"+ sdb uuid=1 seq=1\n+ sda uuid=1 seq=2\n+ sdb uuid=1 seq=9\n~\n= sdb UUID=1\n",
	"+ sdb uuid=1\n+ sda uuid=1\n~\n= sdb UUID=1\n- sdb\n+ sdc uuid=1\n~\n= sda UUID=1\n"
	"= sdc -duplicate of /dev/sda, which has UUID=1\n",

	/* A twin without any ID takes over when the owner leaves, and keeps it. */
	"+ sda uuid=1\n+ sdb uuid=1\n+ sdc uuid=1\n"
	"= sdb -duplicate of /dev/sda, which has UUID=1\n"
	"= sdc -duplicate of /dev/sda, which has UUID=1\n"
	"- sda\n= sdb UUID=1\n= sdc -duplicate of /dev/sdb, which has UUID=1\n"
	"+ sda uuid=1\n= sda -duplicate of /dev/sdb, which has UUID=1\n= sdb UUID=1\n",
	"+ sda uuid=1\n+ sdb uuid=1\n+ sda uuid=2\n= sda UUID=2\n= sdb UUID=1\n",
	"+ sda uuid=1\n+ sdb uuid=1\n+ sda size=0\n= sda -\n= sdb UUID=1\n",
	/* Owner and twin change places in one go. */
	"+ sda uuid=1\n+ sdb uuid=1\n&- sda\n& sdc uuid=1\n.\n= sdb UUID=1\n"
	"= sdc -duplicate of /dev/sdb, which has UUID=1\n",

	/* New content has a new ID; the old one is remembered for whoever has it. */
	"+ sda1 part=1 blank partuuid=p\n= sda1 PARTUUID=p\n"
	"+ sda1 part=1 partuuid=p uuid=1\n= sda1 UUID=1\n~\n= sda1 UUID=1\n"
	"- sda1\n+ sdb1 part=1 partuuid=p uuid=1\n= sdb1 UUID=1\n"
	"+ sdb1 part=1 partuuid=p uuid=2\n= sdb1 UUID=2\n"
	"+ sdb1 part=1 partuuid=p uuid=1\n= sdb1 UUID=1\n",
	/* Someone else's content on top of it does not bring someone else's names. */
	"+ sda1 part=1 uuid=1 partuuid=p\n+ sdb1 part=1 blank partuuid=q\n- sda1\n"
	"+ sdb1 part=1 uuid=1 partuuid=q\n= sdb1 PARTUUID=q\n"
	"+ sdb1 part=1 uuid=1 partuuid=q serial=late\n= sdb1 PARTUUID=q\n"
	"+ sda1 part=1 uuid=1 partuuid=p\n= sda1 UUID=1\n",
};

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
static void check_orders(const char *before)
{
	_cleanup_free_ char *expected = NULL;

	for (uint32_t seed = 0; seed < 100; seed++) {
		struct world world;

		world_init(&world);
		world_play(&world, before);
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
	check_orders("");
	check_orders("+ x part=1 uuid=1 partuuid=q serial=s size=7\n- x\n"
		     "+ x uuid=4 serial=t\n- x\n");
	check_orders("+ x part=1 uuid=9 partuuid=q serial=s\n- x\n+ x serial=u\n- x\n"
		     "+ x serial=t\n+ y uuid=4\n- x\n- y\n");
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
	world_play(&world, "+ sda uuid=1\n+ sdb uuid=1\n+ sdc1 part=1 uuid=1 partuuid=p\n");
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

START_TEST(test_find)
{
	struct world world;
	const struct device *device;

	world_init(&world);
	world_play(&world, "+ sda uuid=1\n+ sdb uuid=2\n");
	device = volumes_find_name(&world.manager.volumes, "sda");
	ck_assert_ptr_nonnull(device);
	ck_assert_ptr_eq(volumes_find_id(&world.manager.volumes, "UUID=1"), device);
	ck_assert_ptr_eq(volumes_find_number(&world.manager.volumes, device->number), device);
	ck_assert_ptr_null(volumes_find_name(&world.manager.volumes, "sd"));
	ck_assert_ptr_null(volumes_find_number(&world.manager.volumes, 1));
	world_play(&world, "- sda\n- sda\n- nothing\n");
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

	fixture_add_scripts(tcase, scripts, ARRAY_SIZE(scripts), true);
	tcase_add_test(tcase, test_orders);
	tcase_add_test(tcase, test_crowd);
	tcase_add_test(tcase, test_is_pure);
	tcase_add_test(tcase, test_find);
	return run_suite(suite);
}
