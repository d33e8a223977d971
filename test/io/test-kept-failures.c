/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of failed requests is the same in the next process.
 */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "../run-suite.h"
#include "io/fuse/kept_failures.h"
#include "io/fuse/kept_kind.h"

#define SIZE ((size_t)64 << 20)

static void *memory;
static struct kept *kept;
static struct error_log *error_log;
static struct kept_failures *failures;

static void begin(void)
{
	kept = kept_new(memory, SIZE);
	error_log = xcalloc(1, sizeof(*error_log));
	failures = xcalloc(1, sizeof(*failures));
	kept_failures_init(failures, kept, error_log);
}

static void end(void)
{
	error_log_fini(error_log);
	kept_free(kept);
	free(error_log);
	free(failures);
}

static void begin_again(void)
{
	end();
	begin();
}

static void setup(void)
{
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	begin();
}

static void teardown(void)
{
	end();
	munmap(memory, SIZE);
}

static void add(unsigned int number, uint32_t uid)
{
	_cleanup_free_ char *request = xasprintf("link=n%u", number);
	const struct failure failure = {
		.time = number * UINT64_C(1000000),
		.uid = uid,
		.error = number % 2 ? ENOENT : EINVAL,
		.operation = (char *)"delete_points",
		.request = request,
		.why = (char *)"there is no such name",
	};

	error_log_add(error_log, &failure);
	kept_failures_note(failures);
	kept_commit(kept);
}

static char *get_text(void)
{
	struct strbuf text = STRBUF_INIT;

	error_log_format(error_log, &text);
	return text.len ? strbuf_take(&text) : xstrdup("");
}

static void expect_same(void)
{
	_cleanup_free_ char *before = get_text(), *after = NULL;
	uint64_t count = error_log->count;

	begin_again();
	after = get_text();
	ck_assert_str_eq(before, after);
	ck_assert_uint_eq(error_log->count, count);
}

static size_t count_records(void)
{
	size_t count = 0;

	for (uint32_t record = 0; (record = kept_next(kept, KEPT_FAILURE, record));)
		count++;
	return count;
}

START_TEST(test_same)
{
	expect_same();
	for (unsigned int i = 1; i <= 3 * ERROR_LOG_MAX; i++) {
		add(i, i % 3 ? 0 : 1000 + i);
		if (i % 7 == 0)
			expect_same();
	}
	expect_same();
	ck_assert_uint_eq(count_records(), ERROR_LOG_MAX + ERROR_LOG_OF_USERS);
}
END_TEST

/* It was not answered: it fails anew. */
START_TEST(test_not_committed)
{
	add(1, 0);
	error_log_add(error_log, &error_log->ring[0]);
	kept_failures_note(failures);
	begin_again();
	ck_assert_uint_eq(error_log->count, 1);
	add(2, 0);
	expect_same();
}
END_TEST

START_TEST(test_damage)
{
	static const char rubbish[300];
	const struct {
		uint64_t time;
		uint32_t uid, error;
		char texts[6];
	} odd[] = {
		{ 1, 0, 0, "a\0b\0c" },
		{ 1, 0, 5000, "a\0b\0c" },
		{ 1, 0, ENOENT, "a\0b\0c" }, /* a text more */
		{ 1, 0, ENOENT, "a\0bcde" },
	};

	add(1, 0);
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		kept_add(kept, KEPT_FAILURE, 2 + i, &odd[i], 16 + (i == 2 ? 4 : 6));
	kept_add(kept, KEPT_FAILURE, 0, rubbish, sizeof(rubbish));
	kept_add(kept, KEPT_FAILURE, 9, rubbish, 3);
	kept_commit(kept);
	expect_same();
	ck_assert_uint_eq(error_log->count, 1);
	ck_assert_uint_eq(count_records(), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kept-failures");
	TCase *tcase = suite_add_case(suite, "kept-failures");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_same);
	tcase_add_test(tcase, test_not_committed);
	tcase_add_test(tcase, test_damage);
	return run_suite(suite);
}
