/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list between discovery and manager. While a commit is under way devices pile up here, one
 * item each, so that a storm becomes a few large changes instead of many small ones.
 */

#include <string.h>

#include "daemon/ready.h"

struct ready_item {
	struct map_node by_name;
	struct ready_item *next;
	struct device *device;
	char name[];
};

static bool item_has_name(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct ready_item, by_name)->name, key) == 0;
}

void ready_init(struct ready *ready)
{
	*ready = (struct ready){ .last = &ready->first };
}

bool ready_is_empty(const struct ready *ready)
{
	return !ready->first;
}

static struct ready_item *ready_pop(struct ready *ready)
{
	struct ready_item *item = ready->first;

	if (!item)
		return NULL;
	ready->first = item->next;
	if (!ready->first)
		ready->last = &ready->first;
	map_remove(&ready->by_name, &item->by_name);
	return item;
}

void ready_fini(struct ready *ready)
{
	struct ready_item *item;

	while ((item = ready_pop(ready))) {
		device_free(item->device);
		free(item);
	}
	map_fini(&ready->by_name);
}

void ready_add(struct ready *ready, const char *name, struct device *device)
{
	uint64_t hash = map_hash_text(name);
	struct map_node *node = map_find(&ready->by_name, hash, item_has_name, name);
	struct ready_item *item = node ? container_of(node, struct ready_item, by_name) : NULL;

	if (!item) {
		item = xcalloc(1, sizeof(*item) + strlen(name) + 1);
		strcpy(item->name, name);
		map_add(&ready->by_name, &item->by_name, hash);
		*ready->last = item;
		ready->last = &item->next;
	}
	device_free(item->device);
	item->device = device;
}

void ready_take(struct ready *ready, struct volumes_change *change)
{
	struct ready_item *item;

	while ((item = ready_pop(ready))) {
		if (item->device)
			volumes_change_put(change, item->device);
		else
			volumes_change_remove(change, item->name);
		free(item);
	}
}
