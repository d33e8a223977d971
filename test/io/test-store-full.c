/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A full disk: a small tmpfs in a mount namespace of this process, so that nothing has to be
 * unmounted when the test dies.
 */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/syntax/link_name.h"
#include "store-fixture.h"

static int enter_namespace(void)
{
	if (unshare(getuid() ? CLONE_NEWNS | CLONE_NEWUSER : CLONE_NEWNS) < 0)
		return -errno;
	if (mount("none", "/", "", MS_REC | MS_PRIVATE, "") < 0)
		return -errno;
	if (mount("none", "/tmp", "tmpfs", 0, "size=64k") < 0)
		return -errno;
	return umount("/tmp") < 0 ? -errno : 0;
}

/* Whether this is allowed here, tried in a process of its own. */
static int probe_namespace(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(-enter_namespace());
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

/* Leaves `room` bytes of the filesystem. */
static void fill_disk(const char *path, off_t room)
{
	static const char block[4096] = "full";
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	off_t len = 0;
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	while ((n = write(fd, block, sizeof(block))) > 0)
		len += n;
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(ftruncate(fd, len > room ? len - room : 0), 0);
	close(fd);
}

static void begin_large(struct fixture *f, struct change *change, unsigned int size)
{
	fixture_begin(f, change);
	for (unsigned int i = 0; i < size; i++) {
		char path[LINK_PATH_MAX];

		snprintf(path, sizeof(path), "/DosDevices/a rather long name %u", i);
		names_remove_link(&change->names, path);
		names_set_link(&change->names, path, "UUID=1", i + size);
		add_entry(change, &f->manager, "create_point", path, "UUID=1", NULL);
	}
}

/* As another process would find it after a crash right now. */
static char *dump_copy(const struct fixture *f, const char *folder)
{
	_cleanup_free_ char *log = xasprintf("%s-wal", f->path);
	_cleanup_free_ char *copied_log = xasprintf("%s/test.db-wal", folder);
	struct fixture copy = { 0 };
	char *state;

	snprintf(copy.path, sizeof(copy.path), "%s/test.db", folder);
	empty_folder(folder);
	copy_file(f->path, copy.path);
	copy_file(log, copied_log);
	fixture_open(&copy);
	state = dump_manager(&copy.manager);
	fixture_close(&copy);
	empty_folder(folder);
	return state;
}

START_TEST(full_disk)
{
	unsigned int failures = 0;
	struct fixture f, other;
	_cleanup_free_ char *filler = NULL;

	ck_assert_int_eq(enter_namespace(), 0);
	fixture_init(&other);
	fixture_init(&f);
	ck_assert_int_eq(mount("none", f.folder, "tmpfs", 0, "size=1m"), 0);
	filler = xasprintf("%s/filler", f.folder);
	for (off_t room = 0; room < 20; room++) {
		_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
		_cleanup_free_ char *before = NULL, *on_disk = NULL;
		struct change change;
		int r;

		fixture_open(&f);
		begin_large(&f, &change, 3 + (unsigned int)room);
		fixture_commit(&f, &change);
		before = dump_manager(&f.manager);
		fill_disk(filler, room * 4096);
		begin_large(&f, &change, 200);
		r = fixture_try_commit(&f, &change, &why);
		if (r < 0) {
			failures++;
			ck_assert_int_eq(r, -ENOSPC);
			ck_assert_ptr_nonnull(strstr(strbuf_text(&why), f.path));
			on_disk = dump_copy(&f, other.folder);
			ck_assert_str_eq(on_disk, before);
		}
		ck_assert_int_eq(unlink(filler), 0);
		begin_large(&f, &change, 100);
		fixture_commit(&f, &change);
		fixture_check_reload(&f);
		fixture_close(&f);
		empty_folder(f.folder);
	}
	ck_assert_uint_gt(failures, 5);
	ck_assert_int_eq(umount(f.folder), 0);
	fixture_fini(&f);
	fixture_fini(&other);
}
END_TEST

/* The log of a small disk is emptied before it is in the way. */
START_TEST(small_disk)
{
	struct fixture f;

	ck_assert_int_eq(enter_namespace(), 0);
	fixture_init(&f);
	ck_assert_int_eq(mount("none", f.folder, "tmpfs", 0, "size=400k"), 0);
	fixture_open(&f);
	for (unsigned int i = 0; i < 300; i++) {
		struct change change;

		begin_large(&f, &change, 3);
		fixture_commit(&f, &change);
	}
	fixture_check_reload(&f);
	fixture_close(&f);
	ck_assert_int_eq(umount(f.folder), 0);
	fixture_fini(&f);
}
END_TEST

static off_t get_log_size(const struct fixture *f)
{
	_cleanup_free_ char *log = xasprintf("%s-wal", f->path);
	struct stat status;

	ck_assert_int_eq(stat(log, &status), 0);
	return status.st_size;
}

static void commit_few(struct fixture *f, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		struct change change;

		begin_large(f, &change, 3);
		fixture_commit(f, &change);
	}
}

