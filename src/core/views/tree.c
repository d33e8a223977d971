/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inodes of the mounted tree.
 *
 * Who keeps an inode alive: a node lives while it has a name (parent set) or the kernel remembers
 * it (lookups > 0), whichever ends last. Most are what nobody has asked for: such a one comes into
 * by_ino when it is found; what is always there is there from birth. One that was listed, and no
 * more, has a number that is known, but nobody asks for it by that. Files of volume folders are
 * made when the kernel asks for them and live while it remembers them; their numbers follow from
 * the folder's. The link to the device is made then, too, and stays. Inode numbers are never used
 * twice. A symlink's target never changes: what leads elsewhere is a new inode, since the kernel
 * keeps the text of the old one.
 *
 * All links of a volume lead to the same place, which is remembered once (lead.h): when that
 * becomes another one, a link is put right when it is next asked for, or listed. Those of absent
 * volumes have nodes, too, and do not show.
 *
 * The tree shows the state of the manager and holds nothing else. How it follows the state is in
 * tree_update.c.
 */

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "core/syntax/link_name.h"
#include "core/views/render.h"
#include "core/views/tree_memory.h"
#include "mmfs/mountmgr.h"
#include "listing_private.h"
#include "tree_private.h"

struct name_key {
	const struct node *parent;
	const char *name;
	bool is_dropped; /* of what nobody finds any more */
};

static bool node_has_ino(const void *object, const void *key)
{
	return ((const struct node *)object)->ino == *(const uint64_t *)key;
}

static bool node_has_name(const void *object, const void *key)
{
	const struct node *node = object;
	const struct name_key *wanted = key;

	if (node->parent != wanted->parent ||
		(node->has_lead && node->lead->is_dropped) != wanted->is_dropped)
		return false;
	if (wanted->parent->is_folding)
		return strcasecmp(node->name, wanted->name) == 0;
	return strcmp(node->name, wanted->name) == 0;
}

static uint64_t hash_name(const struct node *parent, const char *name)
{
	return map_hash_text_ignoring_case(name) ^ map_hash_number(parent->ino);
}

struct node *tree_find(const struct tree *tree, uint64_t ino)
{
	return index_find(&tree->by_ino, map_hash_number(ino), node_has_ino, &ino);
}

struct node *tree_find_entry(const struct tree *tree, const struct node *folder, const char *name)
{
	struct name_key key = { folder, name, .is_dropped = false };

	return index_find(&tree->by_name, hash_name(folder, name), node_has_name, &key);
}

static struct node *node_new(struct tree *tree, struct node *parent, const char *name,
	enum node_kind kind, uint64_t ino, uint64_t now)
{
	struct node *node = xcalloc(1, offsetof(struct node, name) + strlen(name) + 1);

	node->ino = ino;
	node->kind = kind;
	node->changed = now;
	node->parent = parent;
	if (kind == NODE_FOLDER) {
		node->content = xcalloc(1, sizeof(*node->content));
		/* A listing that was begun before is none of this tree. */
		node->content->listing = tree->memory ? now : 0;
	}
	strcpy(node->name, name);
	if (parent)
		index_add(&tree->by_name, node, hash_name(parent, name));
	return node;
}

void shown_fini(struct shown *shown)
{
	for (char **mount = shown->mounts; mount && *mount; mount++)
		free(*mount);
	free(shown->mounts);
	*shown = (struct shown){ 0 };
}

size_t shown_count_mounts(const struct shown *shown)
{
	size_t count = 0;

	while (shown->mounts && shown->mounts[count])
		count++;
	return count;
}

/* From now on somebody may know its number. */
static void node_tell(struct node *node)
{
	if (node->known)
		return;
	node->known = xcalloc(1, sizeof(*node->known));
	if (node->has_lead)
		node->known->target = texts_hold_again(node->lead->target);
}

/* … and ask for what has it. */
void tree_index(struct tree *tree, struct node *node)
{
	node_tell(node);
	if (!node->is_indexed)
		index_add(&tree->by_ino, node, map_hash_number(node->ino));
	node->is_indexed = true;
}

