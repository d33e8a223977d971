/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links belong to bundles: how those of older databases come into them, and what makes no sense.
 */

#include <errno.h>
#include <string.h>

#include "core/model/mount_points.h"
#include "store-fixture.h"

#define ID_A "UUID=1"
#define ID_B "UUID=2"
#define VOLUME "/Volumes/Volume{3e6be9de-8139-11d1-9106-a43f08d823a6}"

/* A closed database: A has a letter, a volume name with a mount point and another link, B one. */
static void make_database(struct fixture *f)
{
	struct mount_point point = { .host = (char *)ID_B, .path = (char *)"mnt" };
	struct change change;

	point.volume = (char *)VOLUME;
	fixture_init(f);
	fixture_open(f);
	fixture_begin(f, &change);
	names_set_link(&change.names, "/DosDevices/Z:", ID_A, 1);
	names_set_link(&change.names, "/DosDevices/backup", ID_A, 2);
	names_set_link(&change.names, VOLUME, ID_A, 3);
	names_set_link(&change.names, "/DosDevices/Backup-2", ID_B, 4);
	names_edit_record(&change.names, "UUID=without")->keep_links = true;
	mount_points_set(&change.names, &point);
	fixture_commit(f, &change);
	fixture_close(f);
}

START_TEST(links_come_into_bundles)
{
	_cleanup_free_ char *before = NULL, *after = NULL;
	struct fixture f;

	make_database(&f);
	fixture_open(&f);
	before = dump_manager(&f.manager);
	fixture_close(&f);
	unbundle_links(f.path);
	fixture_open(&f);
	after = dump_manager(&f.manager);
	ck_assert_str_eq(after, before);
	ck_assert_uint_eq(f.manager.names.links.count, 4);
	ck_assert_uint_eq(f.manager.names.mount_points.count, 1);
	fixture_check_reload(&f);
	fixture_fini(&f);
}
END_TEST

START_TEST(bundles_of_nothing_are_refused)
{
	static const char *const cases[][2] = {
		{ "UPDATE links SET bundle = 99 WHERE path = '/DosDevices/backup'",
			"/DosDevices/backup belongs to no record" },
		{ "UPDATE links SET bundle = -1 WHERE path = '/DosDevices/backup'",
			"/DosDevices/backup has an invalid value" },
		{ "UPDATE bundles SET unique_id = 'UUID=nobody' WHERE unique_id = '" ID_A "'",
			"the bundle of UUID=nobody is of no record" },
		{ "UPDATE bundles SET number = -1 WHERE unique_id = '" ID_A "'", "the bundle of" },
		{ "DROP INDEX letter_of_bundle;"
		  "INSERT INTO links SELECT '/DosDevices/Y:', number, 1 FROM bundles"
		  "	WHERE unique_id = '" ID_A "'",
			"second drive letter" },
		/* Volume names are never dropped with others. */
		{ "UPDATE bundles SET unique_id = NULL WHERE unique_id = '" ID_A "'",
			"the mount point mnt leads to no link" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
		struct fixture f;

		make_database(&f);
		run_sql(f.path, cases[i][0]);
		ck_assert_int_eq(fixture_try_open(&f, &why), -EBADMSG);
		ck_assert_msg(strstr(strbuf_text(&why), cases[i][1]), "%s", strbuf_text(&why));
		fixture_fini(&f);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { links_come_into_bundles, bundles_of_nothing_are_refused };

	return run_suite(suite_of("store-bundles", tests, ARRAY_SIZE(tests)));
}
