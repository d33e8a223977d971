/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machines/cluster in a process that goes on after another one: what became of the change that it
 * had sent, and who waits for mmfs-cluster to be back. test-cluster-random.c plays the same.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../run-suite.h"
#include "machines/cluster_ask.h"

#define HELLO(host)                     \
	"{\"hello\":1,\"host\":\"" host \
	"\",\"cluster_id\":\"00000000-0000-4000-8000-000000000001\",\"room\":120,\"next\":1}"
#define LOG "log/h1/00000000000000000007"

static struct names known;
static struct cluster *cluster;
static struct cluster_time now;
static struct strbuf sent;
static uint64_t timer, opened;
static unsigned int answers, closings;
static int result; /* of what was inherited; 1: it is not known */

static void send_line(void *data, const char *text, size_t len)
{
	strbuf_add(&sent, text, len);
}

static void hang_up(void *data, const char *why)
{
	ck_abort_msg("hung up: %s", why);
}

static void set_timer(void *data, uint64_t at)
{
	timer = at;
}

static void answer(void *data, int error, uint64_t revision, const char *why)
{
	ck_assert_int_eq(error, 0);
	answers++;
}

static void changed(void *data, bool is_up, const char *why)
{
}

static void opening(void *data, const char *host, uint64_t number)
{
	ck_assert_str_eq(host, "h1");
	opened = number;
}

static void closed(void *data)
{
	closings++;
}

static void settled(void *data, int what)
{
	ck_assert_int_eq(result, 1);
	result = what;
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
	.opening = opening,
	.closed = closed,
	.settled = settled,
	.wake = wake,
	.say = say_no,
};

static void say(const char *text)
{
	cluster_handle_line(cluster, xstrdup(text), strlen(text), &now);
}

static void setup(void)
{
	memset(&known, 0, sizeof(known));
	known.revision = 10;
	known.own_change = 6;
	now = (struct cluster_time){ 1000000, 5000000000 };
	timer = opened = answers = closings = 0;
	result = 1;
	cluster = cluster_new("test", &known, &world, 1);
}

static void teardown(void)
{
	cluster_free(cluster);
	strbuf_fini(&sent);
}

static void connect_as(const char *hello)
{
	cluster_handle_connected(cluster, &now);
	say(hello);
}

static int commit(void)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct sharing sharing = { .has_rows = true, .puts = 1 };

	return cluster_commit(cluster, &sharing, CLUSTER_PATIENCE, &now, &why);
}

/* As the database here does it. */
static void take_up(void)
{
	const struct elsewhere *news = cluster_get_news(cluster);

	known.revision = news->revision;
	if (news->number > known.own_change)
		known.own_change = news->number;
	cluster_drop_news(cluster);
}

static void pass(uint64_t time)
{
	now.monotonic += time;
	if (timer && timer <= now.monotonic)
		cluster_handle_time(cluster, &now);
}

START_TEST(its_rows_tell)
{
	cluster_inherit(cluster, "h1", 7, &now);
	connect_as(HELLO("h1"));
	ck_assert_ptr_nonnull(strstr(strbuf_text(&sent), "\"open\":\"h1/7\""));
	say("{\"settled\":\"h1/7\",\"result\":\"done\"}");
	say("{\"state\":\"up\"}");
	ck_assert_int_eq(commit(), -EROFS);
	ck_assert_int_eq(result, 1);
	say("{\"rows\":[{\"key\":\"" LOG "\",\"value\":\"{}\",\"revision\":11}],\"revision\":11,"
	    "\"head\":3,\"host\":\"h1\",\"change\":\"h1/7\"}");
	ck_assert_int_eq(commit(), -EROFS); /* behind another its own rows would be passed over */
	take_up();
	ck_assert_int_eq(result, 0);
	ck_assert_int_eq(commit(), 0);
	ck_assert_uint_eq(opened, 8);
}
END_TEST

