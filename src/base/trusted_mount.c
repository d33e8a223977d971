/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which mounts of mmfs a program believes. Every user may mount a filesystem of that name, and
 * answer there as he likes: what a mount says counts for him who has made it, and what root's says
 * for all. Who has made it is the option user_id, which the kernel writes.
 *
 * A line that does not fit the buffer is cut by libc, at its end: it has no owner then. Nothing is
 * allocated here, since libmmfs has this file, too.
 */

#include <errno.h>
#include <mntent.h>
#include <stdlib.h>
#include <string.h>

#include "base/trusted_mount.h"

#define LINE_MAX_BYTES (8 * PATH_MAX) /* source and path, each byte of which may be four there */

static bool is_owner(const struct mntent *mount, uid_t owner)
{
	const char *option = hasmntopt(mount, "user_id");
	unsigned long id;
	char *end;

	if (!option || strncmp(option, "user_id=", 8) != 0 || option[8] < '0' || option[8] > '9')
		return false;
	errno = 0;
	id = strtoul(option + 8, &end, 10);
	return errno == 0 && (*end == ',' || *end == '\0') && id == owner;
}

bool trusted_mount_take(FILE *table, uid_t owner, char ret_path[PATH_MAX])
{
	char line[LINE_MAX_BYTES];
	struct mntent mount;

	while (getmntent_r(table, &mount, line, sizeof(line))) {
		if (strcmp(mount.mnt_type, "fuse.mmfs") != 0 || !is_owner(&mount, owner) ||
			strlen(mount.mnt_dir) >= PATH_MAX)
			continue;
		strcpy(ret_path, mount.mnt_dir);
		return true;
	}
	return false;
}
