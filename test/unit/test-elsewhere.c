/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other hosts have written makes a change like any other, whose events and history say whose
 * it is. Rows that cannot be: test-elsewhere-faults. What becomes of it at random, on several
 * hosts: test-races-random.
 */

#include <errno.h>
#include <string.h>

#include "core/model/mount_points.h"
#include "core/model/shadows.h"
#include "core/rules/engine.h"
#include "core/rules/sharing.h"
#include "fixture.h"
#include "others.h"

static void expect_events(const struct world *world, const char *host, const char *const *names)
{
	size_t i = 0;

	for (; names[i]; i++) {
		ck_assert_uint_lt(i, world->events.count);
		ck_assert_str_eq(event_types[world->events.list[i].kind].name, names[i]);
		ck_assert(is_same_text(world->events.list[i].host, host));
	}
	ck_assert_uint_eq(i, world->events.count);
}

START_TEST(it_shows_where_the_volume_is)
{
	static const char *const created[] = { "link-created", "link-created", NULL };
	const struct history_entry *entry;
	struct world world;

	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	TAKE(&world, LINK("/DosDevices/data", "UUID=1"), LINK(GUID, "UUID=1"), RECORD("UUID=1"));
	ck_assert_str_eq(world_show(&world), "");
	ck_assert_uint_eq(world.manager.names.revision, 1);
	ck_assert_uint_eq(names_find_record(&world.manager.names, "UUID=1")->revision, 1);
	entry = world.manager.history.entries[0];
	ck_assert_str_eq(entry->host, "other");
	ck_assert_uint_eq(entry->uid, 3);
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sda1\n");
	ck_assert_str_eq(world_get_volume_name(&world, "UUID=1"), GUID);
	events_fini(&world.events);
	TAKE(&world, LINK("/DosDevices/more", "UUID=1"), LINK("/DosDevices/x", "UUID=1"));
	expect_events(&world, "other", created);
	ck_assert_str_eq(world_show(&world),
		"/DosDevices/data /dev/sda1\n/DosDevices/more /dev/sda1\n/DosDevices/x "
		"/dev/sda1\n");
	world_reload(&world);
	ck_assert_str_eq(world_show(&world),
		"/DosDevices/data /dev/sda1\n/DosDevices/more /dev/sda1\n/DosDevices/x "
		"/dev/sda1\n");
	world_fini(&world);
}
END_TEST

START_TEST(names_of_the_machine_stay)
{
	static const char *const shadowed[] = { "link_shadowed", NULL };
	static const char *const surfaced[] = { "link-deleted", "link-created", NULL };
	struct world world;

	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	world_plug(&world, "sdb1", "part=1 uuid=2");
	ck_assert(names_find_record(&world.manager.names, "UUID=1")->is_shared);
	ck_assert(!names_find_record(&world.manager.names, "UUID=2")->is_shared);
	world_play(&world, "ok create_point /DosDevices/data sdb1");
	events_fini(&world.events);
	world.noticed = 0;
	TAKE(&world, LINK("/DosDevices/DATA", "UUID=1"));
	expect_events(&world, "other", shadowed);
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sdb1\n");
	ck_assert_int_eq(
		world_ask(&world, "create_point", "link=/DosDevices/DATA id=UUID=1"), EEXIST);
	events_fini(&world.events);
	world_play(&world, "ok delete_points /DosDevices/data");
	expect_events(&world, NULL, surfaced);
	ck_assert_str_eq(world_show(&world), "/DosDevices/DATA /dev/sda1\n");
	ck_assert_uint_eq(world.manager.names.shadows.count, 0);
	world_fini(&world);
}
END_TEST

START_TEST(whose_names_are_shared)
{
	struct world world;

	world_init(&world);
	world.manager.share = SHARE_NAMED;
	world.manager.share_globs = "sdb*:!sdb2";
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	world_plug(&world, "sdb1", "part=1 uuid=2");
	world_plug(&world, "sdb2", "part=2 uuid=3 fabric");
	ck_assert(!names_find_record(&world.manager.names, "UUID=1")->is_shared);
	ck_assert(names_find_record(&world.manager.names, "UUID=2")->is_shared);
	ck_assert(!names_find_record(&world.manager.names, "UUID=3")->is_shared);
	world_fini(&world);
}
END_TEST

