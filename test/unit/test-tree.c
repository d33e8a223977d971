/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tree shows of mounts, and what readers of `events` are told: scripts/tree.script. The
 * fixture checks after each step that who heard all of it knows the state.
 */

#include <string.h>

#include "core/rules/apply.h"
#include "fixture.h"

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
	world_play(&world, "plug sda1 part=1 uuid=1", "ok create_point X: sda1", "mounts sda1 /a");
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

	fixture_add_script(tcase, "tree");
	tcase_add_test(tcase, test_deltas);
	return run_suite(suite);
}
