/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hash map and the hash index against a plain array, with good hashes and with colliding ones.
 */

#include <string.h>
#include <strings.h>

#include "base/index.h"
#include "base/texts.h"
#include "fixture.h"

struct item {
	struct map_node by_key;
	unsigned int key;
	bool is_in;
	bool is_seen;
};

static bool item_has_key(const struct map_node *node, const void *key)
{
	return container_of(node, struct item, by_key)->key == *(const unsigned int *)key;
}

static uint64_t hash_item(unsigned int key, int badness)
{
	return badness == 0 ? map_hash_number(key) : badness == 1 ? key % 3 : 7;
}

static void check_items(const struct map *map, struct item *items, unsigned int count, int badness)
{
	size_t seen = 0, in = 0;

	for (unsigned int key = 0; key < count; key++) {
		struct map_node *node = map_find(map, hash_item(key, badness), item_has_key, &key);

		ck_assert_ptr_eq(node, items[key].is_in ? &items[key].by_key : NULL);
		items[key].is_seen = false;
		in += items[key].is_in;
	}
	map_for_each (map, node, next) {
		struct item *item = container_of(node, struct item, by_key);

		ck_assert(item->is_in && !item->is_seen);
		item->is_seen = true;
		seen++;
	}
	ck_assert_uint_eq(seen, in);
	ck_assert_uint_eq(map->count, in);
}

/* Nobody waits for more than the entries of one bucket. */
START_TEST(test_grows_by_one)
{
	enum { COUNT = 5000 };
	_cleanup_free_ struct item *items = xcalloc(COUNT, sizeof(*items));
	struct map map = MAP_INIT;

	for (unsigned int key = 0; key < COUNT; key++) {
		size_t size = map.size;

		items[key].key = key;
		items[key].is_in = true;
		map_add(&map, &items[key].by_key, map_hash_number(key));
		ck_assert(!size || map.size <= size + 1);
		ck_assert_uint_ge(map.size, map.count);
	}
	check_items(&map, items, COUNT, 0);
	map_fini(&map);
}
END_TEST

START_TEST(test_random)
{
	enum { COUNT = 200 };
	struct item *items = xcalloc(COUNT, sizeof(*items));
	struct map map = MAP_INIT;
	uint32_t random = 1;

	for (unsigned int key = 0; key < COUNT; key++)
		items[key].key = key;
	check_items(&map, items, COUNT, _i);
	for (int i = 0; i < 20000; i++) {
		struct item *item;

		random = random * 1664525 + 1013904223;
		item = &items[(random >> 8) % COUNT];
		if (item->is_in)
			map_remove(&map, &item->by_key);
		else
			map_add(&map, &item->by_key, hash_item(item->key, _i));
		item->is_in = !item->is_in;
		if (i % 100 == 0)
			check_items(&map, items, COUNT, _i);
	}
	map_for_each (&map, node, next) { /* removing the visited entry */
		struct item *item = container_of(node, struct item, by_key);

		map_remove(&map, node);
		item->is_in = false;
	}
	check_items(&map, items, COUNT, _i);
	map_fini(&map);
	check_items(&map, items, COUNT, _i);
	free(items);
}
END_TEST

static bool object_has_key(const void *object, const void *key)
{
	return ((const struct item *)object)->key == *(const unsigned int *)key;
}

/* Bad ones want the last place, and find the next that is free at the start. */
static uint64_t hash_object(unsigned int key, int badness)
{
	return badness == 0    ? map_hash_number(key)
		: badness == 1 ? UINT64_MAX - ((uint64_t)(key % 3) << 62)
			       : UINT64_MAX;
}

static void check_objects(
	const struct index *index, struct item *items, unsigned int count, int badness)
{
	size_t seen = 0, in = 0;

	for (unsigned int key = 0; key < count; key++) {
		ck_assert_ptr_eq(index_find(index, hash_object(key, badness), object_has_key, &key),
			items[key].is_in ? &items[key] : NULL);
		items[key].is_seen = false;
		in += items[key].is_in;
	}
	index_for_each (index, struct item, item) {
		ck_assert(item->is_in && !item->is_seen);
		item->is_seen = true;
		seen++;
	}
	ck_assert_uint_eq(seen, in);
	ck_assert_uint_eq(index->count, in);
}

static void toggle_object(struct index *index, struct item *item, int badness)
{
	if (item->is_in)
		index_remove(index, item, hash_object(item->key, badness));
	else
		index_add(index, item, hash_object(item->key, badness));
	item->is_in = !item->is_in;
}

