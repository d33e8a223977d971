/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints which file mmfs_open() takes by itself, or the error.
 */

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mmfs/client.h"

int main(void)
{
	char path[64], target[PATH_MAX];
	int fd = mmfs_open(NULL, O_RDONLY);
	ssize_t len;

	if (fd < 0) {
		puts(strerror(-fd));
		return 0;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, target, sizeof(target));
	printf("%.*s\n", len < 0 ? 0 : (int)len, target);
	close(fd);
	return 0;
}
