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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/udev/attachment.h"

#define DEPTH_MAX 8 /* of stacked devices */

static enum attachment find(const char *path, unsigned int depth);

/* The first word of an attribute, "" without it. */
static void read_attribute(const char *path, const char *name, char ret_text[32])
{
	_cleanup_free_ char *file_path = xasprintf("%s/%s", path, name);
	FILE *file = fopen(file_path, "re");

	*ret_text = '\0';
	if (!file)
		return;
	if (fscanf(file, "%31s", ret_text) != 1)
		*ret_text = '\0';
	fclose(file);
}

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
	char target[PATH_MAX], removable[32], type[32];
	const char *subsystem = "";
	ssize_t len = readlink(link, target, sizeof(target) - 1);

	if (len > 0) {
		target[len] = '\0';
		subsystem = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	}
	read_attribute(path, "removable", removable);
	if (is_listed(subsystem, external) || strcmp(removable, "1") == 0 ||
		strcmp(removable, "removable") == 0)
		return ATTACHMENT_EXTERNAL;
	if (strcmp(subsystem, "mmc") == 0) { /* eMMC is soldered in, and says MMC; cards say SD */
		read_attribute(path, "type", type);
		if (*type && strcmp(type, "MMC") != 0)
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
	char partition[32], *end;

	if (depth > DEPTH_MAX)
		return ATTACHMENT_VIRTUAL;
	read_attribute(at, "partition", partition);
	if (*partition && (end = strrchr(at, '/')))
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
	_cleanup_free_ char *real = realpath(syspath, NULL);

	return real ? find(real, 0) : ATTACHMENT_UNKNOWN;
}
