/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an update of the tree makes different, on its way to the kernel and to readers of `events`.
 */

#include <string.h>

#include "core/syntax/link_name.h"
#include "core/views/deltas.h"
#include "tree_private.h"

void deltas_fini(struct deltas *deltas)
{
	for (size_t i = 0; i < deltas->count; i++)
		free(deltas->list[i].name);
	free(deltas->list);
	events_fini(&deltas->events);
	stale_lines_fini(&deltas->lines);
	*deltas = (struct deltas){ 0 };
}

void deltas_add(struct deltas *deltas, uint64_t parent, uint64_t ino, const char *name)
{
	deltas->list = xgrow(deltas->list, deltas->count, sizeof(*deltas->list));
	deltas->list[deltas->count++] = (struct delta){ parent, ino, name ? xstrdup(name) : NULL };
}

/* Changes come in runs of the same few folders: looking back a little finds nearly all. */
static bool has_listing(const struct deltas *deltas, uint64_t parent)
{
	for (size_t i = deltas->count, looked = 0; i > 0 && looked < 8; i--, looked++)
		if (deltas->list[i - 1].parent == parent && !deltas->list[i - 1].ino)
			return true;
	return false;
}

/* The kernel knows names by their exact spelling. */
static uint64_t get_missing_bit(const struct node *folder, const char *name)
{
	return (map_hash_text(name) ^ map_hash_number(folder->ino)) % TREE_MISSING_BITS;
}

void deltas_note_missing(struct tree *tree, struct node *folder, const char *name)
{
	uint64_t bit = get_missing_bit(folder, name);

	folder->has_missing = true;
	tree->missing[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* Whether the kernel may have a name in its cache, as an entry or as one that is not there. */
static bool is_known(const struct tree *tree, const struct node *folder, const char *name)
{
	const struct node *node = tree_find_entry(tree, folder, name);
	uint64_t bit = get_missing_bit(folder, name);

	return (node && node_get_lookups(node)) || (tree->missing[bit / 64] >> bit % 64 & 1);
}

void deltas_add_entry(struct deltas *deltas, const struct tree *tree, struct node *folder,
	const char *name, uint64_t now)
{
	uint64_t parent = folder->ino;

	tree_change_listing(folder, now);
	if (!deltas || (!node_get_lookups(folder) && folder->parent && folder->parent->parent))
		return;
	if (is_known(tree, folder, name))
		deltas_add(deltas, parent, 0, name);
	else if (!has_listing(deltas, parent))
		deltas_add(deltas, parent, 0, NULL);
}

void deltas_add_entries(struct deltas *deltas, struct node *folder, bool is_known, uint64_t now)
{
	tree_change_listing(folder, now);
	if (!deltas)
		return;
	if (is_known)
		deltas_add(deltas, TREE_ROOT_INO, 0, folder->name);
	if (!has_listing(deltas, folder->ino))
		deltas_add(deltas, folder->ino, 0, NULL);
}

void deltas_add_attributes(struct deltas *deltas, const struct node *node)
{
	if (deltas && node_get_lookups(node))
		deltas_add(deltas, 0, node->ino, NULL);
}

void deltas_add_link(struct deltas *deltas, enum event_kind kind, const struct tree *tree,
	const struct node *node, const char *target)
{
	bool is_volume = node->parent == tree->volumes;
	_cleanup_free_ char *path = NULL;

	if (!deltas)
		return;
	if (deltas->is_unheard) {
		deltas->events.untold++;
		return;
	}
	path = xasprintf(
		"%s%s", is_volume ? LINK_FOLDER_VOLUMES : LINK_FOLDER_DOS_DEVICES, node->name);
	events_add(&deltas->events,
		&(struct event){
			.kind = kind,
			.link = path,
			.id = (char *)node->lead->id,
			.device = target[0] == '/' ? (char *)target : (char *)"",
		});
}

void tree_list_entries(struct tree *tree, struct deltas *ret_deltas)
{
	memset(tree->missing, 0xff, sizeof(tree->missing));
	index_for_each (&tree->by_ino, struct node, node)
		if (node->kind == NODE_FOLDER)
			node->has_missing = true;
	index_for_each (&tree->by_name, const struct node, node)
		deltas_add(ret_deltas, node->parent->ino, 0, node->name);
	for (const struct node *volume = tree->ids->content->first; volume; volume = volume->next)
		if (volume->content->device && !volume->content->first)
			deltas_add(ret_deltas, volume->ino, 0, VOLUME_DEVICE);
}