/* Their rows of what is ours are left out: under one ID there are two volumes. */
START_TEST(volumes_of_the_machine_stay)
{
	struct world world;

	world_init(&world);
	world_plug(&world, "sda1", "part=1 uuid=1");
	TAKE(&world, RECORD("UUID=1"), LINK("/DosDevices/data", "UUID=1"));
	ck_assert_str_eq(world_show(&world), "");
	ck_assert(!names_find_record(&world.manager.names, "UUID=1")->is_shared);
	world_fini(&world);
}
END_TEST

static bool is_seen(const void *elsewhere, const char *id)
{
	return strcmp(id, elsewhere) == 0;
}

START_TEST(what_another_host_sees_is_not_absent)
{
	struct world world;

	world_init(&world);
	world_plug(&world, "sdb1", "part=1 uuid=2");
	TAKE(&world, RECORD("UUID=1"), LINK("/DosDevices/data", "UUID=1"));
	world.env.is_seen_elsewhere = is_seen;
	world.env.elsewhere = "UUID=1";
	ck_assert_int_eq(world_ask(&world, "create_point", "/DosDevices/data sdb1"), EEXIST);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&world.why), "other hosts"));
	ck_assert_int_eq(world_ask(&world, "forget", "id=UUID=1"), EBUSY);
	ck_assert_int_eq(world_ask(&world, "scrub_registry", ""), 0);
	ck_assert_ptr_nonnull(names_find_link(&world.manager.names, "/DosDevices/data"));
	world.env.elsewhere = "UUID=3";
	world.manager.share = SHARE_FABRIC;
	world_plug(&world, "sdc1", "part=1 uuid=4 fabric");
	ck_assert_int_eq(world_ask(&world, "create_point", "/DosDevices/data sdc1"), 0);
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sdc1\n");
	world_fini(&world);
}
END_TEST

/* All there is: what it does not have is gone, but for what is here. */
START_TEST(all_is_read_again)
{
	struct elsewhere_row rows[] = { RECORD("UUID=2"), LINK("/DosDevices/b", "UUID=2"),
		LINK("/DosDevices/../b", "UUID=2"), LINK("/DosDevices/c", "UUID=9") };
	struct elsewhere all = { .host = "all",
		.revision = 9,
		.head = 3,
		.rows = rows,
		.count = ARRAY_SIZE(rows),
		.is_all = true,
		.cluster = { 1, 2 } };
	struct world world;

	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	TAKE(&world, RECORD("UUID=1"), RECORD("UUID=2"), RECORD("UUID=3"),
		LINK("/DosDevices/a", "UUID=1"), LINK("/DosDevices/old", "UUID=2"),
		LINK("/DosDevices/here", "UUID=3"));
	world_plug(&world, "sdc1", "part=1 uuid=3 fabric");
	world_plug(&world, "sdb1", "part=1 uuid=2 fabric");
	elsewhere_decide(&world.manager, &all, &world.change, &world.why);
	world_commit(&world);
	ck_assert_ptr_null(names_find_record(&world.manager.names, "UUID=1"));
	ck_assert(!names_find_record(&world.manager.names, "UUID=3")->is_shared);
	ck_assert_str_eq(
		world_show(&world), "/DosDevices/b /dev/sdb1\n/DosDevices/here /dev/sdc1\n");
	ck_assert_uint_eq(world.manager.names.head, 3);
	ck_assert_uint_eq(world.manager.names.cluster[1], 2);
	world_fini(&world);
}
END_TEST

static bool is_row(const struct sharing *sharing, const char *key)
{
	_cleanup_free_ char *text = xasprintf("{\"key\":\"%s\",\"value\"", key);

	return strstr(strbuf_text(&sharing->put), text) != NULL;
}

/* An older copy was decided for, which does not have UUID=1, and of UUID=2 an older name. */
static void take_copy(struct world *world)
{
	struct elsewhere_row rows[] = { RECORD("UUID=2"), RECORD("UUID=4"),
		LINK("/DosDevices/b", "UUID=2"), LINK("/DosDevices/moved", "UUID=4") };
	struct elsewhere all = { .host = "all", .revision = 2, .rows = rows, .count = 4 };

	all.is_all = all.is_decided = true;
	rows[0].revision = 8;
	rows[0].keep_links = true;
	world_init(world);
	world->manager.share = SHARE_FABRIC;
	world->manager.names.revision = 7;
	TAKE(world, RECORD("UUID=1"), RECORD("UUID=2"), LINK("/DosDevices/a", "UUID=1"),
		LINK("/DosDevices/new", "UUID=2"), LINK("/DosDevices/gone", "UUID=2"),
		LINK("/DosDevices/moved", "UUID=1"), LINK(GUID, "UUID=2"), RECORD("UUID=4"),
		LINK("/DosDevices/away", "UUID=4"), RECORD("UUID=5"),
		LINK("/DosDevices/absent", "UUID=5"),
		{ .kind = ELSEWHERE_POINT,
			.id = "UUID=2",
			.path = "own",
			.volume = GUID,
			.changed = 5 },
		{ .kind = ELSEWHERE_POINT,
			.id = "UUID=1",
			.path = "data",
			.volume = GUID,
			.changed = 5 });
	world_plug(world, "sda1", "part=1 uuid=1 fabric");
	world_plug(world, "sdb1", "part=1 uuid=2 fabric");
	elsewhere_decide(&world->manager, &all, &world->change, &world->why);
	world_commit(world);
	world_reload(world);
	world->manager.share = SHARE_FABRIC;
}

