/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory that outlives the process, against a naive model: whatever was not committed when it
 * was left is as it was, at whichever step that was. The memory is left by copying it: what a
 * process does after the copy was made has not happened.
 */

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/kept.h"
#include "dice.h"
#include "fixture.h"

#define SIZE ((size_t)64 << 20)
#define RECORDS 40
#define LEN_MAX 300
#define KIND 7

struct model {
	struct {
		uint32_t record;
		size_t len;
		uint8_t bytes[LEN_MAX];
	} records[RECORDS];
};

static void *map_memory(void)
{
	void *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	return memory;
}

static void fill(struct dice *dice, uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)dice_draw(dice, 256);
}

static void step(struct kept *kept, struct model *model, struct dice *dice)
{
	size_t i = dice_draw(dice, RECORDS);
	size_t len = model->records[i].len, at;

	if (!model->records[i].record) {
		len = 1 + dice_draw(dice, LEN_MAX - 1);
		fill(dice, model->records[i].bytes, len);
		model->records[i].len = len;
		model->records[i].record = kept_add(kept, KIND, i, model->records[i].bytes, len);
	} else if (dice_draw(dice, 3) == 0) {
		kept_remove(kept, model->records[i].record);
		model->records[i].record = 0;
	} else {
		at = dice_draw(dice, (unsigned int)len);
		len = dice_draw(dice, (unsigned int)(len - at) + 1);
		fill(dice, model->records[i].bytes + at, len);
		kept_write(kept, model->records[i].record, at, model->records[i].bytes + at, len);
	}
}

static void check_same(const struct kept *kept, const struct model *model)
{
	size_t found = 0, wanted = 0;

	for (uint32_t record = 0; (record = kept_next(kept, KIND, record));) {
		size_t i = kept_get_id(kept, record);

		ck_assert_uint_lt(i, RECORDS);
		ck_assert_uint_eq(model->records[i].record, record);
		ck_assert_uint_eq(kept_get_len(kept, record), model->records[i].len);
		ck_assert_mem_eq(
			kept_get(kept, record), model->records[i].bytes, model->records[i].len);
		found++;
	}
	for (size_t i = 0; i < RECORDS; i++)
		wanted += model->records[i].record != 0;
	ck_assert_uint_eq(found, wanted);
}

/* What the memory would have been left as, as another process has it. */
static void check_left(const void *memory, const struct model *model)
{
	void *copy = map_memory();
	const uint64_t *end = (const uint64_t *)memory + 3;
	struct kept *kept;

	memcpy(copy, memory, *end);
	kept = kept_new(copy, SIZE);
	ck_assert_uint_eq(kept_get_damage(kept), 0);
	check_same(kept, model);
	kept_free(kept);
	munmap(copy, SIZE);
}

START_TEST(test_random)
{
	for (unsigned int seed = 1; seed <= 20; seed++) {
		struct dice dice = dice_new((int)seed);
		struct model committed = { 0 }, current = { 0 };
		void *memory = map_memory();
		struct kept *kept = kept_new(memory, SIZE);

		for (unsigned int i = 0; i < 300; i++) {
			step(kept, &current, &dice);
			if (dice_draw(&dice, 4) == 0) {
				kept_commit(kept);
				committed = current;
			}
			if (dice_draw(&dice, 20) == 0)
				check_left(memory, &committed);
			if (dice_draw(&dice, 50) == 0) { /* killed */
				kept_free(kept);
				kept = kept_new(memory, SIZE);
				current = committed;
				check_same(kept, &current);
			}
		}
		ck_assert_uint_eq(kept_get_damage(kept), 0);
		ck_assert_uint_lt(kept_get_used(kept), 9u << 20);
		kept_free(kept);
		munmap(memory, SIZE);
	}
}
END_TEST

START_TEST(test_release)
{
	void *memory = map_memory();
	struct kept *kept = kept_new(memory, SIZE);
	uint32_t first = kept_add(kept, 1, 5, "text", 5), second;
	uint32_t raw = kept_add_raw(kept, 2, 0, 1 << 20);

	kept_commit(kept);
	memset(kept_get(kept, raw), 1, 1 << 20);
	kept_release(kept, first);
	ck_assert_uint_eq(kept_next(kept, 1, 0), 0);
	second = kept_add(kept, 3, 6, NULL, 5);
	ck_assert_uint_eq(second, first); /* its place is used again, */
	ck_assert_mem_eq(kept_get(kept, second), "\0\0\0\0", 5);
	kept_free(kept); /* but that was not committed */
	kept = kept_new(memory, SIZE);
	ck_assert_uint_eq(kept_get_damage(kept), 0);
	ck_assert_uint_eq(kept_next(kept, 3, 0), 0);
	ck_assert_uint_eq(kept_next(kept, 2, 0), raw);
	ck_assert_int_eq(*(char *)kept_get(kept, raw), 1);
	kept_free(kept);
	munmap(memory, SIZE);
}
END_TEST

