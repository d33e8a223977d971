/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tree shows of mounts, and what readers of `events` are told. Scripts are explained in
 * fixture.h; the fixture checks after each step that who heard all of it knows the state.
 */

#include <string.h>

#include "core/rules/apply.h"
#include "fixture.h"

#define ONE                                                                                     \
	"+ sda1 part=1 uuid=1\n! arrived UUID=1 /dev/sda1\n! created Volume UUID=1 /dev/sda1\n" \
	"!\n> create_point X: sda1\n! created /DosDevices/X: UUID=1 /dev/sda1\n!\n"

static const char *const scripts[] = {
	/* Comes and goes: the volume around its links. */
	ONE "- sda1\n! deleted /DosDevices/X: UUID=1 /dev/sda1\n! deleted Volume UUID=1 /dev/sda1\n"
	    "! removed UUID=1 /dev/sda1\n!\n+ sda2 part=2 uuid=1\n! arrived UUID=1 /dev/sda2\n"
	    "! created /DosDevices/X: UUID=1 /dev/sda2\n! created Volume UUID=1 /dev/sda2\n!\n",
	/* The same volume on another node: its links lead there, and are the same. */
	ONE "&- sda1\n& sdb1 part=1 uuid=1\n.\n! changed UUID=1 /dev/sdb1\n!\n"
	    "@ X: /dev/sdb1\nT DosDevices/X: /dev/sdb1\n",
	/* What describes it, and what does not. */
	ONE "+ sda1 part=1 uuid=1 label=x\n! changed UUID=1 /dev/sda1\n!\n"
	    "+ sda1 part=1 uuid=1 label=x seq=7\n!\n"
	    "+ sda1 part=1 uuid=1 label=x size=2000\n! changed UUID=1 /dev/sda1\n!\n"
	    "+ sda1 part=1 uuid=1 label=x size=2000 partuuid=p\n! changed UUID=1 /dev/sda1\n!\n"
	    "+ sda1 part=1 uuid=1 label=x size=2000 partuuid=p fstype=xfs\n"
	    "! changed UUID=1 /dev/sda1\n!\n> delete_points X:\n"
	    "! deleted /DosDevices/X: UUID=1 /dev/sda1\n!\n",
	/* Another volume on the node. */
	ONE "+ sda1 part=1 uuid=2\n! deleted /DosDevices/X: UUID=1 /dev/sda1\n"
	    "! deleted Volume UUID=1 /dev/sda1\n! removed UUID=1 /dev/sda1\n"
	    "! arrived UUID=2 /dev/sda1\n! created Volume UUID=2 /dev/sda1\n!\n",
	/* A name that another volume takes over while its owner is kept from nothing. */
	ONE
	"+ sdb1 part=1 uuid=2\n! arrived UUID=2 /dev/sdb1\n! created Volume UUID=2 /dev/sdb1\n!\n"
	"> create_point link=a device=sda1\n! created /DosDevices/a UUID=1 /dev/sda1\n"
	"> create_point link=b device=sdb1\n! created /DosDevices/b UUID=2 /dev/sdb1\n!\n"
	"> mv a b\n! deleted /DosDevices/a UUID=1 /dev/sda1\n"
	"! deleted /DosDevices/b UUID=2 /dev/sdb1\n! created /DosDevices/b UUID=1 /dev/sda1\n!\n"
	"> mv b B\n! deleted /DosDevices/b UUID=1 /dev/sda1\n"
	"! created /DosDevices/B UUID=1 /dev/sda1\n!\nEEXIST mv -n X: B\n!\n> mv X: Y:\n"
	"! deleted /DosDevices/X: UUID=1 /dev/sda1\n! created /DosDevices/Y: UUID=1 /dev/sda1\n!\n",
	/* Kept links outlive their volume. */
	ONE "> keep_links_when_offline UUID=1\n!\n- sda1\n! removed UUID=1 /dev/sda1\n!\nT "
	    "DosDevices/X: ../ids/UUID=1/device\nT ids/UUID=1/device -\n"
	    "+ sdb1 part=1 uuid=1\n! arrived UUID=1 /dev/sdb1\n!\n- sdb1\n"
	    "! removed UUID=1 /dev/sdb1\n!\n> keep_links_when_offline UUID=1 keep=0\n! deleted "
	    "/DosDevices/X: UUID=1 \n! deleted Volume UUID=1 \n!\n",
	/* What the tree does not show: each thing is told once. */
	"+ sda blank\n! unprocessed /dev/sda no content\n!\n+ sda blank seq=3\n!\n"
	"+ sda fault=broken\n! unprocessed /dev/sda broken\n!\n+ sdb blank\n"
	"! unprocessed /dev/sdb no content\n!\n- sda\n!\n+ sda blank\n"
	"! unprocessed /dev/sda no content\n!\n+ sdc blank table=gpt\n!\n+ sdd\n"
	"! unprocessed /dev/sdd no unique ID\n!\n+ sde1 part=1 uuid=1 flags=4000000000000000\n"
	"! unprocessed /dev/sde1 hidden by its partition attributes\n!\n",
	ONE "+ sdb1 part=1 uuid=1\n"
	    "! duplicate /dev/sdb1 duplicate of /dev/sda1, which has UUID=1\n!\n"
	    "+ sdb1 part=1 uuid=1 label=x\n!\n+ sdc1 part=1 uuid=1 partuuid=q\n"
	    "! duplicate PARTUUID=q /dev/sdc1\n! arrived PARTUUID=q /dev/sdc1\n"
	    "! created Volume PARTUUID=q /dev/sdc1\n!\n",

	/* mounts/ has every link of what is mounted, and nothing else. */
	ONE "+ sdb1 part=1 uuid=2\n> create_point Y: sdb1\nT mounts/X: -\nM sda1 /a\n"
	    "T mounts/X: /a\nT mounts/Y: -\nT mounts/x: -\n> create_point link=data device=sda1\n"
	    "T mounts/data /a\n> mv data DATA\nT mounts/DATA /a\nT mounts/data -\n"
	    "> delete_points X:\nT mounts/X: -\n> mv DATA Y:\nT mounts/Y: /a\nT mounts/DATA -\n",
	/* The first whole one leads, else the first. */
	ONE "M sda1* /part sda1 /b sda1 /a sda1* /other\nT mounts/X: /b\n"
	    "M sda1* /part sda1* /other\nT mounts/X: /part\nM sda1* /part sda1 /z\n"
	    "T mounts/X: /z\nM sdq /z\nT mounts/X: -\n",
	/* Only while the volume is present, kept or not; whoever comes is mounted already. */
	"M sda1 /a\n+ sda1 part=1 uuid=1\n! arrived UUID=1 /dev/sda1\n"
	"! created Volume UUID=1 /dev/sda1\n! mounted UUID=1 /dev/sda1 /a\n!\n"
	"> create_point X: sda1\n! created /DosDevices/X: UUID=1 /dev/sda1\n!\nT mounts/X: /a\n"
	"> keep_links_when_offline UUID=1\n!\n- sda1\n! unmounted UUID=1 /dev/sda1 /a\n! removed "
	"UUID=1 /dev/sda1\n!\n"
	"T mounts/X: -\nT DosDevices/X: ../ids/UUID=1/device\n+ sda1 part=1 uuid=1\n"
	"! arrived UUID=1 /dev/sda1\n! mounted UUID=1 /dev/sda1 /a\n!\nT mounts/X: /a\n",
	/* Each mount point is told of. */
	ONE "M sda1 /a\n! mounted UUID=1 /dev/sda1 /a\n!\nM sda1 /a sda1* /b sda1 /c\n"
	    "! mounted UUID=1 /dev/sda1 /b\n! mounted UUID=1 /dev/sda1 /c\n!\n"
	    "M sda1 /c sda1 /a\n! unmounted UUID=1 /dev/sda1 /b\n!\nT mounts/X: /c\n"
	    "M sda1 /d sda1 /a\n! unmounted UUID=1 /dev/sda1 /c\n! mounted UUID=1 /dev/sda1 /d\n"
	    "!\nM\n! unmounted UUID=1 /dev/sda1 /a\n! unmounted UUID=1 /dev/sda1 /d\n!\n",
};

