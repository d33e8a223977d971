/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tree shows of mounts, and what readers of `events` are told: scripts/tree.script. The
 * fixture checks after each step that who heard all of it knows the state.
 */

#include <string.h>

#include "core/rules/apply.h"
#include "core/views/tree_update.h"
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
	ck_assert_uint_ge(world.tree.mounts->changed, 5000);
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

struct reader {
	struct strbuf names;
	uint64_t cookie; /* of the last */
	size_t room;
};

static bool read_name(
	void *data, const char *name, uint64_t ino, enum node_kind kind, uint64_t cookie)
{
	struct reader *reader = data;

	if (!reader->room)
		return false;
	reader->room--;
	strbuf_add_format(&reader->names, "%s ", name);
	reader->cookie = cookie;
	return true;
}

static void read_names(
	struct reader *reader, const struct tree *tree, const struct node *folder, size_t room)
{
	reader->room = room;
	tree_list(tree, folder, reader->cookie, read_name, reader);
}

/* An empty one has `.`, so every listing has an end that tells which one it is. */
START_TEST(a_listing_is_known_by_its_end)
{
	struct reader early = { 0 }, late = { 0 };
	const struct node *folder;
	struct world world;

	world_init(&world);
	folder = world.tree.dos_devices;
	read_names(&early, &world.tree, folder, SIZE_MAX);
	ck_assert_str_eq(strbuf_text(&early.names), ". .. ");
	ck_assert(tree_is_listing_current(folder, early.cookie));
	world_play(&world, "plug sda1 part=1 uuid=1", "ok create_point A: sda1");
	ck_assert(!tree_is_listing_current(folder, early.cookie));
	world_play(&world, "ok create_point link=films device=sda1");
	read_names(&late, &world.tree, folder, 3);
	ck_assert_str_eq(strbuf_text(&late.names), ". .. A: ");
	ck_assert(tree_is_listing_current(folder, late.cookie));
	world_play(&world, "ok delete_points link=A:");
	read_names(&late, &world.tree, folder, SIZE_MAX);
	ck_assert_str_eq(strbuf_text(&late.names), ". .. A: films ");
	ck_assert(!tree_is_listing_current(folder, late.cookie));
	strbuf_fini(&early.names);
	strbuf_fini(&late.names);
	world_fini(&world);
}
END_TEST

START_TEST(no_time_of_change_comes_twice)
{
	struct world world;
	uint64_t before;

	world_init(&world);
	tree_touch(world.tree.ids, 7000);
	before = world.tree.ids->changed;
	tree_touch(world.tree.ids, 7000);
	ck_assert_uint_gt(world.tree.ids->changed, before);
	before = world.tree.ids->changed;
	tree_touch(world.tree.ids, 6000); /* the clock was put back */
	ck_assert_uint_gt(world.tree.ids->changed, before);
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tree");
	TCase *tcase = suite_add_case(suite, "tree");

	fixture_add_script(tcase, "tree");
	tcase_add_test(tcase, test_deltas);
	tcase_add_test(tcase, a_listing_is_known_by_its_end);
	tcase_add_test(tcase, no_time_of_change_comes_twice);
	return run_suite(suite);
}