/* What it lacks stays. What nobody else has can go, and nobody else is told. */
START_TEST(an_older_copy_takes_nothing_away)
{
	const struct record *record;
	struct sharing sharing;
	struct world world;

	take_copy(&world);
	ck_assert_uint_eq(world.manager.names.revision, 2);
	ck_assert_str_eq(world_show(&world),
		"/DosDevices/a /dev/sda1\n/DosDevices/b /dev/sdb1\n/DosDevices/gone "
		"/dev/sdb1\n/DosDevices/moved /dev/sda1\n/DosDevices/new /dev/sdb1\n");
	ck_assert_ptr_nonnull(mount_points_find(&world.manager.names, "UUID=1", "data"));
	ck_assert_uint_eq(mount_points_find(&world.manager.names, "UUID=2", "own")->changed, 0);
	record = names_find_link(&world.manager.names, "/DosDevices/absent")->record;
	ck_assert(record->is_shared && !record->revision && record->fingerprint.size == 1000);
	record = names_find_record(&world.manager.names, "UUID=2");
	ck_assert(record->is_shared && record->keep_links); /* its revision is no reason */
	ck_assert(elsewhere_is_lacking(&world.manager.names, "/DosDevices/new"));
	ck_assert_str_eq(shadows_find(&world.manager.names, "/DosDevices/moved")->id, "UUID=4");
	world_decide(&world, "delete_points", "link=/DosDevices/gone");
	sharing_init(&sharing, &world.manager, &world.change, "me");
	ck_assert(!sharing.has_rows);
	sharing_fini(&sharing);
	world_commit(&world);
	ck_assert_ptr_null(names_find_link(&world.manager.names, "/DosDevices/gone"));
	ck_assert_ptr_null(shadows_find(&world.manager.names, "/DosDevices/gone"));
	world_fini(&world);
}
END_TEST

/* Another host has shared it since; what nobody has shared stays, also when all is read again. */
START_TEST(what_an_older_copy_lacks_waits)
{
	struct elsewhere_row rows[] = { RECORD("UUID=5"), LINK("/DosDevices/absent", "UUID=5") };
	struct elsewhere all = { .host = "all", .revision = 9, .rows = rows, .count = 2 };
	const struct names *names;
	struct world world;

	all.is_all = true;
	take_copy(&world);
	names = &world.manager.names;
	TAKE(&world, rows[0], rows[1]);
	ck_assert(!shadows_find(names, "/DosDevices/absent"));
	ck_assert_uint_eq(names_find_record(names, "UUID=5")->revision, 3);
	elsewhere_decide(&world.manager, &all, &world.change, &world.why);
	world_commit(&world);
	ck_assert(names_is_shared(names_find_link(names, "/DosDevices/absent")));
	ck_assert(elsewhere_is_lacking(names, "/DosDevices/a"));
	ck_assert(elsewhere_is_lacking(names, "/DosDevices/moved"));
	ck_assert_str_eq(names_find_link(names, "/DosDevices/moved")->record->id, "UUID=1");
	ck_assert_ptr_nonnull(mount_points_find(names, "UUID=1", "data"));
	world_fini(&world);
}
END_TEST

