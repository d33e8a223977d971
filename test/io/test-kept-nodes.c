/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel was told of a tree is what the next process is told, wherever the first ends.
 */

#include <string.h>
#include <sys/mman.h>

#include "../run-suite.h"
#include "core/views/tree_memory.h"
#include "io/fuse/kept_nodes.h"
#include "io/fuse/requests.h"

#define SIZE ((size_t)64 << 20)

static void *memory;
static struct kept *kept;
static struct tree tree;
static bool is_damaged;

static void begin(void)
{
	kept = kept_new(memory, SIZE);
	ck_assert_uint_eq(kept_get_damage(kept), is_damaged ? SIZE_MAX : 0);
	tree_init_again(&tree, 1000, kept_nodes_load(kept));
	kept_nodes_watch(kept, &tree);
	tree_end_recall(&tree);
	kept_commit(kept);
}

/* The process is killed, and another takes its place. */
static void begin_again(void)
{
	tree_fini(&tree);
	kept_free(kept);
	begin();
}

static void setup(void)
{
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	begin();
}

static void teardown(void)
{
	tree_fini(&tree);
	kept_free(kept);
	munmap(memory, SIZE);
}

static void look_up(struct node *node)
{
	tree_add_lookup(node);
	kept_nodes_note(kept, node);
}

/* Nothing else gets the number of what the kernel was told of and nobody knows any more. */
START_TEST(test_all_lost)
{
	uint64_t first;

	look_up(tree.control);
	kept_commit(kept);
	memset(memory, 0xa5, 4096);
	is_damaged = true;
	begin_again();
	first = tree.next_ino;
	ck_assert_uint_gt(first, UINT64_C(1) << 40);
	ck_assert_uint_lt(first, UINT64_C(1) << 42); /* cookies have one bit more */
	kept_forget_damage(kept);
	is_damaged = false;
	begin_again();
	ck_assert_uint_eq(tree.next_ino, first);
}
END_TEST

START_TEST(test_lookups)
{
	look_up(tree.control);
	kept_commit(kept);
	look_up(tree.control);
	look_up(tree.ids);
	begin_again(); /* these two were not answered */
	ck_assert_uint_eq(tree.control->known->lookups, 1);
	ck_assert_uint_eq(tree.ids->known->lookups, 0);
	look_up(tree.control);
	kept_commit(kept);
	begin_again();
	ck_assert_uint_eq(tree.control->known->lookups, 2);
	tree_forget(&tree, tree.control->ino, 2);
	kept_nodes_note(kept, tree.control);
	kept_commit(kept);
	begin_again();
	ck_assert_uint_eq(tree.control->known->lookups, 0);
}
END_TEST

/* What is as it was has the time that it had: the last that counts. */
START_TEST(test_times)
{
	look_up(tree.control);
	look_up(tree.ids);
	look_up(tree.views[0]);
	tree_touch(tree.control, 5000);
	tree_touch(tree.ids, 5000);
	tree_touch(tree.root, 5000);
	tree_touch(tree.views[0], 5000);
	kept_nodes_note_time(kept, tree.control);
	kept_nodes_note_time(kept, tree.ids);
	kept_nodes_note_time(kept, tree.root); /* nobody was told of it */
	kept_nodes_note_time(kept, tree.views[0]);
	kept_commit(kept);
	tree_touch(tree.control, 6000);
	kept_nodes_note_time(kept, tree.control);
	begin_again();
	ck_assert_uint_eq(tree.control->changed, 5000);
	ck_assert_uint_eq(tree.root->changed, 1000);
	/* Of these the kernel would take what it has for what there is. */
	ck_assert_uint_eq(tree.ids->changed, 1000);
	ck_assert_uint_eq(tree.views[0]->changed, 1000);
}
END_TEST

static uint32_t add_record(uint64_t ino, uint32_t kind, uint32_t name_len, const char *texts)
{
	struct {
		uint64_t parent, lookups, changed;
		uint32_t kind, name_len;
		char texts[64];
	} node = { .parent = TREE_ROOT_INO, .lookups = 1, .kind = kind, .name_len = name_len };

	if (ino == 2006)
		node.changed = UINT64_MAX;
	memcpy(node.texts, texts, sizeof(node.texts));
	return kept_add(kept, KEPT_NODE, ino, &node, sizeof(node));
}

/* What makes no sense is dropped; what is known and has no place in the tree is there, too. */
START_TEST(test_hostile)
{
	static const char texts[64] = "name";
	char open[64];

	memset(open, 'x', sizeof(open));
	add_record(2000, NODE_LINK, 4, texts);
	add_record(2001, NODE_LINK, 5, texts);
	add_record(2002, NODE_LINK, 4, open);
	add_record(2003, 77, 4, texts);
	add_record(0, NODE_LINK, 4, texts);
	add_record(2004, NODE_CONTROL, 4, texts);
	add_record(2006, NODE_LINK, 4, texts);
	kept_add(kept, KEPT_NODE, 2005, "short", 5);
	kept_commit(kept);
	begin_again();
	ck_assert_ptr_nonnull(tree_find(&tree, 2000));
	for (uint64_t ino = 2001; ino < 2007; ino++)
		ck_assert_ptr_null(tree_find(&tree, ino));
	ck_assert_uint_gt(tree.next_ino, 2004);
	tree_forget(&tree, 2000, 1);
	kept_commit(kept);
	ck_assert_uint_eq(kept_next(kept, KEPT_NODE, 0), 0);
}
END_TEST

START_TEST(test_generation)
{
	ck_assert_uint_eq(kept_nodes_get_generation(kept), 0);
	kept_nodes_note_generation(kept, 7);
	kept_commit(kept);
	kept_nodes_note_generation(kept, 8);
	begin_again();
	ck_assert_uint_eq(kept_nodes_get_generation(kept), 7);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kept-nodes");
	TCase *tcase = suite_add_case(suite, "kept-nodes");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_lookups);
	tcase_add_test(tcase, test_times);
	tcase_add_test(tcase, test_all_lost);
	tcase_add_test(tcase, test_hostile);
	tcase_add_test(tcase, test_generation);
	return run_suite(suite);
}
