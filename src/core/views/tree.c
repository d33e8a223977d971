/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inodes of the mounted tree.
 *
 * Who keeps an inode alive: a node is in by_ino from birth to death; it lives while it has a name
 * (parent set) or the kernel remembers it (lookups > 0), whichever ends last. Files of volume
 * folders are made when the kernel asks for them and live while it remembers them; their numbers
 * follow from the folder's. Inode numbers are never used twice. A symlink's target never changes:
 * what leads elsewhere is a new inode, since the kernel keeps the text of the old one.
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
#include "tree_private.h"

/* Cookies of listings: the number of the listing, above the place of the entry. */
enum { LISTING_BITS = 20, PLACE_BITS = 43, DOTS = 2 };

struct name_key {
	const struct node *parent;
	const char *name;
	bool is_dropped; /* of what nobody finds any more */
};

static bool node_has_ino(const struct map_node *node, const void *key)
{
	return true; /* it is the hash */
}

static bool node_has_name(const struct map_node *map_node, const void *key)
{
	const struct node *node = container_of(map_node, struct node, by_name);
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
	return map_hash_text_ignoring_case(name) ^ map_hash_number(node_get_ino(parent));
}

struct node *tree_find(const struct tree *tree, uint64_t ino)
{
	struct map_node *node = map_find(&tree->by_ino, ino, node_has_ino, NULL);

	return node ? container_of(node, struct node, by_ino) : NULL;
}

struct node *tree_find_entry(const struct tree *tree, const struct node *folder, const char *name)
{
	struct name_key key = { folder, name, .is_dropped = false };
	struct map_node *node =
		map_find(&tree->by_name, hash_name(folder, name), node_has_name, &key);

	return node ? container_of(node, struct node, by_name) : NULL;
}

static struct node *node_new(struct tree *tree, struct node *parent, const char *name,
	enum node_kind kind, uint64_t ino, uint64_t now)
{
	struct node *node = xcalloc(1, offsetof(struct node, name) + strlen(name) + 1);

	node->kind = kind;
	node->changed = now;
	node->parent = parent;
	if (kind == NODE_FOLDER) {
		node->content = xcalloc(1, sizeof(*node->content));
		/* A listing that was begun before is none of this tree. */
		node->content->listing = tree->memory ? now : 0;
	}
	strcpy(node->name, name);
	map_add(&tree->by_ino, &node->by_ino, ino);
	if (parent)
		map_add(&tree->by_name, &node->by_name, hash_name(parent, name));
	return node;
}

void shown_fini(struct shown *shown)
{
	for (size_t i = 0; i < shown->mount_count; i++)
		free(shown->mounts[i]);
	free(shown->mounts);
	*shown = (struct shown){ 0 };
}

static void node_free(struct tree *tree, struct node *node)
{
	if (node->mark && tree->gone)
		tree->gone(tree->data, node->mark);
	if (node->kind == NODE_LINK)
		texts_release(&tree->texts, node->target);
	if (node->has_lead)
		lead_release(&tree->leads, &tree->texts, node->lead);
	else
		texts_release(&tree->texts, node->id);
	if (node->kind == NODE_FOLDER) {
		shown_fini(&node->content->shown);
		free(node->content);
	}
	free(node);
}

/* Puts the node at the end of its folder's listing. */
static void node_list(struct node *node)
{
	struct folder_content *folder = node->parent->content;

	node->previous = folder->last;
	if (folder->last)
		folder->last->next = node;
	else
		folder->first = node;
	folder->last = node;
}

static void node_unlist(struct node *node)
{
	struct folder_content *folder = node->parent->content;

	if (!node->previous && !node->next && folder->first != node)
		return; /* a file of a volume folder is never listed */
	if (node->previous)
		node->previous->next = node->next;
	else
		folder->first = node->next;
	if (node->next)
		node->next->previous = node->previous;
	else
		folder->last = node->previous;
	node->next = node->previous = NULL;
}

static void tree_remove_if_dead(struct tree *tree, struct node *node)
{
	if (node->parent || node->lookups || node == tree->root)
		return;
	map_remove(&tree->by_ino, &node->by_ino);
	node_free(tree, node);
}

/* Counts what the kernel knows of the links of a volume, before that becomes another number. */
static void node_set_lookups(struct node *node, uint64_t lookups)
{
	if (node->has_lead)
		node->lead->known += (lookups != 0) - (node->lookups != 0);
	node->lookups = lookups;
}

static void node_leave_lead(struct tree *tree, struct node *node)
{
	if (!node->has_lead)
		return;
	node->lead->known -= node->lookups != 0;
	lead_release(&tree->leads, &tree->texts, node->lead);
	node->lead = NULL;
	node->has_lead = false;
}

void tree_remove_name(struct tree *tree, struct node *node)
{
	node_unlist(node);
	map_remove(&tree->by_name, &node->by_name);
	node_leave_lead(tree, node);
	node->parent = NULL;
	tree_remove_if_dead(tree, node);
}

