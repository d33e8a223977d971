/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database says which commit was the last, to whoever goes on.
 */

#include <errno.h>
#include <string.h>

#include "store-fixture.h"

static void commit_entry(struct fixture *f, uint64_t mount, uint64_t number)
{
	struct change change;

	fixture_begin(f, &change);
	add_entry(&change, &f->manager, "test", NULL, NULL, NULL);
	change.commit = (struct commit_number){ mount, number };
	fixture_commit(f, &change);
}

static void check_last_commit(struct fixture *f, uint64_t mount, uint64_t number)
{
	struct commit_number last;

	fixture_close(f);
	fixture_open(f);
	last = store_get_last_commit(f->store);
	ck_assert_uint_eq(last.mount, mount);
	ck_assert_uint_eq(last.number, number);
}

/* One row, whoever commits. A change that nobody asks for leaves it alone, as a failure does. */
START_TEST(last_commit_comes_back)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct fixture f;
	struct change change;

	fixture_init(&f);
	fixture_open(&f);
	check_last_commit(&f, 0, 0);
	commit_entry(&f, UINT64_MAX, 1);
	commit_entry(&f, UINT64_MAX, 2);
	check_last_commit(&f, UINT64_MAX, 2);
	commit_entry(&f, 0, 0);
	fixture_begin(&f, &change);
	names_edit_record(&change.names, "LABEL=x");
	change.commit = (struct commit_number){ UINT64_MAX, 3 };
	ck_assert_int_eq(fixture_try_commit(&f, &change, &why), -EIO);
	check_last_commit(&f, UINT64_MAX, 2);
	commit_entry(&f, 7, INT64_MAX);
	check_last_commit(&f, 7, INT64_MAX);
	fixture_close(&f);
	run_sql(f.path,
		"CREATE TEMP TABLE t (good CHECK (good));"
		"INSERT INTO t SELECT count(*) = 1 FROM last_commit");
	fixture_fini(&f);
}
END_TEST

START_TEST(damaged_last_commit_is_refused)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct fixture f;

	fixture_init(&f);
	fixture_open(&f);
	commit_entry(&f, 7, 1);
	fixture_close(&f);
	run_sql(f.path, "UPDATE last_commit SET number = -1");
	ck_assert_int_eq(fixture_try_open(&f, &why), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&why), "last commit"));
	run_sql(f.path, "DELETE FROM last_commit");
	fixture_open(&f);
	check_last_commit(&f, 0, 0);
	fixture_fini(&f);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { last_commit_comes_back, damaged_last_commit_is_refused };

	return run_suite(suite_of("store-last", tests, ARRAY_SIZE(tests)));
}
