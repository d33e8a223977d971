/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A filesystem with one file, "image", of zeros. A loop device on it is a disk that dies when this
 * program is stopped (SIGSTOP) and comes back when it goes on: stall-fs -f <mount point>.
 */

#define FUSE_USE_VERSION 31

#include <errno.h>
#include <fuse3/fuse.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

#define IMAGE_SIZE (16 << 20)

static int stall_getattr(const char *path, struct stat *status, struct fuse_file_info *info)
{
	bool is_root = is_same_text(path, "/");

	if (!is_root && !is_same_text(path, "/image"))
		return -ENOENT;
	*status = (struct stat){
		.st_mode = is_root ? S_IFDIR | 0755 : S_IFREG | 0644,
		.st_nlink = is_root ? 2 : 1,
		.st_size = is_root ? 0 : IMAGE_SIZE,
	};
	return 0;
}

static int stall_read(
	const char *path, char *data, size_t size, off_t offset, struct fuse_file_info *info)
{
	memset(data, 0, size);
	return (int)size;
}

/* Mounted: tell who waits for it on the other end of stdout. */
static void *stall_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
	if (write(STDOUT_FILENO, "!", 1) < 0)
		exit(1);
	close(STDOUT_FILENO);
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct fuse_operations operations = {
		.init = stall_init,
		.getattr = stall_getattr,
		.read = stall_read,
	};

	return fuse_main(argc, argv, &operations, NULL);
}