static struct item *make_items(unsigned int count)
{
	struct item *items = xcalloc(count, sizeof(*items));

	for (unsigned int key = 0; key < count; key++)
		items[key].key = key;
	return items;
}

START_TEST(test_index)
{
	enum { COUNT = 200 };
	_cleanup_free_ struct item *items = make_items(COUNT);
	struct index index = { 0 };
	uint32_t random = 1;

	check_objects(&index, items, COUNT, _i);
	for (int i = 0; i < 20000; i++) {
		random = random * 1664525 + 1013904223;
		toggle_object(&index, &items[(random >> 8) % COUNT], _i);
		if (i % 100 == 0)
			check_objects(&index, items, COUNT, _i);
	}
	index_fini(&index);
}
END_TEST

/* How many objects have still to be moved into the larger table. */
static size_t count_waiting(const struct index *index)
{
	size_t count = 0;

	for (size_t i = 0; i < index->old.end; i++)
		count += index->old.hashes[i] != 0;
	return count;
}

/*
 * While objects are being moved others come and go, at each of many moments: those that wait, and
 * those that have been moved. Of bad hashes there are fewer: they are all in one row.
 */
START_TEST(test_moving)
{
	unsigned int count = _i == 0 ? 20000 : 1500, in = 0, moments = 0;
	_cleanup_free_ struct item *items = make_items(count);
	struct index index = { 0 };
	uint32_t random = 1;

	while (in < count - 10) {
		size_t waiting = count_waiting(&index);

		toggle_object(&index, &items[in++], _i);
		ck_assert(!waiting || count_waiting(&index) + INDEX_STEP >= waiting);
		if (!index.old.end || in % 32)
			continue;
		moments++;
		for (int i = 0; i < 10 && index.old.end; i++) {
			random = random * 1664525 + 1013904223;
			toggle_object(&index, &items[(random >> 8) % count], _i);
		}
		check_objects(&index, items, count, _i);
		for (unsigned int key = 0; key < count; key++)
			if (items[key].is_in != (key < in))
				toggle_object(&index, &items[key], _i);
	}
	ck_assert_uint_ge(moments, _i == 0 ? 20 : 2);
	check_objects(&index, items, count, _i);
	index_fini(&index);
	check_objects(&index, items, 0, _i);
}
END_TEST

/* Of all that are visited each may be freed, so those that wait are visited, too. */
START_TEST(test_end_while_moving)
{
	struct index index = { 0 };
	size_t count = 0, freed = 0;

	while (count_waiting(&index) < 1000)
		index_add(&index, xcalloc(1, 1), map_hash_number(count++));
	index_for_each (&index, char, object) {
		free(object);
		freed++;
	}
	ck_assert_uint_eq(freed, count);
	index_fini(&index);
	ck_assert_ptr_null(index_next(&index, NULL));
}
END_TEST

/* What it is for: few bytes. */
START_TEST(test_room)
{
	struct index index = { 0 };
	struct item item;

	for (uint64_t i = 0; i < 100000; i++) {
		index_add(&index, &item, map_hash_number(i));
		if (i > 1000)
			ck_assert_uint_le(index.table.size, index.count * 3 / 2);
	}
	index_fini(&index);
}
END_TEST

/* Each in each place of a word: those that strcasecmp() takes for the same have the same hash. */
static void check_all_bytes(void)
{
	char text[] = "/DosDevices/A name", other[sizeof(text)];

	for (size_t place = 0; place < sizeof(text) - 1; place++)
		for (int byte = 1; byte < 256; byte++)
			for (int second = byte; second < 256; second++) {
				strcpy(other, text);
				text[place] = (char)byte;
				other[place] = (char)second;
				ck_assert((map_hash_text_ignoring_case(text) ==
						  map_hash_text_ignoring_case(other)) ==
					(strcasecmp(text, other) == 0));
			}
}

/*
 * Of two texts that differ in few bits: a hash that mixes in its seed only once takes back in the
 * second word what a certain bit of the first has done, with each seed.
 */
static void check_differences(void)
{
	enum { BITS = 128 };
	char text[] = "/DosDevices/name", other[sizeof(text)];
	uint64_t hash = map_hash_text(text);

	for (size_t a = 0; a < BITS; a++)
		for (size_t b = a; b < BITS; b++)
			for (size_t c = b; c < BITS; c++) {
				memcpy(other, text, sizeof(text));
				other[a / 8] ^= (char)(1 << a % 8);
				if (b != a)
					other[b / 8] ^= (char)(1 << b % 8);
				if (c != b)
					other[c / 8] ^= (char)(1 << c % 8);
				if (strlen(other) == strlen(text))
					ck_assert_uint_ne(hash, map_hash_text(other));
			}
}

