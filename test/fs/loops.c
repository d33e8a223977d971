/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many loop devices at once, much faster than losetup(8) can, and images for them:
 *
 *	loops make NUMBER COUNT FILE-PREFIX [LABEL]	swap space with number_uuid NUMBER, …; a `#`
 *							at
 *						the end of the label becomes this number
 *	loops add FIRST COUNT			makes /dev/loop<FIRST…>
 *	loops attach FIRST COUNT FILE-PREFIX	FILE-PREFIX0, 1, … to /dev/loop<FIRST…>
 *	loops detach FIRST COUNT
 *	loops remove FIRST COUNT		the devices themselves, waiting until nobody has
 *						them open
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "loop.h"

static int add(int control, int first, int count)
{
	for (int i = 0; i < count; i++) {
		if (ioctl(control, LOOP_CTL_ADD, first + i) < 0 && errno != EEXIST) {
			fprintf(stderr, "loops: cannot add %d: %s\n", first + i, strerror(errno));
			return 1;
		}
	}
	return 0;
}

#define REMOVERS 32

static int remove_some(int control, int first, int count, int from)
{
	int tries = 2000; /* 20 s */

	for (int i = from; i < count; i += REMOVERS) {
		while (ioctl(control, LOOP_CTL_REMOVE, first + i) < 0 && errno != ENODEV) {
			if (errno != EBUSY || !--tries) {
				fprintf(stderr, "loops: cannot remove %d: %s\n", first + i,
					strerror(errno));
				return 1;
			}
			poll(NULL, 0, 10);
		}
	}
	return 0;
}

/* The kernel takes its time for each, and does many at once. */
static int remove_all(int control, int first, int count)
{
	int status, code = 0;

	for (int i = 0; i < REMOVERS; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(remove_some(control, first, count, i));
		if (pid < 0)
			code = 1;
	}
	while (wait(&status) > 0)
		if (status)
			code = 1;
	return code;
}

/* The devices are opened before, so that the rest goes as fast as it can. */
static int change(int first, int count, const char *prefix)
{
	int *fds = calloc((size_t)count, sizeof(*fds));
	int code = 0;

	if (!fds)
		return 1;
	for (int i = 0; i < count; i++) {
		fds[i] = loop_open(first + i);
		if (fds[i] < 0)
			code = 1;
	}
	for (int i = 0; i < count && code == 0; i++) {
		if (prefix)
			code = loop_attach(fds[i], prefix, i) < 0;
		else
			code = loop_detach(fds[i]) < 0;
	}
	for (int i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(fds);
	return code;
}

static void write_label(char *to, const char *label, int number)
{
	size_t len = strcspn(label, "#");

	if (label[len])
		snprintf(to, 16, "%.*s%d", (int)len, label, number);
	else
		memcpy(to, label, strnlen(label, 15));
}

/* The header of swap space, and the UUID that number_uuid of lib-robust.sh makes. */
static int make_one(const char *prefix, int i, int number, const char *label)
{
	static const uint32_t header[] = { 1, 15, 0 }; /* version, last page, bad pages */
	uint8_t page[4096] = { 0 }, *uuid = page + 1036;
	char path[4096];
	int fd, code;

	memcpy(page + 1024, header, sizeof(header));
	uuid[6] = 0x40;
	uuid[8] = 0x80;
	for (int at = 15, rest = number; rest; at--, rest /= 100)
		uuid[at] = (uint8_t)(rest / 10 % 10 << 4 | rest % 10);
	if (label)
		write_label((char *)page + 1052, label, number);
	memcpy(page + sizeof(page) - 10, "SWAPSPACE2", 10);
	snprintf(path, sizeof(path), "%s%d", prefix, i);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	code = fd < 0 || ftruncate(fd, 65536) < 0 || write(fd, page, sizeof(page)) < 0;
	if (code)
		perror(path);
	if (fd >= 0)
		close(fd);
	return code;
}

int main(int argc, char **argv)
{
	int control, first, count;

	if (argc < 4)
		return 2;
	first = atoi(argv[2]);
	count = atoi(argv[3]);
	if (strcmp(argv[1], "make") == 0 && argc >= 5) {
		int code = 0;

		for (int i = 0; i < count && code == 0; i++)
			code = make_one(argv[4], i, first + i, argv[5]);
		return code;
	}
	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (control < 0)
		return 1;
	if (strcmp(argv[1], "add") == 0)
		return add(control, first, count);
	if (strcmp(argv[1], "remove") == 0)
		return remove_all(control, first, count);
	if (strcmp(argv[1], "attach") == 0 && argc == 5)
		return change(first, count, argv[4]);
	if (strcmp(argv[1], "detach") == 0)
		return change(first, count, NULL);
	return 2;
}
