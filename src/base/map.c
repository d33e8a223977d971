/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chained hash map with embedded nodes, 64-bit seeded FNV-1a hashes with a final mix. Grows at one
 * entry per bucket and never shrinks before map_fini().
 */

#include <assert.h>

#include "base/map.h"

#define FNV_BASIS 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static uint64_t map_seed = FNV_BASIS;

void map_set_seed(uint64_t seed)
{
	map_seed ^= seed;
}

static uint64_t mix(uint64_t h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdu;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53u;
	return h ^ h >> 33;
}

static uint64_t hash_text(const char *text, bool fold_case)
{
	uint64_t h = map_seed;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (fold_case && c >= 'A' && c <= 'Z')
			c = (unsigned char)(c + ('a' - 'A'));
		h = (h ^ c) * FNV_PRIME;
	}
	return mix(h);
}

uint64_t map_hash_for_all(const char *text)
{
	uint64_t h = FNV_BASIS;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * FNV_PRIME;
	return mix(h);
}

uint64_t map_hash_text(const char *text)
{
	return hash_text(text, false);
}

uint64_t map_hash_text_ignoring_case(const char *text)
{
	return hash_text(text, true);
}

uint64_t map_hash_number(uint64_t number)
{
	return mix(map_seed ^ number);
}

void map_fini(struct map *map)
{
	free(map->buckets);
	*map = (struct map)MAP_INIT;
}

static void map_grow(struct map *map)
{
	size_t size = map->size ? map->size * 2 : 16;
	struct map_node **buckets = xcalloc(size, sizeof(*buckets));

	for (size_t i = 0; i < map->size; i++) {
		struct map_node *node = map->buckets[i], *next;

		for (; node; node = next) {
			struct map_node **bucket = &buckets[node->hash & (size - 1)];

			next = node->next;
			node->next = *bucket;
			*bucket = node;
		}
	}
	free(map->buckets);
	map->buckets = buckets;
	map->size = size;
}

void map_add(struct map *map, struct map_node *node, uint64_t hash)
{
	struct map_node **bucket;

	if (map->count >= map->size)
		map_grow(map);
	bucket = &map->buckets[hash & (map->size - 1)];
	node->hash = hash;
	node->next = *bucket;
	*bucket = node;
	map->count++;
}

void map_remove(struct map *map, struct map_node *node)
{
	struct map_node **link = &map->buckets[node->hash & (map->size - 1)];

	while (*link != node) {
		assert(*link);
		link = &(*link)->next;
	}
	*link = node->next;
	node->next = NULL;
	map->count--;
}

struct map_node *map_find(
	const struct map *map, uint64_t hash, map_equal_fn *is_equal, const void *key)
{
	struct map_node *node = map->size ? map->buckets[hash & (map->size - 1)] : NULL;

	while (node && !(node->hash == hash && is_equal(node, key)))
		node = node->next;
	return node;
}

struct map_node *map_find_next(const struct map_node *node, map_equal_fn *is_equal, const void *key)
{
	struct map_node *next = node->next;

	while (next && !(next->hash == node->hash && is_equal(next, key)))
		next = next->next;
	return next;
}

static struct map_node *map_first_from(const struct map *map, size_t bucket)
{
	for (; bucket < map->size; bucket++)
		if (map->buckets[bucket])
			return map->buckets[bucket];
	return NULL;
}

struct map_node *map_first(const struct map *map)
{
	return map_first_from(map, 0);
}

struct map_node *map_next(const struct map *map, const struct map_node *node)
{
	if (node->next)
		return node->next;
	return map_first_from(map, (node->hash & (map->size - 1)) + 1);
}