START_TEST(test_hashes)
{
	uint64_t before = map_hash_text("/DosDevices/Data");

	ck_assert_uint_eq(before, map_hash_text("/DosDevices/Data"));
	ck_assert_uint_ne(before, map_hash_text("/DosDevices/data"));
	ck_assert_uint_eq(map_hash_text_ignoring_case("/DosDevices/Data"),
		map_hash_text_ignoring_case("/dosdevices/dATA"));
	ck_assert_uint_ne(map_hash_text_ignoring_case("a["), map_hash_text_ignoring_case("a{"));
	ck_assert_uint_ne(map_hash_text_ignoring_case("@"), map_hash_text_ignoring_case("`"));
	ck_assert_uint_ne(
		map_hash_text_ignoring_case("\xc3\x84"), map_hash_text_ignoring_case("\xc3\xa4"));
	check_all_bytes();
	check_differences();
	ck_assert_uint_ne(map_hash_text(""), map_hash_text("a"));
	ck_assert_uint_ne(map_hash_number(0), map_hash_number(1));
	map_set_seed(0x1234567);
	ck_assert_uint_ne(before, map_hash_text("/DosDevices/Data"));
}
END_TEST

/* Numbers in a row, as device numbers are, must not meet in few buckets. */
START_TEST(test_spread)
{
	enum { SIZE = 1024 };
	unsigned int used = 0;
	bool is_used[SIZE] = { false };

	for (unsigned int i = 0; i < SIZE; i++) {
		size_t bucket = map_hash_number((uint64_t)i << 8) & (SIZE - 1);

		used += !is_used[bucket];
		is_used[bucket] = true;
	}
	ck_assert_uint_gt(used, SIZE / 2);
}
END_TEST

/* One copy per text, as long as somebody holds it. */
START_TEST(test_texts)
{
	struct texts texts = { 0 };
	char text[] = "UUID=1";
	const char *one = texts_hold(&texts, text), *two;

	ck_assert_ptr_null(texts_hold(&texts, NULL));
	texts_release(&texts, NULL);
	ck_assert_ptr_ne(one, text);
	ck_assert_ptr_eq(one, texts_hold(&texts, "UUID=1"));
	text[5] = '2';
	ck_assert_str_eq(one, "UUID=1");
	two = texts_hold(&texts, text);
	ck_assert_str_eq(two, "UUID=2");
	texts_release(&texts, one);
	ck_assert_ptr_eq(one, texts_hold(&texts, one));
	texts_release(&texts, one);
	texts_release(&texts, one);
	texts_release(&texts, two);
	ck_assert_uint_eq(texts.by_text.count, 0);
	texts_fini(&texts);
}
END_TEST

static bool object_is_alike(const void *object, const void *key)
{
	return ((const struct item *)object)->key % 3 == *(const unsigned int *)key;
}

/* Of several that are alike each is found, whichever table it is in. */
START_TEST(test_index_next)
{
	struct item items[500];
	struct index index = { 0 };
	bool has_old = false;

	for (unsigned int count = 1; count <= ARRAY_SIZE(items); count++) {
		items[count - 1].key = count - 1;
		index_add(&index, &items[count - 1], map_hash_number((count - 1) % 3));
		has_old |= index.old.end != 0;
		for (unsigned int key = 0; key < 3; key++) {
			uint64_t hash = map_hash_number(key);
			const void *object = index_find(&index, hash, object_is_alike, &key);
			unsigned int found = 0;

			for (; object; found++)
				object = index_find_next(
					&index, hash, object, object_is_alike, &key);
			ck_assert_uint_eq(found, (count + 2 - key) / 3);
		}
	}
	ck_assert(has_old);
	index_fini(&index);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("map");
	TCase *tcase = suite_add_case(suite, "map");

	tcase_add_loop_test(tcase, test_random, 0, 3);
	tcase_add_test(tcase, test_grows_by_one);
	tcase_add_loop_test(tcase, test_index, 0, 3);
	tcase_add_test(tcase, test_index_next);
	tcase_add_loop_test(tcase, test_moving, 0, 3);
	tcase_add_test(tcase, test_end_while_moving);
	tcase_add_test(tcase, test_room);
	tcase_add_test(tcase, test_hashes);
	tcase_add_test(tcase, test_spread);
	tcase_add_test(tcase, test_texts);
	return run_suite(suite);
}
