/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may have a name: a table of what the name is, by who asks for it, and how.
 */

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "fixture.h"
#include "others.h"

enum asker { ASKER_SHARED, ASKER_OWN, ASKER_UNKNOWN, ASKERS };

static const char *const devices[] = { "sda1", "sdb1" };

/* What another host sees: UUID=9, which is not here, and UUID=8, which has a letter here. */
static bool is_seen(const void *elsewhere, const char *id)
{
	return strcmp(id, "UUID=9") == 0 || strcmp(id, "UUID=8") == 0;
}

static void set_up(struct world *world)
{
	world_init(world);
	world->manager.share = SHARE_FABRIC;
	world_plug(world, "sda1", "part=1 uuid=1 fabric");
	world_plug(world, "sdb1", "part=1 uuid=2");
	world_plug(world, "sdc1", "part=1 uuid=3");
	world_plug(world, "sdd1", "part=1 uuid=4");
	world_plug(world, "sde1", "part=1 uuid=8 fabric");
	world_play(world, "ok create_point /DosDevices/mine-0 sda1",
		"ok create_point /DosDevices/mine-1 sdb1", "ok create_point /DosDevices/here sda1",
		"ok create_point /DosDevices/own sdc1", "ok create_point /DosDevices/over sdc1",
		"ok create_point /DosDevices/gone sdd1", "ok create_point /DosDevices/behind sdd1",
		"ok create_point /DosDevices/E: sde1");
	TAKE(world, RECORD("UUID=9"), LINK("/DosDevices/theirs", "UUID=9"),
		LINK("/DosDevices/over", "UUID=9"), LINK("/DosDevices/behind", "UUID=9"));
	world_unplug(world, "sdd1");
	world_unplug(world, "sde1");
}

/* 0: it can be had; else the unique ID of whose it is. */
static const struct {
	const char *name;
	int owner[ASKERS];	  /* where another host sees UUID=9 and UUID=8 */
	int owner_unseen[ASKERS]; /* where none does */
} cells[] = {
	{ "free", { 0, 0, 0 }, { 0, 0, 0 } },
	{ "here", { 1, 1, 1 }, { 1, 1, 1 } },	/* of a shared volume that is here */
	{ "theirs", { 9, 9, 9 }, { 0, 9, 9 } }, /* of one that is not */
	{ "own", { 3, 3, 3 }, { 3, 3, 3 } },	/* this machine's own */
	{ "over", { 3, 3, 3 }, { 3, 3, 3 } },	/* … with that of another in its shadow */
	{ "gone", { 0, 0, 0 }, { 0, 0, 0 } },	/* its own, and absent */
	{ "behind", { 9, 0, 0 }, { 9, 0, 0 } }, /* … with a shadow */
	{ "E:", { 0, 0, 0 }, { 0, 0, 0 } },	/* letters are each machine's own */
};

static int create(struct world *world, enum asker asker, const char *name)
{
	_cleanup_free_ char *line = asker == ASKER_UNKNOWN
		? xasprintf("link=/DosDevices/%s id=UUID=7 absent=ok", name)
		: xasprintf("link=/DosDevices/%s device=%s", name, devices[asker]);

	return world_ask(world, "create_point", line);
}

static int rename_to(struct world *world, enum asker asker, const char *name)
{
	_cleanup_free_ char *from = xasprintf("/DosDevices/mine-%d", (int)asker);
	_cleanup_free_ char *to = xasprintf("/DosDevices/%s", name);

	return world_rename(world, from, to, false);
}

static void expect(struct world *world, int result, int owner, const char *what)
{
	_cleanup_free_ char *id = xasprintf("UUID=%d", owner);

	ck_assert_msg(result == (owner ? EEXIST : 0), "%s: %d", what, result);
	ck_assert_msg(!owner || strstr(strbuf_text(&world->why), id), "%s: %s", what,
		strbuf_text(&world->why));
}

START_TEST(each_name_is_whose_it_is)
{
	bool are_seen = _i % 2;
	enum asker asker = (enum asker)(_i / 2 % ASKERS);
	size_t i = (size_t)_i / 2 / ASKERS;
	int owner = are_seen ? cells[i].owner[asker] : cells[i].owner_unseen[asker];
	_cleanup_free_ char *what = xasprintf(
		"%s, asker %d%s", cells[i].name, (int)asker, are_seen ? ", seen elsewhere" : "");
	struct world world;

	set_up(&world);
	if (are_seen)
		world.env.is_seen_elsewhere = is_seen;
	expect(&world, create(&world, asker, cells[i].name), owner, what);
	world_fini(&world);
	if (asker == ASKER_UNKNOWN)
		return;
	set_up(&world);
	if (are_seen)
		world.env.is_seen_elsewhere = is_seen;
	expect(&world, rename_to(&world, asker, cells[i].name), owner, what);
	world_fini(&world);
}
END_TEST

/* Of links that all hosts have, and that are of no use here. */
static bool is_taken(const void *elsewhere, const char *path, struct strbuf *ret_why)
{
	if (strcasecmp(path, "/DosDevices/odd") != 0)
		return false;
	strbuf_add_text(ret_why, "it is odd");
	return true;
}

START_TEST(what_cannot_be_used_is_not_free)
{
	struct world world;

	set_up(&world);
	world.env.is_taken = is_taken;
	ck_assert_int_eq(create(&world, ASKER_SHARED, "odd"), EEXIST);
	ck_assert_str_eq(strbuf_text(&world.why), "it is odd");
	ck_assert_int_eq(rename_to(&world, ASKER_SHARED, "ODD"), EEXIST);
	ck_assert_str_eq(strbuf_text(&world.why), "it is odd");
	world.manager.suggests_label = true;
	world_plug(&world, "sdf1", "part=1 uuid=5 fabric label=odd");
	ck_assert(names_find_record(&world.manager.names, "UUID=5")->is_shared);
	ck_assert_ptr_null(names_find_link(&world.manager.names, "/DosDevices/odd"));
	ck_assert_int_eq(create(&world, ASKER_OWN, "odd"), 0);
	world.manager.share = SHARE_ALL;
	ck_assert_int_eq(world_ask(&world, "cluster_join", "device=sdb1"), EEXIST);
	ck_assert_str_eq(strbuf_text(&world.why), "it is odd");
	ck_assert_int_eq(world_ask(&world, "cluster_join", "device=sdc1"), EEXIST); /* a shadow */
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("elsewhere-names");
	TCase *tcase = suite_add_case(suite, "elsewhere-names");

	tcase_add_loop_test(
		tcase, each_name_is_whose_it_is, 0, (int)ARRAY_SIZE(cells) * 2 * ASKERS);
	tcase_add_test(tcase, what_cannot_be_used_is_not_free);
	return run_suite(suite);
}
