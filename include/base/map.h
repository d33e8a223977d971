/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * Hash map of members embedded in their objects: adding allocates nothing for the entry, only the
 * table when that grows. It owns nothing but the table.
 */
struct map_node {
	struct map_node *next;
	uint64_t hash;
};

struct map {
	struct map_node **buckets;
	size_t size; /* of the buckets */
	size_t mask; /* of the bits of a hash that tell them apart; there is room for all it has */
	size_t count;
};

#define MAP_INIT              \
	{                     \
		NULL, 0, 0, 0 \
	}

typedef bool map_equal_fn(const struct map_node *node, const void *key);

void map_fini(struct map *map);
void map_add(struct map *map, struct map_node *node, uint64_t hash);
void map_remove(struct map *map, struct map_node *node);
struct map_node *map_find(
	const struct map *map, uint64_t hash, map_equal_fn *is_equal, const void *key);
/* Of several that are equal to the key the one behind `node`, or NULL. */
struct map_node *map_find_next(
	const struct map_node *node, map_equal_fn *is_equal, const void *key);

/* Any order; the entry just visited may be removed while iterating. */
struct map_node *map_first(const struct map *map);
struct map_node *map_next(const struct map *map, const struct map_node *node);

#define map_for_each(map, node, following)                                   \
	for (struct map_node *node = map_first(map),                         \
			     *following = node ? map_next(map, node) : NULL; \
		node; node = following, following = node ? map_next(map, node) : NULL)

/* Hashes are seeded once per process, so that hostile keys cannot be made to collide beforehand. */
void map_set_seed(uint64_t seed);
uint64_t map_hash_text(const char *text);
uint64_t map_hash_text_ignoring_case(const char *text);
uint64_t map_hash_number(uint64_t number);
/* The same in all processes: not for the keys of a map. */
uint64_t map_hash_for_all(const char *text);
