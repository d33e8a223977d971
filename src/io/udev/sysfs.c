/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attributes of devices, read straight away. libudev looks at a file before it reads it, and
 * remembers what it has read, which takes twice as long: a description is made once.
 */

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/udev/sysfs.h"

const char *sysfs_read(const char *folder, const char *name, char *text, size_t room)
{
	char path[PATH_MAX];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	len = read(fd, text, room - 1);
	close(fd);
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len <= 0)
		return NULL;
	text[len] = '\0';
	return text;
}

uint64_t sysfs_read_number(const char *folder, const char *name)
{
	char text[32];

	return sysfs_read(folder, name, text, sizeof(text)) ? strtoull(text, NULL, 10) : 0;
}