static bool has_entry(const struct deltas *deltas, const struct node *folder, const char *name)
{
	for (size_t i = 0; i < deltas->count; i++)
		if (deltas->list[i].parent == node_get_ino(folder) &&
			strcmp(deltas->list[i].name, name) == 0)
			return true;
	return false;
}

/* The kernel is told of entries in mounts/, and a link to another place is another inode. */
START_TEST(test_deltas)
{
	struct mounts mounts = { 0 };
	struct deltas deltas = { 0 };
	struct world world;
	struct node *node;
	uint64_t ino;

	world_init(&world);
	world_play(&world, "+ sda1 part=1 uuid=1\n> create_point X: sda1\nM sda1 /a\n");
	node = tree_find_child(&world.tree, world.tree.mounts, "X:");
	ino = node_get_ino(node);
	mounts_add(&mounts, &(struct mount){ .path = (char *)"/", .id = 1 });
	mounts_add(&mounts,
		&(struct mount){ map_hash_text("sda1"), (char *)"/b", true, .id = 2, .parent = 1 });
	mounts_finish(&mounts);
	touched_fini(&world.touched);
	apply_mounts(&world.manager, &mounts, &world.touched);
	tree_update(&world.tree, &world.manager, &world.touched, 5000, &deltas);
	ck_assert(has_entry(&deltas, world.tree.mounts, "X:"));
	ck_assert(!has_entry(&deltas, world.tree.dos_devices, "X:"));
	ck_assert_uint_eq(world.tree.mounts->changed, 5000);
	node = tree_find_child(&world.tree, world.tree.mounts, "X:");
	ck_assert_uint_ne(node_get_ino(node), ino);
	ck_assert_str_eq(node->target, "/b");
	/* A file of a volume that the kernel has not asked for before is as new as what it says. */
	node = tree_find_child(&world.tree, world.tree.ids, "UUID=1");
	ck_assert_uint_ne(node->changed, 5000);
	ck_assert_uint_eq(tree_find_child(&world.tree, node, "mount_points")->changed, 5000);
	deltas_fini(&deltas);
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tree");
	TCase *tcase = suite_add_case(suite, "tree");

	fixture_add_scripts(tcase, scripts, ARRAY_SIZE(scripts), false);
	tcase_add_test(tcase, test_deltas);
	return run_suite(suite);
}
