/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A filesystem with one file, "image", with the content of another: stall-image FILE -f MOUNT-POINT
 *
 * A loop device on it is a disk with something on it that hangs when this program is stopped
 * (SIGSTOP) and comes back when it goes on. (test/io/stall-fs.c is one with nothing on it.)
 */

#define FUSE_USE_VERSION 31

#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

static int file = -1;

static int stall_getattr(const char *path, struct stat *status, struct fuse_file_info *info)
{
	if (strcmp(path, "/") == 0) {
		*status = (struct stat){ .st_mode = S_IFDIR | 0755, .st_nlink = 2 };
		return 0;
	}
	return strcmp(path, "/image") == 0 && fstat(file, status) == 0 ? 0 : -ENOENT;
}

static int stall_read(
	const char *path, char *data, size_t size, off_t offset, struct fuse_file_info *info)
{
	ssize_t n = pread(file, data, size, offset);

	return n < 0 ? -errno : (int)n;
}

/* Nothing of it stays in the page cache, so that every look at the disk comes here. */
static int stall_open(const char *path, struct fuse_file_info *info)
{
	info->direct_io = 1;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct fuse_operations operations = {
		.getattr = stall_getattr,
		.open = stall_open,
		.read = stall_read,
	};

	if (argc < 3)
		return 2;
	file = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (file < 0) {
		perror(argv[1]);
		return 1;
	}
	argv[1] = argv[0];
	return fuse_main(argc - 1, argv + 1, &operations, NULL);
}
