/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A failing disk: each write, fsync and truncation that SQLite makes fails in turn, once or from
 * then on. A commit that reports failure has left nothing behind, not even for the one who looks
 * after a crash at that moment; and as soon as the disk works again, so does the store.
 *
 * The calls of libsqlite3 end up here because the executable's symbols come before libc's.
 */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "store-fixture.h"

#define CHANGES 6

static atomic_int calls;     /* since arm() */
static atomic_int unsynced;  /* writes since the last fdatasync */
static atomic_int folders;   /* fsyncs of a folder */
static atomic_int fail_from; /* 0: never */
static atomic_int fail_count;
static atomic_int fail_errno;

static void arm(int from, int count, int error)
{
	calls = 0;
	fail_count = count;
	fail_errno = error;
	fail_from = from;
}

/* Whether this call has to fail. */
static bool is_failing(int error)
{
	int call = ++calls;

	if (!fail_from || call < fail_from || call >= fail_from + fail_count)
		return false;
	errno = error;
	return true;
}

static bool is_zero(const char *data, size_t len)
{
	return len && !*data && memcmp(data, data + 1, len - 1) == 0;
}

__attribute__((visibility("default"))) ssize_t pwrite(
	int fd, const void *data, size_t len, off_t offset)
{
	if (is_failing(fail_errno))
		return -1;
	unsynced += !is_zero(data, len); /* the log begins as zeros, which may be lost */
	return syscall(SYS_pwrite64, fd, data, len, offset);
}

__attribute__((visibility("default"))) int ftruncate(int fd, off_t len)
{
	return is_failing(fail_errno) ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

/* Nothing here survives a power cut, and nothing has to: the rest is fast that way. */
__attribute__((visibility("default"))) int fdatasync(int fd)
{
	if (is_failing(fail_errno))
		return -1;
	unsynced = 0;
	return 0;
}

__attribute__((visibility("default"))) int fsync(int fd)
{
	struct stat st;

	if (is_failing(fail_errno))
		return -1;
	unsynced = 0;
	folders += fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
	return 0;
}

static char *dump_copy(const struct fixture *f)
{
	_cleanup_free_ char *log = xasprintf("%s-wal", f->path), *copied_log = NULL;
	struct fixture copy;
	char *state;

	fixture_init(&copy);
	copied_log = xasprintf("%s-wal", copy.path);
	copy_file(f->path, copy.path);
	if (access(log, F_OK) == 0)
		copy_file(log, copied_log);
	fixture_open(&copy);
	state = dump_manager(&copy.manager);
	fixture_fini(&copy);
	return state;
}

/* A commit under the fault set up. Returns whether the fault was reached. */
static bool commit_with_fault(struct fixture *f, unsigned int seed, int from, int count, int error)
{
	static const int expected[][2] = { { EIO, -EIO }, { ENOSPC, -ENOSPC }, { EDQUOT, -ENOSPC },
		{ EROFS, -EROFS } };
	_cleanup_free_ char *before = dump_manager(&f->manager), *after = NULL, *on_disk = NULL;
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct change change;
	int r, reached;

	fixture_begin(f, &change);
	add_random(&change, &f->manager, seed);
	arm(from, count, error);
	r = fixture_try_commit(f, &change, &why);
	reached = calls;
	arm(0, 0, 0);
	after = dump_manager(&f->manager);
	ck_assert((r == 0) == (why.len == 0));
	for (size_t i = 0; r < 0 && i < ARRAY_SIZE(expected); i++)
		ck_assert_msg(expected[i][0] != error || expected[i][1] == r, "%d: %s", r,
			strbuf_text(&why));
	on_disk = dump_copy(f);
	if (strcmp(on_disk, after) != 0) {
		/*
		 * Nothing can be taken back from a disk that does not take writes: when the last
		 * fsync failed and all that came after it, the whole change may be there.
		 */
		ck_assert_msg(r < 0 && count > 1, "%s\n%s\n%s", strbuf_text(&why), after, on_disk);
		ck_assert_str_ne(on_disk, before);
	}
	return reached >= from;
}

static void run_faults(int count, int error, unsigned int warm_up)
{
	bool is_reached = true;
	unsigned int failures = 0;

	for (int from = 1; is_reached; from++) {
		struct fixture f;
		struct change change;

		fixture_init(&f);
		fixture_open(&f);
		for (unsigned int i = 0; i < warm_up; i++) {
			fixture_begin(&f, &change);
			add_random(&change, &f.manager, i);
			fixture_commit(&f, &change);
		}
		is_reached = commit_with_fault(&f, 1000, from, count, error);
		failures += is_reached;
		fixture_begin(&f, &change);
		add_random(&change, &f.manager, 2000);
		fixture_commit(&f, &change);
		fixture_check_reload(&f);
		fixture_fini(&f);
	}
	ck_assert_uint_gt(failures, 2); /* a write and an fsync at least */
}

START_TEST(each_call_fails_once)
{
	static const int errors[] = { EIO, ENOSPC, EDQUOT, EROFS };

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		run_faults(1, errors[i], 0);
		run_faults(1, errors[i], CHANGES);
	}
}
END_TEST

