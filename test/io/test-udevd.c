/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is udevd running? In namespaces of our own, with a process that is called udevd, and sockets as
 * anybody can make them.
 */

#include <check.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/udev/udevd.h"

#define CONTROL "/run/udev/control"

static pid_t udevd;

/* `name` may begin with a NUL. */
static int listen_at(const char *name, size_t len)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, len);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

static void expect(bool is_running)
{
	int fd = udevd_open();

	if (is_running)
		ck_assert_int_ge(fd, 0);
	else
		ck_assert_int_eq(fd, -ESRCH);
	if (fd >= 0)
		close(fd);
}

static void setup(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS | CLONE_NEWNET), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("tmpfs", "/run", "tmpfs", 0, NULL), 0);
	ck_assert_int_eq(mkdir("/run/udev", 0755), 0);
	udevd = fork();
	if (udevd == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "systemd-udevd");
		pause();
		_exit(0);
	}
}

static void teardown(void)
{
	kill(udevd, SIGKILL);
	waitpid(udevd, NULL, 0);
}

START_TEST(listens_at_a_file_of_root)
{
	int fd = listen_at(CONTROL, sizeof(CONTROL));

	expect(true);
	ck_assert_int_eq(chown(CONTROL, 65534, 65534), 0);
	expect(false);
	ck_assert_int_eq(chown(CONTROL, 0, 0), 0);
	expect(true);
	close(fd);
	expect(false); /* the file is still there */
}
END_TEST

START_TEST(an_abstract_name_is_nobody)
{
	static const char name[] = "\0" CONTROL;
	static const char line[] =
		"\0x\n0000000000000000: 00000002 00000000 00010000 0005 01 1 " CONTROL;
	int first = listen_at(name, sizeof(name) - 1), second = listen_at(line, sizeof(line) - 1);
	int left = listen_at(CONTROL, sizeof(CONTROL));

	close(left);
	expect(false);
	close(first);
	close(second);
}
END_TEST

START_TEST(another_file_is_not_it)
{
	int left = listen_at(CONTROL, sizeof(CONTROL)), fd;

	close(left);
	fd = listen_at("/run/udev/other", sizeof("/run/udev/other"));
	expect(false);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("udevd");
	TCase *cases = tcase_create("is it running");
	SRunner *runner = srunner_create(suite);
	int failed;

	if (geteuid() != 0) {
		puts("SKIP: needs root");
		return 77;
	}
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, listens_at_a_file_of_root);
	tcase_add_test(cases, an_abstract_name_is_nobody);
	tcase_add_test(cases, another_file_is_not_it);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
