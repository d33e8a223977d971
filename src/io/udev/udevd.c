/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is udevd running? Its control socket outlives it, and connecting to it would disturb it (it
 * serves one connection at a time); so the kernel's list of sockets and the process table tell.
 */

#include <dirent.h>
#include <errno.h>
#include <libudev.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "io/udev/udev.h"

#define LISTENING 0x00010000u /* __SO_ACCEPTCON in /proc/net/unix */

/* Whether somebody in our network namespace listens on udevd's control socket. */
static bool has_listener(void)
{
	FILE *file = fopen("/proc/net/unix", "re");
	char line[512];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		unsigned int flags;
		char path[256];

		found = sscanf(line, "%*s %*s %*s %x %*s %*s %*s %255s", &flags, path) == 2 &&
			flags & LISTENING && strcmp(path, "/run/udev/control") == 0;
	}
	if (file)
		fclose(file);
	return found;
}

static bool is_udevd(const char *pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%s/comm", pid);
	FILE *file = fopen(path, "re");
	char name[32] = "";

	if (file) {
		if (!fgets(name, sizeof(name), file))
			name[0] = '\0';
		fclose(file);
	}
	return strcmp(name, "systemd-udevd\n") == 0 || strcmp(name, "udevd\n") == 0;
}

/* The udevd with the lowest number: its workers come after it. */
static pid_t find_udevd(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t lowest = 0;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && (!lowest || pid < lowest) && is_udevd(entry->d_name))
			lowest = pid;
	}
	if (proc)
		closedir(proc);
	return lowest;
}

int udev_open_udevd(void)
{
	pid_t pid = has_listener() ? find_udevd() : 0;
	int fd = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	return fd < 0 ? -ESRCH : fd; /* pidfds are close-on-exec */
}

bool udev_is_busy(void)
{
	struct udev *udev = udev_new();
	struct udev_queue *queue = udev ? udev_queue_new(udev) : NULL;
	/* The file that says so outlives udevd, too. */
	bool is_busy = queue && !udev_queue_get_queue_is_empty(queue) && has_listener();

	udev_queue_unref(queue);
	udev_unref(udev);
	return is_busy;
}