/* What was compacted is not told change by change. */
START_TEST(all_there_is_tells)
{
	const struct elsewhere *news;

	cluster_inherit(cluster, "h1", 7, &now);
	connect_as(HELLO("h1"));
	say("{\"begin\":\"all\",\"revision\":20,\"head\":9}");
	say("{\"rows\":[{\"key\":\"log/h1/00000000000000000006\",\"value\":\"{\\\"local\\\":[{"
	    "\\\"key\\\":\\\"links/dosdevices/c:\\\"}]}\"},{\"key\":\"" LOG
	    "\",\"value\":\"{\\\"local\\\":[{\\\"key\\\":\\\"links/dosdevices/x:\\\"}]}\"}],"
	    "\"revision\":20}");
	say("{\"end\":\"all\"}");
	say("{\"settled\":\"h1/7\",\"result\":\"done\"}");
	say("{\"state\":\"up\"}");
	news = cluster_get_news(cluster);
	ck_assert_uint_eq(news->number, 7);
	ck_assert_uint_eq(news->count, 1);
	ck_assert(news->is_all && news->rows[0].is_local);
	ck_assert_str_eq(news->rows[0].path, "/DosDevices/X:");
	take_up();
	ck_assert_int_eq(result, 0);
	ck_assert_int_eq(commit(), 0);
}
END_TEST

START_TEST(it_never_happened)
{
	cluster_inherit(cluster, "h1", 7, &now);
	connect_as(HELLO("h1"));
	say("{\"begin\":\"all\",\"revision\":20,\"head\":9}");
	say("{\"rows\":[{\"key\":\"" LOG "\",\"value\":\"{\\\"void\\\":true}\"}],\"revision\":20}");
	say("{\"end\":\"all\"}");
	ck_assert_uint_eq(cluster_get_news(cluster)->number, 0);
	take_up();
	ck_assert_int_eq(result, 1);
	say("{\"settled\":\"h1/7\",\"result\":\"void\"}");
	ck_assert_int_eq(result, -EAGAIN);
	ck_assert_uint_eq(closings, 1);
	say("{\"state\":\"up\"}");
	ck_assert_int_eq(commit(), 0);
	ck_assert_uint_eq(opened, 8);
}
END_TEST

/* Who waits is answered; what became of it is asked for on. */
START_TEST(nobody_tells_in_time)
{
	cluster_inherit(cluster, "h1", 7, &now);
	pass(CLUSTER_PATIENCE - 1);
	ck_assert_int_eq(result, 1);
	pass(1);
	ck_assert_int_eq(result, -ETIMEDOUT);
	connect_as(HELLO("h1"));
	ck_assert_ptr_nonnull(strstr(strbuf_text(&sent), "\"open\":\"h1/7\""));
	say("{\"state\":\"up\"}");
	ck_assert_int_eq(commit(), -EROFS);
	say("{\"settled\":\"h1/7\",\"result\":\"void\"}");
	ck_assert_int_eq(commit(), 0);
}
END_TEST

START_TEST(the_host_has_another_name)
{
	cluster_inherit(cluster, "h1", 7, &now);
	connect_as(HELLO("h2"));
	ck_assert_int_eq(result, -ETIMEDOUT);
	ck_assert_ptr_null(strstr(strbuf_text(&sent), "open"));
}
END_TEST

static void await(void)
{
	ck_assert(cluster_is_expected(cluster));
	cluster_await(cluster, &now);
}

/* The last questions are those of who settles. */
static void expect_settled_by_answers(void)
{
	_cleanup_free_ char *asked = NULL, *synced = NULL;
	unsigned int ask = 0, sync = 0;

	for (const char *at = strbuf_text(&sent); (at = strstr(at, "{\"ask\":")); at++)
		sscanf(at, "{\"ask\":%u}", &ask);
	for (const char *at = strbuf_text(&sent); (at = strstr(at, "{\"sync\":")); at++)
		sscanf(at, "{\"sync\":%u}", &sync);
	ck_assert(ask && sync);
	synced = xasprintf("{\"answer\":%u,\"synced\":10}", sync);
	say(synced);
	ck_assert(!cluster_is_settled(cluster));
	asked = xasprintf("{\"answer\":%u,\"hosts\":[],\"seen\":[]}", ask);
	say(asked);
	ck_assert(cluster_is_settled(cluster));
}

