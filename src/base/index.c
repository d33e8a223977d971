/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hash index with open addressing: who does not find its place free takes the next one that is.
 *
 * The place of a hash is its share of the size, so the entries lie nearly in the order of their
 * hashes. An index that grows is thus copied in one pass, without a look at the objects, and need
 * not double: up to an eighth of it is free, at most 30 percent.
 *
 * To copy a million entries at once takes longer than anybody should have to wait. So each object
 * that is added moves some of them, from the last place to the first, and who looks for one looks
 * into both tables. The entries at the very front go first: among them are those that had no place
 * at the end any more.
 */

#include <assert.h>

#include "base/index.h"

enum { SIZE_MIN = 16 };

static uint32_t fold(uint64_t hash)
{
	uint32_t folded = (uint32_t)(hash >> 32);

	return folded ? folded : 1;
}

static size_t get_place(const struct index_table *table, uint32_t hash)
{
	return (size_t)((uint64_t)hash * table->size >> 32);
}

static size_t get_next(const struct index_table *table, size_t at)
{
	return at + 1 < table->size ? at + 1 : 0;
}

static bool has_entry(const struct index_table *table, size_t at)
{
	return at < table->end && table->hashes[at];
}

static void table_init(struct index_table *table, size_t size)
{
	*table = (struct index_table){ .size = size, .end = size };
	table->hashes = xcalloc(size, sizeof(*table->hashes));
	table->objects = xcalloc(size, sizeof(*table->objects));
}

static void table_fini(struct index_table *table)
{
	free(table->hashes);
	free(table->objects);
	*table = (struct index_table){ 0 };
}

void index_fini(struct index *index)
{
	table_fini(&index->table);
	table_fini(&index->old);
	index->count = 0;
}

static void put(struct index_table *table, void *object, uint32_t hash)
{
	size_t at = get_place(table, hash);

	while (table->hashes[at])
		at = get_next(table, at);
	table->hashes[at] = hash;
	table->objects[at] = object;
}

static void move(struct index *index, size_t at)
{
	struct index_table *old = &index->old;

	if (old->hashes[at])
		put(&index->table, old->objects[at], old->hashes[at]);
	old->hashes[at] = 0;
}

static void move_some(struct index *index)
{
	struct index_table *old = &index->old;

	for (int i = 0; i < INDEX_STEP && old->end; i++)
		move(index, --old->end);
	if (!old->end)
		table_fini(old);
}

/* There is room for more entries than it takes to move all of the old table. */
static void grow(struct index *index)
{
	assert(!index->old.end);
	index->old = index->table;
	table_init(&index->table, index->old.size + index->old.size / 4 + SIZE_MIN);
	for (size_t i = 0; has_entry(&index->old, i); i++)
		move(index, i);
}

/* So many fill the size but for an eighth. */
static bool has_room(const struct index *index, size_t count)
{
	return count <= index->table.size - index->table.size / 8;
}

void index_add(struct index *index, void *object, uint64_t hash)
{
	if (!has_room(index, index->count + 1))
		grow(index);
	if (index->old.size)
		move_some(index);
	put(&index->table, object, fold(hash));
	index->count++;
}

/* Fills the place with an entry that would be found in it, and the place of that one likewise. */
static void fill(struct index_table *table, size_t hole)
{
	size_t at = hole;

	while (has_entry(table, at = get_next(table, at))) {
		size_t place = get_place(table, table->hashes[at]);
		bool is_behind =
			hole <= at ? hole < place && place <= at : hole < place || place <= at;

		if (is_behind)
			continue;
		table->hashes[hole] = table->hashes[at];
		table->objects[hole] = table->objects[at];
		hole = at;
	}
	table->hashes[hole] = 0;
}

/* False: the object is not in this table. */
static bool find_place(
	const struct index_table *table, const void *object, uint32_t hash, size_t *ret_at)
{
	for (size_t at = get_place(table, hash); has_entry(table, at); at = get_next(table, at)) {
		if (table->objects[at] != object)
			continue;
		*ret_at = at;
		return true;
	}
	return false;
}

static bool remove_from(struct index_table *table, const void *object, uint32_t hash)
{
	size_t at;

	if (!find_place(table, object, hash, &at))
		return false;
	fill(table, at);
	return true;
}

void index_remove(struct index *index, const void *object, uint64_t hash)
{
	bool is_removed = remove_from(&index->old, object, fold(hash)) ||
		remove_from(&index->table, object, fold(hash));

	assert(is_removed);
	index->count -= is_removed;
}

/* The first from a place on. */
static void *find_from(const struct index_table *table, size_t at, uint32_t hash,
	index_equal_fn *is_equal, const void *key)
{
	for (; has_entry(table, at); at = get_next(table, at))
		if (table->hashes[at] == hash && is_equal(table->objects[at], key))
			return table->objects[at];
	return NULL;
}

static void *find_in(
	const struct index_table *table, uint32_t hash, index_equal_fn *is_equal, const void *key)
{
	return find_from(table, get_place(table, hash), hash, is_equal, key);
}

void *index_find(
	const struct index *index, uint64_t hash, index_equal_fn *is_equal, const void *key)
{
	void *object = find_in(&index->table, fold(hash), is_equal, key);

	return object ? object : find_in(&index->old, fold(hash), is_equal, key);
}

void *index_find_next(const struct index *index, uint64_t hash, const void *object,
	index_equal_fn *is_equal, const void *key)
{
	const struct index_table *table = &index->table, *old = &index->old;
	uint32_t folded = fold(hash);
	bool is_in_table;
	void *next;
	size_t at;

	is_in_table = find_place(table, object, folded, &at);
	if (!is_in_table && !find_place(old, object, folded, &at))
		return NULL;
	next = find_from(is_in_table ? table : old, get_next(is_in_table ? table : old, at), folded,
		is_equal, key);
	return next || !is_in_table ? next : find_in(old, folded, is_equal, key);
}

/* The first place with an entry, from one on. */
static void *next_of(const struct index_table *table, size_t from)
{
	while (from < table->end && !table->hashes[from])
		from++;
	return from < table->end ? &table->objects[from] : NULL;
}

/* The place behind the given one, if it is in this table; else the first. */
static size_t get_following(const struct index_table *table, const void *at)
{
	size_t offset = (size_t)((uintptr_t)at - (uintptr_t)table->objects) / sizeof(void *);

	return at && offset < table->end ? offset + 1 : 0;
}

void *index_next(const struct index *index, const void *at)
{
	size_t in_table = get_following(&index->table, at);
	void *next = in_table ? NULL : next_of(&index->old, get_following(&index->old, at));

	return next ? next : next_of(&index->table, in_table);
}