/* Somebody may know it already: it is always there, or was in a tree before this one. */
static void index_if_old(struct tree *tree, struct node *node)
{
	if (node->ino < TREE_FIXED_INOS ||
		(tree->memory && node->ino < tree_memory_get_next(tree->memory)))
		tree_index(tree, node);
}

static void node_free(struct tree *tree, struct node *node)
{
	if (node->known && node->known->mark && tree->gone)
		tree->gone(tree->data, node->known->mark);
	if (node->has_lead) {
		if (node->known)
			texts_release(&tree->texts, node->known->target);
		lead_release(&tree->leads, &tree->texts, node->lead);
	} else if (node->kind == NODE_LINK) {
		texts_release(&tree->texts, node->target);
	} else if (node->kind == NODE_VOLUME) {
		texts_release(&tree->texts, node->id);
	} else if (node->kind == NODE_FOLDER) {
		texts_release(&tree->texts, node->content->id);
		texts_release(&tree->texts, node->content->device);
		shown_fini(&node->content->shown);
		free(node->content);
	}
	free(node->known);
	free(node);
}

static void tree_remove_if_dead(struct tree *tree, struct node *node)
{
	if (node->parent || node_get_lookups(node) || node == tree->root)
		return;
	if (node->is_indexed)
		index_remove(&tree->by_ino, node, map_hash_number(node->ino));
	node_free(tree, node);
}

/* Counts what the kernel knows of the links of a volume, before that becomes another number. */
static void node_set_lookups(struct node *node, uint64_t lookups)
{
	if (node->has_lead)
		node->lead->known += (lookups != 0) - (node->known->lookups != 0);
	node->known->lookups = lookups;
}

static void node_leave_lead(struct tree *tree, struct node *node)
{
	struct lead *lead = node->lead;

	if (!node->has_lead)
		return;
	node->has_lead = false;
	node->target = node->known ? steal_ptr(node->known->target) : NULL;
	lead->known -= node_get_lookups(node) != 0;
	lead_release(&tree->leads, &tree->texts, lead);
}

void tree_remove_name(struct tree *tree, struct node *node)
{
	if (tree->listed == node)
		tree->listed = node->previous;
	listing_remove(node);
	index_remove(&tree->by_name, node, hash_name(node->parent, node->name));
	node_leave_lead(tree, node);
	node->parent = NULL;
	tree_remove_if_dead(tree, node);
}

void tree_sweep_link(void *data, const struct link *link)
{
	struct tree *tree = data;
	struct node *folder = tree_get_link_folder(tree, link->path);
	struct name_key key = { folder, link_name_get_base(link->path), .is_dropped = true };
	struct node *node =
		index_find(&tree->by_name, hash_name(folder, key.name), node_has_name, &key);

	if (node)
		tree_remove_name(tree, node);
}

/* A new number, or that which a tree before had for the same. */
static uint64_t take_ino(
	struct tree *tree, const struct node *parent, const char *name, const char *target)
{
	uint64_t ino = 0;

	if (tree->memory && parent)
		ino = tree_memory_take(tree->memory, parent->ino, name, target);
	if (ino)
		return ino;
	while (tree->memory && tree->next_ino != TREE_ROOT_INO &&
		tree_memory_has(tree->memory, tree->next_ino))
		tree->next_ino++;
	ino = tree->next_ino++;
	if (parent && parent == tree->ids)
		tree->next_ino += volume_file_count;
	return ino;
}

struct node *tree_add(
	struct tree *tree, struct node *parent, const char *name, enum node_kind kind, uint64_t now)
{
	struct node *node =
		node_new(tree, parent, name, kind, take_ino(tree, parent, name, ""), now);

	index_if_old(tree, node);
	if (parent)
		listing_add(node);
	return node;
}

static void set_target(struct tree *tree, struct node *node, const char *target)
{
	node->target = texts_hold(&tree->texts, target);
	node->leads_to_id = node->parent && node->parent == tree->devices;
}

