/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What mmfs-cluster reads of who sees what: it may be forty hosts with a thousand volumes each.
 */

#include <string.h>

#include "../run-suite.h"
#include "session-stage.h"

static bool is_linked;
static unsigned int reads; /* of seen/ */

static void count_reads(const struct etcd_request *request)
{
	for (size_t i = 0; i < request->then.count; i++)
		reads += request->then.list[i].type == ETCD_RANGE &&
			strcmp(request->then.list[i].key, "seen/") == 0;
}

static void say_order(struct order order)
{
	ck_assert_int_eq(session_handle_order(stage.session, &order, stage.now), 0);
}

/* As mmfs does it: what it has, what it sees, and, when names can be changed, who is there. */
static void tell(void *data, const struct tale *tale)
{
	struct etcd_rows seen = {};

	if (tale->type == TALE_STATE && tale->standing == STANDING_UP)
		say_order((struct order){ .type = ORDER_ASK, .id = 1 });
	if (tale->type != TALE_HELLO || !tale->cluster_id[0])
		return;
	say_order((struct order){ .type = ORDER_WANT, .cluster_id = (char[]){ "" } });
	etcd_rows_add(&seen, "UUID=1", "{}");
	say_order((struct order){ .type = ORDER_SEEN, .seen = seen });
	etcd_rows_fini(&seen);
}

static void hang_up(void *data)
{
	is_linked = false;
}

static void pass(uint64_t until)
{
	while (stage.now < until) {
		if (!is_linked)
			session_handle_link(stage.session, false, stage.now);
		if (!is_linked)
			session_handle_link(stage.session, is_linked = true, stage.now);
		stage_pass();
	}
}

START_TEST(who_sees_what_is_read_once)
{
	struct etcd_rows rows;

	stage.asked = count_reads;
	stage_begin(tell, hang_up);
	pass(3000000);
	engine_read(&stage.engine, "seen/", "seen0", stage.engine.revision, &rows);
	ck_assert_uint_eq(rows.count, 1);
	ck_assert_str_eq(rows.list[0].key, "seen/UUID=1/h1");
	etcd_rows_fini(&rows);
	ck_assert_uint_eq(reads, 1);
	stage_end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("presence");
	TCase *tcase = suite_add_case(suite, "presence");

	tcase_add_test(tcase, who_sees_what_is_read_once);
	return run_suite(suite);
}
