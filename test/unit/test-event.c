/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stream of events: what its lines say, and what each reader gets of them.
 */

#include <string.h>

#include "core/model/event.h"
#include "core/views/event_stream.h"
#include "fixture.h"

#define TIME 1700000000123456u
#define BEGIN ",\"time\":\"2023-11-14T22:13:20.123456Z\",\"event\":"

static char *text(const char *value)
{
	return (char *)value;
}

static void add_link(struct event_stream *stream, const char *link)
{
	struct event event = { .kind = EVENT_LINK_CREATED, .link = text(link) };

	event_stream_add(stream, &event, (uint32_t)stream->next, TIME + stream->next);
}

/* Reads all there is with a buffer of this size. */
static void read_all(struct event_reader *reader, const struct event_stream *stream, size_t size,
	struct strbuf *ret_text)
{
	_cleanup_free_ char *buffer = xcalloc(size + 1, 1);
	size_t n;

	while (event_reader_has(reader, stream)) {
		memset(buffer, '#', size + 1);
		n = event_reader_read(reader, stream, buffer, size);
		if (n == 0 || n > size || buffer[size] != '#') /* Check's assertions take long */
			ck_abort_msg("a read of %zu bytes returned %zu", size, n);
		strbuf_add(ret_text, buffer, n);
	}
	ck_assert_uint_eq(event_reader_read(reader, stream, buffer, size), 0);
}

static void expect_line(const struct event *event, uint32_t epic, const char *expected)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
	struct event_stream stream;
	struct event_reader reader;

	event_stream_init(&stream);
	event_reader_init(&reader, &stream);
	event_stream_add(&stream, event, epic, TIME);
	read_all(&reader, &stream, 4096, &line);
	ck_assert_str_eq(strbuf_text(&line), expected);
	event_reader_fini(&reader);
	event_stream_fini(&stream);
}

START_TEST(test_lines)
{
	static const char *const names[EVENT_KINDS] = { "volume-arrived", "volume-removed",
		"volume-changed", "link-created", "link-deleted", "volume-unprocessed", "duplicate",
		"unique_id_changed", "mounted", "unmounted", "mount-point-created",
		"mount-point-deleted", "mount-point-refused", "link_shadowed", "cluster_lost",
		"cluster_back" };

	for (unsigned int kind = 0; kind < EVENT_KINDS; kind++) {
		_cleanup_free_ char *expected =
			xasprintf("{\"seq\":1,\"epic\":7" BEGIN "\"%s\"}\n", names[kind]);

		expect_line(&(struct event){ .kind = (enum event_kind)kind }, 7, expected);
	}
	expect_line(
		&(struct event){
			.kind = EVENT_LINK_CREATED,
			.link = text("/DosDevices/X:"),
			.id = text("UUID=1234"),
			.device = text("/dev/sdb1"),
		},
		UINT32_MAX,
		"{\"seq\":1,\"epic\":4294967295" BEGIN "\"link-created\","
		"\"link\":\"/DosDevices/X:\",\"id\":\"UUID=1234\",\"device\":\"/dev/sdb1\"}\n");
	expect_line(&(struct event){ .kind = EVENT_MOUNTED, .path = text("/a b") }, 1,
		"{\"seq\":1,\"epic\":1" BEGIN "\"mounted\",\"path\":\"/a b\"}\n");
	expect_line(&(struct event){ .kind = EVENT_LINK_SHADOWED, .host = text("b") }, 1,
		"{\"seq\":1,\"epic\":1" BEGIN "\"link_shadowed\",\"host\":\"b\"}\n");
	expect_line(&(struct event){ .kind = EVENT_DUPLICATE, .reason = text("") }, 1,
		"{\"seq\":1,\"epic\":1" BEGIN "\"duplicate\",\"reason\":\"\"}\n");
}
END_TEST

START_TEST(test_hostile)
{
	expect_line(
		&(struct event){
			.kind = EVENT_UNMOUNTED,
			.link = text("\"},{\"seq\":9,\"x\":\"\\"),
			.id = text("a\nb\tc\x7f\x1b[31m"),
			.device = text("\xff\xfe\xc3("),
			.path = text("/n\xc3\xa4m\xc3\xa9/\xc2\x9b$(reboot)`"),
			.reason = text("\xed\xa0\x80"),
		},
		1,
		"{\"seq\":1,\"epic\":1" BEGIN "\"unmounted\","
		"\"link\":\"\\\"},{\\\"seq\\\":9,\\\"x\\\":\\\"\\\\\","
		"\"id\":\"a\\u000ab\\u0009c\\u007f\\u001b[31m\","
		"\"device\":\"\\\\xff\\\\xfe\\\\xc3(\","
		"\"path\":\"/n\xc3\xa4m\xc3\xa9/\\u009b$(reboot)`\","
		"\"reason\":\"\\\\xed\\\\xa0\\\\x80\"}\n");
}
END_TEST