START_TEST(it_is_back)
{
	cluster_inherit(cluster, "h1", 7, &now);
	cluster_expect(cluster, &now);
	await();
	connect_as(HELLO("h1"));
	say("{\"state\":\"up\"}");
	ck_assert_uint_eq(answers, 0); /* what was sent last is not known of */
	say("{\"settled\":\"h1/7\",\"result\":\"void\"}");
	ck_assert_uint_eq(answers, 1);
	ck_assert(!cluster_is_expected(cluster));
	ck_assert_int_eq(commit(), 0);
}
END_TEST

START_TEST(it_says_no)
{
	cluster_expect(cluster, &now);
	await();
	connect_as(HELLO("h1"));
	say("{\"state\":\"down\",\"why\":\"no leader\"}");
	ck_assert_uint_eq(answers, 1);
	ck_assert(!cluster_is_expected(cluster));
	ck_assert_int_eq(commit(), -EROFS);
}
END_TEST

START_TEST(it_does_not_come)
{
	cluster_expect(cluster, &now);
	await();
	ck_assert_uint_eq(timer, now.monotonic + CLUSTER_PATIENCE_BACK);
	pass(CLUSTER_PATIENCE_BACK);
	ck_assert_uint_eq(answers, 1);
	ck_assert(!cluster_is_expected(cluster));
	ck_assert_uint_eq(timer, 0);
}
END_TEST

/* Who asks for all that there is asks when that can be told. */
START_TEST(who_settles_awaits_it)
{
	cluster_expect(cluster, &now);
	cluster_settle(cluster, &now);
	ck_assert(!cluster_is_settled(cluster));
	connect_as(HELLO("h1"));
	say("{\"state\":\"up\"}");
	ck_assert(!cluster_is_settled(cluster));
	expect_settled_by_answers();
}
END_TEST

START_TEST(who_settles_does_not_await_it_for_ever)
{
	cluster_expect(cluster, &now);
	cluster_settle(cluster, &now);
	pass(CLUSTER_PATIENCE_BACK);
	ck_assert(cluster_is_settled(cluster));
	cluster_settle(cluster, &now);
	ck_assert(cluster_is_settled(cluster));
}
END_TEST

/* mmfs-cluster alone is started anew. */
START_TEST(another_connection_is_awaited)
{
	connect_as(HELLO("h1"));
	say("{\"state\":\"up\"}");
	ck_assert(!cluster_is_expected(cluster));
	cluster_settle(cluster, &now);
	cluster_handle_lost(cluster, &now);
	ck_assert(!cluster_is_settled(cluster));
	await();
	connect_as(HELLO("h1"));
	ck_assert_uint_eq(answers, 0);
	say("{\"state\":\"up\"}");
	ck_assert_uint_eq(answers, 1);
	ck_assert(!cluster_is_expected(cluster));
	expect_settled_by_answers();
	cluster_handle_lost(cluster, &now);
	pass(CLUSTER_PATIENCE_LOST);
	ck_assert(!cluster_is_expected(cluster));
	connect_as(HELLO("h1"));
	cluster_handle_lost(cluster, &now); /* it has not been of use since */
	ck_assert(!cluster_is_expected(cluster));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("inherited-cluster");
	TCase *tcase = suite_add_case(suite, "inherited-cluster");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, its_rows_tell);
	tcase_add_test(tcase, all_there_is_tells);
	tcase_add_test(tcase, it_never_happened);
	tcase_add_test(tcase, nobody_tells_in_time);
	tcase_add_test(tcase, the_host_has_another_name);
	tcase_add_test(tcase, it_is_back);
	tcase_add_test(tcase, it_says_no);
	tcase_add_test(tcase, it_does_not_come);
	tcase_add_test(tcase, who_settles_awaits_it);
	tcase_add_test(tcase, who_settles_does_not_await_it_for_ever);
	tcase_add_test(tcase, another_connection_is_awaited);
	return run_suite(suite);
}
