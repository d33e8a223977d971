/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * etcd was restored from a copy. mmfs-cluster says so to who has more than the copy, and to nobody
 * else: who has decided for the copy, and has not come to say so, is told nothing about the past.
 */

#include <stdio.h>
#include <string.h>

#include "../run-suite.h"
#include "session-stage.h"

static bool is_up, is_read_only; /* as it was told since the greeting */
static bool is_hung_up;
static int64_t position; /* what mmfs has */
static char cluster_id[64];

static void tell(void *data, const struct tale *tale)
{
	switch (tale->type) {
	case TALE_HELLO:
		snprintf(cluster_id, sizeof(cluster_id), "%s", tale->cluster_id);
		is_up = is_read_only = false;
		break;
	case TALE_STATE:
		is_up = tale->standing == STANDING_UP;
		is_read_only |= tale->standing == STANDING_READ_ONLY;
		break;
	case TALE_END:
		position = tale->revision;
		break;
	case TALE_BEGIN:
	case TALE_ROWS:
	case TALE_ANSWER:
	case TALE_SYNCED:
	case TALE_SETTLED:
	case TALE_PRESENCE:
		break;
	}
}

static void hang_up(void *data)
{
	is_hung_up = true;
}

static void pass_seconds(unsigned int seconds)
{
	uint64_t until = stage.now + seconds * UINT64_C(1000000);

	while (stage.now < until)
		stage_pass();
}

static void connect_anew(void)
{
	session_handle_link(stage.session, false, stage.now);
	session_handle_link(stage.session, true, stage.now);
}

static void want(int64_t revision)
{
	struct order order = { .type = ORDER_WANT, .revision = revision, .cluster_id = cluster_id };

	ck_assert_int_eq(session_handle_order(stage.session, &order, stage.now), 0);
}

static void restore(int64_t revision)
{
	struct etcd_rows *rows = &stage.engine.history;

	while (rows->count > 0 && rows->list[rows->count - 1].revision > revision) {
		free(rows->list[--rows->count].key);
		free(rows->list[rows->count].value);
	}
	stage.engine.revision = revision;
}

/* mmfs has all there is, and then etcd has less. */
static void begin(void)
{
	stage_begin(tell, hang_up);
	pass_seconds(1);
	connect_anew();
	want(0);
	pass_seconds(3);
	ck_assert(is_up && !is_hung_up);
	ck_assert_int_gt(position, 2);
}

START_TEST(who_has_decided_for_it_is_not_told)
{
	begin();
	restore(2);
	pass_seconds(3);
	ck_assert(is_read_only);

	connect_anew();
	pass_seconds(3); /* much is asked and answered before mmfs comes to say what it has */
	ck_assert(!is_read_only);
	want(0);
	pass_seconds(3);
	ck_assert(is_up && !is_read_only);
	stage_end();
}
END_TEST

START_TEST(who_has_more_is_told)
{
	begin();
	connect_anew();
	restore(2);
	pass_seconds(3); /* it falls before mmfs says what it has */
	want(position);
	pass_seconds(3);
	ck_assert(is_read_only && !is_up);
	stage_end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("older-copy");
	TCase *tcase = suite_add_case(suite, "older-copy");

	tcase_add_test(tcase, who_has_decided_for_it_is_not_told);
	tcase_add_test(tcase, who_has_more_is_told);
	return run_suite(suite);
}
