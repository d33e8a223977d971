/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Aliases of devices: /dev/disk/by-label/data, /dev/mapper/vg-lv, and any symlink a rule or an
 * administrator made there. openat2() refuses to cross into another mount, which keeps a client's
 * path from leading the daemon into its own tree, or into a dead network filesystem. A symlink at
 * the end of the path is followed here, since an absolute one would cross by way of the root.
 */

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/udev/dev_path.h"

#define LINKS_MAX 16
#define PATH_LEN 4096

/* The part of an absolute path below /dev, or NULL. */
static const char *get_relative(const char *path)
{
	if (strncmp(path, "/dev/", 5) != 0)
		return NULL;
	path += 5;
	return path + strspn(path, "/"); /* an absolute path would start at the root */
}

/* Replaces the path (relative to /dev) of a symlink by the one it leads to; NULL: nowhere here. */
static char *follow(int fd, char *path)
{
	char target[PATH_LEN];
	ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);
	const char *slash = strrchr(path, '/');
	const char *absolute;
	char *next = NULL;

	target[n > 0 ? n : 0] = '\0';
	absolute = get_relative(target);
	if (target[0] == '/')
		next = absolute ? xstrdup(absolute) : NULL;
	else if (target[0])
		next = xasprintf("%.*s%s", slash ? (int)(slash + 1 - path) : 0, path, target);
	free(path);
	return next;
}

static uint64_t find_number(int dev, char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	uint64_t number = 0;

	for (int links = 0; path && links < LINKS_MAX; links++) {
		int fd = (int)syscall(SYS_openat2, dev, path, &how, sizeof(how));
		struct stat found = { 0 };

		if (fd < 0)
			break;
		if (fstat(fd, &found) == 0 && S_ISLNK(found.st_mode)) {
			path = follow(fd, path);
			close(fd);
			continue;
		}
		if (S_ISBLK(found.st_mode))
			number = found.st_rdev;
		close(fd);
		break;
	}
	free(path);
	return number;
}

/* Stays open: each line of a large write names a device, and is looked up while others wait. */
static int get_dev(void)
{
	static int dev = -1;

	if (dev < 0)
		dev = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return dev;
}

uint64_t dev_path_find_number(const char *path)
{
	const char *relative = get_relative(path);
	int dev;

	if (!relative || !*relative || strlen(relative) >= PATH_LEN)
		return 0;
	dev = get_dev();
	return dev < 0 ? 0 : find_number(dev, xstrdup(relative));
}
