/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "loop.h"

int loop_open(int n)
{
	char path[64];
	int fd;

	sprintf(path, "/dev/loop%d", n);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fprintf(stderr, "cannot open %s: %s\n", path, strerror(errno));
	return fd;
}

int loop_attach(int fd, const char *prefix, int i)
{
	struct loop_config config = { 0 };
	char path[4096];
	int file, r;

	snprintf(path, sizeof(path), "%s%d", prefix, i);
	file = open(path, O_RDWR | O_CLOEXEC);
	config.fd = (unsigned int)file;
	snprintf((char *)config.info.lo_file_name, LO_NAME_SIZE, "%.*s", LO_NAME_SIZE - 1, path);
	r = file < 0 ? -1 : ioctl(fd, LOOP_CONFIGURE, &config);
	if (r < 0)
		fprintf(stderr, "cannot attach %s: %s\n", path, strerror(errno));
	if (file >= 0)
		close(file);
	return r;
}

int loop_detach(int fd)
{
	return ioctl(fd, LOOP_CLR_FD) < 0 && errno != ENXIO ? -1 : 0;
}