/* Others may take a name meanwhile: it stays here. If not, it is shared when that is asked for. */
START_TEST(what_an_older_copy_lacks_joins)
{
	struct sharing sharing;
	struct world world;

	take_copy(&world);
	ck_assert_int_eq(world_ask(&world, "cluster_join", "device=sdb1 try=1"), 0);
	ck_assert(elsewhere_is_lacking(&world.manager.names, "/DosDevices/new"));
	TAKE(&world, LINK("/DosDevices/new", "UUID=4"));
	ck_assert_str_eq(
		names_find_link(&world.manager.names, "/DosDevices/new")->record->id, "UUID=2");
	ck_assert_int_eq(world_ask(&world, "cluster_join", "device=sdb1"), EEXIST);
	TAKE(&world, { .kind = ELSEWHERE_LINK, .is_gone = true, .path = "/DosDevices/new" });
	ck_assert(elsewhere_is_lacking(&world.manager.names, "/DosDevices/new"));
	world_decide(&world, "cluster_join", "device=sdb1");
	sharing_init(&sharing, &world.manager, &world.change, "me");
	ck_assert(is_row(&sharing, "links/dosdevices/new") && is_row(&sharing, "volumes/UUID=2"));
	ck_assert_ptr_nonnull(strstr(strbuf_text(&sharing.compare),
		"{\"key\":\"links/dosdevices/new\",\"revision\":0}"));
	ck_assert(is_row(&sharing, "points/UUID=1/data")); /* it is where UUID=2 belongs */
	ck_assert(is_row(&sharing, "points/UUID=2/own") && !is_row(&sharing, "links/dosdevices/b"));
	sharing_fini(&sharing);
	world_commit(&world);
	ck_assert_ptr_null(shadows_find(&world.manager.names, "/DosDevices/new"));
	world_decide(&world, "cluster_join", "device=sdb1");
	ck_assert(!change_has_rows(&world.change));
	world_commit(&world);
	world_decide(&world, "create_point", "link=/DosDevices/away device=sdb1");
	sharing_init(&sharing, &world.manager, &world.change, "me");
	ck_assert(is_row(&sharing, "links/dosdevices/away"));
	sharing_fini(&sharing);
	world_commit(&world);
	world_play(&world, "ok delete_points /DosDevices/moved");
	world_decide(&world, "cluster_join", "device=sda1");
	sharing_init(&sharing, &world.manager, &world.change, "me");
	ck_assert(is_row(&sharing, "volumes/UUID=1") && is_row(&sharing, "links/dosdevices/a"));
	sharing_fini(&sharing);
	world_fini(&world);
}
END_TEST

/*
 * What the machine has not heard the end of, it takes up with its own names in it; else not again.
 */
START_TEST(own_changes_come_back_once)
{
	struct elsewhere_row rows[] = { LINK("/DosDevices/data", "UUID=1"),
		LINK("/DosDevices/C:", "UUID=1") };
	struct elsewhere own = {
		.host = "me", .revision = 5, .number = 7, .rows = rows, .count = ARRAY_SIZE(rows)
	};
	struct world world;

	rows[1].is_local = true;
	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	TAKE(&world, RECORD("UUID=1"));
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	elsewhere_decide(&world.manager, &own, &world.change, &world.why);
	world_commit(&world);
	ck_assert_str_eq(
		world_show(&world), "/DosDevices/C: /dev/sda1\n/DosDevices/data /dev/sda1\n");
	ck_assert_uint_eq(world.manager.names.own_change, 7);
	world_play(&world, "ok delete_points /DosDevices/data");
	own.revision = 6;
	elsewhere_decide(&world.manager, &own, &world.change, &world.why);
	ck_assert(!change_has_rows(&world.change));
	world_commit(&world);
	ck_assert_uint_eq(world.manager.names.revision, 6);
	ck_assert_str_eq(world_show(&world), "/DosDevices/C: /dev/sda1\n");
	world_fini(&world);
}
END_TEST

/* The same where it is told of all there is, and of what its log has of it. */
START_TEST(own_changes_are_among_all)
{
	static const struct history_entry entry = { .operation = "create_point" };
	struct elsewhere_row rows[] = { RECORD("UUID=1"), LINK("/DosDevices/data", "UUID=1"),
		LINK("/DosDevices/C:", "UUID=1"), RECORD("UUID=2") };
	struct elsewhere own = { .host = "me",
		.revision = 5,
		.number = 7,
		.is_all = true,
		.rows = rows,
		.count = ARRAY_SIZE(rows),
		.entries = &entry,
		.entry_count = 1 };
	struct world world;
	size_t history;

	rows[2].is_local = rows[3].is_local = rows[3].no_drive_letter = true;
	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	TAKE(&world, RECORD("UUID=1"));
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	elsewhere_decide(&world.manager, &own, &world.change, &world.why);
	world_commit(&world);
	ck_assert_str_eq(
		world_show(&world), "/DosDevices/C: /dev/sda1\n/DosDevices/data /dev/sda1\n");
	ck_assert_uint_eq(world.manager.names.own_change, 7);
	ck_assert(names_find_record(&world.manager.names, "UUID=2")->no_drive_letter);
	world_play(&world, "ok delete_points /DosDevices/C:");
	history = world.manager.history.count;
	own.revision = 6;
	elsewhere_decide(&world.manager, &own, &world.change, &world.why);
	world_commit(&world);
	ck_assert_uint_eq(world.manager.history.count, history);
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sda1\n");
	world_fini(&world);
}
END_TEST