START_TEST(test_begins_at_the_end)
{
	_cleanup_strbuf_ struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;
	struct event_reader early, late;
	struct event_stream stream;

	event_stream_init(&stream);
	event_reader_init(&early, &stream);
	ck_assert(!event_reader_has(&early, &stream));
	add_link(&stream, "a");
	event_reader_init(&late, &stream);
	ck_assert(event_reader_has(&early, &stream));
	ck_assert(!event_reader_has(&late, &stream));
	add_link(&stream, "b");
	read_all(&early, &stream, 1000, &first);
	read_all(&late, &stream, 1000, &second);
	ck_assert_ptr_eq(strstr(first.data, "{\"seq\":1,\"epic\":1,"), first.data);
	ck_assert_ptr_nonnull(strstr(first.data, "\"a\"}\n{\"seq\":2,\"epic\":2,"));
	ck_assert_str_eq(strchr(first.data, '\n') + 1, second.data);
	event_reader_fini(&early);
	event_reader_fini(&late);
	event_stream_fini(&stream);
}
END_TEST

/* Every size gives the same text; what is not a part of a longer line ends with a line. */
START_TEST(test_buffers)
{
	_cleanup_strbuf_ struct strbuf expected = STRBUF_INIT;
	_cleanup_free_ char *longer = xcalloc(300, 1), *buffer = xcalloc(1000, 1);
	struct event_stream stream;
	struct event_reader reader;

	memset(longer, 'x', 299);
	event_stream_init(&stream);
	for (int i = 0; i < 4; i++) {
		add_link(&stream, "/DosDevices/X:");
		add_link(&stream, longer);
	}
	for (int i = 1; i <= 8; i++)
		strbuf_add(&expected, stream.lines[i].text, stream.lines[i].len);
	for (size_t size = 1; size < 1000; size++) {
		_cleanup_strbuf_ struct strbuf found = STRBUF_INIT;

		reader = (struct event_reader){ .next = 1 };
		read_all(&reader, &stream, size, &found);
		ck_assert_str_eq(found.data, expected.data);
		event_reader_fini(&reader);

		reader = (struct event_reader){ .next = 1 };
		for (size_t n; (n = event_reader_read(&reader, &stream, buffer, size));)
			ck_assert(buffer[n - 1] == '\n' || n == size);
		event_reader_fini(&reader);
	}
	reader = (struct event_reader){ .next = 1 };
	ck_assert_uint_eq(event_reader_read(&reader, &stream, buffer, 0), 0);
	ck_assert_uint_eq(event_reader_read(&reader, &stream, buffer, stream.lines[1].len + 1),
		stream.lines[1].len);
	event_reader_fini(&reader);
	event_stream_fini(&stream);
}
END_TEST

/* The numbers of all lines that there are to read, with what was lost as "(lost)". */
static void read_numbers(
	struct event_reader *reader, const struct event_stream *stream, struct strbuf *ret_text)
{
	_cleanup_strbuf_ struct strbuf all = STRBUF_INIT;

	read_all(reader, stream, 500, &all);
	for (char *line = strtok(all.data, "\n"); line; line = strtok(NULL, "\n")) {
		char *lost = strstr(line, "\"event\":\"overrun\",\"lost\":");
		unsigned long long number = strtoull(line + strlen("{\"seq\":"), NULL, 10);

		ck_assert_int_eq(line[strlen(line) - 1], '}');
		strbuf_add_format(ret_text, "%llu", number);
		if (lost)
			strbuf_add_format(ret_text, "(%llu)", strtoull(lost + 25, NULL, 10));
		strbuf_add_char(ret_text, ' ');
	}
}

static void add_range(struct strbuf *buf, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last; i++)
		strbuf_add_format(buf, "%llu ", (unsigned long long)i);
}

/* After so many lines a reader of the first finds all of them, or what it has lost first. */
static void check_after(uint64_t lines)
{
	_cleanup_strbuf_ struct strbuf found = STRBUF_INIT, expected = STRBUF_INIT;
	uint64_t lost = lines > EVENT_STREAM_MAX ? lines - EVENT_STREAM_MAX : 0;
	struct event_stream stream;
	struct event_reader reader;

	event_stream_init(&stream);
	event_reader_init(&reader, &stream);
	for (uint64_t i = 0; i < lines; i++)
		add_link(&stream, "x");
	read_numbers(&reader, &stream, &found);
	if (lost)
		strbuf_add_format(&expected, "%llu(%llu) ", (unsigned long long)lost,
			(unsigned long long)lost);
	add_range(&expected, lost + 1, lines);
	ck_assert_str_eq(found.data, expected.data);
	add_link(&stream, "y");
	strbuf_reset(&found);
	strbuf_reset(&expected);
	read_numbers(&reader, &stream, &found);
	add_range(&expected, lines + 1, lines + 1);
	ck_assert_str_eq(found.data, expected.data);
	event_reader_fini(&reader);
	event_stream_fini(&stream);
}