static struct node *add_symlink(struct tree *tree, struct node *folder, const char *name,
	const char *target, uint64_t ino, uint64_t now)
{
	struct node *node = node_new(tree, folder, name, NODE_LINK, ino, now);

	set_target(tree, node, target);
	index_if_old(tree, node);
	listing_add(node);
	return node;
}

struct node *tree_add_symlink(
	struct tree *tree, struct node *folder, const char *name, const char *target, uint64_t now)
{
	return add_symlink(tree, folder, name, target, take_ino(tree, folder, name, target), now);
}

void tree_set_device(struct tree *tree, struct node *folder, const char *target, uint64_t now)
{
	struct folder_content *content = folder->content;
	uint64_t ino;

	if (content->first)
		tree_remove_name(tree, content->first);
	texts_release(&tree->texts, content->device);
	content->device = texts_hold(&tree->texts, target);
	ino = target && tree->memory
		? tree_memory_take(tree->memory, folder->ino, VOLUME_DEVICE, target)
		: 0;
	if (ino)
		add_symlink(tree, folder, VOLUME_DEVICE, target, ino, now);
}

struct node *tree_add_link(
	struct tree *tree, struct node *folder, const char *name, struct lead *lead, uint64_t now)
{
	uint64_t ino = take_ino(tree, folder, name, lead->target ? lead->target : "");
	struct node *node = node_new(tree, folder, name, NODE_LINK, ino, now);

	node->lead = lead;
	lead->links++;
	node->has_lead = true;
	listing_add(node);
	index_if_old(tree, node);
	return node;
}

void tree_set_lead(struct tree *tree, struct lead *lead, const char *target, uint64_t now)
{
	target = texts_hold(&tree->texts, target);
	texts_release(&tree->texts, lead->target);
	lead->target = target;
	lead->changed = now;
}

struct node *tree_show(struct tree *tree, struct node *node)
{
	struct lead *lead = node->has_lead ? node->lead : NULL;
	struct known *known = node->known;
	struct node *renewed;

	if (!lead) {
		node_tell(node);
		return node;
	}
	if (!lead->target)
		return NULL;
	if (known && known->target == lead->target)
		return node;
	if (known && (known->lookups || known->mark)) {
		renewed = tree_add_link(tree, node->parent, node->name, lead, lead->changed);
		tree_remove_name(tree, node);
		node = renewed;
	} else if (known) { /* nobody knows its number after all */
		texts_release(&tree->texts, known->target);
		known->target = texts_hold(&tree->texts, lead->target);
	}
	node_tell(node);
	if (node->changed < lead->changed)
		node->changed = lead->changed;
	return node;
}

static void init(struct tree *tree, uint64_t now, struct tree_memory *memory)
{
	static const struct {
		const char *name;
		enum node_kind kind;
	} views[] = {
		{ "points", NODE_POINTS },
		{ "points.json", NODE_POINTS_JSON },
		{ "history", NODE_HISTORY },
		{ "metrics", NODE_METRICS },
	};

	_Static_assert(ARRAY_SIZE(views) == ARRAY_SIZE(tree->views), "one node per view");
	*tree = (struct tree){
		.next_ino = TREE_ROOT_INO,
		.memory = memory,
	};
	tree->root = tree_add(tree, NULL, "", NODE_FOLDER, now);
	tree->dos_devices = tree_add(tree, tree->root, "DosDevices", NODE_FOLDER, now);
	tree->volumes = tree_add(tree, tree->root, "Volumes", NODE_FOLDER, now);
	tree->dos_devices->is_folding = tree->dos_devices->is_writable = true;
	tree->volumes->is_folding = tree->volumes->is_writable = true;
	tree->mounts = tree_add(tree, tree->root, "mounts", NODE_FOLDER, now);
	tree->mounts->is_folding = true; /* as the names of its links are compared */
	tree->devices = tree_add(tree, tree->root, "devices", NODE_FOLDER, now);
	tree->ids = tree_add(tree, tree->root, "ids", NODE_FOLDER, now);
	tree->control = tree_add(tree, tree->root, "control", NODE_FOLDER, now);
	for (size_t i = 0; i < ARRAY_SIZE(views); i++)
		tree->views[i] = tree_add(tree, tree->root, views[i].name, views[i].kind, now);
	tree_add(tree, tree->root, "events", NODE_EVENTS, now);
	tree_add(tree, tree->root, MMFS_MANAGER_NAME, NODE_MANAGER, now);
	for (size_t i = 0; i < operation_count; i++)
		tree_add(tree, tree->control, operations[i].name, NODE_CONTROL, now)->operation =
			&operations[i];
	assert(tree->next_ino < TREE_FIXED_INOS);
	tree->next_ino = TREE_FIXED_INOS;
	if (memory && tree_memory_get_next(memory) > tree->next_ino)
		tree->next_ino = tree_memory_get_next(memory);
}

