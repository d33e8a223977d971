/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filesystems that the kernel has in use: most drivers have a folder for each of their devices in
 * /sys/fs (ext4/sda1), btrfs one for each filesystem, with its devices (btrfs/UUID/devices/sda1).
 */

#include <glob.h>
#include <string.h>
#include <unistd.h>

#include "io/udev/superblock.h"

static bool is_any(const char *folder, const char *name)
{
	_cleanup_free_ char *pattern = xasprintf("/sys/fs/%s/%s", folder, name);
	glob_t found = { 0 };
	bool is_there = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;

	globfree(&found);
	return is_there;
}

/* Where names of devices have a slash those of folders have `!`. */
static char *get_folder(const char *name)
{
	char *folder = xstrdup(name);

	for (char *at = folder; (at = strchr(at, '/'));)
		*at = '!';
	return folder;
}

bool superblock_is_there(const char *name)
{
	_cleanup_free_ char *folder = get_folder(name);

	if (strpbrk(folder, "*?[\\")) /* which would mean something to glob(3) */
		return false;
	return is_any("*", folder) || is_any("btrfs/*/devices", folder);
}

bool superblock_has_member(const char *uuid, const char *name)
{
	_cleanup_free_ char *folder = name ? get_folder(name) : NULL;
	_cleanup_free_ char *path = NULL;

	if (uuid[strspn(uuid, "0123456789abcdefABCDEF-")])
		return false;
	path = xasprintf("/sys/fs/btrfs/%s/devices/%s", uuid, folder ? folder : "");
	return access(path, F_OK) == 0;
}

void superblock_list_members(void (*tell)(void *data, const char *name), void *data)
{
	glob_t found = { 0 };

	if (glob("/sys/fs/btrfs/*/devices/*", GLOB_NOSORT, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			char *name = strrchr(found.gl_pathv[i], '/') + 1;

			for (char *at = name; (at = strchr(at, '!'));)
				*at = '/';
			tell(data, name);
		}
	globfree(&found);
}
