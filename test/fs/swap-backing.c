/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What losetup(8) cannot do to a loop device that is attached:
 *
 *	swap-backing file NODE FILE	another file of the same size; read-only ones only
 *	swap-backing offset NODE BYTES	has it begin elsewhere in its file
 */

#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

static int swap_file(int fd, const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);

	return file < 0 ? -1 : ioctl(fd, LOOP_CHANGE_FD, file);
}

static int swap_offset(int fd, const char *bytes)
{
	struct loop_info64 info;

	if (ioctl(fd, LOOP_GET_STATUS64, &info) < 0)
		return -1;
	info.lo_offset = strtoull(bytes, NULL, 10);
	return ioctl(fd, LOOP_SET_STATUS64, &info);
}

int main(int argc, char **argv)
{
	int fd, r;

	if (argc != 4)
		return 2;
	fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -1 : (strcmp(argv[1], "file") == 0 ? swap_file : swap_offset)(fd, argv[3]);
	if (r < 0)
		perror(argv[2]);
	return r < 0;
}
