/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folders of the tree as they are listed, at once and in pieces.
 */

#include <string.h>

#include "core/views/tree_update.h"
#include "fixture.h"
#include "listing.h"

/* An empty one has `.`, so every listing has an end that tells which one it is. */
START_TEST(a_listing_is_known_by_its_end)
{
	struct reader early = { 0 }, late = { 0 };
	struct node *folder;
	struct world world;

	world_init(&world);
	folder = world.tree.dos_devices;
	read_names(&early, &world.tree, folder, SIZE_MAX);
	ck_assert_str_eq(strbuf_text(&early.names), ". .. ");
	ck_assert(tree_list_is_current(folder, early.cookie));
	world_play(&world, "plug sda1 part=1 uuid=1", "ok create_point A: sda1");
	ck_assert(!tree_list_is_current(folder, early.cookie));
	world_play(&world, "ok create_point link=films device=sda1");
	read_names(&late, &world.tree, folder, 3);
	ck_assert_str_eq(strbuf_text(&late.names), ". .. A: ");
	ck_assert(tree_list_is_current(folder, late.cookie));
	world_play(&world, "ok delete_points link=A:");
	read_names(&late, &world.tree, folder, SIZE_MAX);
	ck_assert_str_eq(strbuf_text(&late.names), ". .. A: films ");
	ck_assert(!tree_list_is_current(folder, late.cookie));
	strbuf_fini(&early.names);
	strbuf_fini(&late.names);
	world_fini(&world);
}
END_TEST

static void check_rest(
	struct tree *tree, struct node *folder, uint64_t cookie, const char *expected)
{
	struct reader reader = { .cookie = cookie };

	read_names(&reader, tree, folder, SIZE_MAX);
	ck_assert_str_eq(strbuf_text(&reader.names), expected);
	strbuf_fini(&reader.names);
}

/*
 * Whoever lists a folder goes on behind any entry that he was given, not only the last: also when
 * that one has gone meanwhile, or those beside it have.
 */
START_TEST(a_listing_goes_on_anywhere)
{
	struct reader reader = { 0 };
	struct node *folder;
	uint64_t cookies[8] = { 0 };
	struct world world;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1", "ok create_point link=a device=sda1",
		"ok create_point link=b device=sda1", "ok create_point link=c device=sda1",
		"ok create_point link=d device=sda1", "ok create_point link=e device=sda1");
	folder = world.tree.dos_devices;
	for (size_t i = 0; i < 7; i++) {
		read_names(&reader, &world.tree, folder, 1);
		cookies[i] = reader.cookie;
	}
	ck_assert_str_eq(strbuf_text(&reader.names), ". .. a b c d e ");
	check_rest(&world.tree, folder, cookies[6], "");
	check_rest(&world.tree, folder, cookies[3], "c d e ");
	check_rest(&world.tree, folder, cookies[2], "b c d e ");
	check_rest(&world.tree, folder, cookies[5], "e ");
	check_rest(&world.tree, folder, cookies[1], "a b c d e ");
	world_play(&world, "ok delete_points link=e", "ok delete_points link=c");
	check_rest(&world.tree, folder, cookies[4], "d ");
	check_rest(&world.tree, folder, cookies[6], "");
	check_rest(&world.tree, folder, cookies[3], "d ");
	world_play(&world, "ok delete_points link=d", "ok delete_points link=b",
		"ok delete_points link=a");
	check_rest(&world.tree, folder, cookies[3], "");
	check_rest(&world.tree, folder, 0, ". .. ");
	strbuf_fini(&reader.names);
	world_fini(&world);
}
END_TEST

/* What was listed only takes no place in the index of numbers, but for where the listing stands. */
START_TEST(what_is_listed_is_not_found_by_its_number)
{
	struct touched touched = { 0 };
	struct reader reader = { 0 };
	struct world world;
	struct tree tree;
	size_t before;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1", "ok create_point link=a device=sda1",
		"ok create_point link=b device=sda1", "ok create_point link=c device=sda1");
	tree_init(&tree, 9000);
	touched_add_id(&touched, "UUID=1", true);
	tree_update(&tree, &world.manager, &touched, 9000, NULL);
	before = tree.by_ino.count;
	read_names(&reader, &tree, tree.dos_devices, SIZE_MAX);
	ck_assert_uint_eq(reader.names.len, strlen(". .. a b c "));
	ck_assert_uint_eq(tree.by_ino.count, before + 1);
	ck_assert_ptr_nonnull(tree_find_child(&tree, tree.dos_devices, "a"));
	ck_assert_ptr_nonnull(tree_find_child(&tree, tree.dos_devices, "b"));
	ck_assert_ptr_nonnull(tree_find_child(&tree, tree.dos_devices, "c"));
	ck_assert_uint_eq(tree.by_ino.count, before + 3);
	strbuf_fini(&reader.names);
	touched_fini(&touched);
	tree_fini(&tree);
	world_fini(&world);
}
END_TEST

/* It counts as one that may take any name for missing, in each folder: see tree_update.c. */
START_TEST(all_entries_are_listed)
{
	struct deltas deltas = { 0 };
	size_t count = 0, folders = 0;
	struct world world;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1", "ok create_point link=films device=sda1");
	tree_list_entries(&world.tree, &deltas);
	index_for_each (&world.tree.by_name, const struct node, node)
		count++;
	index_for_each (&world.tree.by_ino, const struct node, node) {
		folders += node->kind == NODE_FOLDER;
		ck_assert(node->kind != NODE_FOLDER || node->has_missing);
	}
	ck_assert_uint_gt(folders, 5);
	ck_assert_uint_eq(deltas.count, count + 1); /* the volume's link to its device */
	for (size_t i = 0; i < sizeof(world.tree.missing); i++)
		ck_assert_uint_eq(((uint8_t *)world.tree.missing)[i], 0xff);
	deltas_fini(&deltas);
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("listing");
	TCase *tcase = suite_add_case(suite, "listing");

	tcase_add_test(tcase, a_listing_is_known_by_its_end);
	tcase_add_test(tcase, a_listing_goes_on_anywhere);
	tcase_add_test(tcase, what_is_listed_is_not_found_by_its_number);
	tcase_add_test(tcase, all_entries_are_listed);
	return run_suite(suite);
}