/* What the log has taken in advance it has again after a failure. */
START_TEST(room_after_a_failure)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	_cleanup_free_ char *filler = NULL;
	struct change change;
	struct fixture f;
	off_t size;

	ck_assert_int_eq(enter_namespace(), 0);
	fixture_init(&f);
	ck_assert_int_eq(mount("none", f.folder, "tmpfs", 0, "size=8m"), 0);
	filler = xasprintf("%s/filler", f.folder);
	fixture_open(&f);
	size = get_log_size(&f);
	fill_disk(filler, 0);
	begin_large(&f, &change, 30000);
	ck_assert_int_eq(fixture_try_commit(&f, &change, &why), -ENOSPC);
	ck_assert_int_ge(get_log_size(&f), size);
	commit_few(&f, 1);
	ck_assert_int_eq(unlink(filler), 0);
	commit_few(&f, 1);
	ck_assert_int_ge(get_log_size(&f), size);
	fixture_check_reload(&f);
	fixture_close(&f);
	ck_assert_int_eq(umount(f.folder), 0);
	fixture_fini(&f);
}
END_TEST

/* Nor is it small for good where there was no room at the start. */
START_TEST(room_after_the_start)
{
	_cleanup_free_ char *filler = NULL;
	struct fixture f;
	off_t size;

	ck_assert_int_eq(enter_namespace(), 0);
	fixture_init(&f);
	ck_assert_int_eq(mount("none", f.folder, "tmpfs", 0, "size=8m"), 0);
	filler = xasprintf("%s/filler", f.folder);
	fixture_open(&f);
	size = get_log_size(&f);
	fixture_close(&f);
	fill_disk(filler, 400 * 1024);
	fixture_open(&f);
	commit_few(&f, 100);
	ck_assert_int_lt(get_log_size(&f), size);
	ck_assert_int_eq(unlink(filler), 0);
	commit_few(&f, 1);
	ck_assert_int_ge(get_log_size(&f), size);
	fixture_check_reload(&f);
	fixture_close(&f);
	ck_assert_int_eq(umount(f.folder), 0);
	fixture_fini(&f);
}
END_TEST

/* Nor does one of an older version become larger where it cannot become a newer one. */
START_TEST(no_room_for_a_newer_version)
{
	unsigned int failures = 0;
	_cleanup_free_ char *filler = NULL, *state = NULL;
	struct fixture f;

	ck_assert_int_eq(enter_namespace(), 0);
	fixture_init(&f);
	ck_assert_int_eq(mount("none", f.folder, "tmpfs", 0, "size=16m"), 0);
	filler = xasprintf("%s/filler", f.folder);
	fixture_open(&f);
	commit_few(&f, 1);
	{
		struct change change;

		begin_large(&f, &change, 5000);
		fixture_commit(&f, &change);
	}
	state = dump_manager(&f.manager);
	fixture_close(&f);
	unbundle_links(f.path);
	for (off_t room = 0;; room += 32) {
		_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
		_cleanup_free_ char *before = NULL, *after = NULL, *found = NULL;
		int r;

		fill_disk(filler, room * 4096);
		before = dump_folder(f.folder);
		r = fixture_try_open(&f, &why);
		if (r == 0) {
			found = dump_manager(&f.manager);
			ck_assert(strcmp(found, state) == 0);
			break;
		}
		failures++;
		ck_assert_msg(r == -ENOSPC, "%s", strbuf_text(&why));
		after = dump_folder(f.folder);
		ck_assert(strcmp(before, after) == 0);
	}
	ck_assert_uint_gt(failures, 2);
	fixture_close(&f);
	ck_assert_int_eq(umount(f.folder), 0);
	fixture_fini(&f);
}
END_TEST

START_TEST(no_room_for_a_new_one)
{
	struct fixture f;
	_cleanup_free_ char *filler = NULL;

	ck_assert_int_eq(enter_namespace(), 0);
	fixture_init(&f);
	ck_assert_int_eq(mount("none", f.folder, "tmpfs", 0, "size=256k"), 0);
	filler = xasprintf("%s/filler", f.folder);
	for (off_t room = 0; room < 3; room++) {
		_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
		_cleanup_free_ char *before = NULL, *after = NULL;

		fill_disk(filler, room * 4096);
		before = dump_folder(f.folder);
		ck_assert_int_eq(fixture_try_open(&f, &why), -ENOSPC);
		after = dump_folder(f.folder);
		ck_assert_str_eq(before, after);
	}
	ck_assert_int_eq(unlink(filler), 0);
	fixture_open(&f);
	fixture_close(&f);
	ck_assert_int_eq(umount(f.folder), 0);
	fixture_fini(&f);
}
END_TEST

START_TEST(read_only_disk)
{
	struct fixture f;
	struct change change;
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	_cleanup_free_ char *before = NULL, *after = NULL;

	ck_assert_int_eq(enter_namespace(), 0);
	fixture_init(&f);
	ck_assert_int_eq(mount("none", f.folder, "tmpfs", 0, "size=1m"), 0);
	fixture_open(&f);
	begin_large(&f, &change, 10);
	fixture_commit(&f, &change);
	fixture_close(&f);
	ck_assert_int_eq(mount("none", f.folder, "", MS_REMOUNT | MS_RDONLY, "size=1m"), 0);
	before = dump_folder(f.folder);
	ck_assert_int_eq(fixture_try_open(&f, &why), -EROFS);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&why), "Read-only"));
	after = dump_folder(f.folder);
	ck_assert_str_eq(before, after);
	ck_assert_int_eq(umount(f.folder), 0);
	fixture_fini(&f);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { full_disk, small_disk, room_after_a_failure,
		room_after_the_start, no_room_for_a_new_one, no_room_for_a_newer_version,
		read_only_disk };
	int r = probe_namespace();

	if (r < 0) {
		printf("skipped: no mount namespace of our own: %s\n", strerror(-r));
		return 77;
	}
	return run_suite(suite_of("store-full", tests, ARRAY_SIZE(tests)));
}
