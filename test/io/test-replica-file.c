/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file on a hosting volume against disks that somebody prepared, deaths at every step, and a
 * full filesystem: small tmpfs in a mount namespace of this process.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../run-suite.h"
#include "core/syntax/replica.h"
#include "io/replica/replica_file.h"

#define ENTRY "path=\"a\" volume=\"Volume{11111111-0000-0000-0000-000000000000}\" id=\"UUID=1\"\n"

static char place[] = "/tmp/mmfs-replica-XXXXXX"; /* a tmpfs with the volume and the rest */
static char volume[64], outside[64];
static int root = -1;

static const char *at(const char *name)
{
	static char path[4][200];
	static int turn;
	char *mine = path[turn++ % 4];

	snprintf(mine, sizeof(path[0]), "%s/%s", volume, name);
	return mine;
}

static void run(const char *format, ...) _printf_(1, 2);
static void run(const char *format, ...)
{
	_cleanup_free_ char *command = NULL;
	va_list args;

	va_start(args, format);
	command = xvasprintf(format, args);
	va_end(args);
	ck_assert_msg(system(command) == 0, "%s", command);
}

/* mountinfo's id of a mount */
static int get_mount_id(const char *path)
{
	struct statx found;

	ck_assert_int_eq(statx(AT_FDCWD, path, 0, STATX_MNT_ID, &found), 0);
	return (int)found.stx_mnt_id;
}

static int open_root(int id)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct replica_mount mount = { .path = volume, .id = id };
	int fd = -1, r = replica_file_open_root(&mount, &fd, &why);

	ck_assert_msg((r < 0) == (why.len > 0), "%d %s", r, strbuf_text(&why));
	return r < 0 ? r : fd;
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(place));
	ck_assert_int_eq(mount("none", place, "tmpfs", 0, "size=4m"), 0);
	snprintf(volume, sizeof(volume), "%s/volume", place);
	snprintf(outside, sizeof(outside), "%s/outside", place);
	ck_assert_int_eq(mkdir(volume, 0755) | mkdir(outside, 0755), 0);
	ck_assert_int_eq(mount("none", volume, "tmpfs", 0, "size=2m"), 0);
	root = open_root(get_mount_id(volume));
	ck_assert_int_ge(root, 0);
}

static void teardown(void)
{
	close(root);
	umount2(volume, MNT_DETACH);
	umount2(place, MNT_DETACH);
	rmdir(place);
	memcpy(place + strlen(place) - 6, "XXXXXX", 6);
}

static int write_text(const char *text)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT, new = STRBUF_INIT;
	int r;

	if (text)
		strbuf_add_text(&new, text);
	r = replica_file_write(root, text ? &new : NULL, &why);
	ck_assert_msg((r < 0) == (why.len > 0), "%d %s", r, strbuf_text(&why));
	return r;
}

/* NULL: it cannot be read, with the error in `ret_error`. */
static const char *read_text(int *ret_error)
{
	static struct strbuf text;
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

	*ret_error = replica_file_read(root, &text, &why);
	ck_assert((*ret_error < 0 && *ret_error != -ENOENT) == (why.len > 0));
	return *ret_error < 0 ? NULL : strbuf_text(&text);
}

static void expect_text(const char *expected)
{
	int error;
	const char *seen = read_text(&error);

	ck_assert_pstr_eq(seen, expected);
	if (!expected)
		ck_assert_int_eq(error, -ENOENT);
}

static void set_aside(const char *expected)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	_cleanup_free_ char *name = NULL;

	ck_assert_msg(replica_file_set_aside(root, &name, &why) == 0, "%s", strbuf_text(&why));
	ck_assert_str_eq(name, expected);
}

