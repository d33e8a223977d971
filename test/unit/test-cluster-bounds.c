/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machines/cluster with somebody who does not stop: what is kept of it is bounded.
 */

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "../run-suite.h"
#include "machines/cluster.h"

#define PIECE (8u << 20) /* bytes of a line */
#define PIECES 128	 /* 1 GiB of it */
#define LINES 2000000
#define ENOUGH 50		   /* of them, before it is looked at */
#define MEMORY ((size_t)300 << 20) /* bytes: a server of the package has a GiB */

static struct names known;
static struct cluster *cluster;
static struct cluster_time now = { 1000000, 5000000000 };
static unsigned int hang_ups, asked;

static void send_line(void *data, const char *text, size_t len)
{
	sscanf(text, "{\"ask\":%u}", &asked);
}

static void hang_up(void *data, const char *why)
{
	hang_ups++;
}

static void set_timer(void *data, uint64_t at)
{
}

static void changed(void *data, bool is_up, const char *why)
{
}

static void wake(void *data)
{
}

static void say_fault(void *data, const char *text)
{
	ck_assert_ptr_nonnull(strstr(text, "cannot be read"));
}

static const struct cluster_world world = {
	.send = send_line,
	.hang_up = hang_up,
	.set_timer = set_timer,
	.changed = changed,
	.wake = wake,
	.say = say_fault,
};

static void say(const char *text)
{
	cluster_handle_line(cluster, xstrdup(text), strlen(text), &now);
}

/* A line with so long a text in it. */
static void say_long(const char *start, const char *end)
{
	struct strbuf line = STRBUF_INIT;
	size_t len;

	strbuf_add_text(&line, start);
	len = line.len;
	strbuf_resize(&line, len + PIECE);
	memset(line.data + len, 'x', PIECE);
	strbuf_add_text(&line, end);
	len = line.len;
	cluster_handle_line(cluster, strbuf_take(&line), len, &now);
}

static void connect_anew(void)
{
	hang_ups = 0;
	cluster_handle_connected(cluster, &now);
	say("{\"hello\":1,\"host\":\"h1\",\"cluster_id\":\"00000000-0000-4000-8000-"
	    "000000000001\"}");
}

static void setup(void)
{
	cluster = cluster_new("test", &known, &world, 1);
	connect_anew();
}

static void teardown(void)
{
	cluster_free(cluster);
}

/* What takes more memory than bytes of a line: an item, over and over, and what is around it. */
static const struct kind {
	const char *item, *start, *end;
	unsigned int count;
} kinds[] = {
	{ "{\"key\":\"volumes/UUID=1\",\"value\":\"{}\"}", "", "", 10000 },
	{ "{}", "{\"key\":\"log/h2/1\",\"value\":\"{\\\"entries\\\":[", "]}\"}", 1000 },
	{ "", "", "", 0 },
};

static void say_rows(const struct kind *kind, unsigned int revision)
{
	struct strbuf line = STRBUF_INIT;
	size_t len;

	strbuf_add_format(&line, "{\"rows\":[%s", kind->start);
	for (unsigned int i = 0; i < kind->count; i++)
		strbuf_add_format(&line, "%s%s", i ? "," : "", kind->item);
	strbuf_add_format(&line,
		"%s],\"revision\":%u,\"head\":%u,\"host\":\"h2\",\"change\":\"h2/%u\"}", kind->end,
		revision, revision, revision);
	len = line.len;
	cluster_handle_line(cluster, strbuf_take(&line), len, &now);
}

static size_t get_memory(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static bool is_hung_up_on(const struct kind *kind, unsigned int first)
{
	for (unsigned int i = 0; i < LINES && !hang_ups; i++) {
		say_rows(kind, first + i);
		if (kind->count && i % ENOUGH == 0) /* to ask for it takes time */
			ck_assert_uint_le(get_memory(), 2 * MEMORY);
	}
	return hang_ups == 1;
}

START_TEST(all_there_is_has_no_end)
{
	say("{\"begin\":\"all\",\"revision\":5,\"head\":1}");
	ck_assert(is_hung_up_on(&kinds[0], 5));
	connect_anew();
	say("{\"begin\":\"all\",\"revision\":5,\"head\":1}");
	say("{\"rows\":[{\"key\":\"links/x\",\"value\":\"\"}],\"revision\":5}");
	say("{\"end\":\"all\"}");
	ck_assert_uint_eq(hang_ups, 0);
	ck_assert_ptr_nonnull(cluster_get_news(cluster));
}
END_TEST

/* Faster than it can be written down here. */
START_TEST(change_after_change)
{
	const struct kind *kind = &kinds[_i];
	size_t before = get_memory();

	ck_assert(is_hung_up_on(kind, 10));
	ck_assert_uint_le(get_memory() - before, MEMORY);
	connect_anew();
	ck_assert(is_hung_up_on(kind, 10 + LINES));
	ck_assert_uint_le(get_memory() - before, MEMORY);
	while (cluster_get_news(cluster))
		cluster_drop_news(cluster);
	connect_anew();
	ck_assert_uint_le(get_memory() - before, PIECE);
	say("{\"rows\":[],\"revision\":9000000,\"head\":9}");
	ck_assert_uint_eq(hang_ups, 0);
}
END_TEST

START_TEST(who_sees_what_has_no_end)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	say("{\"state\":\"up\"}");
	ck_assert_uint_ne(asked, 0);
	for (unsigned int i = 0; i < PIECES; i++) {
		_cleanup_free_ char *start =
			xasprintf("{\"answer\":%u,\"hosts\":[{\"host\":\"h2\",\"boot\":\"", asked);

		say_long(start, "\"}],\"seen\":[],\"more\":true}");
	}
	cluster_render(cluster, &text);
	ck_assert_uint_le(text.len, 10 * PIECE);
}
END_TEST

START_TEST(nothing_changes_so_often)
{
	for (unsigned int i = 0; i < 50 && !hang_ups; i++) {
		say("{\"state\":\"up\"}");
		say("{\"state\":\"down\",\"why\":\"no leader\"}");
	}
	ck_assert_uint_eq(hang_ups, 0);
	say("{\"state\":\"up\"}");
	ck_assert_uint_eq(hang_ups, 1);
	now.monotonic += 10000000;
	connect_anew();
	say("{\"state\":\"up\"}");
	ck_assert_uint_eq(hang_ups, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cluster-bounds");
	TCase *tcase = suite_add_case(suite, "cluster-bounds");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, all_there_is_has_no_end);
	tcase_add_loop_test(tcase, change_after_change, 0, ARRAY_SIZE(kinds));
	tcase_add_test(tcase, who_sees_what_has_no_end);
	tcase_add_test(tcase, nothing_changes_so_often);
	return run_suite(suite);
}
