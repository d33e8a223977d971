/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a block device is attached, from what the kernel says in sysfs: what it hangs on, and what it
 * is made of. Nothing of this is on the medium, or otherwise in the hands of who made it.
 *
 * What is made of other devices is as easy to forge as the easiest of them. What the kernel makes
 * up, and of what it does not say what it is made of, is virtual: loop, nbd, ram, zram, and also
 * those of ZFS and DRBD.
 */

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/udev/attachment.h"
#include "io/udev/sysfs.h"

#define DEPTH_MAX 8 /* of stacked devices */

static enum attachment find(const char *path, unsigned int depth);

static bool is_listed(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(text, *list) == 0)
			return true;
	return false;
}

/* The easiest of the devices that entries of a folder lead to, those that begin with `prefix`. */
static enum attachment find_easiest(
	const char *folder, const char *prefix, unsigned int depth, enum attachment without)
{
	enum attachment easiest = ATTACHMENT_UNKNOWN;
	struct dirent **list;
	int count = scandir(folder, &list, NULL, NULL);

	for (int i = 0; i < count; i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", folder, list[i]->d_name);
		_cleanup_free_ char *real = NULL;
		enum attachment found;

		if (list[i]->d_name[0] != '.' &&
			strncmp(list[i]->d_name, prefix, strlen(prefix)) == 0 &&
			list[i]->d_type == DT_LNK)
			real = realpath(path, NULL);
		free(list[i]);
		found = real ? find(real, depth + 1) : ATTACHMENT_UNKNOWN;
		if (found > easiest)
			easiest = found;
	}
	if (count >= 0)
		free(list);
	return easiest ? easiest : without;
}

/* What one of the devices says that a disk hangs on, which may be the disk itself. */
static enum attachment judge(const char *path, unsigned int depth)
{
	static const char *const external[] = { "usb", "firewire", "thunderbolt", "pcmcia",
		"memstick", NULL };
	_cleanup_free_ char *link = xasprintf("%s/subsystem", path);
	char target[PATH_MAX], text[32];
	const char *subsystem = "", *removable, *type;
	ssize_t len = readlink(link, target, sizeof(target) - 1);

	if (len > 0) {
		target[len] = '\0';
		subsystem = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	}
	removable = sysfs_read(path, "removable", text, sizeof(text));
	if (is_listed(subsystem, external) || is_same_text(removable, "1") ||
		is_same_text(removable, "removable"))
		return ATTACHMENT_EXTERNAL;
	if (strcmp(subsystem, "mmc") == 0) { /* eMMC is soldered in, and says MMC; cards say SD */
		type = sysfs_read(path, "type", text, sizeof(text));
		if (type && strcmp(type, "MMC") != 0)
			return ATTACHMENT_EXTERNAL;
	}
	/* A disk with several controllers, or that could have, hangs on none of them in sysfs. */
	if (strcmp(subsystem, "nvme-subsystem") == 0)
		return find_easiest(path, "nvme", depth, ATTACHMENT_INTERNAL);
	return ATTACHMENT_INTERNAL;
}

/* `path` is as the kernel has it, without links. */
static enum attachment find(const char *path, unsigned int depth)
{
	_cleanup_free_ char *at = xstrdup(path), *slaves = NULL;
	char text[32], *end;

	if (depth > DEPTH_MAX)
		return ATTACHMENT_VIRTUAL;
	if (sysfs_read(at, "partition", text, sizeof(text)) && (end = strrchr(at, '/')))
		*end = '\0';
	slaves = xasprintf("%s/slaves", at);
	if (strstr(at, "/devices/virtual/block/"))
		return find_easiest(slaves, "", depth, ATTACHMENT_VIRTUAL);
	for (; (end = strrchr(at, '/')) && strcmp(end, "/devices") != 0; *end = '\0')
		if (judge(at, depth) == ATTACHMENT_EXTERNAL)
			return ATTACHMENT_EXTERNAL;
	return ATTACHMENT_INTERNAL;
}

enum attachment attachment_find(const char *syspath)
{
	/* Where the kernel has its devices there are no links on the way. */
	bool is_real = strncmp(syspath, "/sys/devices/", 13) == 0 && access(syspath, F_OK) == 0;
	_cleanup_free_ char *real = is_real ? NULL : realpath(syspath, NULL);

	if (is_real)
		return find(syspath, 0);
	return real ? find(real, 0) : ATTACHMENT_UNKNOWN;
}
