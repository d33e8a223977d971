/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machines/cluster where the engine is another one, or an older copy: nothing of it is believed,
 * until an administrator decides that it counts.
 */

#include <errno.h>
#include <string.h>

#include "../run-suite.h"
#include "machines/cluster_ask.h"

#define ID(digit) "00000000-0000-4000-8000-00000000000" digit

static struct names known;
static struct cluster *cluster;
static struct cluster_time now = { 1000000, 5000000000 };
static struct strbuf sent;
static unsigned int hang_ups;

static void send_line(void *data, const char *text, size_t len)
{
	strbuf_add(&sent, text, len);
}

static void hang_up(void *data, const char *why)
{
	hang_ups++;
}

static void set_timer(void *data, uint64_t at)
{
}

static void answer(void *data, int result, uint64_t revision, const char *why)
{
	ck_abort_msg("nothing was asked");
}

static void changed(void *data, bool is_up, const char *why)
{
}

static void wake(void *data)
{
}

static void say_no(void *data, const char *text)
{
	ck_abort_msg("%s", text);
}

static const struct cluster_world world = {
	.send = send_line,
	.hang_up = hang_up,
	.set_timer = set_timer,
	.answer = answer,
	.changed = changed,
	.wake = wake,
	.say = say_no,
};

static void say(const char *text)
{
	cluster_handle_line(cluster, xstrdup(text), strlen(text), &now);
}

static void connect_to(const char *id)
{
	_cleanup_free_ char *hello =
		xasprintf("{\"hello\":1,\"host\":\"h1\",\"cluster_id\":\"%s\"}", id);

	strbuf_reset(&sent);
	cluster_handle_connected(cluster, &now);
	say(hello);
}

static void send_all(void)
{
	say("{\"begin\":\"all\",\"revision\":20,\"head\":3}");
	say("{\"rows\":[{\"key\":\"volumes/"
	    "UUID=1\",\"value\":\"{}\",\"revision\":9}],\"revision\":20}");
	say("{\"end\":\"all\"}");
	say("{\"state\":\"up\"}");
}

static int take_over(void)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	int r = cluster_take_over(cluster, &now, &why);

	ck_assert((r < 0) == (why.len != 0));
	return r;
}

static bool has_sent(const char *text)
{
	return strstr(strbuf_text(&sent), text) != NULL;
}

/* As the database here does it. */
static void take_up(void)
{
	const struct elsewhere *news = cluster_get_news(cluster);

	known.revision = news->revision;
	known.head = news->head;
	memcpy(known.cluster, news->cluster, sizeof(known.cluster));
	cluster_drop_news(cluster);
}

static void setup(void)
{
	memset(&known, 0, sizeof(known));
	hang_ups = 0;
	cluster = cluster_new("test", &known, &world, 1);
	ck_assert_int_eq(take_over(), -EROFS);
	connect_to(ID("1"));
	ck_assert_int_eq(take_over(), -EROFS);
	say("{\"begin\":\"all\",\"revision\":50,\"head\":7}");
	say("{\"end\":\"all\"}");
	say("{\"state\":\"up\"}");
	ck_assert(!cluster_get_news(cluster)->is_decided);
	take_up();
	ck_assert_int_eq(take_over(), 0);
	ck_assert_uint_eq(hang_ups, 0);
	cluster_handle_lost(cluster, &now);
}

static void teardown(void)
{
	cluster_free(cluster);
	strbuf_fini(&sent);
}

static void expect_taken(void)
{
	const struct elsewhere *news = cluster_get_news(cluster);

	ck_assert_ptr_nonnull(news);
	ck_assert(news->is_all && news->is_decided);
	ck_assert_uint_eq(news->revision, 20);
	ck_assert_uint_eq(news->count, 1);
	ck_assert(cluster_is_up(cluster));
}

START_TEST(an_older_copy)
{
	connect_to(ID("1"));
	ck_assert(has_sent("\"revision\":50"));
	send_all();
	ck_assert(!cluster_is_up(cluster) && !cluster_get_news(cluster));
	ck_assert_int_eq(take_over(), 0);
	ck_assert_uint_eq(hang_ups, 1);
	connect_to(ID("1"));
	ck_assert(has_sent("\"revision\":0,\"head\":0,\"cluster_id\":\"" ID("1")));
	send_all();
	expect_taken();
	take_up();
	/* Decided once: the next is another question. */
	cluster_handle_lost(cluster, &now);
	connect_to(ID("1"));
	ck_assert(has_sent("\"revision\":20"));
	say("{\"begin\":\"all\",\"revision\":19,\"head\":2}");
	say("{\"state\":\"up\"}");
	ck_assert(!cluster_is_up(cluster));
}
END_TEST

