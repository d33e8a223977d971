/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has read `events` up to some line goes on behind it in the next process.
 */

#include <string.h>
#include <sys/mman.h>

#include "../run-suite.h"
#include "io/fuse/kept_events.h"
#include "io/fuse/requests.h"

#define SIZE ((size_t)64 << 20)

static void *memory;
static struct kept *kept;
static struct event_stream stream;
static struct kept_events *events;

static void begin(void)
{
	kept = kept_new(memory, SIZE);
	event_stream_init(&stream);
	events = xcalloc(1, sizeof(*events));
	kept_events_init(events, kept, &stream);
}

static void end(void)
{
	event_stream_fini(&stream);
	kept_free(kept);
	free(events);
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

static void add(uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++)
		event_stream_add(
			&stream, &(struct event){ .link = (char *)"/DosDevices/X:" }, i, 1000 + i);
	kept_events_note(events, &stream);
}

/* All that a reader is given who has read up to a line. */
static char *read_from(uint64_t number)
{
	struct event_reader reader = { .next = number };
	struct strbuf text = STRBUF_INIT;
	char room[4096];
	size_t n;

	while ((n = event_reader_read(&reader, &stream, room, sizeof(room))))
		strbuf_add(&text, room, n);
	event_reader_fini(&reader);
	return text.len ? strbuf_take(&text) : xstrdup("");
}

START_TEST(test_same)
{
	_cleanup_free_ char *before = NULL, *after = NULL, *more = NULL;

	add(1, 10);
	kept_commit(kept);
	before = read_from(4);
	add(11, 5); /* which nobody was told of */
	begin_again();
	after = read_from(4);
	ck_assert_str_eq(before, after);
	ck_assert_uint_eq(stream.next, 11);
	add(11, 1);
	kept_commit(kept);
	begin_again();
	more = read_from(11);
	ck_assert_ptr_nonnull(strstr(more, "{\"seq\":11,\"epic\":11,"));
}
END_TEST

START_TEST(test_many)
{
	_cleanup_free_ char *before = NULL, *after = NULL;

	add(1, EVENT_STREAM_MAX + 100);
	add(EVENT_STREAM_MAX + 101, 2 * EVENT_STREAM_MAX);
	kept_commit(kept);
	before = read_from(2 * EVENT_STREAM_MAX + 200);
	ck_assert_uint_lt(kept_get_used(kept), 16u << 20);
	begin_again();
	after = read_from(2 * EVENT_STREAM_MAX + 200);
	ck_assert_str_eq(before, after);
}
END_TEST

/* What nobody was told of has numbers, too: who reads on from there finds them again. */
START_TEST(test_untold)
{
	const struct events untold = { .untold = 20 };
	_cleanup_free_ char *lost = NULL, *none = NULL;

	add(1, 10);
	event_stream_add_all(&stream, &untold, 7, 1000);
	kept_events_note(events, &stream);
	kept_commit(kept);
	begin_again();
	ck_assert_uint_eq(stream.next, 31);
	none = read_from(31);
	ck_assert_str_eq(none, "");
	add(8, 1);
	kept_commit(kept);
	begin_again();
	ck_assert_uint_eq(stream.next, 32);
	lost = read_from(11);
	ck_assert_ptr_nonnull(strstr(lost, "\"lost\":20}\n{\"seq\":31,"));
}
END_TEST

/* Who misses lines is told how many. */
START_TEST(test_damage)
{
	_cleanup_free_ char *after = NULL;
	uint32_t record;

	add(1, 10);
	kept_commit(kept);
	for (record = kept_next(kept, KEPT_LINE, 0); kept_get_id(kept, record) != 6;)
		record = kept_next(kept, KEPT_LINE, record);
	((char *)kept_get(kept, record))[20] ^= 1;
	kept_add(kept, KEPT_LINE, 7, "no line at all, as it has no end", 32);
	kept_add(kept, KEPT_LINE, 0, "this neither, as lines have numbers\n", 36);
	kept_commit(kept);
	begin_again();
	after = read_from(3);
	ck_assert_ptr_nonnull(strstr(after, "\"lost\":4}\n{\"seq\":7,"));
	ck_assert_uint_eq(stream.next, 11);
}
END_TEST

/* While nobody asks for anything. */
START_TEST(test_alone)
{
	struct requests *requests = requests_new(kept);
	uint32_t line = 1;
	uint64_t used;

	for (; line < 2 * EVENT_STREAM_MAX; line += 64) {
		add(line, 64);
		requests_settle(requests);
	}
	used = kept_get_used(kept);
	for (; line < 20 * EVENT_STREAM_MAX; line += 64) {
		add(line, 64);
		requests_settle(requests);
	}
	ck_assert_uint_lt(kept_get_used(kept), used + 1024); /* numbers become longer */
	requests_free(requests);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kept-events");
	TCase *tcase = suite_add_case(suite, "kept-events");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_same);
	tcase_add_test(tcase, test_many);
	tcase_add_test(tcase, test_untold);
	tcase_add_test(tcase, test_damage);
	tcase_add_test(tcase, test_alone);
	return run_suite(suite);
}