void tree_sweep_link(void *data, const struct link *link)
{
	struct tree *tree = data;
	struct node *folder = tree_get_link_folder(tree, link->path);
	struct name_key key = { folder, link_name_get_base(link->path), .is_dropped = true };
	struct map_node *node =
		map_find(&tree->by_name, hash_name(folder, key.name), node_has_name, &key);

	if (node)
		tree_remove_name(tree, container_of(node, struct node, by_name));
}

/* A new number, or that which a tree before had for the same. */
static uint64_t take_ino(
	struct tree *tree, const struct node *parent, const char *name, const char *target)
{
	uint64_t ino = 0;

	if (tree->memory && parent)
		ino = tree_memory_take(tree->memory, node_get_ino(parent), name, target);
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

	if (parent)
		node_list(node);
	return node;
}

static void set_target(struct tree *tree, struct node *node, const char *target)
{
	node->target = texts_hold(&tree->texts, target);
	node->leads_to_id = node->parent && node->parent == tree->devices;
}

struct node *tree_add_symlink(
	struct tree *tree, struct node *folder, const char *name, const char *target, uint64_t now)
{
	struct node *node = node_new(tree, folder, name, NODE_LINK,
		take_ino(tree, folder, name, target ? target : ""), now);

	set_target(tree, node, target);
	node_list(node);
	return node;
}

struct node *tree_add_link(
	struct tree *tree, struct node *folder, const char *name, struct lead *lead, uint64_t now)
{
	struct node *node = tree_add_symlink(tree, folder, name, lead->target, now);

	node->lead = lead;
	lead->links++;
	node->has_lead = true;
	return node;
}

void tree_set_lead(struct tree *tree, struct lead *lead, const char *target, uint64_t now)
{
	target = texts_hold(&tree->texts, target);
	texts_release(&tree->texts, lead->target);
	lead->target = target;
	lead->changed = now;
}

/* A link as it leads now, which may be another node in its place; NULL: it does not show. */
static struct node *renew_link(struct tree *tree, struct node *node)
{
	struct lead *lead = node->has_lead ? node->lead : NULL;
	struct node *renewed;

	if (!lead || !lead->target || node->target == lead->target)
		return lead && !lead->target ? NULL : node;
	if (!node->lookups && !node->mark) { /* nobody knows its number */
		texts_release(&tree->texts, node->target);
		node->target = texts_hold(&tree->texts, lead->target);
		node->changed = lead->changed;
		return node;
	}
	renewed = tree_add_link(tree, node->parent, node->name, lead, lead->changed);
	tree_remove_name(tree, node);
	return renewed;
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
			node->file = i;
}

/* What the kernel knows and has no name any more: of folders and links that is all there is. */
static struct node *add_nameless(struct tree *tree, const struct tree_remembered *known)
{
	struct node *node = node_new(tree, NULL, known->name, known->kind, known->ino, 0);

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
	if (node && node_get_ino(node) != known->ino)
		node = NULL;
	if (!node && known->lookups &&
		(known->kind == NODE_FOLDER || known->kind == NODE_LINK ||
			known->kind == NODE_VOLUME))
		node = add_nameless(tree, known);
	if (node && !node->mark && node->kind == known->kind) {
		node_set_lookups(node, known->lookups);
		node->mark = known->mark;
	} else if (tree->gone) {
		tree->gone(tree->data, known->mark);
	}
}

static int compare_nodes(const void *a, const void *b)
{
	const struct node *const *node_a = a, *const *node_b = b;
	uint64_t ino_a = node_get_ino(*node_a), ino_b = node_get_ino(*node_b);

	return ino_a < ino_b ? -1 : ino_a > ino_b;
}

/* Listings go by rising number. */
static void sort_listing(struct node *folder)
{
	_cleanup_free_ struct node **list = NULL;
	size_t count = 0, capacity = 0;

	for (struct node *node = folder->content->first; node; node = node->next)
		capacity++;
	if (!capacity)
		return;
	list = xcalloc(capacity, sizeof(struct node *));
	for (struct node *node = folder->content->first; node; node = node->next)
		list[count++] = node;
	qsort(list, count, sizeof(struct node *), compare_nodes);
	folder->content->first = list[0];
	folder->content->last = list[count - 1];
	for (size_t i = 0; i < count; i++) {
		list[i]->previous = i ? list[i - 1] : NULL;
		list[i]->next = i + 1 < count ? list[i + 1] : NULL;
	}
}

void tree_end_recall(struct tree *tree)
{
	struct tree_memory *memory = steal_ptr(tree->memory);

	if (!memory)
		return;
	map_for_each (&tree->by_ino, map_node, next) {
		struct node *node = container_of(map_node, struct node, by_ino);

		if (node->kind == NODE_FOLDER)
			sort_listing(node);
	}
	tree_memory_list(memory, recall, tree);
	tree_memory_free(memory);
}

void tree_fini(struct tree *tree)
{
	tree->gone = NULL; /* it is not that they are forgotten */
	map_for_each (&tree->by_ino, node, next)
		node_free(tree, container_of(node, struct node, by_ino));
	map_fini(&tree->by_ino);
	map_fini(&tree->by_name);
	map_fini(&tree->leads);
	texts_fini(&tree->texts);
	tree_memory_free(tree->memory);
}