START_TEST(round_trip)
{
	struct stat found;

	expect_text(NULL);
	ck_assert_int_eq(write_text("one\n"), 0);
	expect_text("one\n");
	ck_assert_int_eq(write_text("two\n"), 0);
	expect_text("two\n");
	ck_assert_int_eq(stat(at(".mmfs"), &found), 0);
	ck_assert_uint_eq(found.st_mode, S_IFDIR | 0700);
	ck_assert_int_eq(stat(at(".mmfs/remote-database"), &found), 0);
	ck_assert_uint_eq(found.st_mode, S_IFREG | 0600);
	ck_assert_uint_eq(found.st_uid, 0);
	run("test \"$(ls -A %s)\" = remote-database", at(".mmfs"));
	set_aside(".mmfs/remote-database.damaged.1");
	expect_text(NULL);
	ck_assert_int_eq(write_text("three\n"), 0);
	set_aside(".mmfs/remote-database.damaged.2");
	ck_assert_int_eq(write_text(NULL), 0);
	ck_assert_int_eq(write_text("four\n"), 0);
	ck_assert_int_eq(write_text(NULL), 0);
	expect_text(NULL);
}
END_TEST

/* Another mount at the same path, on top, or another id. */
START_TEST(other_mount)
{
	int id = get_mount_id(volume);

	ck_assert_int_eq(open_root(id + 100000), -ESTALE);
	ck_assert_int_eq(mount("none", volume, "tmpfs", 0, "size=1m"), 0);
	ck_assert_int_eq(open_root(id), -ESTALE);
	ck_assert_int_eq(umount(volume), 0);
	close(open_root(id));
	ck_assert_int_eq(rename(outside, at("../moved")), 0);
	ck_assert_int_eq(symlink("moved", outside), 0);
	snprintf(volume, sizeof(volume), "%s/outside", place);
	ck_assert_int_eq(open_root(id), -ENOTDIR);
	snprintf(volume, sizeof(volume), "%s/volume", place);
}
END_TEST

/* What stands in the place of the file: it is not read, not written, and set aside. */
static const struct {
	const char *command; /* with the volume and what lies outside as $V and $O */
	bool is_mount;	     /* busy: cannot be set aside either */
} bad_files[] = {
	{ "ln -s $O/secret $V/.mmfs/remote-database" },
	{ "ln -s ../../outside/secret $V/.mmfs/remote-database" },
	{ "ln -s /proc/self/fd/0 $V/.mmfs/remote-database" },
	{ "echo x >$V/other; ln $V/other $V/.mmfs/remote-database" },
	{ "mkfifo $V/.mmfs/remote-database" },
	{ "mknod $V/.mmfs/remote-database c 1 5" },
	{ "mknod $V/.mmfs/remote-database c 5 0" },
	{ "mknod $V/.mmfs/remote-database b 7 254" },
	{ "mkdir $V/.mmfs/remote-database" },
	{ "echo x >$V/.mmfs/remote-database; chown 1000 $V/.mmfs/remote-database" },
	{ "echo x >$V/.mmfs/remote-database; chmod 666 $V/.mmfs/remote-database" },
	{ "echo x >$V/.mmfs/remote-database; chmod 620 $V/.mmfs/remote-database" },
	{ "truncate -s 1G $V/.mmfs/remote-database" },
	{ "truncate -s 1048577 $V/.mmfs/remote-database" },
	{ "echo x >$V/.mmfs/remote-database; mount --bind $O/secret $V/.mmfs/remote-database",
		true },
};

START_TEST(bad_file)
{
	int error;

	setenv("V", volume, 1);
	setenv("O", outside, 1);
	run("mkdir -m 700 %s && echo secret >%s/secret && chmod 600 %s/secret", at(".mmfs"),
		outside, outside);
	run("%s", bad_files[_i].command);
	ck_assert_ptr_null(read_text(&error));
	ck_assert_int_eq(error, -EBADMSG);
	if (bad_files[_i].is_mount) {
		ck_assert_int_lt(write_text("new\n"), 0);
	} else {
		set_aside(".mmfs/remote-database.damaged.1");
		ck_assert_int_eq(write_text("new\n"), 0);
		expect_text("new\n");
	}
	run("test \"$(cat $O/secret)\" = secret");
	run("test \"$(ls -A $O)\" = secret");
}
END_TEST

