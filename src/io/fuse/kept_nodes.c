/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nodes that the kernel was told of, by look-ups or in listings: inode number, name, time of
 * change, and how often. Each has a record, and the node has the number of that record as its mark.
 * A node without a mark is unknown to the kernel, or there was no room: in another process it may
 * have any inode number.
 */

#include <string.h>

#include "base/clock.h"
#include "core/syntax/link_name.h"
#include "core/views/tree_memory.h"
#include "io/fuse/kept_nodes.h"
#include "io/fuse/requests.h"

/* The name and the target follow, each with its NUL. */
struct kept_node {
	uint64_t parent;
	uint64_t lookups;
	uint64_t changed;
	uint32_t kind;
	uint32_t name_len;
};

#define TEXT_MAX 65536 /* bytes of both */

static void forget(void *data, uint32_t mark)
{
	kept_remove(data, mark);
}

void kept_nodes_watch(struct kept *kept, struct tree *tree)
{
	tree->gone = forget;
	tree->data = kept;
}

static uint32_t add(struct kept *kept, const struct node *node)
{
	const char *target = node->kind == NODE_LINK ? node_get_target(node) : "";
	struct kept_node head = {
		.parent = node->parent ? node->parent->ino : 0,
		.lookups = node_get_lookups(node),
		.changed = node->changed,
		.kind = node->kind,
		.name_len = (uint32_t)strlen(node->name),
	};
	char room[512], *bytes = room;
	size_t len = sizeof(head) + head.name_len + 1 + strlen(target) + 1;
	uint32_t record;

	if (len > sizeof(room))
		bytes = xcalloc(len, 1);
	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), node->name, head.name_len + 1);
	strcpy(bytes + sizeof(head) + head.name_len + 1, target);
	record = kept_try_add(kept, KEPT_NODE, node->ino, bytes, len);
	if (bytes != room)
		free(bytes);
	return record;
}

void kept_nodes_note(struct kept *kept, struct node *node)
{
	const struct kept_node *known;
	uint64_t lookups = node_get_lookups(node);

	if (!node->known->mark) {
		node->known->mark = add(kept, node);
		return;
	}
	known = kept_get(kept, node->known->mark);
	if (known->lookups != lookups)
		kept_write(kept, node->known->mark, offsetof(struct kept_node, lookups), &lookups,
			sizeof(lookups));
	kept_nodes_note_time(kept, node);
}

void kept_nodes_note_time(struct kept *kept, const struct node *node)
{
	const struct kept_node *known;

	if (!node->known || !node->known->mark)
		return;
	known = kept_get(kept, node->known->mark);
	if (known->changed != node->changed)
		kept_write(kept, node->known->mark, offsetof(struct kept_node, changed),
			&node->changed, sizeof(node->changed));
}

void kept_nodes_rename(struct kept *kept, struct node *node)
{
	if (!node->known->mark)
		return;
	kept_remove(kept, node->known->mark);
	node->known->mark = add(kept, node);
}

void kept_nodes_note_generation(struct kept *kept, uint64_t generation)
{
	uint32_t record = kept_next(kept, KEPT_TREE, 0);

	if (record && kept_get_len(kept, record) != sizeof(generation)) {
		kept_remove(kept, record);
		record = 0;
	}
	if (record)
		kept_write(kept, record, 0, &generation, sizeof(generation));
	else
		kept_add(kept, KEPT_TREE, 0, &generation, sizeof(generation));
}

uint64_t kept_nodes_get_generation(const struct kept *kept)
{
	uint32_t record = kept_next(kept, KEPT_TREE, 0);

	if (!record || kept_get_len(kept, record) != sizeof(uint64_t))
		return kept_get_damage(kept) ? clock_get_real() : 0;
	return *(const uint64_t *)kept_get(kept, record);
}

/* False: the record makes no sense. */
static bool parse(const struct kept *kept, uint32_t record, struct tree_remembered *ret_node)
{
	const struct kept_node *head = kept_get(kept, record);
	size_t len = kept_get_len(kept, record);
	const char *texts = (const char *)(head + 1);

	if (len < sizeof(*head) + 2 || len > sizeof(*head) + TEXT_MAX ||
		texts[len - sizeof(*head) - 1])
		return false;
	len -= sizeof(*head);
	if (head->name_len >= len - 1 || strlen(texts) != head->name_len ||
		head->kind > NODE_MANAGER || head->changed > INT64_MAX ||
		!kept_get_id(kept, record))
		return false;
	*ret_node = (struct tree_remembered){
		.ino = kept_get_id(kept, record),
		.parent = head->parent,
		.lookups = head->lookups,
		.changed = head->changed,
		.mark = record,
		.kind = (enum node_kind)head->kind,
		.name = texts,
		.target = texts + head->name_len + 1,
	};
	return true;
}

/*
 * Numbers of new nodes begin here. What was told of before damage is not known any more, and may be
 * in use for as long as the mount is there. A number must leave room for that of the listing in a
 * cookie, see tree.c: milliseconds are far above all that can have been taken.
 */
static uint64_t get_floor(struct kept *kept)
{
	uint32_t record = kept_next(kept, KEPT_FLOOR, 0);
	uint64_t now = clock_get_real() / 1000, floor = 0;

	if (record && kept_get_len(kept, record) == sizeof(floor))
		floor = *(const uint64_t *)kept_get(kept, record);
	if (!kept_get_damage(kept) || now <= floor)
		return floor;
	kept_remove(kept, record);
	kept_add(kept, KEPT_FLOOR, 0, &now, sizeof(now));
	return now;
}

struct tree_memory *kept_nodes_load(struct kept *kept)
{
	struct tree_memory *memory = tree_memory_new();
	struct tree_remembered node;

	for (uint32_t record = 0; (record = kept_next(kept, KEPT_NODE, record));) {
		if (parse(kept, record, &node))
			tree_memory_add(memory, &node);
		else
			kept_remove(kept, record);
	}
	tree_memory_leave_out(memory, get_floor(kept));
	kept_commit(kept);
	return memory;
}

void kept_nodes_list(const struct kept *kept, bool with_names, struct deltas *ret_deltas)
{
	struct tree_remembered node;

	for (uint32_t record = 0; (record = kept_next(kept, KEPT_NODE, record));) {
		if (!parse(kept, record, &node))
			continue;
		deltas_add(ret_deltas, 0, node.ino, NULL);
		if (with_names && node.parent)
			deltas_add(ret_deltas, node.parent, 0, node.name);
	}
}
