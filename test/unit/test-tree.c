/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tree shows of mounts, and what readers of `events` are told: scripts/tree.script. The
 * fixture checks after each step that who heard all of it knows the state.
 */

#include <string.h>

#include "core/model/dropped.h"
#include "core/rules/apply.h"
#include "core/rules/devices.h"
#include "core/views/render.h"
#include "core/views/tree_memory.h"
#include "core/views/tree_update.h"
#include "fixture.h"
#include "listing.h"

static bool has_entry(const struct deltas *deltas, const struct node *folder, const char *name)
{
	for (size_t i = 0; i < deltas->count; i++)
		if (deltas->list[i].parent == folder->ino && deltas->list[i].name &&
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
	ino = node->ino;
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
	ck_assert_uint_ne(node->ino, ino);
	ck_assert_str_eq(node_get_target(node), "/b");
	/* A file of a volume that the kernel has not asked for before is as new as what it says. */
	node = tree_find_child(&world.tree, world.tree.ids, "UUID=1");
	ck_assert_uint_ne(node->changed, 5000);
	ck_assert_uint_eq(tree_find_child(&world.tree, node, "mount_points")->changed, 5000);
	deltas_fini(&deltas);
	world_fini(&world);
}
END_TEST

static bool has_attributes(const struct deltas *deltas, const struct node *node)
{
	for (size_t i = 0; i < deltas->count; i++)
		if (!deltas->list[i].parent && deltas->list[i].ino == node->ino)
			return true;
	return false;
}

/* Of a volume that has another link, the kernel is told of the files that say so. */
START_TEST(test_files_of_links)
{
	static const char *const names[] = { "guid", "links", "dos_paths", "kind", "device" };
	struct node *files[ARRAY_SIZE(names)], *folder;
	struct touched touched = { 0 };
	struct deltas deltas = { 0 };
	struct world world;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1");
	folder = tree_find_child(&world.tree, world.tree.ids, "UUID=1");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		files[i] = tree_find_child(&world.tree, folder, names[i]);
		tree_add_lookup(files[i]);
	}
	touched_add_linked(&touched, "UUID=1");
	touched_add_linked(&touched, "UUID=2"); /* an absent one has no folder */
	tree_update(&world.tree, &world.manager, &touched, 5000, &deltas);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		ck_assert(has_attributes(&deltas, files[i]) == (i < 3));
		ck_assert((files[i]->changed == 5000) == (i < 3));
	}
	ck_assert_uint_eq(
		tree_find_child(&world.tree, folder, "mount_points.registered")->changed, 5000);
	deltas_fini(&deltas);
	touched_fini(&touched);
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

/* The tree of another process over the same state, after the kernel was told of all of this one. */
static void begin_again(struct world *world, struct tree *ret_tree)
{
	struct tree_memory *memory = tree_memory_new();
	struct touched touched = { 0 };
	uint32_t mark = 1;

	index_for_each (&world->tree.by_name, const struct node, named)
		tree_find_child(&world->tree, named->parent, named->name);
	index_for_each (&world->tree.by_ino, struct node, node) {
		const char *target = node->kind == NODE_LINK ? node_get_target(node) : "";

		node->known->mark = mark++;
		tree_memory_add(memory,
			&(struct tree_remembered){
				.ino = node->ino,
				.parent = node->parent ? node->parent->ino : 0,
				.lookups = node->known->lookups,
				.changed = node->changed,
				.mark = node->known->mark,
				.kind = node->kind,
				.name = node->name,
				.target = target ? target : "",
			});
	}
	tree_init_again(ret_tree, 9000, memory);
	touched_add_id(&touched, "UUID=2", true);
	touched_add_id(&touched, "UUID=1", true);
	touched_add_device(&touched, "sdb1");
	touched_add_device(&touched, "sda1");
	tree_update(ret_tree, &world->manager, &touched, 9000, NULL);
	touched_fini(&touched);
}

static void note_gone(void *data, uint32_t mark)
{
	*(uint32_t *)data = mark;
}

static const struct node *find_below(struct tree *tree, struct node *folder, const char *name)
{
	const struct node *node = tree_find_child(tree, folder, name);

	ck_assert_ptr_nonnull(node);
	return node;
}