/* What was written here before they came is newer; and no volume has two letters. */
START_TEST(own_changes_that_come_late_give_way)
{
	struct elsewhere_row rows[] = { LINK("/DosDevices/X:", "UUID=1"),
		LINK("/DosDevices/C:", "UUID=1"), LINK("/DosDevices/films", "UUID=1"),
		LINK("/DosDevices/D:", "UUID=3"), LINK("/DosDevices/E:", "UUID=3"),
		RECORD("UUID=1") };
	struct elsewhere own = {
		.host = "me", .revision = 5, .number = 7, .rows = rows, .count = ARRAY_SIZE(rows)
	};
	const struct names *names;
	struct world world;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		rows[i].is_local = true;
	rows[5].no_drive_letter = true;
	world_init(&world);
	world_plug(&world, "sda1", "part=1 uuid=1");
	world_plug(&world, "sdb1", "part=2 uuid=2");
	world_plug(&world, "sdc1", "part=3 uuid=3");
	world_play(&world, "ok create_point D: sda1", "ok create_point C: sdb1",
		"ok create_point link=films device=sdb1");
	world_play(&world, "ok delete_points D:", "ok create_point E: sda1");
	elsewhere_decide(&world.manager, &own, &world.change, &world.why);
	world_commit(&world);
	ck_assert_str_eq(world_show(&world),
		"/DosDevices/C: /dev/sdb1\n/DosDevices/D: /dev/sdc1\n"
		"/DosDevices/E: /dev/sda1\n/DosDevices/films /dev/sdb1\n");
	names = &world.manager.names;
	ck_assert_int_eq(names_find_record(names, "UUID=1")->letter, 'E');
	ck_assert(!names_find_record(names, "UUID=1")->no_drive_letter);
	ck_assert_int_eq(names_find_record(names, "UUID=3")->letter, 'D');
	rows[3].changed = rows[4].changed = 5000; /* newer than all that is here */
	own.number = 8;
	elsewhere_decide(&world.manager, &own, &world.change, &world.why);
	world_commit(&world);
	ck_assert_str_eq(world_show(&world),
		"/DosDevices/C: /dev/sdb1\n/DosDevices/E: /dev/sdc1\n"
		"/DosDevices/films /dev/sdb1\n");
	ck_assert_int_eq(names_find_record(names, "UUID=1")->letter, '\0');
	world_fini(&world);
}
END_TEST

/* A name of all hosts that is there has its place behind the machine's own. */
START_TEST(own_changes_among_all_have_shadows)
{
	struct elsewhere_row rows[] = { RECORD("UUID=1"), LINK("/DosDevices/data", "UUID=1"),
		LINK("/DosDevices/data", "UUID=2") };
	struct elsewhere own = { .host = "me",
		.revision = 5,
		.number = 7,
		.is_all = true,
		.rows = rows,
		.count = ARRAY_SIZE(rows) };
	struct world world;

	rows[2].is_local = true;
	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	world_plug(&world, "sdb1", "part=1 uuid=2");
	TAKE(&world, RECORD("UUID=1"));
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	elsewhere_decide(&world.manager, &own, &world.change, &world.why);
	world_commit(&world);
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sdb1\n");
	world_play(&world, "ok delete_points /DosDevices/data");
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sda1\n");
	world_fini(&world);
}
END_TEST