START_TEST(test_damage)
{
	void *memory = map_memory();
	struct kept *kept = kept_new(memory, SIZE);
	uint32_t first = kept_add(kept, 1, 1, "one", 4), second = kept_add(kept, 1, 2, "two", 4);

	kept_commit(kept);
	*(char *)kept_get(kept, first) = 'x';
	kept_free(kept);
	kept = kept_new(memory, SIZE);
	ck_assert_uint_eq(kept_get_damage(kept), 1);
	ck_assert_uint_eq(kept_next(kept, 1, 0), second);
	kept_free(kept); /* by a process that ends before it has made that good */
	kept = kept_new(memory, SIZE);
	ck_assert_uint_eq(kept_get_damage(kept), 1);
	kept_forget_damage(kept);
	kept_free(kept);
	kept = kept_new(memory, SIZE);
	ck_assert_uint_eq(kept_get_damage(kept), 0);
	kept_free(kept);
	((uint32_t *)memory)[2]++; /* a layout that is not ours */
	kept = kept_new(memory, SIZE);
	ck_assert_uint_eq(kept_get_damage(kept), SIZE_MAX);
	kept_free(kept);
	kept = kept_new(memory, SIZE);
	ck_assert_uint_eq(kept_get_damage(kept), SIZE_MAX);
	ck_assert_uint_eq(kept_next(kept, 1, 0), 0);
	ck_assert_uint_ne(kept_add(kept, 1, 1, "one", 4), 0);
	kept_free(kept);
	munmap(memory, SIZE);
}
END_TEST

/* More than the journal can hold does no harm. */
START_TEST(test_much)
{
	static char bytes[1 << 20];
	void *memory = map_memory();
	struct kept *kept = kept_new(memory, SIZE);
	uint32_t record = kept_add(kept, 1, 1, NULL, sizeof(bytes));

	for (unsigned int i = 0; i < 20; i++)
		kept_write(kept, record, 0, bytes, sizeof(bytes));
	kept_commit(kept);
	for (unsigned int i = 0; i < 200; i++) {
		record = kept_add(kept, 1, 2, NULL, sizeof(bytes));
		kept_remove(kept, record);
		kept_commit(kept);
	}
	ck_assert_uint_lt(kept_get_used(kept), 20u << 20);
	kept_free(kept);
	munmap(memory, SIZE);
}
END_TEST

/* What can do without leaves room for what cannot. */
START_TEST(test_full)
{
	void *memory = map_memory();
	struct kept *kept = kept_new(memory, SIZE);
	uint32_t last = 0, record;
	unsigned int count = 0;

	while ((record = kept_try_add(kept, 1, 1, NULL, 1 << 20))) {
		last = record;
		count++;
	}
	ck_assert_uint_gt(count, 4);
	ck_assert_uint_lt(kept_get_used(kept), SIZE / 4 * 3 + 1);
	for (unsigned int i = 0; i < 4; i++)
		ck_assert_uint_ne(kept_add(kept, 2, 1, NULL, 1 << 20), 0);
	while (kept_has_room(kept, 1 << 20))
		kept_add(kept, 2, 1, NULL, 1 << 20);
	ck_assert_uint_gt(kept_get_used(kept), SIZE - (4 << 20));
	kept_remove(kept, last);
	kept_commit(kept);
	ck_assert(kept_has_room(kept, 1 << 20));
	ck_assert_uint_eq(kept_try_add(kept, 1, 1, NULL, 1 << 20), last);
	kept_free(kept);
	munmap(memory, SIZE);
}
END_TEST

static size_t count_resident(void *memory, size_t size)
{
	static unsigned char is_resident[SIZE / 4096];
	size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = 0;

	ck_assert_int_eq(mincore(memory, size, is_resident), 0);
	for (size_t i = 0; i < size / page; i++)
		bytes += is_resident[i] & 1 ? page : 0;
	return bytes;
}

/* What a large record took is given back when that is asked for. */
START_TEST(test_trim)
{
	static uint8_t bytes[1 << 20];
	void *memory = map_memory();
	struct kept *kept = kept_new(memory, SIZE);
	uint32_t record = kept_add(kept, 1, 1, bytes, sizeof(bytes));

	kept_remove(kept, record);
	kept_commit(kept);
	ck_assert_uint_ge(count_resident(memory, SIZE), sizeof(bytes));
	kept_trim(kept);
	ck_assert_uint_le(count_resident(memory, SIZE), 64 << 10);
	ck_assert_uint_eq(kept_add(kept, 1, 1, NULL, sizeof(bytes)), record);
	for (size_t i = 0; i < sizeof(bytes); i++)
		ck_assert_uint_eq(((uint8_t *)kept_get(kept, record))[i], 0);
	kept_free(kept);
	munmap(memory, SIZE);
}
END_TEST

/* What a large commit takes for its journal it gives back. */
START_TEST(test_journal)
{
	void *memory = map_memory();
	struct kept *kept = kept_new(memory, SIZE);
	uint64_t number = 0;
	uint32_t record = kept_add(kept, 1, 1, &number, sizeof(number));

	for (number = 1; number < 20000; number++)
		kept_write(kept, record, 0, &number, sizeof(number));
	kept_commit(kept);
	ck_assert_uint_le(count_resident(memory, 4 << 20), 64 << 10);
	ck_assert_uint_eq(*(uint64_t *)kept_get(kept, record), number - 1);
	kept_free(kept);
	munmap(memory, SIZE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kept");
	TCase *tcase = suite_add_case(suite, "kept");

	tcase_add_test(tcase, test_random);
	tcase_add_test(tcase, test_release);
	tcase_add_test(tcase, test_damage);
	tcase_add_test(tcase, test_much);
	tcase_add_test(tcase, test_full);
	tcase_add_test(tcase, test_journal);
	tcase_add_test(tcase, test_trim);
	return run_suite(suite);
}
