/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operations, rule by rule: scripts/operations.script. What is about drive letters is in
 * test-letters.c.
 */

#include <errno.h>
#include <string.h>

#include "core/rules/dispatch.h"
#include "core/syntax/reply.h"
#include "core/syntax/request.h"
#include "fixture.h"

static int ask_number(struct world *world, const char *text, const char *name)
{
	struct request request = {
		.operation = operation_find(OP_QUERY_POINTS),
		.given = KEY_BIT(KEY_DEVICE),
		.device = { .text = (char *)text, .number = map_hash_text(name) },
	};
	struct reply reply = { 0 };
	int r;

	strbuf_reset(&world->reply);
	strbuf_reset(&world->why);
	r = dispatch_decide(
		&world->manager, &world->env, &request, &world->change, &reply, &world->why);
	reply_format(&reply, &world->reply);
	reply_fini(&reply);
	return r;
}

/* What an alias led to counts, not what its text says. */
START_TEST(test_number)
{
	struct world world;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1", "plug sdb1 part=1 uuid=2", "epic +2",
		"written 4", "history *");
	ck_assert_int_eq(ask_number(&world, "/dev/disk/by-label/data", "sda1"), 0);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&world.reply), "ID=\"UUID=1\""));
	ck_assert_int_eq(ask_number(&world, "/dev/sda1", "sdb1"), 0);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&world.reply), "ID=\"UUID=2\""));
	ck_assert_int_eq(ask_number(&world, "/dev/sda1", "sdz1"), -EINVAL);
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("operations");
	TCase *tcase = suite_add_case(suite, "operations");

	fixture_add_script(tcase, "operations");
	tcase_add_test(tcase, test_number);
	return run_suite(suite);
}
