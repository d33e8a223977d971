/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * Hash index of objects of which there are many: an entry takes 14 to 17 bytes, none of them in the
 * object. That of a map (map.h) takes 24 to 32, and is gone with its object at once. It owns
 * nothing but the entries. Hashes are those of map.h.
 */
struct index_table {
	uint32_t *hashes; /* 0: no entry */
	void **objects;
	size_t size;
	size_t end; /* behind the last place that counts */
};

struct index {
	struct index_table table;
	struct index_table old; /* whose entries are still to be moved; what is behind `end` was */
	size_t count;
};

/* So many places of the old table are looked at when an object is added. */
#define INDEX_STEP 64

typedef bool index_equal_fn(const void *object, const void *key);

void index_fini(struct index *index);
void index_add(struct index *index, void *object, uint64_t hash);
/* The object must be there, under this hash. */
void index_remove(struct index *index, const void *object, uint64_t hash);
void *index_find(
	const struct index *index, uint64_t hash, index_equal_fn *is_equal, const void *key);
/* Of several objects under one hash that are equal to the key the one behind `object`, or NULL. */
void *index_find_next(const struct index *index, uint64_t hash, const void *object,
	index_equal_fn *is_equal, const void *key);

/*
 * The place of the first object, or of that behind `at`; NULL: there is none. In any order; while
 * iterating the index must stay as it is, but objects may be freed.
 */
void *index_next(const struct index *index, const void *at);

#define index_for_each(index, type, object)                           \
	for (type **object##_at = index_next(index, NULL),            \
		  *object = object##_at ? *object##_at : NULL;        \
		object; object##_at = index_next(index, object##_at), \
		  object = object##_at ? *object##_at : NULL)
