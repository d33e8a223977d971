/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list between discovery and core. While a commit is under way devices pile up here, one item
 * each, so that a storm becomes a few large changes instead of many small ones. What is news is for
 * the core to say.
 */

#include <string.h>

#include "machines/pending.h"

struct pending_item {
	struct map_node by_name;
	struct pending_item *next;
	struct device *device;
	char name[];
};

static bool item_has_name(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct pending_item, by_name)->name, key) == 0;
}

void pending_init(struct pending *pending)
{
	*pending = (struct pending){ .last = &pending->first };
}

bool pending_is_empty(const struct pending *pending)
{
	return !pending->first;
}

static struct pending_item *pending_pop(struct pending *pending)
{
	struct pending_item *item = pending->first;

	if (!item)
		return NULL;
	pending->first = item->next;
	if (!pending->first)
		pending->last = &pending->first;
	map_remove(&pending->by_name, &item->by_name);
	return item;
}

void pending_fini(struct pending *pending)
{
	struct pending_item *item;

	while ((item = pending_pop(pending))) {
		device_free(item->device);
		free(item);
	}
	map_fini(&pending->by_name);
}

void pending_add(struct pending *pending, const char *name, struct device *device)
{
	uint64_t hash = map_hash_text(name);
	struct map_node *node = map_find(&pending->by_name, hash, item_has_name, name);
	struct pending_item *item = node ? container_of(node, struct pending_item, by_name) : NULL;

	if (!item) {
		item = xcalloc(1, sizeof(*item) + strlen(name) + 1);
		strcpy(item->name, name);
		map_add(&pending->by_name, &item->by_name, hash);
		*pending->last = item;
		pending->last = &item->next;
	}
	device_free(item->device);
	item->device = device;
}

void pending_look(const struct pending *pending,
	void (*look)(void *data, const char *name, const struct device *device), void *data)
{
	for (const struct pending_item *item = pending->first; item; item = item->next)
		look(data, item->name, item->device);
}

void pending_take(struct pending *pending, struct volumes_change *change)
{
	struct pending_item *item;

	while ((item = pending_pop(pending))) {
		if (item->device)
			volumes_change_put(change, steal_ptr(item->device));
		else
			volumes_change_remove(change, item->name);
		free(item);
	}
	map_fini(&pending->by_name);
}
