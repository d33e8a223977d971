/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hash map against a plain array, with good hashes and with colliding ones.
 */

#include <string.h>

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

int main(void)
{
	Suite *suite = suite_create("map");
	TCase *tcase = suite_add_case(suite, "map");

	tcase_add_loop_test(tcase, test_random, 0, 3);
	tcase_add_test(tcase, test_hashes);
	tcase_add_test(tcase, test_spread);
	tcase_add_test(tcase, test_texts);
	return run_suite(suite);
}