START_TEST(another_tree_has_the_same_numbers)
{
	struct reader early = { 0 }, late = { 0 };
	struct node *folder, *file;
	const struct node *link;
	struct world world;
	struct tree again;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1", "plug sdb1 part=2 uuid=2",
		"ok create_point X: sda1", "ok create_point link=films device=sdb1",
		"ok create_point A: sdb1");
	folder = tree_find_child(&world.tree, world.tree.ids, "UUID=1");
	file = tree_find_child(&world.tree, folder, "mount_points");
	tree_add_lookup(file);
	tree_add_lookup(folder);
	tree_add_lookup(folder);
	read_names(&early, &world.tree, world.tree.dos_devices, 3);
	begin_again(&world, &again);
	tree_end_recall(&again);
	ck_assert_uint_eq(again.by_ino.count, world.tree.by_ino.count);
	index_for_each (&world.tree.by_ino, const struct node, node) {
		const struct node *same = tree_find(&again, node->ino);

		ck_assert_ptr_nonnull(same);
		ck_assert_str_eq(same->name, node->name);
		ck_assert_uint_eq(same->known->lookups, node->known->lookups);
		ck_assert_uint_eq(same->known->mark, node->known->mark);
		if (node->kind == NODE_LINK || node->kind == NODE_VOLUME)
			ck_assert_uint_eq(same->changed, node->changed);
	}
	/* Who is in the midst of a listing goes on with it, and its end is none of a new one. */
	late = early;
	early = (struct reader){ 0 };
	read_names(&late, &again, again.dos_devices, SIZE_MAX);
	read_names(&early, &world.tree, world.tree.dos_devices, SIZE_MAX);
	ck_assert_str_eq(strbuf_text(&late.names), strbuf_text(&early.names));
	ck_assert(!tree_list_is_current(again.dos_devices, late.cookie));
	link = find_below(&again, again.dos_devices, "A:");
	ck_assert_uint_lt(link->ino, again.next_ino);
	strbuf_fini(&early.names);
	strbuf_fini(&late.names);
	tree_fini(&again);
	world_fini(&world);
}
END_TEST

START_TEST(what_is_gone_keeps_its_number)
{
	const struct node *nameless, *link;
	struct world world;
	struct tree again;
	uint32_t gone = 0;
	uint64_t ino;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1", "plug sdb1 part=2 uuid=2",
		"ok create_point link=films device=sda1", "ok create_point A: sdb1");
	link = find_below(&world.tree, world.tree.dos_devices, "films");
	tree_add_lookup((struct node *)link);
	ino = link->ino;
	world_play(&world, "ok delete_points link=films", "ok create_point link=films device=sdb1");
	begin_again(&world, &again);
	again.gone = note_gone;
	again.data = &gone;
	tree_end_recall(&again);
	nameless = tree_find(&again, ino);
	ck_assert_ptr_nonnull(nameless);
	ck_assert_ptr_null(nameless->parent);
	ck_assert_str_eq(node_get_target(nameless), "/dev/sda1");
	ck_assert_uint_ne(find_below(&again, again.dos_devices, "films")->ino, ino);
	ck_assert_uint_eq(gone, 0);
	tree_forget(&again, ino, 1);
	ck_assert_uint_ne(gone, 0);
	ck_assert_ptr_null(tree_find(&again, ino));
	tree_fini(&again);
	world_fini(&world);
}
END_TEST

/* The kernel remembers nothing of the tree. */
static void forget_all(struct world *world)
{
	kernel_fini(&world->kernel);
	for (uint64_t ino = TREE_ROOT_INO; ino < world->tree.next_ino; ino++) {
		struct node *node = tree_find(&world->tree, ino);

		if (!node)
			continue;
		node->has_missing = false;
		tree_forget(&world->tree, ino, node->known->lookups);
	}
	memset(world->tree.missing, 0, sizeof(world->tree.missing));
}

static void move_device(struct world *world, const char *name, struct deltas *ret_deltas)
{
	const struct device *device = volumes_find_name(&world->manager.volumes, "sda1");
	struct device *moved = device_copy(device);
	struct touched touched;

	free(moved->node);
	moved->node = xasprintf("/dev/%s", name);
	volumes_change_put(&world->change.volumes, moved);
	devices_decide(&world->manager, &world->env, &world->change);
	apply_change(&world->manager, &world->change, &touched);
	change_fini(&world->change);
	change_init(&world->change, &world->manager);
	tree_update(&world->tree, &world->manager, &touched, 9000, ret_deltas);
	touched_fini(&touched);
}