/* A file of a volume's folder, made now unless the kernel knows it already. */
static struct node *find_volume_file(struct tree *tree, struct node *folder, const char *name)
{
	for (size_t i = 0; i < volume_file_count; i++) {
		struct node *node;

		if (strcmp(volume_files[i].name, name) != 0)
			continue;
		node = node_new(tree, folder, name, NODE_VOLUME, node_get_ino(folder) + 1 + i,
			folder->content->shown.changed);
		node->id = texts_hold(&tree->texts, folder->id);
		node->file = i;
		return node;
	}
	return NULL;
}

struct node *tree_find_child(struct tree *tree, struct node *folder, const char *name)
{
	struct node *node = tree_find_entry(tree, folder, name);

	if (!node && folder->is_volume_folder && folder->parent)
		return find_volume_file(tree, folder, name);
	return node && strcmp(node->name, name) == 0 ? renew_link(tree, node) : NULL;
}

const char *tree_get_target(const struct node *link, struct strbuf *room)
{
	if (!link->leads_to_id)
		return link->target;
	strbuf_add_text(room, "../ids/");
	strbuf_add_file_name(room, link->target);
	return strbuf_text(room);
}

void tree_add_lookup(struct node *node)
{
	node_set_lookups(node, node->lookups + 1);
}

void tree_forget(struct tree *tree, uint64_t ino, uint64_t n)
{
	struct node *node = tree_find(tree, ino);

	if (!node)
		return;
	node_set_lookups(node, node->lookups - (n < node->lookups ? n : node->lookups));
	if (!node->lookups && node->kind == NODE_VOLUME && node->parent)
		tree_remove_name(tree, node);
	else
		tree_remove_if_dead(tree, node);
}

static uint64_t make_cookie(uint64_t listing, uint64_t place)
{
	return (listing & ((UINT64_C(1) << LISTING_BITS) - 1)) << PLACE_BITS | place;
}

static uint64_t get_place(uint64_t cookie)
{
	return cookie & ((UINT64_C(1) << PLACE_BITS) - 1);
}

void tree_list(
	struct tree *tree, const struct node *folder, uint64_t after, tree_list_fn *add, void *data)
{
	uint64_t listing = after ? after >> PLACE_BITS : folder->content->listing;
	uint64_t place = get_place(after), ino = node_get_ino(folder);
	struct node *child = folder->content->first, *next;
	const struct node *last = place > DOTS ? tree_find(tree, place - DOTS) : NULL;

	if (place < 1 && !add(data, ".", ino, NODE_FOLDER, make_cookie(listing, 1)))
		return;
	if (place < 2 &&
		!add(data, "..", folder->parent ? node_get_ino(folder->parent) : ino, NODE_FOLDER,
			make_cookie(listing, 2)))
		return;
	for (size_t i = 0; folder->is_volume_folder && i < volume_file_count; i++)
		if (DOTS + 1 + i > place &&
			!add(data, volume_files[i].name, ino + 1 + i, NODE_VOLUME,
				make_cookie(listing, DOTS + 1 + i)))
			return;
	if (last && last->parent == folder)
		child = last->next;
	for (; child; child = next) {
		struct node *before = child->previous;
		struct node *shown =
			DOTS + node_get_ino(child) > place ? renew_link(tree, child) : NULL;

		/* One that is another node now is the last of all. */
		if (shown && shown != child) {
			next = before ? before->next : folder->content->first;
			continue;
		}
		next = child->next;
		ino = node_get_ino(child);
		if (shown &&
			!add(data, child->name, ino, child->kind, make_cookie(listing, DOTS + ino)))
			return;
	}
}

bool tree_is_listing_current(const struct node *folder, uint64_t cookie)
{
	return make_cookie(folder->content->listing, get_place(cookie)) == cookie;
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

	if (lead->links == 1)
		tree_set_lead(tree, lead, before->target, before->changed);
	lead->known += node->lookups != 0;
	node_leave_lead(tree, node);
	node->lead = lead;
	node->has_lead = true;
}

struct node *tree_move(
	struct tree *tree, struct node *node, const char *new_name, bool needs_volume, uint64_t now)
{
	struct node *folder = node->parent;
	struct node *moved = xcalloc(1, offsetof(struct node, name) + strlen(new_name) + 1);

	memcpy(moved, node, offsetof(struct node, name));
	strcpy(moved->name, new_name);
	moved->changed = now;
	map_remove(&tree->by_ino, &node->by_ino);
	map_remove(&tree->by_name, &node->by_name);
	map_add(&tree->by_ino, &moved->by_ino, node_get_ino(node));
	map_add(&tree->by_name, &moved->by_name, hash_name(folder, new_name));
	*(moved->previous ? &moved->previous->next : &folder->content->first) = moved;
	*(moved->next ? &moved->next->previous : &folder->content->last) = moved;
	free(node);
	if (moved->lead->needs_volume != needs_volume)
		change_lead(tree, moved, needs_volume);
	return moved;
}