void tree_init(struct tree *tree, uint64_t now)
{
	init(tree, now, NULL);
}

void tree_init_again(struct tree *tree, uint64_t now, struct tree_memory *memory)
{
	init(tree, now, memory);
}

/* A file of a volume that is not known any more: who has it open has its text. */
static void become_file_of_nobody(struct tree *tree, struct node *node)
{
	node->id = texts_hold(&tree->texts, "");
	for (size_t i = 0; i < volume_file_count; i++)
		if (strcmp(volume_files[i].name, node->name) == 0)
			node->file = (unsigned int)i & 0xff;
}

/* What the kernel knows and has no name any more: of folders and links that is all there is. */
static struct node *add_nameless(struct tree *tree, const struct tree_remembered *known)
{
	struct node *node = node_new(tree, NULL, known->name, known->kind, known->ino, 0);

	tree_index(tree, node);
	if (known->kind == NODE_LINK)
		set_target(tree, node, known->target);
	else if (known->kind == NODE_VOLUME)
		become_file_of_nobody(tree, node);
	return node;
}

static void recall(void *data, const struct tree_remembered *known)
{
	struct tree *tree = data;
	struct node *node = tree_find(tree, known->ino);
	struct node *folder = known->parent ? tree_find(tree, known->parent) : NULL;

	/* Whether a file of a volume's folder, which is made when it is asked for. */
	if (!node && known->lookups && known->kind == NODE_VOLUME && folder &&
		folder->kind == NODE_FOLDER)
		node = tree_find_child(tree, folder, known->name);
	if (node && node->ino != known->ino)
		node = NULL;
	if (!node && known->lookups &&
		(known->kind == NODE_FOLDER || known->kind == NODE_LINK ||
			known->kind == NODE_VOLUME))
		node = add_nameless(tree, known);
	if (node && !node->known->mark && node->kind == known->kind) {
		if (tree_memory_keeps_time(tree, node))
			node->changed = known->changed;
		node_set_lookups(node, known->lookups);
		node->known->mark = known->mark;
	} else if (tree->gone) {
		tree->gone(tree->data, known->mark);
	}
}

void tree_end_recall(struct tree *tree)
{
	struct tree_memory *memory = steal_ptr(tree->memory);

	if (!memory)
		return;
	index_for_each (&tree->by_ino, struct node, node)
		if (node->kind == NODE_FOLDER)
			listing_sort(node);
	tree_memory_list(memory, recall, tree);
	tree_memory_free(memory);
}

void tree_fini(struct tree *tree)
{
	tree->gone = NULL; /* it is not that they are forgotten */
	index_for_each (&tree->by_ino, struct node, node)
		if (!node->parent)
			node_free(tree, node);
	index_for_each (&tree->by_name, struct node, node)
		node_free(tree, node);
	index_fini(&tree->by_ino);
	index_fini(&tree->by_name);
	map_fini(&tree->leads);
	texts_fini(&tree->texts);
	tree_memory_free(tree->memory);
}

/* What the kernel has not asked for before in a volume's folder is made now. */
static struct node *make_in_volume(struct tree *tree, struct node *folder, const char *name)
{
	const struct folder_content *content = folder->content;
	struct node *link;

