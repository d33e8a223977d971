/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loop devices, and the images on them: swap space of 64 KiB on tmpfs. */

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../fs/loop.h"
#include "bench.h"

#define GONE_LIMIT 60e6 /* µs */

static int *fds;
static int first_open, end_open; /* which of them are open */
static int attached;		 /* devices below this one are */

int devices_count(void)
{
	return attached;
}

char *device_path(int i)
{
	return xasprintf("/dev/loop%d", stage.first + i);
}

char *image_uuid(const char *kind, int i)
{
	return xasprintf("00000000-0000-4000-8000-%012d",
		i + (strcmp(kind, "own") == 0 ? 100000 : 200000)); /* bench.sh has made them so */
}

/* Devices that are not there cost nothing: they are made when they are needed. */
static void make_devices(int count)
{
	static int made;
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	for (; made < count; made++)
		if (ioctl(control, LOOP_CTL_ADD, stage.first + made) < 0 && errno != EEXIST)
			die("cannot make /dev/loop%d: %s", stage.first + made, strerror(errno));
	close(control);
}

static void open_some(int first, int end)
{
	make_devices(end);
	fds = xrealloc(fds, (size_t)end, sizeof(*fds));
	first_open = first;
	for (end_open = first; end_open < end; end_open++) {
		fds[end_open] = loop_open(stage.first + end_open);
		if (fds[end_open] < 0)
			exit(1);
	}
}

void devices_open(int count)
{
	open_some(attached, count);
}

void devices_configure(const char *kind)
{
	_cleanup_free_ char *prefix = xasprintf("%s/%s-", stage.ram, kind);

	for (; attached < end_open; attached++)
		if (loop_attach(fds[attached], prefix, attached) < 0)
			exit(1);
}

void devices_close(void)
{
	while (end_open > first_open)
		close(fds[--end_open]);
}

void devices_attach(const char *kind, int count)
{
	devices_detach(0);
	devices_open(count);
	devices_configure(kind);
	devices_close();
	settle_udevd();
}

static bool is_attached(int i)
{
	char path[128];

	sprintf(path, "/sys/block/loop%d/loop/backing_file", stage.first + i);
	return access(path, F_OK) == 0;
}

void devices_detach(int keep)
{
	double limit = now() + GONE_LIMIT;

	if (attached <= keep)
		return;
	if (first_open > keep || end_open != attached) {
		devices_close();
		open_some(keep, attached);
	}
	for (int i = keep; i < attached; i++)
		loop_detach(fds[i]);
	devices_close();
	for (int i = keep; i < attached; i++) {
		while (is_attached(i)) {
			if (now() > limit)
				die("a loop device is not given up");
			sleep_for(1000);
		}
	}
	attached = keep;
	settle_udevd();
	if (stage.daemon)
		settle();
}

void devices_retrigger(void)
{
	for (int i = 0; i < attached; i++) {
		char path[128];
		int fd;

		sprintf(path, "/sys/block/loop%d/uevent", stage.first + i);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "change", 6) != 6)
			die("%s: %s", path, strerror(errno));
		close(fd);
	}
}
