/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hives of Windows: finding the one of a mounted disk, and having it read by a process that can do
 * no harm. See hive_child.c.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/ctl.h"
#include "ctl/hive.h"
#include "ctl/hive_child.h"

#define HIVE_MAX (256u << 20)  /* bytes; the largest there are have some 100 MiB */
#define VALUES_MAX (16u << 20) /* bytes of what is found */
#define SECONDS_MAX 60	       /* for all of it */

/* Where it is on the disk, and where it was with Windows 2000. */
static const char *const places[] = { "Windows/System32/config/SYSTEM",
	"WINNT/System32/config/SYSTEM" };

/*
 * The entry of a folder with this name in any case, opened. Links are not followed: the disk is
 * hostile.
 */
static int open_entry(int folder, const char *name, size_t len)
{
	DIR *list = fdopendir(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;
	int fd = -ENOENT;

	if (!list)
		return -errno;
	while (fd == -ENOENT && (entry = readdir(list))) {
		if (strlen(entry->d_name) != len || strncasecmp(entry->d_name, name, len) != 0)
			continue;
		fd = openat(folder, entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		fd = fd < 0 ? -errno : fd;
	}
	closedir(list);
	return fd;
}

static int open_below(int folder, const char *path)
{
	int fd = fcntl(folder, F_DUPFD_CLOEXEC, 3), next;

	if (fd < 0)
		return -errno;
	for (; *path; path += strcspn(path, "/"), path += *path == '/') {
		next = open_entry(fd, path, strcspn(path, "/"));
		close(fd);
		if (next < 0)
			return next;
		fd = next;
	}
	return fd;
}

static int open_hive(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), found = -ENOENT;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISDIR(status.st_mode))
		return fd;
	for (size_t i = 0; i < ARRAY_SIZE(places) && found == -ENOENT; i++)
		found = open_below(fd, places[i]);
	close(fd);
	return found;
}

/* A copy that nobody changes while it is read. */
static int copy_hive(int from, size_t *ret_size)
{
	int to = memfd_create("hive", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct stat status;
	char buffer[65536];
	size_t size = 0;
	ssize_t n = 0;

	if (to < 0)
		return -errno;
	if (fstat(from, &status) < 0 || !S_ISREG(status.st_mode))
		n = -EINVAL;
	while (n >= 0 && (n = read(from, buffer, sizeof(buffer))) > 0) {
		size += (size_t)n;
		if (size > HIVE_MAX)
			n = -EFBIG;
		else if (write(to, buffer, (size_t)n) != n)
			n = -errno;
	}
	if (n == -1)
		n = -errno;
	if (n == 0 && fcntl(to, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) < 0)
		n = -errno;
	if (n < 0)
		close(to);
	*ret_size = size;
	return n < 0 ? (int)n : to;
}

/* What the child writes, until it has ended or has had its time. */
static int take_values(int fd, struct strbuf *ret_values)
{
	int64_t end = clock_get_monotonic() + SECONDS_MAX * INT64_C(1000000);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char buffer[65536];
	ssize_t n = 1;

	while (n > 0) {
		int64_t left = end - (int64_t)clock_get_monotonic();

		if (left <= 0 || poll(&poll_fd, 1, (int)(left / 1000) + 1) == 0)
			return -ETIMEDOUT;
		n = read(fd, buffer, sizeof(buffer));
		if (n > 0)
			strbuf_add(ret_values, buffer, (size_t)n);
		if (ret_values->len > VALUES_MAX)
			return -E2BIG;
		if (n < 0 && errno == EINTR)
			n = 1;
	}
	return n < 0 ? -errno : 0;
}

static int run_child(int hive, size_t size, struct strbuf *ret_values)
{
	int pipes[2], r, status = 0;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		_exit(hive_child_run(hive, size, pipes[1]));
	close(pipes[1]);
	r = pid < 0 ? -errno : take_values(pipes[0], ret_values);
	close(pipes[0]);
	if (pid < 0)
		return r;
	if (r < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return r;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EBADMSG;
}

static int complain_of(const char *path, int error)
{
	switch (-error) {
	case ENOENT:
		return ctl_fail("cannot import %s: there is no SYSTEM hive, or it has no key "
				"MountedDevices",
			path);
	case EBADMSG:
		return ctl_fail(
			"cannot import %s: that is no hive of a registry, or a damaged one", path);
	case E2BIG:
	case EFBIG:
		return ctl_fail("cannot import %s: it is larger than any hive should be", path);
	default:
		return ctl_fail("cannot import %s: %s", path, strerror(-error));
	}
}

int hive_read(const char *path, struct strbuf *ret_values)
{
	size_t size = 0;
	int fd = open_hive(path), copy = fd < 0 ? fd : copy_hive(fd, &size), r = copy;

	if (fd >= 0)
		close(fd);
	if (copy >= 0) {
		r = run_child(copy, size, ret_values);
		close(copy);
	}
	return r < 0 ? complain_of(path, r) : CTL_OK;
}
