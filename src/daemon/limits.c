/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of the system that mmfs has met: none of them is a reason not to start, and each has a
 * name by which an administrator can raise it.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/limits.h"

void limits_raise(void)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN); /* a file that would be too large is an error, and no end */
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* " is 128", or nothing. */
static void read_value(const char *path, char *ret_text, size_t size)
{
	FILE *file = path ? fopen(path, "re") : NULL;
	unsigned long value;

	ret_text[0] = '\0';
	if (file && fscanf(file, "%lu", &value) == 1)
		snprintf(ret_text, size, " is %lu", value);
	if (file)
		fclose(file);
}

/* EMFILE may also mean that there is no descriptor left for an inotify instance. */
static bool has_descriptors(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

void limits_warn(enum limit limit, int error, const char *consequence)
{
	static const struct {
		int error;
		const char *what, *name, *path;
	} limits[] = {
		[LIMIT_INOTIFY_INSTANCE] = { EMFILE, "inotify instance",
			"fs.inotify.max_user_instances",
			"/proc/sys/fs/inotify/max_user_instances" },
		[LIMIT_INOTIFY_WATCH] = { ENOSPC, "inotify watch", "fs.inotify.max_user_watches",
			"/proc/sys/fs/inotify/max_user_watches" },
		[LIMIT_PROCESS] = { EAGAIN, "process",
			"pids.max of the control group, or RLIMIT_NPROC (ulimit -u)", NULL },
		[LIMIT_THREAD] = { EAGAIN, "thread",
			"pids.max of the control group, or RLIMIT_NPROC (ulimit -u)", NULL },
	};
	const char *name = limits[limit].name, *path = limits[limit].path;
	char value[32];

	if (error == -ENFILE)
		name = "fs.file-max", path = "/proc/sys/fs/file-max";
	else if (error == -EMFILE && !has_descriptors())
		name = "RLIMIT_NOFILE (ulimit -n)", path = NULL;
	else if (error != -limits[limit].error)
		name = strerror(-error), path = NULL;
	read_value(path, value, sizeof(value));
	log_warning(
		"cannot have another %s (%s%s): %s", limits[limit].what, name, value, consequence);
}
