/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding the mount manager.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/trusted_mount.h"
#include "mmfs/client.h"

#define MANAGER_LEN sizeof("/" MMFS_MANAGER_NAME)

static int open_at(const char *path, int flags)
{
	char file[PATH_MAX + MANAGER_LEN];
	int fd;

	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	snprintf(file, sizeof(file), "%s/%s", path, MMFS_MANAGER_NAME);
	fd = open(file, flags | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && errno == ENOTDIR)
		fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/*
 * The first mount of a user that can be opened; else what the first one says that is a whole tree.
 * -ENODEV: there is none.
 */
static int open_of(uid_t owner, int flags)
{
	FILE *table = fopen(TRUSTED_MOUNT_TABLE, "re");
	int fd = -ENODEV, r;
	char path[PATH_MAX];

	if (!table)
		return -errno;
	while (fd < 0 && trusted_mount_take(table, owner, path)) {
		r = open_at(path, flags);
		if (r >= 0 || (fd == -ENODEV && r != -ENOENT))
			fd = r;
	}
	fclose(table);
	return fd;
}

int mmfs_open(const char *path, int flags)
{
	int fd;

	if (path)
		return open_at(path, flags);
	fd = open_of(geteuid(), flags);
	return fd == -ENODEV && geteuid() != 0 ? open_of(0, flags) : fd;
}
