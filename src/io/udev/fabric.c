/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which block devices other machines may reach, too, from what the kernel says in sysfs: the bus
 * that a disk hangs on is in its path, for NVMe its controllers tell. A SAS disk may be cabled to
 * one machine or to several: who has set up multipath for it says that it is the latter.
 */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/udev/fabric.h"

#define DEPTH_MAX 8 /* of stacked devices */

static bool is_fabric(const char *path, bool is_multipath, unsigned int depth);

static bool has_attribute(const char *path, const char *name, const char *beginning)
{
	_cleanup_free_ char *file_path = xasprintf("%s/%s", path, name);
	FILE *file = fopen(file_path, "re");
	char text[64] = "";

	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		*text = '\0';
	fclose(file);
	return *text && strncmp(text, beginning, strlen(beginning)) == 0;
}

/* Whether a folder on the way has a name like that, and a number behind it. */
static bool has_part(const char *path, const char *beginning)
{
	_cleanup_free_ char *part = xasprintf("/%s", beginning);
	const char *at = path;

	while ((at = strstr(at, part))) {
		at += strlen(part);
		if (*at >= '0' && *at <= '9')
			return true;
	}
	return false;
}

static char *follow(const char *folder, const struct dirent *entry)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", folder, entry->d_name);

	return entry->d_name[0] != '.' && entry->d_type == DT_LNK ? realpath(path, NULL) : NULL;
}

/* Its namespace hangs on the controller itself, or on none of those that it has. */
static bool is_remote_nvme(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	_cleanup_free_ char *folder = NULL;
	struct dirent **list;
	bool is_remote = strstr(path, "/nvme-fabrics/") != NULL;
	int count;

	if (strncmp(name, "nvme", 4) != 0 || is_remote)
		return is_remote;
	folder = xstrndup(path, (size_t)(name - 1 - path));
	count = scandir(folder, &list, NULL, NULL);
	for (int i = 0; i < count; i++) {
		_cleanup_free_ char *controller = follow(folder, list[i]);

		if (controller && strncmp(list[i]->d_name, "nvme", 4) == 0 &&
			has_attribute(controller, "transport", "") &&
			!has_attribute(controller, "transport", "pcie"))
			is_remote = true;
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	return is_remote;
}

/* All that it is made of; false if that is nothing. */
static bool is_made_of_fabric(const char *path, bool is_multipath, unsigned int depth)
{
	_cleanup_free_ char *folder = xasprintf("%s/slaves", path);
	struct dirent **list;
	int count = scandir(folder, &list, NULL, NULL), found = 0;
	bool is_all = true;

	for (int i = 0; i < count; i++) {
		_cleanup_free_ char *slave = follow(folder, list[i]);

		free(list[i]);
		if (!slave)
			continue;
		found++;
		is_all = is_all && is_fabric(slave, is_multipath, depth + 1);
	}
	if (count >= 0)
		free(list);
	return found && is_all;
}

static bool is_fabric(const char *path, bool is_multipath, unsigned int depth)
{
	_cleanup_free_ char *at = xstrdup(path);
	char *end;

	if (depth > DEPTH_MAX)
		return false;
	if (has_attribute(at, "partition", "") && (end = strrchr(at, '/')))
		*end = '\0';
	if (strstr(at, "/virtual/block/"))
		return has_part(at, "nbd") ||
			is_made_of_fabric(at, has_attribute(at, "dm/uuid", "mpath-"), depth);
	return has_part(at, "session") || has_part(at, "rport-") || has_part(at, "rbd") ||
		strstr(at, "/devices/rbd/") || is_remote_nvme(at) ||
		(is_multipath && has_part(at, "end_device-"));
}

bool fabric_is(const char *syspath)
{
	_cleanup_free_ char *real = realpath(syspath, NULL);

	return real && is_fabric(real, false, 0);
}

static bool is_wanted;

void fabric_want(void)
{
	is_wanted = true;
}

bool fabric_is_known(const char *syspath)
{
	return is_wanted && fabric_is(syspath);
}