START_TEST(each_call_fails_for_good)
{
	run_faults(1000000, EIO, 0);
	run_faults(1000000, EIO, CHANGES);
	run_faults(1000000, ENOSPC, CHANGES);
}
END_TEST

/* Long enough for checkpoints to be among the calls that fail. */
START_TEST(faults_over_a_long_run)
{
	struct fixture f;

	fixture_init(&f);
	fixture_open(&f);
	for (unsigned int i = 0; i < get_rounds(600); i++) {
		_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
		struct change change;

		if (i % 3 == 0)
			commit_with_fault(&f, i, 1 + (int)(i / 3 % 17), 1, EIO);
		fixture_begin(&f, &change);
		add_random(&change, &f.manager, i);
		arm(i % 2 ? (int)i % 23 : 0, 1 + (int)i % 4, EIO);
		fixture_try_commit(&f, &change, &why);
		arm(0, 0, 0);
		if (i % 50 == 0)
			fixture_check_reload(&f);
	}
	fixture_check_reload(&f);
	fixture_fini(&f);
}
END_TEST

START_TEST(results_follow_the_fsync)
{
	struct fixture f;

	fixture_init(&f);
	strcpy(f.path + strlen(f.path) - strlen("test.db"), "one/two/test.db");
	folders = 0;
	fixture_open(&f);
	ck_assert_int_eq(unsynced, 0);
	ck_assert_int_eq(folders, 3); /* where one, two and test.db are new */
	for (unsigned int i = 0; i < 300; i++) {
		struct change change;

		fixture_begin(&f, &change);
		add_random(&change, &f.manager, i);
		arm(0, 0, 0);
		fixture_commit(&f, &change);
		ck_assert_int_ge(calls, 2);
		ck_assert_int_eq(unsynced, 0);
	}
	fixture_fini(&f);
}
END_TEST

/* A database is made as a whole or not at all. */
START_TEST(creation_fails_cleanly)
{
	bool is_reached = true;
	int from;

	for (from = 1; is_reached; from++) {
		_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
		struct fixture f;
		struct store *store = NULL;
		int r;

		fixture_init(&f);
		arm(from, 1, ENOSPC);
		r = store_open(f.path, &store, &why);
		is_reached = calls >= from;
		arm(0, 0, 0);
		ck_assert_msg(r == (is_reached ? -ENOSPC : 0), "%d: %s", r, strbuf_text(&why));
		store_close(store);
		/* Either nothing is in the folder, or a database as good as any. */
		if (r < 0 && rmdir(f.folder) == 0)
			continue;
		fixture_open(&f);
		fixture_fini(&f);
	}
	ck_assert_int_gt(from, 3);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { each_call_fails_once, each_call_fails_for_good,
		faults_over_a_long_run, results_follow_the_fsync, creation_fails_cleanly };

	return run_suite(suite_of("store-fault", tests, ARRAY_SIZE(tests)));
}