/* What stands in the place of its folder: nothing is done. */
static const struct {
	const char *command;
	int error;
} bad_folders[] = {
	{ "ln -s $O $V/.mmfs", -ENOTDIR },
	{ "ln -s ../outside $V/.mmfs", -ENOTDIR },
	{ "ln -s . $V/.mmfs", -ENOTDIR },
	{ "mkdir $V/.mmfs; mount --bind $O $V/.mmfs", -EXDEV },
	{ "mkdir $V/.mmfs; mount --bind $V $V/.mmfs", -EXDEV },
	{ "mkdir $V/.mmfs; chown 1000 $V/.mmfs", -EPERM },
	{ "mkdir -m 777 $V/.mmfs", -EPERM },
	{ "mkdir -m 1777 $V/.mmfs", -EPERM },
	{ "mkdir -m 770 $V/.mmfs; chgrp 1000 $V/.mmfs", -EPERM },
	{ "echo x >$V/.mmfs", -ENOTDIR },
	{ "mkfifo $V/.mmfs", -ENOTDIR },
};

START_TEST(bad_folder)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	_cleanup_free_ char *name = NULL;
	int error;

	setenv("V", volume, 1);
	setenv("O", outside, 1);
	run("echo secret >$O/remote-database; chmod 600 $O/remote-database");
	run("%s", bad_folders[_i].command);
	ck_assert_ptr_null(read_text(&error));
	ck_assert_int_eq(error, bad_folders[_i].error);
	ck_assert_int_eq(write_text("new\n"), bad_folders[_i].error);
	ck_assert_int_eq(write_text(NULL), bad_folders[_i].error);
	ck_assert_int_lt(replica_file_set_aside(root, &name, &why), 0);
	run("test \"$(ls -A $O)\" = remote-database");
	run("test \"$(cat $O/remote-database)\" = secret");
}
END_TEST

/* What lies where the new file is made first. */
START_TEST(bad_new_file)
{
	static const char *const commands[] = { "ln -s $O/secret $V/.mmfs/remote-database.new",
		"ln $V/other $V/.mmfs/remote-database.new", "mkfifo $V/.mmfs/remote-database.new",
		"echo x >$V/.mmfs/remote-database.new" };

	setenv("V", volume, 1);
	setenv("O", outside, 1);
	run("mkdir -m 700 $V/.mmfs && echo secret >$O/secret && echo other >$V/other");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		run("%s", commands[i]);
		ck_assert_int_eq(write_text("new\n"), 0);
		expect_text("new\n");
		run("test \"$(cat $O/secret $V/other)\" = \"$(printf 'secret\\nother')\"");
	}
	run("mkdir $V/.mmfs/remote-database.new");
	ck_assert_int_lt(write_text("newer\n"), 0);
	expect_text("new\n");
}
END_TEST

START_TEST(a_million_entries)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, why = STRBUF_INIT;
	struct rusage before, after;
	struct replica none;
	int error;

	setenv("V", volume, 1);
	ck_assert_int_eq(mount("none", volume, "tmpfs", MS_REMOUNT, "size=200m"), 0);
	run("mkdir -m 700 $V/.mmfs; (umask 077; echo 'mmfs-remote-database 1'; yes '%.*s' | "
	    "head -n 1000000) >$V/.mmfs/remote-database",
		(int)strlen(ENTRY) - 1, ENTRY);
	run("chmod 600 $V/.mmfs/remote-database");
	getrusage(RUSAGE_SELF, &before);
	ck_assert_ptr_null(read_text(&error));
	ck_assert_int_eq(error, -EBADMSG);
	getrusage(RUSAGE_SELF, &after);
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 4096); /* KiB */
	/* As many as fit in the largest file are too many all the same. */
	strbuf_add_text(&text, "mmfs-remote-database 1\n");
	while (text.len + strlen(ENTRY) < REPLICA_SIZE_MAX)
		strbuf_add_text(&text, ENTRY);
	ck_assert_int_eq(replica_parse(text.data, text.len, &none, &why), -EBADMSG);
}
END_TEST

