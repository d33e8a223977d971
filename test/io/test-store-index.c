/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The indexes of the links, which mmfs compares with them rather than SQLite.
 */

#include <errno.h>
#include <string.h>

#include "store-fixture.h"

#define ID_A "UUID=1"

/* SQLite would find by them what is not there, and not find what is. */
START_TEST(indexes_that_differ_are_refused)
{
	static const char *const indexes[] = { "links_of_bundle", "letter_of_bundle" };
	static const char *const changes[] = {
		"DELETE FROM links WHERE path = '/DosDevices/Z:'",
		"INSERT INTO links VALUES ('/DosDevices/Y:', 99, 1)",
		"UPDATE links SET bundle = 99 WHERE path = '/DosDevices/Z:'",
	};

	for (size_t i = 0; i < ARRAY_SIZE(indexes) * ARRAY_SIZE(changes); i++) {
		_cleanup_free_ char *hide = xasprintf(
			"PRAGMA writable_schema = ON;"
			"CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = '%s';"
			"DELETE FROM sqlite_schema WHERE name IN (SELECT name FROM kept)",
			indexes[i % ARRAY_SIZE(indexes)]);
		_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
		struct change change;
		struct fixture f;

		fixture_init(&f);
		fixture_open(&f);
		fixture_begin(&f, &change);
		names_set_link(&change.names, "/DosDevices/Z:", ID_A, 1);
		names_set_link(&change.names, "/DosDevices/backup", ID_A, 1);
		fixture_commit(&f, &change);
		fixture_close(&f);
		run_sql(f.path,
			"INSERT INTO records (unique_id, keep_links, no_drive_letter, size,"
			"	diskseq, has_twin) VALUES ('UUID=new', 0, 0, 0, 0, 0);"
			"INSERT INTO bundles VALUES (99, 'UUID=new')");
		run_sql(f.path, hide);
		run_sql(f.path, changes[i / ARRAY_SIZE(indexes)]);
		run_sql(f.path,
			"PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * FROM "
			"kept");
		run_sql(f.path, "DROP TABLE kept");
		ck_assert_int_eq(fixture_try_open(&f, &why), -EBADMSG);
		ck_assert_ptr_nonnull(strstr(strbuf_text(&why), "damaged"));
		fixture_fini(&f);
	}
}
END_TEST

START_TEST(a_missing_index_is_refused)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct fixture f;

	fixture_init(&f);
	fixture_open(&f);
	fixture_close(&f);
	run_sql(f.path, "DROP INDEX links_of_bundle");
	ck_assert_int_eq(fixture_try_open(&f, &why), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&why), "no such index"));
	fixture_fini(&f);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { indexes_that_differ_are_refused,
		a_missing_index_is_refused };

	return run_suite(suite_of("store-index", tests, ARRAY_SIZE(tests)));
}
