/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists mount points the way that a program for Windows does: with the structures, and growing the
 * buffer until the answer fits. Build it with
 *
 *	cc querypoints.c -o querypoints $(pkg-config --cflags --libs libmmfs)
 *
 * usage: querypoints [DEVICE]		(a node such as /dev/sda2, in ASCII)
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mmfs/client.h>

/* A string of the answer. Whatever is not ASCII is shown as '?'. */
static void show(const void *answer, uint32_t offset, uint16_t length)
{
	const uint8_t *units = (const uint8_t *)answer + offset;
	int i;

	for (i = 0; i + 1 < length; i += 2)
		putchar(units[i + 1] == 0 && units[i] >= ' ' && units[i] < 0x7f ? units[i] : '?');
}

static int query(int fd, const char *device, MOUNTMGR_MOUNT_POINTS **ret_answer)
{
	static union {
		MOUNTMGR_MOUNT_POINT point;
		uint8_t bytes[1024];
	} input;
	size_t length = device ? strlen(device) : 0, i;
	uint32_t room = sizeof(MOUNTMGR_MOUNT_POINTS);
	MOUNTMGR_MOUNT_POINTS *answer = NULL;
	int r;

	if (2 * length > sizeof(input) - sizeof(input.point))
		return -ENAMETOOLONG;
	input.point.DeviceNameOffset = length ? sizeof(input.point) : 0;
	input.point.DeviceNameLength = (uint16_t)(2 * length);
	for (i = 0; i < length; i++)
		input.bytes[sizeof(input.point) + 2 * i] = (uint8_t)device[i];
	do {
		if (answer)
			room = answer->Size;
		free(answer);
		answer = malloc(room);
		if (!answer)
			return -ENOMEM;
		r = mmfs_device_io_control(fd, IOCTL_MOUNTMGR_QUERY_POINTS, &input,
			(uint32_t)(sizeof(input.point) + 2 * length), answer, room, NULL, NULL);
	} while (r == -EOVERFLOW);
	if (r < 0)
		free(answer);
	else
		*ret_answer = answer;
	return r;
}

int main(int argc, char **argv)
{
	const char *device = argc > 1 ? argv[1] : NULL;
	MOUNTMGR_MOUNT_POINTS *answer;
	uint32_t i;
	int fd = mmfs_open(getenv("MM"), O_RDONLY), r;

	if (fd < 0) {
		fprintf(stderr, "querypoints: cannot open the mount manager: %s\n", strerror(-fd));
		return 3;
	}
	r = query(fd, device, &answer);
	close(fd);
	if (r < 0) {
		fprintf(stderr, "querypoints: %s: %s\n", device ? device : "all", strerror(-r));
		return 1;
	}
	for (i = 0; i < answer->NumberOfMountPoints; i++) {
		const MOUNTMGR_MOUNT_POINT *point = &answer->MountPoints[i];

		show(answer, point->SymbolicLinkNameOffset, point->SymbolicLinkNameLength);
		printf(" %.*s ", point->UniqueIdLength,
			(const char *)answer + point->UniqueIdOffset);
		show(answer, point->DeviceNameOffset, point->DeviceNameLength);
		putchar('\n');
	}
	free(answer);
	return 0;
}