START_TEST(looks)
{
	setenv("V", volume, 1);
	setenv("O", outside, 1);
	run("mkdir -p $V/a/b $V/m $V/n/in; echo >$V/file; ln -s a $V/link; ln -s $O $V/out; "
	    "ln -s ../.. $V/a/up; mkdir $O/in; mount --bind $O $V/m; mount --bind $O $V/n");
	ck_assert_int_eq(replica_file_look(root, "a"), 0);
	ck_assert_int_eq(replica_file_look(root, "a/b"), 0);
	ck_assert_int_eq(replica_file_look(root, "x"), -ENOENT);
	ck_assert_int_eq(replica_file_look(root, "x/y"), -ENOENT);
	ck_assert_int_eq(replica_file_look(root, "file"), -ENOTDIR);
	ck_assert_int_eq(replica_file_look(root, "file/x"), -ENOTDIR);
	ck_assert_int_eq(replica_file_look(root, "link/b"), -ELOOP);
	ck_assert_int_eq(replica_file_look(root, "out/in"), -ELOOP);
	ck_assert_int_lt(replica_file_look(root, "link"), 0);
	ck_assert_int_lt(replica_file_look(root, "out"), 0);
	ck_assert_int_lt(replica_file_look(root, "a/up/outside"), 0);
	ck_assert_int_lt(replica_file_look(root, "../outside"), 0);
	ck_assert_int_eq(replica_file_look(root, "m"), 0);
	ck_assert_int_eq(replica_file_look(root, "n/in"), -EXDEV);
	run("umount $V/m $V/n");
}
END_TEST

/* --- swaps ------------------------------------------------------------------------------------ */

static volatile bool is_over;