/* Only of what the kernel knows the number is another one when it leads elsewhere. */
START_TEST(a_link_is_another_inode_where_the_kernel_knows_it)
{
	const struct node *known, *unknown;
	struct reader reader = { 0 };
	uint64_t known_ino, ino;
	struct deltas deltas = { 0 };
	struct world world;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1", "ok create_point link=films device=sda1",
		"ok create_point link=music device=sda1");
	forget_all(&world);
	known = find_below(&world.tree, world.tree.dos_devices, "films");
	unknown = find_below(&world.tree, world.tree.dos_devices, "music");
	known_ino = known->ino;
	ino = unknown->ino;
	tree_add_lookup((struct node *)known);
	move_device(&world, "sdx1", &deltas);
	ck_assert(has_entry(&deltas, world.tree.dos_devices, "films"));
	ck_assert_uint_eq(deltas.events.untold, 0);
	deltas_fini(&deltas);
	ck_assert_str_eq(node_get_target(tree_find(&world.tree, known_ino)), "/dev/sda1");
	read_names(&reader, &world.tree, world.tree.dos_devices, SIZE_MAX);
	ck_assert_str_eq(strbuf_text(&reader.names), ". .. music films ");
	known = find_below(&world.tree, world.tree.dos_devices, "films");
	unknown = find_below(&world.tree, world.tree.dos_devices, "music");
	ck_assert_str_eq(node_get_target(known), "/dev/sdx1");
	ck_assert_str_eq(node_get_target(unknown), "/dev/sdx1");
	ck_assert_uint_eq(unknown->changed, 9000);
	ck_assert_uint_ne(known->ino, known_ino);
	ck_assert_uint_eq(unknown->ino, ino);
	ck_assert_str_eq(node_get_target(tree_find(&world.tree, known_ino)), "/dev/sda1");
	tree_forget(&world.tree, known_ino, 1);
	ck_assert_ptr_null(tree_find(&world.tree, known_ino));
	strbuf_fini(&reader.names);
	world_fini(&world);
}
END_TEST

/*
 * Links of which there are many go at once, if all of a volume do: what is left of them is in
 * nobody's way, and goes by and by.
 */
START_TEST(many_links_go_at_once)
{
	const struct node *known, *again;
	struct reader reader = { 0 };
	struct world world;
	size_t names, inodes;

	world_init(&world);
	world.manager.links_told = 2;
	world_play(&world, "plug sda1 part=1 uuid=1", "plug sdb1 part=2 uuid=2");
	names = world.tree.by_name.count;
	inodes = world.tree.by_ino.count;
	world_play(&world, "mount sda1 /films", "ok create_point link=films device=sda1",
		"ok create_point link=music device=sda1", "ok create_point link=X: device=sda1",
		"ok create_point link=other device=sdb1");
	known = find_below(&world.tree, world.tree.dos_devices, "films");
	ck_assert_ptr_nonnull(find_below(&world.tree, world.tree.mounts, "films"));
	tree_add_lookup((struct node *)known);

	/* The fixture frees one after each step: of the kernel's there is one left for long. */
	world_play(&world, "ok delete_points device=sda1");
	ck_assert_ptr_nonnull(world.manager.names.dropped);
	ck_assert_ptr_null(tree_find_child(&world.tree, world.tree.dos_devices, "films"));
	ck_assert_ptr_null(tree_find_child(&world.tree, world.tree.dos_devices, "music"));
	ck_assert_ptr_null(tree_find_child(&world.tree, world.tree.dos_devices, "X:"));
	ck_assert_ptr_null(tree_find_child(&world.tree, world.tree.mounts, "films"));
	read_names(&reader, &world.tree, world.tree.dos_devices, SIZE_MAX);
	ck_assert_str_eq(strbuf_text(&reader.names), ". .. other ");
	world_play(&world, "ok create_point link=Films device=sdb1");
	again = find_below(&world.tree, world.tree.dos_devices, "Films");
	ck_assert_str_eq(node_get_target(again), "/dev/sdb1");
	dropped_sweep(&world.manager.names, SIZE_MAX, tree_sweep_link, &world.tree);
	ck_assert_ptr_eq(find_below(&world.tree, world.tree.dos_devices, "Films"), again);
	ck_assert_ptr_eq(tree_find(&world.tree, known->ino), known);
	tree_forget(&world.tree, known->ino, 1);
	world_play(&world, "ok delete_points link=Films", "ok delete_points link=other",
		"unmount sda1");
	forget_all(&world);
	ck_assert_uint_eq(world.tree.by_name.count, names - 1); /* the volume name of sda1 */
	ck_assert_uint_eq(world.tree.by_ino.count, inodes - 1);
	strbuf_fini(&reader.names);
	world_fini(&world);
}
END_TEST

/* Of many links nobody is told each; the kernel, only if it may know any. */
START_TEST(many_links_are_told_of_at_once)
{
	struct world world;
	struct deltas deltas = { 0 };
	struct node *link;

	world_init(&world);
	world.manager.links_told = 1;
	world_play(&world, "plug sda1 part=1 uuid=1", "ok create_point link=films device=sda1",
		"ok create_point link=music device=sda1");
	forget_all(&world);
	move_device(&world, "sdx1", &deltas);
	ck_assert(!has_entry(&deltas, world.tree.root, "DosDevices"));
	deltas_fini(&deltas);
	link = (struct node *)find_below(&world.tree, world.tree.dos_devices, "films");
	tree_add_lookup(link);
	move_device(&world, "sdy1", &deltas);
	ck_assert(has_entry(&deltas, world.tree.root, "DosDevices"));
	ck_assert(deltas.lines.is_all);
	deltas_fini(&deltas);
	world_fini(&world);
}
END_TEST

