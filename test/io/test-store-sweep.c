/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links that were dropped are gone at once, for whoever reads the database from then on; their rows
 * go piece by piece, whatever is written, or who is killed, in between.
 */

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/syntax/link_name.h"
#include "io/store/store_file.h"
#include "io/store/store_writer.h"
#include "store-fixture.h"

#define ID_A "UUID=1"
#define ID_B "UUID=2"
#define PIECE 500 /* what the thread removes at once */
#define SWEPT 1200

static void format_path(char path[LINK_PATH_MAX], size_t number)
{
	snprintf(path, LINK_PATH_MAX, "/DosDevices/many-%zu", number);
}

/* An open database, with one link of A that stays; of B `count` were dropped. */
static void make_dropped(struct fixture *f, size_t count)
{
	struct change change;

	fixture_init(f);
	fixture_open(f);
	fixture_begin(f, &change);
	names_set_link(&change.names, "/DosDevices/stays", ID_A, 1);
	for (size_t i = 0; i < count; i++) {
		char path[LINK_PATH_MAX];

		format_path(path, i);
		names_set_link(&change.names, path, ID_B, 1);
	}
	fixture_commit(f, &change);
	fixture_begin(f, &change);
	names_drop_links(&change.names, ID_B);
	fixture_commit(f, &change);
}

/* Whether there was anything. The database is closed. */
static bool sweep(struct fixture *f, size_t count)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct store_writer writer;
	struct store_file file;
	int64_t bundle;
	bool is_found;

	ck_assert_int_eq(store_file_init(&file, f->path, &why), 0);
	ck_assert_int_eq(store_file_adopt(&file, &why), 0);
	ck_assert_int_eq(store_writer_init(&writer, file.db), 0);
	ck_assert_int_eq(store_file_begin(&file), 0);
	is_found = store_writer_find_dropped(&writer, &bundle) == SQLITE_ROW;
	if (is_found)
		ck_assert_int_eq(store_writer_sweep(&writer, bundle, count), 0);
	ck_assert_int_eq(store_file_commit(&file), 0);
	store_writer_fini(&writer);
	store_file_fini(&file);
	return is_found;
}

START_TEST(rows_go_piece_by_piece)
{
	static const char *const left[] = {
		COUNT("links") " = 11",
		COUNT("links") " = 7",
		COUNT("links") " = 3",
		COUNT("links") " = 1 AND " COUNT("bundles") " = 1",
	};
	struct fixture f;

	make_dropped(&f, 10);
	for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
		bool has_rest = i + 1 < ARRAY_SIZE(left);

		fixture_check_reload(&f);
		ck_assert_uint_eq(f.manager.names.links.count, 1);
		fixture_close(&f);
		check_file(&f, left[i]);
		ck_assert(sweep(&f, 4) == has_rest);
		fixture_open(&f);
	}
	fixture_fini(&f);
}
END_TEST

/* A piece that takes the last of them leaves the bundle to the next. */
START_TEST(a_whole_piece_may_be_the_last)
{
	struct fixture f;

	make_dropped(&f, 4);
	fixture_close(&f);
	ck_assert(sweep(&f, 4));
	check_file(&f, COUNT("links") " = 1 AND " COUNT("bundles") " = 2");
	ck_assert(sweep(&f, 4));
	check_file(&f, COUNT("bundles") " = 1");
	ck_assert(!sweep(&f, 4));
	fixture_fini(&f);
}
END_TEST

