/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who waits until all is known (daemon/job_source), while much is to be read of what came before,
 * a piece in each turn; and machines/drain, which says when that is over.
 */

#include <errno.h>
#include <string.h>

#include "../run-suite.h"
#include "machines/drain.h"
#include "peers.h"

enum { JOBS = 3 };

static struct peer_job jobs[JOBS];
static struct job_line lines[JOBS];
static struct job_source *source;
static struct host_jobs host_jobs; /* none */

static void judge(struct peer *peer, const struct change *change)
{
}

static void replied(struct peer_job *job)
{
	job->is_replied = true;
}

static void setup(void)
{
	static const struct host_world world;

	peers_init();
	peers.judge = judge;
	peers.replied = replied;
	source = &peers.peer[0].jobs;
	source->hosts = &host_jobs;
	budget_init(&source->budget, 0);
	host_jobs.hosts = hosts_new(&peers.peer[0].manager, &world);
	memset(jobs, 0, sizeof(jobs));
	memset(lines, 0, sizeof(lines));
}

static void teardown(void)
{
	for (size_t i = 0; i < JOBS; i++) {
		reply_fini(&jobs[i].job.reply);
		strbuf_fini(&jobs[i].job.why);
	}
	hosts_free(host_jobs.hosts);
	budget_fini(&source->budget);
	peers_fini();
}

static void submit(size_t i, enum operation_kind kind)
{
	lines[i].request.operation = operation_find(kind);
	jobs[i].job.operation = lines[i].request.operation;
	jobs[i].job.lines = &lines[i];
	jobs[i].job.count = 1;
	job_source_submit(source, &jobs[i].job);
}

static void turn(unsigned int count)
{
	while (count--)
		job_source_handle_turn(source);
}

START_TEST(others_are_served_meanwhile)
{
	peers.peer[0].monitor.next_unread = 5;
	submit(0, OP_SETTLE);
	turn(4);
	ck_assert(!jobs[0].is_replied);
	ck_assert(job_source_has_more(source));
	submit(1, OP_QUERY_POINTS);
	ck_assert(jobs[1].is_replied);
	turn(1);
	ck_assert(jobs[0].is_replied);
	ck_assert(!job_source_has_more(source));
}
END_TEST

/* What came before the first began to wait may not be all that came before the second. */
START_TEST(who_comes_later_waits_for_what_came_later)
{
	peers.peer[0].monitor.next_unread = 3;
	submit(0, OP_SETTLE);
	turn(2);
	submit(1, OP_SETTLE);
	turn(1);
	ck_assert(jobs[0].is_replied);
	submit(2, OP_SETTLE);
	turn(2);
	ck_assert(!jobs[1].is_replied);
	turn(1);
	ck_assert(jobs[1].is_replied); /* and with it who came before its turn began */
	ck_assert(jobs[2].is_replied);
}
END_TEST

START_TEST(each_can_be_taken_back)
{
	peers.peer[0].monitor.next_unread = 3;
	submit(0, OP_SETTLE);
	turn(1);
	submit(1, OP_SETTLE);
	ck_assert(job_source_cancel(source, &jobs[0].job));
	ck_assert(job_source_cancel(source, &jobs[1].job));
	ck_assert(!job_source_cancel(source, &jobs[1].job));
	turn(9);
	ck_assert(!jobs[0].is_replied && !jobs[1].is_replied);
	submit(2, OP_SETTLE);
	job_source_close(source, -ENODEV, "it ends");
	ck_assert(jobs[2].is_replied);
	ck_assert_int_eq(jobs[2].job.error, -ENODEV);
}
END_TEST

START_TEST(each_channel_is_empty_once)
{
	struct drain drain = { 0 };

	ck_assert(drain_is_over(&drain));
	drain_begin(&drain);
	for (unsigned int i = 0; i < DRAIN_CHANNELS; i++) {
		ck_assert(!drain_is_over(&drain));
		drain_note_read(&drain, i);
		drain_note_empty(&drain, i);
		drain_note_read(&drain, i); /* came later */
	}
	ck_assert(drain_is_over(&drain));
	drain_begin(&drain);
	ck_assert(!drain_is_over(&drain));
}
END_TEST

/* Where more comes than is read it is over all the same. */
START_TEST(a_storm_has_an_end)
{
	struct drain drain = { 0 };

	drain_begin(&drain);
	for (unsigned int i = 1; i < DRAIN_CHANNELS; i++)
		drain_note_empty(&drain, i);
	for (unsigned int i = 1; i < DRAIN_READ_MAX; i++)
		drain_note_read(&drain, 0);
	ck_assert(!drain_is_over(&drain));
	drain_note_read(&drain, 0);
	ck_assert(drain_is_over(&drain));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("settling");
	TCase *tcase = suite_add_case(suite, "settling"), *drain = suite_add_case(suite, "drain");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, others_are_served_meanwhile);
	tcase_add_test(tcase, who_comes_later_waits_for_what_came_later);
	tcase_add_test(tcase, each_can_be_taken_back);
	tcase_add_test(drain, each_channel_is_empty_once);
	tcase_add_test(drain, a_storm_has_an_end);
	return run_suite(suite);
}