START_TEST(another_engine)
{
	connect_to(ID("2"));
	ck_assert(!has_sent("want"));
	send_all();
	ck_assert(!cluster_is_up(cluster) && !cluster_get_news(cluster));
	ck_assert_int_eq(take_over(), 0);
	/* It does not come to an end at once. */
	connect_to(ID("2"));
	ck_assert(has_sent("\"revision\":0"));
	say("{\"begin\":\"all\",\"revision\":20,\"head\":3}");
	cluster_handle_lost(cluster, &now);
	ck_assert(!cluster_get_news(cluster));
	connect_to(ID("2"));
	send_all();
	expect_taken();
	/* Before it is written here, too. */
	cluster_handle_lost(cluster, &now);
	connect_to(ID("2"));
	ck_assert(has_sent("\"revision\":20"));
	say("{\"state\":\"up\"}");
	expect_taken();
	take_up();
	cluster_handle_lost(cluster, &now);
	connect_to(ID("1"));
	ck_assert(!has_sent("want"));
}
END_TEST

/* What mmfs-cluster says of it is the same. */
START_TEST(what_is_told)
{
	connect_to(ID("1"));
	say("{\"state\":\"read-only\",\"why\":\"what etcd has is an older copy\"}");
	ck_assert_int_eq(take_over(), 0);
	connect_to(ID("1"));
	ck_assert(has_sent("\"revision\":0"));
	send_all();
	expect_taken();
}
END_TEST

/* Nothing of it can be had: a decision does not wait for what it was not about. */
START_TEST(what_cannot_be_had)
{
	connect_to(ID("2"));
	ck_assert_int_eq(take_over(), 0);
	connect_to(ID("2"));
	say("{\"state\":\"read-only\",\"why\":\"a newer format\"}");
	send_all();
	ck_assert(!cluster_is_up(cluster) && !cluster_get_news(cluster));
	cluster_handle_lost(cluster, &now);
	connect_to(ID("2"));
	ck_assert(!has_sent("want"));
	connect_to(ID("1"));
	ck_assert(!has_sent("\"revision\":0"));
}
END_TEST

/* Names were changed by an mmfs that knew of no cluster: none of them is taken away. */
START_TEST(changed_without_it)
{
	known.revision = known.head = 0;
	connect_to(ID("1"));
	ck_assert(has_sent("\"revision\":0,\"head\":0,\"cluster_id\":\"" ID("1")));
	send_all();
	expect_taken();
	take_up();
	cluster_handle_lost(cluster, &now);
	known.revision = known.head = 0;
	connect_to(ID("2"));
	ck_assert(!has_sent("want"));
	ck_assert(!cluster_is_up(cluster));
}
END_TEST

static void greet_as(const char *name)
{
	_cleanup_free_ char *hello =
		xasprintf("{\"hello\":1,\"host\":\"h1\",\"cluster\":\"%s\",\"cluster_id\":\"%s\"}",
			name, ID("1"));

	strbuf_reset(&sent);
	cluster_handle_connected(cluster, &now);
	say(hello);
}

START_TEST(another_name)
{
	greet_as("other");
	ck_assert(!has_sent("want"));
	ck_assert_int_eq(take_over(), 0);
	greet_as("other");
	ck_assert(!has_sent("want"));
	send_all();
	ck_assert(!cluster_is_up(cluster) && !cluster_get_news(cluster));
	cluster_handle_lost(cluster, &now);
	greet_as("test");
	ck_assert(has_sent("\"revision\":50"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("take-over-cluster");
	TCase *tcase = suite_add_case(suite, "take-over-cluster");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, an_older_copy);
	tcase_add_test(tcase, another_engine);
	tcase_add_test(tcase, what_is_told);
	tcase_add_test(tcase, what_cannot_be_had);
	tcase_add_test(tcase, changed_without_it);
	tcase_add_test(tcase, another_name);
	return run_suite(suite);
}