START_TEST(test_overrun)
{
	check_after(1);
	check_after(EVENT_STREAM_MAX - 1);
	check_after(EVENT_STREAM_MAX);
	check_after(EVENT_STREAM_MAX + 1);
	check_after(EVENT_STREAM_MAX * 3 + 17);
}
END_TEST

static void add_one_by_one(struct event_stream *stream, const struct events *events)
{
	for (size_t i = 0; i < events->count; i++)
		event_stream_add(stream, &events->list[i], 9, TIME);
}

static void add_at_once(struct event_stream *stream, const struct events *events)
{
	event_stream_add_all(stream, events, 9, TIME);
}

/* What a reader from the start reads, of so many lines and so many that come together. */
static void read_after(void (*add)(struct event_stream *stream, const struct events *events),
	int before, int count, struct strbuf *ret_text)
{
	struct event_stream stream;
	struct event_reader reader;
	struct events events = { 0 };

	event_stream_init(&stream);
	event_reader_init(&reader, &stream);
	for (int i = 0; i < before; i++)
		add_link(&stream, "before");
	for (int i = 0; i < count; i++) {
		_cleanup_free_ char *link = xasprintf("%d", i);

		events_add(&events, &(struct event){ .kind = EVENT_LINK_DELETED, .link = link });
	}
	add(&stream, &events);
	read_all(&reader, &stream, 65536, ret_text);
	events_fini(&events);
	event_reader_fini(&reader);
	event_stream_fini(&stream);
}

START_TEST(test_many_at_once)
{
	static const int counts[] = { 0, 1, EVENT_STREAM_MAX - 1, EVENT_STREAM_MAX,
		EVENT_STREAM_MAX + 1, EVENT_STREAM_MAX * 2 + 7 };

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		for (int before = 0; before < 3; before++) {
			_cleanup_strbuf_ struct strbuf expected = STRBUF_INIT, seen = STRBUF_INIT;

			read_after(add_one_by_one, before, counts[i], &expected);
			read_after(add_at_once, before, counts[i], &seen);
			ck_assert_str_eq(strbuf_text(&seen), strbuf_text(&expected));
		}
}
END_TEST

/* What nobody is told of is lost to all, with what they had not read before. */
START_TEST(test_untold)
{
	_cleanup_strbuf_ struct strbuf seen = STRBUF_INIT;
	struct events events = { .untold = 5000 };
	struct event_stream stream;
	struct event_reader reader;

	event_stream_init(&stream);
	event_reader_init(&reader, &stream);
	add_link(&stream, "x");
	add_link(&stream, "y");
	events_add(&events, &(struct event){ .kind = EVENT_LINK_DELETED, .link = (char *)"z" });
	event_stream_add_all(&stream, &events, 1, 1);
	read_all(&reader, &stream, 65536, &seen);
	ck_assert_ptr_nonnull(
		strstr(strbuf_text(&seen), "\"overrun\",\"lost\":5002}\n{\"seq\":5003,"));
	ck_assert_uint_eq(event_stream_get_oldest(&stream), 5003);
	events_fini(&events);
	event_reader_fini(&reader);
	event_stream_fini(&stream);
}
END_TEST

/* The line of what was lost has the number, time and epic of the last that was. */
START_TEST(test_overrun_line)
{
	struct event_stream stream;
	struct event_reader reader;
	char buffer[4096] = { 0 };

	event_stream_init(&stream);
	event_reader_init(&reader, &stream);
	for (int i = 0; i < EVENT_STREAM_MAX + 2; i++)
		add_link(&stream, "x");
	ck_assert_uint_gt(event_reader_read(&reader, &stream, buffer, 110), 0);
	ck_assert_str_eq(buffer,
		"{\"seq\":2,\"epic\":2,\"time\":\"2023-11-14T22:13:20.123458Z\","
		"\"event\":\"overrun\",\"lost\":2}\n");
	event_reader_fini(&reader);
	event_stream_fini(&stream);
}
END_TEST

