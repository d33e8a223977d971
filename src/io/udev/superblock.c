/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filesystems that the kernel has in use: most drivers have a folder for each of their devices in
 * /sys/fs (ext4/sda1), btrfs one for each filesystem, with its devices (btrfs/UUID/devices/sda1).
 */

#include <glob.h>
#include <string.h>

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
bool superblock_is_there(const char *name)
{
	_cleanup_free_ char *folder = xstrdup(name);

	for (char *at = folder; (at = strchr(at, '/'));)
		*at = '!';
	if (strpbrk(folder, "*?[\\")) /* which would mean something to glob(3) */
		return false;
	return is_any("*", folder) || is_any("btrfs/*/devices", folder);
}