START_TEST(what_was_the_machines_own_joins)
{
	struct sharing sharing;
	struct world world;

	world_init(&world);
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	world_plug(&world, "sdb1", "part=1 uuid=2 fabric");
	ck_assert_int_eq(world_ask(&world, "create_point", "/DosDevices/data sda1"), 0);
	ck_assert_int_eq(world_ask(&world, "create_point", "C: sda1"), 0);
	ck_assert_int_eq(world_ask(&world, "cluster_join", "device=sda1"), EOPNOTSUPP);
	world.manager.share = SHARE_FABRIC;
	TAKE(&world, RECORD("UUID=2"));
	ck_assert_int_eq(world_ask(&world, "cluster_join", "device=sdb1"), EEXIST);
	ck_assert_int_eq(world_ask(&world, "cluster_join", "device=sda1 try=1"), 0);
	ck_assert(!names_find_record(&world.manager.names, "UUID=1")->is_shared);
	world_decide(&world, "cluster_join", "device=sda1");
	sharing_init(&sharing, &world.manager, &world.change, "me");
	ck_assert(is_row(&sharing, "volumes/UUID=1") && is_row(&sharing, "links/dosdevices/data"));
	ck_assert(!is_row(&sharing, "links/dosdevices/c:"));
	ck_assert_uint_eq(sharing.puts, 3);
	sharing_fini(&sharing);
	world_commit(&world);
	ck_assert(names_is_shared(names_find_link(&world.manager.names, "/DosDevices/data")));
	ck_assert_str_eq(
		world_show(&world), "/DosDevices/C: /dev/sda1\n/DosDevices/data /dev/sda1\n");
	world_fini(&world);
}
END_TEST

/* Who loses a name because it is absent must be seen nowhere; and rows are compared. */
START_TEST(what_all_hosts_are_to_have)
{
	struct sharing sharing;
	struct world world;

	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	TAKE(&world, RECORD("UUID=2"), LINK("/DosDevices/Data", "UUID=2"));
	world_decide(&world, "create_point", "link=data device=sda1");
	sharing_init(&sharing, &world.manager, &world.change, "me");
	ck_assert_ptr_nonnull(strstr(strbuf_text(&sharing.compare),
		"{\"below\":\"seen/UUID=2/\",\"but\":\"seen/UUID=2/me\"}"));
	ck_assert_ptr_nonnull(strstr(
		strbuf_text(&sharing.compare), "{\"key\":\"volumes/UUID=2\",\"revision\":1}"));
	ck_assert(is_row(&sharing, "links/dosdevices/data") && is_row(&sharing, "volumes/UUID=2"));
	sharing_note_revision(&sharing, &world.change, 5);
	sharing_fini(&sharing);
	world_commit(&world);
	ck_assert_uint_eq(names_find_record(&world.manager.names, "UUID=2")->revision, 5);
	world_decide(&world, "create_point", "link=D: device=sda1");
	sharing_init(&sharing, &world.manager, &world.change, "me");
	ck_assert(!sharing.has_rows);
	sharing_fini(&sharing);
	world_fini(&world);
}
END_TEST

START_TEST(mount_points_come_with_their_host)
{
	const struct mount_point *point;
	struct world world;

	world_init(&world);
	TAKE(&world, RECORD("UUID=1"), RECORD("UUID=2"), LINK(GUID, "UUID=2"),
		{ .kind = ELSEWHERE_POINT,
			.id = "UUID=1",
			.path = "data",
			.volume = GUID,
			.options = "ro" });
	point = mount_points_find(&world.manager.names, "UUID=1", "data");
	ck_assert_ptr_nonnull(point);
	ck_assert_str_eq(point->options, "ro");
	TAKE(&world, { .kind = ELSEWHERE_POINT, .is_gone = true, .id = "UUID=1", .path = "data" });
	ck_assert_ptr_null(mount_points_find(&world.manager.names, "UUID=1", "data"));
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("elsewhere");
	TCase *tcase = suite_add_case(suite, "elsewhere");

	tcase_add_test(tcase, it_shows_where_the_volume_is);
	tcase_add_test(tcase, names_of_the_machine_stay);
	tcase_add_test(tcase, whose_names_are_shared);
	tcase_add_test(tcase, volumes_of_the_machine_stay);
	tcase_add_test(tcase, what_another_host_sees_is_not_absent);
	tcase_add_test(tcase, all_is_read_again);
	tcase_add_test(tcase, an_older_copy_takes_nothing_away);
	tcase_add_test(tcase, what_an_older_copy_lacks_waits);
	tcase_add_test(tcase, what_an_older_copy_lacks_joins);
	tcase_add_test(tcase, own_changes_come_back_once);
	tcase_add_test(tcase, own_changes_are_among_all);
	tcase_add_test(tcase, own_changes_that_come_late_give_way);
	tcase_add_test(tcase, own_changes_among_all_have_shadows);
	tcase_add_test(tcase, what_was_the_machines_own_joins);
	tcase_add_test(tcase, what_all_hosts_are_to_have);
	tcase_add_test(tcase, mount_points_come_with_their_host);
	return run_suite(suite);
}