/* Where nobody knows what came, each reader has lost something; who comes later has not. */
START_TEST(test_lost)
{
	struct event_stream stream;
	struct event_reader reader, late;
	char buffer[4096] = { 0 };
	size_t n;

	event_stream_init(&stream);
	event_reader_init(&reader, &stream);
	add_link(&stream, "before");
	event_stream_lose(&stream, 9, 1700000000u * 1000000ull);
	ck_assert(event_reader_has(&reader, &stream));
	event_reader_init(&late, &stream);
	add_link(&stream, "behind");
	n = event_reader_read(&reader, &stream, buffer, sizeof(buffer));
	ck_assert_uint_lt(n, sizeof(buffer));
	ck_assert_ptr_eq(strstr(buffer, "{\"seq\":2,\"epic\":9,"), buffer);
	ck_assert_ptr_nonnull(strstr(buffer, "\"overrun\",\"lost\":2}\n{\"seq\":3,"));
	ck_assert_ptr_nonnull(strstr(buffer, "behind"));
	n = event_reader_read(&late, &stream, buffer, sizeof(buffer) - 1);
	buffer[n] = '\0';
	ck_assert_ptr_eq(strstr(buffer, "{\"seq\":3,"), buffer);
	event_reader_fini(&reader);
	event_reader_fini(&late);
	event_stream_fini(&stream);
}
END_TEST

/* A line that was begun is finished, however much comes meanwhile. */
START_TEST(test_overrun_within_a_line)
{
	_cleanup_strbuf_ struct strbuf all = STRBUF_INIT;
	struct event_stream stream;
	struct event_reader reader;
	char buffer[11] = { 0 };

	event_stream_init(&stream);
	event_reader_init(&reader, &stream);
	add_link(&stream, "begun");
	ck_assert_uint_eq(event_reader_read(&reader, &stream, buffer, 10), 10);
	strbuf_add(&all, buffer, 10);
	for (int i = 0; i < EVENT_STREAM_MAX + 5; i++)
		add_link(&stream, "more");
	read_all(&reader, &stream, 10, &all);
	ck_assert_ptr_eq(strstr(all.data, "{\"seq\":1,\"epic\":1,"), all.data);
	ck_assert_ptr_nonnull(strstr(all.data, "\"begun\"}\n{\"seq\":6,\"epic\":6,"));
	ck_assert_ptr_nonnull(strstr(all.data, "\"overrun\",\"lost\":5}\n{\"seq\":7,"));
	event_reader_fini(&reader);
	event_stream_fini(&stream);
}
END_TEST

/* One that stops reading for a while, one that reads each line at once, one byte at a time. */
START_TEST(test_independent_readers)
{
	_cleanup_strbuf_ struct strbuf quick = STRBUF_INIT, slow = STRBUF_INIT;
	struct event_reader readers[2];
	struct event_stream stream;

	event_stream_init(&stream);
	event_reader_init(&readers[0], &stream);
	event_reader_init(&readers[1], &stream);
	for (int i = 0; i < EVENT_STREAM_MAX * 2; i++) {
		add_link(&stream, "x");
		read_all(&readers[0], &stream, 1, &quick);
	}
	read_all(&readers[1], &stream, 100000, &slow);
	ck_assert_ptr_null(strstr(quick.data, "overrun"));
	ck_assert_str_eq(strchr(slow.data, '\n') + 1, strstr(quick.data, "{\"seq\":4097,"));
	event_reader_fini(&readers[0]);
	event_reader_fini(&readers[1]);
	event_stream_fini(&stream);
}
END_TEST

START_TEST(test_notices)
{
	struct event event = { .kind = EVENT_MOUNTED, .id = text("a"), .path = text("b") };
	struct events from = { 0 }, to = { 0 };

	events_add(&to, &event);
	for (int i = 0; i < 10; i++)
		events_add(&from, &event);
	events_move(&to, &from);
	ck_assert_uint_eq(to.count, 11);
	ck_assert_uint_eq(from.count, 0);
	ck_assert_ptr_null(from.list);
	ck_assert_str_eq(to.list[10].path, "b");
	ck_assert_ptr_ne(to.list[10].path, event.path);
	ck_assert_ptr_null(to.list[10].link);
	events_fini(&to);
	events_fini(&from);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("event");
	TCase *tcase = suite_add_case(suite, "event");

	tcase_add_test(tcase, test_lines);
	tcase_add_test(tcase, test_hostile);
	tcase_add_test(tcase, test_begins_at_the_end);
	tcase_add_test(tcase, test_buffers);
	tcase_add_test(tcase, test_overrun);
	tcase_add_test(tcase, test_many_at_once);
	tcase_add_test(tcase, test_untold);
	tcase_add_test(tcase, test_overrun_line);
	tcase_add_test(tcase, test_lost);
	tcase_add_test(tcase, test_overrun_within_a_line);
	tcase_add_test(tcase, test_independent_readers);
	tcase_add_test(tcase, test_notices);
	return run_suite(suite);
}