	if (content->device && strcmp(name, VOLUME_DEVICE) == 0) {
		link = tree_add_symlink(
			tree, folder, name, content->device, content->shown.changed);
		return tree_show(tree, link);
	}
	for (size_t i = 0; i < volume_file_count; i++) {
		struct node *node;

		if (strcmp(volume_files[i].name, name) != 0)
			continue;
		node = node_new(tree, folder, name, NODE_VOLUME, folder->ino + 1 + i,
			volume_files[i].is_of_links ? content->shown.links_changed
						    : content->shown.changed);
		node->id = texts_hold(&tree->texts, content->id);
		node->file = (unsigned int)i & 0xff;
		return node;
	}
	return NULL;
}

struct node *tree_find_child(struct tree *tree, struct node *folder, const char *name)
{
	struct node *node = tree_find_entry(tree, folder, name);

	if (!node && folder->is_volume_folder && folder->parent)
		node = make_in_volume(tree, folder, name);
	else
		node = node && strcmp(node->name, name) == 0 ? tree_show(tree, node) : NULL;
	if (node)
		tree_index(tree, node);
	return node;
}

const char *node_get_target(const struct node *link)
{
	if (!link->has_lead)
		return link->target;
	return link->known ? link->known->target : link->lead->target;
}

const char *tree_get_target(const struct node *link, struct strbuf *room)
{
	if (!link->leads_to_id)
		return node_get_target(link);
	strbuf_add_text(room, "../ids/");
	strbuf_add_file_name(room, link->target);
	return strbuf_text(room);
}

void tree_add_lookup(struct node *node)
{
	node_set_lookups(node, node->known->lookups + 1);
}

void tree_forget(struct tree *tree, uint64_t ino, uint64_t n)
{
	struct node *node = tree_find(tree, ino);
	uint64_t lookups;

	if (!node)
		return;
	lookups = node->known->lookups;
	node_set_lookups(node, lookups - (n < lookups ? n : lookups));
	if (n >= lookups && node->kind == NODE_VOLUME && node->parent)
		tree_remove_name(tree, node);
	else
		tree_remove_if_dead(tree, node);
}

/* No time of change comes twice, whatever the clock does. */
void tree_touch(struct node *folder, uint64_t now)
{
	folder->changed = now > folder->changed ? now : folder->changed + 1;
}

void tree_change_listing(struct node *folder, uint64_t now)
{
	folder->content->listing++;
	tree_touch(folder, now);
}

struct node *tree_get_link_folder(const struct tree *tree, const char *path)
{
	return link_name_is_volume(path) ? tree->volumes : tree->dos_devices;
}

/* As a link that needs a volume, or as one that does not any more: it leads where it did. */
static void change_lead(struct tree *tree, struct node *node, bool needs_volume)
{
	struct lead *before = node->lead;
	struct lead *lead = lead_hold(&tree->leads, &tree->texts, before->id, needs_volume);
	const char *target;

	if (lead->links == 1)
		tree_set_lead(tree, lead, before->target, before->changed);
	lead->known += node_get_lookups(node) != 0;
	target = node->known ? steal_ptr(node->known->target) : NULL;
	node_leave_lead(tree, node);
	node->lead = lead;
	node->has_lead = true;
	if (node->known)
		node->known->target = target;
}

struct node *tree_move(
	struct tree *tree, struct node *node, const char *new_name, bool needs_volume, uint64_t now)
{
	struct node *folder = node->parent;
	struct node *moved = xcalloc(1, offsetof(struct node, name) + strlen(new_name) + 1);

	memcpy(moved, node, offsetof(struct node, name));
	strcpy(moved->name, new_name);
	moved->changed = now;
	if (node->is_indexed) {
		index_remove(&tree->by_ino, node, map_hash_number(node->ino));
		index_add(&tree->by_ino, moved, map_hash_number(node->ino));
	}
	index_remove(&tree->by_name, node, hash_name(folder, node->name));
	index_add(&tree->by_name, moved, hash_name(folder, new_name));
	*(moved->previous ? &moved->previous->next : &folder->content->first) = moved;
	*(moved->next ? &moved->next->previous : &folder->content->last) = moved;
	if (tree->listed == node)
		tree->listed = moved;
	free(node);
	if (moved->lead->needs_volume != needs_volume)
		change_lead(tree, moved, needs_volume);
	return moved;
}
