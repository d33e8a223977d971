/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a tree before this one has told the kernel: the numbers of its nodes, by their names, and of
 * symlinks by where they lead, as they never change. A node that has its name no more, or leads
 * elsewhere now, keeps its number, and nothing else gets it.
 */

#include <string.h>

#include "core/views/render.h"
#include "core/views/tree_memory.h"

struct entry {
	struct map_node by_name;
	struct tree_remembered node;
	bool is_taken;
	char texts[];
};

struct tree_memory {
	struct map by_name;
	struct entry **list;
	size_t count;
	uint64_t next;
	uint64_t taken[TREE_FIXED_INOS / 64];
};

struct key {
	uint64_t parent;
	const char *name, *target;
};

static bool is_meant(const struct map_node *node, const void *key)
{
	const struct tree_remembered *known = &container_of(node, struct entry, by_name)->node;
	const struct key *wanted = key;

	return known->parent == wanted->parent && strcmp(known->name, wanted->name) == 0 &&
		strcmp(known->target, wanted->target) == 0;
}

static uint64_t hash(const struct key *key)
{
	return map_hash_text(key->name) ^ map_hash_number(key->parent);
}

struct tree_memory *tree_memory_new(void)
{
	return xcalloc(1, sizeof(struct tree_memory));
}

void tree_memory_free(struct tree_memory *memory)
{
	if (!memory)
		return;
	for (size_t i = 0; i < memory->count; i++)
		free(memory->list[i]);
	free(memory->list);
	map_fini(&memory->by_name);
	free(memory);
}

void tree_memory_add(struct tree_memory *memory, const struct tree_remembered *node)
{
	struct key key = { node->parent, node->name, node->target };
	struct map_node *before = map_find(&memory->by_name, hash(&key), is_meant, &key);
	struct entry *entry = xcalloc(1,
			     sizeof(*entry) + text_get_size(node->name) +
				     text_get_size(node->target)),
		     *other;
	char *room = entry->texts;

	entry->node = *node;
	entry->node.name = text_put(&room, node->name);
	entry->node.target = text_put(&room, node->target);
	memory->list = xgrow(memory->list, memory->count, sizeof(struct entry *));
	memory->list[memory->count++] = entry;
	if (node->ino < TREE_FIXED_INOS)
		memory->taken[node->ino / 64] |= UINT64_C(1) << node->ino % 64;
	if (node->ino + volume_file_count + 1 > memory->next)
		memory->next = node->ino + volume_file_count + 1;
	if (before) {
		other = container_of(before, struct entry, by_name);
		if (other->node.ino > node->ino)
			return;
		map_remove(&memory->by_name, before);
	}
	if (node->parent)
		map_add(&memory->by_name, &entry->by_name, hash(&key));
}

uint64_t tree_memory_take(
	struct tree_memory *memory, uint64_t parent, const char *name, const char *target)
{
	struct key key = { parent, name, target };
	struct map_node *node = map_find(&memory->by_name, hash(&key), is_meant, &key);
	struct entry *entry = node ? container_of(node, struct entry, by_name) : NULL;

	if (!entry || entry->is_taken)
		return 0;
	entry->is_taken = true;
	return entry->node.ino;
}

bool tree_memory_has(const struct tree_memory *memory, uint64_t ino)
{
	return ino < TREE_FIXED_INOS && memory->taken[ino / 64] >> ino % 64 & 1;
}

uint64_t tree_memory_get_next(const struct tree_memory *memory)
{
	return memory->next;
}

void tree_memory_leave_out(struct tree_memory *memory, uint64_t next)
{
	if (next > memory->next)
		memory->next = next;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *const *entry_a = a, *const *entry_b = b;
	uint64_t ino_a = (*entry_a)->node.ino, ino_b = (*entry_b)->node.ino;

	return ino_a < ino_b ? -1 : ino_a > ino_b;
}

void tree_memory_list(const struct tree_memory *memory, tree_memory_fn *add, void *data)
{
	if (memory->count)
		qsort(memory->list, memory->count, sizeof(struct entry *), compare_entries);
	for (size_t i = 0; i < memory->count; i++)
		add(data, &memory->list[i]->node);
}

bool tree_memory_keeps_time(const struct tree *tree, const struct node *node)
{
	switch (node->kind) {
	case NODE_FOLDER:
		return node == tree->root || node == tree->control;
	case NODE_POINTS:
	case NODE_POINTS_JSON:
	case NODE_HISTORY:
	case NODE_METRICS:
		return false;
	case NODE_LINK:
	case NODE_CONTROL:
	case NODE_VOLUME:
	case NODE_EVENTS:
	case NODE_MANAGER:
		break;
	}
	return true;
}
