/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of other hosts that cannot be are left out, and nothing else is.
 */

#include <string.h>

#include "core/rules/engine.h"
#include "core/rules/sharing.h"
#include "others.h"

START_TEST(what_cannot_be_is_left_out)
{
	static char long_text[2000];
	const struct elsewhere_row cases[] = {
		{ .kind = ELSEWHERE_RECORD },
		RECORD("LABEL=x"),
		{ .kind = ELSEWHERE_RECORD, .id = "UUID=2", .value[ID_WWN] = long_text },
		{ .kind = ELSEWHERE_RECORD, .id = "UUID=2", .start = UINT64_MAX },
		{ .kind = ELSEWHERE_LINK, .id = "UUID=1" },
		LINK("/DosDevices/C:", "UUID=1"),
		LINK("data", "UUID=1"),
		LINK("/DosDevices/a/b", "UUID=1"),
		LINK("/DosDevices/data", NULL),
		LINK("/DosDevices/data", "x"),
		LINK("/DosDevices/data", "UUID=nobody"),
		{ .kind = ELSEWHERE_LINK,
			.path = "/DosDevices/data",
			.id = "UUID=1",
			.changed = UINT64_MAX },
		{ .kind = ELSEWHERE_POINT, .path = "d", .volume = GUID },
		{ .kind = ELSEWHERE_POINT, .id = "UUID=1", .volume = GUID },
		{ .kind = ELSEWHERE_POINT, .id = "UUID=1", .path = "../d", .volume = GUID },
		{ .kind = ELSEWHERE_POINT, .id = "UUID=1", .path = "d", .volume = GUID },
		{ .kind = ELSEWHERE_POINT,
			.id = "UUID=1",
			.path = "d",
			.volume = "/DosDevices/data" },
		{ .kind = (enum elsewhere_kind)9, .id = "UUID=1", .path = "d" },
	};
	struct world world;

	memset(long_text, 'x', sizeof(long_text) - 1);
	world_init(&world);
	world.manager.share = SHARE_ALL;
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	TAKE(&world, RECORD("UUID=1"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *name = xasprintf("/DosDevices/good-%zu", i);
		_cleanup_free_ char *shown = xasprintf("%s /dev/sda1\n", name);
		const struct elsewhere_row rows[] = { cases[i], LINK(name, "UUID=1") };
		struct elsewhere_row gone = {
			.kind = ELSEWHERE_LINK, .path = name, .is_gone = true
		};

		try_rows(&world, rows, 2, "other");
		ck_assert_ptr_nonnull(strstr(strbuf_text(&world.why), "host other has sent"));
		ck_assert_ptr_null(strstr(strbuf_text(&world.why), "more"));
		world_commit(&world);
		ck_assert_msg(strcmp(world_show(&world), shown) == 0, "case %zu", i);
		ck_assert_uint_le(world.manager.names.records.count, 2);
		ck_assert_uint_eq(world.manager.names.mount_points.count, 0);
		TAKE(&world, gone);
	}
	world_fini(&world);
}
END_TEST

/*
 * Who did not know that the row is there could write nothing about the volume. What was known of it
 * stays.
 */
START_TEST(what_cannot_be_read_was_written)
{
	const struct elsewhere_row rows[] = {
		{ .kind = ELSEWHERE_RECORD, .id = "UUID=1", .is_unread = true },
		{ .kind = ELSEWHERE_RECORD, .id = "UUID=2", .start = UINT64_MAX },
		LINK("/DosDevices/a", "UUID=2"),
	};
	const struct record *record;
	struct world world;

	world_init(&world);
	TAKE(&world, RECORD("UUID=1"), LINK("/DosDevices/data", "UUID=1"));
	try_rows(&world, rows, ARRAY_SIZE(rows), "other");
	ck_assert_ptr_nonnull(strstr(strbuf_text(&world.why),
		"a volume of which nothing can be read, which is left out: UUID=1; and 1 more"));
	world_commit(&world);
	record = names_find_record(&world.manager.names, "UUID=1");
	ck_assert(record->is_shared);
	ck_assert_uint_eq(record->fingerprint.size, 1000);
	ck_assert_uint_eq(record->revision, world.manager.names.revision);
	record = names_find_record(&world.manager.names, "UUID=2");
	ck_assert(record->is_shared);
	ck_assert_uint_eq(record->fingerprint.start, 0);
	ck_assert_uint_eq(record->revision, world.manager.names.revision);
	ck_assert_ptr_nonnull(names_find_link(&world.manager.names, "/DosDevices/a"));
	world_fini(&world);
}
END_TEST

/* What is told change by change comes to the same as what is read in one piece. */
START_TEST(what_is_left_out_either_way)
{
	const struct elsewhere_row bad = {
		.kind = ELSEWHERE_RECORD, .id = "UUID=2", .start = UINT64_MAX
	};
	struct elsewhere_row rows[] = { LINK("/DosDevices/b", "UUID=3"), bad, RECORD("UUID=1"),
		LINK("/DosDevices/a", "UUID=1"), LINK("/DosDevices/C:", "UUID=1") };
	struct elsewhere all = { .host = "other",
		.revision = 3,
		.is_all = true,
		.rows = rows,
		.count = ARRAY_SIZE(rows) };
	struct world one, two;

	world_init(&one);
	world_init(&two);
	try_rows(&one, rows, ARRAY_SIZE(rows), "other");
	ck_assert_ptr_nonnull(strstr(strbuf_text(&one.why), "start beyond all disks"));
	ck_assert_ptr_nonnull(strstr(strbuf_text(&one.why), "UUID=2; and 2 more rows"));
	elsewhere_decide(&two.manager, &all, &two.change, &two.why);
	ck_assert_str_eq(strbuf_text(&one.why), strbuf_text(&two.why));
	world_commit(&one);
	world_commit(&two);
	for (struct world *world = &one; world; world = world == &one ? &two : NULL) {
		ck_assert_uint_eq(world->manager.names.links.count, 1);
		ck_assert_uint_eq(world->manager.names.records.count, 2);
		ck_assert_ptr_nonnull(names_find_link(&world->manager.names, "/DosDevices/a"));
	}
	world_fini(&one);
	world_fini(&two);
}
END_TEST

/* Another host has taken it for absent: its names stay, and are this machine's own. */
START_TEST(who_is_here_is_not_forgotten)
{
	struct world world;

	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	TAKE(&world, RECORD("UUID=1"), LINK("/DosDevices/data", "UUID=1"));
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	TAKE(&world, { .kind = ELSEWHERE_LINK, .path = "/DosDevices/data", .is_gone = true },
		{ .kind = ELSEWHERE_RECORD, .id = "UUID=1", .is_gone = true });
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sda1\n");
	ck_assert(!names_find_record(&world.manager.names, "UUID=1")->is_shared);
	ck_assert_uint_eq(names_find_record(&world.manager.names, "UUID=1")->revision, 0);
	world_fini(&world);
}
END_TEST

/*
 * A link that was deleted in the database only is there until its volume goes, and has no row. It
 * has one again when another host gives the name to the volume; else no mount point is of it.
 */
START_TEST(what_has_no_row_is_not_referred_to)
{
	const struct elsewhere_row rows[] = { RECORD("UUID=2"),
		{ .kind = ELSEWHERE_POINT, .id = "UUID=2", .path = "d", .volume = GUID } };
	const struct link *link;
	struct world world;

	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	TAKE(&world, RECORD("UUID=1"), LINK(GUID, "UUID=1"));
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	world_play(&world, "ok delete_points_dbonly link=" GUID);
	try_rows(&world, rows, ARRAY_SIZE(rows), "other");
	ck_assert_ptr_nonnull(strstr(strbuf_text(&world.why), "volumes that are not there"));
	world_commit(&world);
	ck_assert_uint_eq(world.manager.names.mount_points.count, 0);
	TAKE(&world, rows[1], LINK(GUID, "UUID=1"));
	ck_assert_uint_eq(world.manager.names.mount_points.count, 1);
	link = names_find_link(&world.manager.names, GUID);
	ck_assert(names_is_shared(link));
	ck_assert_str_eq(link->record->id, "UUID=1");
	ck_assert_uint_eq(world.manager.names.shadows.count, 0);
	world_fini(&world);
}
END_TEST

static void commit_at(struct world *world, uint64_t revision)
{
	struct sharing sharing;

	sharing_init(&sharing, &world->manager, &world->change, "me");
	sharing_note_revision(&sharing, &world->change, revision);
	sharing_fini(&sharing);
	world_commit(world);
}

static void take_all(struct world *world, uint64_t revision)
{
	struct elsewhere_row rows[] = { RECORD("UUID=1"), RECORD("UUID=2") };
	struct elsewhere all = { .host = "all", .revision = revision, .rows = rows, .count = 2 };

	rows[0].revision = rows[1].revision = 1;
	all.is_all = true;
	elsewhere_decide(&world->manager, &all, &world->change, &world->why);
	world_commit(world);
}

/* A name came and went on other hosts, before this one gave it, and that is heard of only now. */
START_TEST(what_is_newer_here_stays)
{
	struct world world;

	world_init(&world);
	world.manager.share = SHARE_FABRIC;
	TAKE(&world, RECORD("UUID=1"), RECORD("UUID=2"));
	world_plug(&world, "sda1", "part=1 uuid=1 fabric");
	world_decide(&world, "create_point", "link=/DosDevices/data device=sda1");
	commit_at(&world, 9);
	world_put(&world, "sdb1", "part=1 uuid=3 fabric");
	engine_decide_devices(&world.manager, &world.env, &world.change);
	commit_at(&world, 10);
	TAKE(&world, LINK("/DosDevices/data", "UUID=2"), RECORD("UUID=3"));
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sda1\n");
	TAKE(&world, { .kind = ELSEWHERE_LINK, .path = "/DosDevices/data", .is_gone = true },
		{ .kind = ELSEWHERE_RECORD, .id = "UUID=3", .is_gone = true });
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sda1\n");
	ck_assert(names_find_record(&world.manager.names, "UUID=3")->is_shared);
	ck_assert_uint_eq(names_find_record(&world.manager.names, "UUID=3")->revision, 10);
	take_all(&world, 8);
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sda1\n");
	ck_assert(names_find_record(&world.manager.names, "UUID=3")->is_shared);
	take_all(&world, 12);
	ck_assert_str_eq(world_show(&world), "");
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("elsewhere-faults");
	TCase *tcase = suite_add_case(suite, "elsewhere-faults");

	tcase_add_test(tcase, what_cannot_be_is_left_out);
	tcase_add_test(tcase, what_cannot_be_read_was_written);
	tcase_add_test(tcase, what_is_left_out_either_way);
	tcase_add_test(tcase, who_is_here_is_not_forgotten);
	tcase_add_test(tcase, what_has_no_row_is_not_referred_to);
	tcase_add_test(tcase, what_is_newer_here_stays);
	return run_suite(suite);
}