/* Whoever can write the root of the volume makes the folder a symlink, and a folder again. */
static void *swap(void *argument)
{
	int folder = open(volume, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (!is_over) {
		renameat2(folder, ".mmfs", folder, "link", RENAME_EXCHANGE);
		renameat2(folder, "data", folder, "link2", RENAME_EXCHANGE);
		sched_yield();
	}
	close(folder);
	return NULL;
}

START_TEST(swapped)
{
	pthread_t thread;
	int results[2] = { 0 };

	setenv("V", volume, 1);
	setenv("O", outside, 1);
	run("mkdir -m 700 $V/.mmfs; mkdir -p $V/data/in $O/in; ln -s ../outside $V/link; "
	    "ln -s ../outside $V/link2; echo secret >$O/remote-database; "
	    "chmod 600 $O/remote-database");
	is_over = false;
	ck_assert_int_eq(pthread_create(&thread, NULL, swap, NULL), 0);
	for (int i = 0; i < 10000; i++) {
		_cleanup_free_ char *text = xasprintf("%d\n", i);
		int error, r = write_text(text);
		const char *seen = read_text(&error);

		results[r == 0]++;
		ck_assert_msg(r == 0 || r == -ELOOP || r == -ENOTDIR, "%d", r);
		ck_assert_msg(!seen || strcmp(seen, "secret\n") != 0, "read from outside");
		ck_assert_msg(seen || error == -ELOOP || error == -ENOENT || error == -ENOTDIR,
			"%d", error);
		r = replica_file_look(root, "data/in");
		ck_assert_msg(r == 0 || r == -ELOOP || r == -ENOTDIR, "%d", r);
	}
	is_over = true;
	pthread_join(thread, NULL);
	run("test \"$(ls -A $O | paste -sd ' ')\" = 'in remote-database'");
	run("test \"$(cat $O/remote-database)\" = secret");
	ck_assert_int_gt(results[0], 0);
	ck_assert_int_gt(results[1], 0);
}
END_TEST

/* --- deaths and full disks ------------------------------------------------------------------- */

#ifdef MMFS_CRASH_POINTS
static const struct {
	const char *label;
	bool is_new; /* the new file is there afterwards */
} steps[] = {
	{ "replica:before-folder", false },
	{ "replica:after-folder", false },
	{ "replica:before-create", false },
	{ "replica:created", false },
	{ "replica:half-written", false },
	{ "replica:written", false },
	{ "replica:synced", false },
	{ "replica:renamed", true },
	{ "replica:folder-synced", true },
};

static void die_writing(const char *label, const char *text)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		setenv("MMFS_CRASH_AT", label, 1);
		write_text(text);
		_exit(1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s", label);
}

START_TEST(killed)
{
	const char *label = steps[_i].label;

	die_writing(label, "first\n");
	expect_text(steps[_i].is_new ? "first\n" : NULL);
	ck_assert_int_eq(write_text("old\n"), 0);
	expect_text("old\n");
	if (_i >= 2) { /* the folder is made once */
		die_writing(label, "new\n");
		expect_text(steps[_i].is_new ? "new\n" : "old\n");
	}
	ck_assert_int_eq(write_text("newer\n"), 0);
	expect_text("newer\n");
	run("test \"$(ls -A %s)\" = remote-database", at(".mmfs"));
}
END_TEST
#endif

START_TEST(full)
{
	_cleanup_strbuf_ struct strbuf large = STRBUF_INIT;
	int error;

	while (large.len < 300000)
		strbuf_add_text(&large, ENTRY);
	ck_assert_int_eq(write_text("old\n"), 0);
	setenv("V", volume, 1);
	for (int left = 0; left < 300000; left += 20000) {
		run("head -c 2000000 /dev/zero >$V/filler");
		run("rm -f $V/filler2; cat /dev/zero >$V/filler2 2>/dev/null || true");
		if (left)
			run("truncate -s -%d $V/filler2", left);
		ck_assert_int_eq(write_text(large.data), -ENOSPC);
		ck_assert_str_eq(read_text(&error), "old\n");
		run("test \"$(ls -A $V/.mmfs)\" = remote-database");
	}
	run("rm $V/filler $V/filler2");
	ck_assert_int_eq(write_text(large.data), 0);
	ck_assert_str_eq(read_text(&error), large.data);
	ck_assert_int_eq(mount("none", volume, "tmpfs", MS_REMOUNT | MS_RDONLY, ""), 0);
	ck_assert_int_eq(write_text("new\n"), -EROFS);
	ck_assert_str_eq(read_text(&error), large.data);
}
END_TEST

static int enter_namespace(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
		mount("none", "/", "", MS_REC | MS_PRIVATE, "") < 0)
		return -EPERM;
	return 0;
}

static Suite *make_suite(void)
{
	Suite *suite = suite_create("replica-file");
	TCase *tcase = suite_add_case(suite, "replica-file");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, round_trip);
	tcase_add_test(tcase, other_mount);
	tcase_add_loop_test(tcase, bad_file, 0, ARRAY_SIZE(bad_files));
	tcase_add_loop_test(tcase, bad_folder, 0, ARRAY_SIZE(bad_folders));
	tcase_add_test(tcase, bad_new_file);
	tcase_add_test(tcase, a_million_entries);
	tcase_add_test(tcase, looks);
	tcase_add_test(tcase, swapped);
#ifdef MMFS_CRASH_POINTS
	tcase_add_loop_test(tcase, killed, 0, ARRAY_SIZE(steps));
#endif
	tcase_add_test(tcase, full);
	return suite;
}

int main(void)
{
	umask(077);
	if (enter_namespace() < 0) {
		puts("only root can prepare volumes in a mount namespace");
		return 77;
	}
	return run_suite(make_suite());
}
