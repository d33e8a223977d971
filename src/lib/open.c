/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding the mount manager.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmfs/client.h"

#define FSTYPE "fuse.mmfs"
#define MANAGER_LEN sizeof("/" MMFS_MANAGER_NAME)

/* mountinfo has blanks and backslashes of paths as \040. In place. */
static void undo_escapes(char *path)
{
	char *to = path;

	for (const char *c = path; *c; c++) {
		bool is_escape = c[0] == '\\' && c[1] >= '0' && c[1] <= '3' && c[2] >= '0' &&
			c[2] <= '7' && c[3] >= '0' && c[3] <= '7';

		*to++ = is_escape ? (char)((c[1] - '0') << 6 | (c[2] - '0') << 3 | (c[3] - '0'))
				  : *c;
		c += is_escape ? 3 : 0;
	}
	*to = '\0';
}

/* The mount point of a line, if it is one of ours as a whole. Changes the line. */
static char *parse_line(char *line)
{
	char *type = strstr(line, " - "), *field[5], *rest = line;

	if (!type || strncmp(type + 3, FSTYPE " ", sizeof(FSTYPE)) != 0)
		return NULL;
	for (size_t i = 0; i < 5; i++) {
		field[i] = strsep(&rest, " ");
		if (!field[i])
			return NULL;
	}
	undo_escapes(field[4]);
	return strcmp(field[3], "/") == 0 ? field[4] : NULL;
}

static int find_mount(char ret_path[PATH_MAX])
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, *path = NULL;
	size_t size = 0;

	if (!file)
		return -errno;
	while (!path && getline(&line, &size, file) > 0)
		path = parse_line(line);
	if (path && strlen(path) < PATH_MAX)
		strcpy(ret_path, path);
	else
		path = NULL;
	free(line);
	fclose(file);
	return path ? 0 : -ENODEV;
}

int mmfs_open(const char *path, int flags)
{
	char folder[PATH_MAX], file[PATH_MAX + MANAGER_LEN];
	int fd, r;

	if (!path) {
		r = find_mount(folder);
		if (r < 0)
			return r;
		path = folder;
	}
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	snprintf(file, sizeof(file), "%s/%s", path, MMFS_MANAGER_NAME);
	fd = open(file, flags | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && errno == ENOTDIR)
		fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}