/* Where nobody listens, events are counted. */
START_TEST(nobody_is_told)
{
	struct deltas heard = { 0 }, unheard = { .is_unheard = true };
	struct world world;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1", "ok create_point link=films device=sda1");
	move_device(&world, "sdx1", &heard);
	ck_assert_uint_gt(heard.events.count, 0);
	move_device(&world, "sdy1", &unheard);
	ck_assert_uint_eq(unheard.events.count, 0);
	ck_assert_uint_eq(unheard.events.untold, heard.events.count);
	deltas_fini(&heard);
	deltas_fini(&unheard);
	world_fini(&world);
}
END_TEST

/* Who has it open may ask how long it is. */
START_TEST(a_file_of_no_volume_is_still_one)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct node *folder, *file;
	struct world world;
	struct tree again;
	uint64_t ino;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1");
	folder = tree_find_child(&world.tree, world.tree.ids, "UUID=1");
	file = tree_find_child(&world.tree, folder, "no_drive_letter");
	tree_add_lookup(file);
	tree_add_lookup(folder);
	ino = file->ino;
	world_play(&world, "unplug sda1");
	begin_again(&world, &again);
	tree_end_recall(&again);
	file = tree_find(&again, ino);
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(file->kind, NODE_VOLUME);
	ck_assert_str_eq(volume_files[file->file].name, "no_drive_letter");
	ck_assert_uint_eq(file->known->lookups, 1);
	for (size_t i = 0; i < volume_file_count; i++)
		if (!volume_files[i].is_live)
			volume_files[i].render(&world.manager, file->id, &text);
	tree_forget(&again, ino, 1);
	ck_assert_ptr_null(tree_find(&again, ino));
	tree_fini(&again);
	world_fini(&world);
}
END_TEST

/* A volume that nobody looks at costs no entry by number, and its link to the device no node. */
START_TEST(what_nobody_has_asked_for_has_no_entry_by_number)
{
	struct reader reader = { 0 };
	struct node *folder, *link;
	struct world world;
	size_t count;
	uint64_t ino;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1");
	count = world.tree.by_ino.count;
	folder = world.tree.ids->content->first;
	ck_assert_ptr_null(tree_find(&world.tree, folder->ino));
	ck_assert_ptr_null(folder->content->first);
	ck_assert_ptr_eq(tree_find_child(&world.tree, world.tree.ids, "UUID=1"), folder);
	ck_assert_ptr_eq(tree_find(&world.tree, folder->ino), folder);
	ck_assert_uint_eq(world.tree.by_ino.count, count + 1);
	link = tree_find_child(&world.tree, folder, "device");
	ck_assert_str_eq(node_get_target(link), "/dev/sda1");
	ck_assert_uint_eq(world.tree.by_ino.count, count + 2);
	tree_add_lookup(folder);
	tree_add_lookup(link);
	ino = link->ino;
	move_device(&world, "sdx1", NULL);
	ck_assert_str_eq(node_get_target(tree_find(&world.tree, ino)), "/dev/sda1");
	ck_assert_ptr_null(folder->content->first);
	read_names(&reader, &world.tree, folder, SIZE_MAX);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&reader.names), " device "));
	ck_assert_str_eq(node_get_target(folder->content->first), "/dev/sdx1");
	ck_assert_uint_ne(folder->content->first->ino, ino);
	strbuf_fini(&reader.names);
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tree");
	TCase *tcase = suite_add_case(suite, "tree");

	fixture_add_script(tcase, "tree");
	tcase_add_test(tcase, test_deltas);
	tcase_add_test(tcase, test_files_of_links);
	tcase_add_test(tcase, no_time_of_change_comes_twice);
	tcase_add_test(tcase, a_link_is_another_inode_where_the_kernel_knows_it);
	tcase_add_test(tcase, many_links_are_told_of_at_once);
	tcase_add_test(tcase, nobody_is_told);
	tcase_add_test(tcase, many_links_go_at_once);
	tcase_add_test(tcase, another_tree_has_the_same_numbers);
	tcase_add_test(tcase, what_is_gone_keeps_its_number);
	tcase_add_test(tcase, a_file_of_no_volume_is_still_one);
	tcase_add_test(tcase, what_nobody_has_asked_for_has_no_entry_by_number);
	return run_suite(suite);
}
