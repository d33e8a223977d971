/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machines/cluster in a process that goes on after another one: what became of the change that it
 * had sent, and who waits for mmfs-cluster to be back. test-cluster-random.c plays the same.
 */

#include <errno.h>
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
	return run_suite(suite);
}
