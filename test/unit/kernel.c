/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a kernel that never forgets by itself makes of the deltas of the tree.
 */

#include <check.h>
#include <string.h>
#include <strings.h>

#include "core/views/tree_list.h"
#include "core/syntax/link_name.h"
#include "kernel.h"

static void drop(struct kernel *kernel, struct tree *tree, size_t i)
{
	struct kernel_entry *entry = &kernel->entries[i];

	if (entry->ino)
		tree_forget(tree, entry->ino, 1);
	free(entry->name);
	*entry = kernel->entries[--kernel->count];
}

void kernel_fini(struct kernel *kernel)
{
	for (size_t i = 0; i < kernel->count; i++)
		free(kernel->entries[i].name);
	*kernel = (struct kernel){ 0 };
}

static struct node *get_folder(const struct tree *tree, size_t i)
{
	return (struct node *[]){ tree->dos_devices, tree->volumes, tree->mounts }[i];
}

static size_t find(const struct kernel *kernel, uint64_t parent, const char *name)
{
	size_t i = 0;

	while (i < kernel->count &&
		(kernel->entries[i].parent != parent || strcmp(kernel->entries[i].name, name) != 0))
		i++;
	return i;
}

/* A folder that has to be looked up anew. */
static void forget_names(struct kernel *kernel, struct tree *tree, uint64_t parent)
{
	for (size_t i = kernel->count; i-- > 0;)
		if (kernel->entries[i].parent == parent)
			drop(kernel, tree, i);
}

static void forget(struct kernel *kernel, struct tree *tree, uint64_t parent, const char *name)
{
	size_t i = name ? find(kernel, parent, name) : kernel->count;

	if (i < kernel->count)
		drop(kernel, tree, i);
	for (size_t folder = 0; name && parent == TREE_ROOT_INO && folder < 3; folder++)
		if (strcmp(get_folder(tree, folder)->name, name) == 0)
			forget_names(kernel, tree, get_folder(tree, folder)->ino);
	for (size_t folder = 0; folder < 3; folder++)
		if (get_folder(tree, folder)->ino == parent)
			kernel->listings[folder] = 0;
}

static bool add_name(void *data, const struct tree_entry *entry)
{
	uint64_t *hash = data;

	*hash = *hash * 31 + map_hash_text(entry->name) + entry->ino;
	return true;
}

/* What is in a folder, never 0. */
static uint64_t list(struct tree *tree, struct node *folder)
{
	uint64_t hash = 1;

	tree_list(tree, folder, 0, add_name, &hash);
	return hash | 1;
}

static void look_up(struct kernel *kernel, struct tree *tree, struct node *folder, const char *name)
{
	struct node *node = tree_find_child(tree, folder, name);

	if (find(kernel, folder->ino, name) < kernel->count)
		return;
	if (kernel->count == KERNEL_ENTRIES_MAX)
		drop(kernel, tree, kernel->steps % KERNEL_ENTRIES_MAX);
	if (node)
		tree_add_lookup(node);
	else
		deltas_note_missing(tree, folder, name);
	kernel->entries[kernel->count++] = (struct kernel_entry){
		.parent = folder->ino,
		.ino = node ? node->ino : 0,
		.name = xstrdup(name),
	};
}

/* The games do not always spell the old name as it is. */
void kernel_rename(struct kernel *kernel, struct tree *tree, const struct node *folder,
	const char *name, const char *new_name)
{
	forget(kernel, tree, folder->ino, NULL);
	for (size_t i = kernel->count; i-- > 0;) {
		const struct kernel_entry *entry = &kernel->entries[i];

		if (entry->parent == folder->ino &&
			(strcasecmp(entry->name, name) == 0 ||
				strcasecmp(entry->name, new_name) == 0))
			drop(kernel, tree, i);
	}
}

static void check(const struct kernel *kernel, struct tree *tree)
{
	for (size_t i = 0; i < kernel->count; i++) {
		const struct kernel_entry *entry = &kernel->entries[i];
		struct node *folder = tree_find(tree, entry->parent);
		const struct node *node = tree_find_child(tree, folder, entry->name);

		ck_assert_msg(entry->ino == (node ? node->ino : 0),
			"the kernel was not told of %s/%s", folder->name, entry->name);
	}
	for (size_t i = 0; i < 3; i++)
		ck_assert_msg(!kernel->listings[i] ||
				kernel->listings[i] == list(tree, get_folder(tree, i)),
			"the kernel was not told of the list of %s", get_folder(tree, i)->name);
}

void kernel_take(struct kernel *kernel, struct tree *tree, const struct deltas *deltas)
{
	static const char *const missing[] = { "C:", "c:", "X:", "Y:", "data", "DATA", "none" };

	for (size_t i = 0; i < deltas->count; i++)
		if (deltas->list[i].parent && !deltas->list[i].ino)
			forget(kernel, tree, deltas->list[i].parent, deltas->list[i].name);
	check(kernel, tree);
	kernel->steps++;
	for (size_t i = 0; i < deltas->events.count; i++) {
		const char *link = deltas->events.list[i].link;

		if (link && (kernel->steps + i) % 3 == 0)
			look_up(kernel, tree, tree_get_link_folder(tree, link),
				link_name_get_base(link));
		if (link && (kernel->steps + i) % 5 == 0)
			look_up(kernel, tree, tree->mounts, link_name_get_base(link));
	}
	look_up(kernel, tree, get_folder(tree, kernel->steps % 3),
		missing[kernel->steps % ARRAY_SIZE(missing)]);
	for (size_t i = 0; i < 3; i++)
		if ((kernel->steps + i) % 2)
			kernel->listings[i] = list(tree, get_folder(tree, i));
	if (kernel->count && kernel->steps % 7 == 0)
		drop(kernel, tree, kernel->steps % kernel->count);
}
