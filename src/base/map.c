/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chained hash map with embedded nodes, 64-bit seeded hashes with a final mix. Has about one
 * entry per bucket and never shrinks before map_fini().
 *
 * It grows by one bucket for each entry, in which half of another bucket's entries go (linear
 * hashing): to move half a million entries at once takes longer than anybody should have to wait.
 */

#include <assert.h>
#include <string.h>

#include "base/map.h"

#define BUCKETS_MIN 16

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

/* Of eight characters in a word, which may be bytes of any value. */
static uint64_t fold_case(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	uint64_t rest = word & ~tops;
	uint64_t from_a = rest + ones * (0x80 - 'A'), behind_z = rest + ones * (0x7f - 'Z');

	return word | (from_a & ~behind_z & ~word & tops) >> 2; /* 'a' - 'A' is 0x20 */
}

static uint64_t rotate(uint64_t word, unsigned int bits)
{
	return word << bits | word >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static void sip_add(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

/* Filled up with zeros. */
static uint64_t get_word(const char *text, size_t len, bool is_folding)
{
	uint64_t word = 0;

	memcpy(&word, text, len);
	return is_folding ? fold_case(word) : word;
}

/*
 * SipHash-1-3, as anybody chooses names: with a hash that takes the seed at its beginning only,
 * there are texts that collide whatever the seed is.
 */
static uint64_t hash_text(const char *text, bool is_folding)
{
	uint64_t seed = map_seed, second = mix(map_seed);
	uint64_t v[4] = { seed ^ 0x736f6d6570736575u, second ^ 0x646f72616e646f6du,
		seed ^ 0x6c7967656e657261u, second ^ 0x7465646279746573u };
	size_t len = strlen(text), left = len;

	for (; left >= sizeof(*v); left -= sizeof(*v), text += sizeof(*v))
		sip_add(v, get_word(text, sizeof(*v), is_folding));
	sip_add(v, get_word(text, left, is_folding));
	sip_add(v, len);
	v[2] ^= 0xff;
	for (size_t i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
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

/* Buckets that are still to come have their entries in those that are to be parted for them. */
static size_t get_bucket(const struct map *map, uint64_t hash)
{
	size_t bucket = hash & map->mask;

	return bucket < map->size ? bucket : bucket & map->mask >> 1;
}

static void map_grow(struct map *map)
{
	struct map_node **from, **to;

	if (map->size == 0) {
		map->buckets = xcalloc(BUCKETS_MIN, sizeof(*map->buckets));
		map->size = BUCKETS_MIN;
		map->mask = BUCKETS_MIN - 1;
		return;
	}
	if (map->size > map->mask) {
		map->mask = map->mask * 2 + 1;
		map->buckets = xrealloc(map->buckets, map->mask + 1, sizeof(*map->buckets));
	}
	from = &map->buckets[map->size & map->mask >> 1];
	to = &map->buckets[map->size];
	while (*from) {
		struct map_node *node = *from;

		if ((node->hash & map->mask) != map->size) {
			from = &node->next;
			continue;
		}
		*from = node->next;
		*to = node;
		to = &node->next;
	}
	*to = NULL;
	map->size++;
}

void map_add(struct map *map, struct map_node *node, uint64_t hash)
{
	struct map_node **bucket;

	if (map->count >= map->size)
		map_grow(map);
	bucket = &map->buckets[get_bucket(map, hash)];
	node->hash = hash;
	node->next = *bucket;
	*bucket = node;
	map->count++;
}

void map_remove(struct map *map, struct map_node *node)
{
	struct map_node **link = &map->buckets[get_bucket(map, node->hash)];

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
	struct map_node *node = map->size ? map->buckets[get_bucket(map, hash)] : NULL;

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
	return map_first_from(map, get_bucket(map, node->hash) + 1);
}