/* Who takes the name of a link that is dropped has it; the record may go, and come back. */
START_TEST(names_and_records_are_free)
{
	struct change change;
	struct fixture f;

	make_dropped(&f, 10);
	fixture_begin(&f, &change);
	names_set_link(&change.names, "/DosDevices/Many-3", ID_A, 2);
	names_set_link(&change.names, "/DosDevices/many-4", ID_B, 2);
	fixture_commit(&f, &change);
	fixture_begin(&f, &change);
	names_drop_links(&change.names, ID_B);
	names_set_link(&change.names, "/DosDevices/many-5", ID_B, 3);
	fixture_commit(&f, &change);
	fixture_check_reload(&f);
	ck_assert_uint_eq(f.manager.names.links.count, 3);
	fixture_begin(&f, &change);
	names_remove_record(&change.names, ID_B);
	fixture_commit(&f, &change);
	fixture_begin(&f, &change);
	names_set_link(&change.names, "/DosDevices/many-6", ID_B, 4);
	fixture_commit(&f, &change);
	fixture_check_reload(&f);
	fixture_close(&f);
	check_file(&f, COUNT("bundles WHERE unique_id IS NULL") " = 2");
	while (sweep(&f, 3))
		;
	check_file(&f, COUNT("links") " = 3 AND " COUNT("bundles") " = 2");
	fixture_open(&f);
	ck_assert_str_eq(names_find_link(&f.manager.names, "/DosDevices/many-3")->path,
		"/DosDevices/Many-3");
	ck_assert_ptr_nonnull(names_find_link(&f.manager.names, "/DosDevices/many-6"));
	fixture_fini(&f);
}
END_TEST

/* Closing waits for a piece, and not for all of them. */
START_TEST(closing_ends_sweeping)
{
	for (int i = 0; i < 20; i++) {
		struct fixture f;

		make_dropped(&f, SWEPT);
		store_set_sweeping(f.store, true);
		if (i % 2)
			store_set_sweeping(f.store, false);
		fixture_check_reload(&f);
		ck_assert_uint_eq(f.manager.names.links.count, 1);
		fixture_fini(&f);
	}
}
END_TEST

#ifdef MMFS_CRASH_POINTS
/* Kills the process that sweeps the database. */
static void kill_at(struct fixture *f, const char *label)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setenv("MMFS_CRASH_AT", label, 1);
		f->is_sweeping = true;
		fixture_open(f);
		for (;;)
			pause();
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

START_TEST(killed_while_sweeping)
{
	static const struct {
		const char *label;
		size_t pieces; /* that have gone by then */
	} steps[] = {
		{ "store:sweep:1", 0 },
		{ "store:swept:1", 1 },
		{ "store:sweep:2", 1 },
		{ "store:swept:2", 2 },
		{ "store:sweep:3", 2 },
		{ "store:swept:3", 3 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		size_t gone = steps[i].pieces * PIECE < SWEPT ? steps[i].pieces * PIECE : SWEPT;
		_cleanup_free_ char *left = xasprintf(COUNT("links") " = %zu", 1 + SWEPT - gone);
		_cleanup_free_ char *before = NULL, *after = NULL;
		struct fixture f;

		make_dropped(&f, SWEPT);
		before = dump_manager(&f.manager);
		fixture_close(&f);
		kill_at(&f, steps[i].label);
		fixture_open(&f);
		after = dump_manager(&f.manager);
		ck_assert_str_eq(after, before);
		fixture_close(&f);
		check_file(&f, left);
		fixture_fini(&f);
	}
}
END_TEST
#endif

int main(void)
{
#ifdef MMFS_CRASH_POINTS
	const TTest *const tests[] = { rows_go_piece_by_piece, a_whole_piece_may_be_the_last,
		names_and_records_are_free, closing_ends_sweeping, killed_while_sweeping };

	return run_suite(suite_of("store-sweep", tests, ARRAY_SIZE(tests)));
#else
	const TTest *const tests[] = { rows_go_piece_by_piece, a_whole_piece_may_be_the_last,
		names_and_records_are_free, closing_ends_sweeping };
	int r = run_suite(suite_of("store-sweep", tests, ARRAY_SIZE(tests)));

	puts("the labelled steps are skipped: this build has no crash points");
	return r == EXIT_SUCCESS ? 77 : r;
#endif
}
