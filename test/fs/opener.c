/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * opener FOLDER COUNT: opens the names n1 … n<COUNT> in a folder, in turn and without end, and
 * looks in the superblock of ext4 behind the descriptor whether it is a volume of its own: the
 * first number of its UUID is that of the name. To be without a volume is no fault, unless it is
 * in use.
 *
 * On stdin it is told, a line each, what to expect from then on, and answers `ok`: `use N`,
 * `free N`, `down` and `up` (the tree is not there, and not looked at meanwhile). At `end` it says
 * how often it found what; its status is 1 if there was something wrong, which it tells at once.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NAMES_MAX = 64, SUPERBLOCK = 1024, MAGIC = 56, UUID = 104, PAUSE_MS = 1 };

static bool is_in_use[NAMES_MAX + 1];
static bool is_down, has_ended;
static unsigned long own, nothing, empty, foreign, vanished;

static void complain(const char *path, const char *what, unsigned int number)
{
	struct timespec now;
	char target[256] = "nothing";
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len >= 0)
		target[len] = '\0';
	clock_gettime(CLOCK_REALTIME, &now);
	fprintf(stderr, "opener: at %02d.%06ld %s %s %u (now it leads to %s)\n",
		(int)(now.tv_sec % 60), now.tv_nsec / 1000, path, what, number, target);
}

/* The number in the UUID of the ext4 behind a descriptor, 0: there is none that is whole. */
static unsigned int read_number(int fd)
{
	unsigned char superblock[SUPERBLOCK];

	if (pread(fd, superblock, sizeof(superblock), SUPERBLOCK) != sizeof(superblock) ||
		superblock[MAGIC] != 0x53 || superblock[MAGIC + 1] != 0xef)
		return 0;
	return (unsigned int)superblock[UUID] << 24 | (unsigned int)superblock[UUID + 1] << 16 |
		(unsigned int)superblock[UUID + 2] << 8 | superblock[UUID + 3];
}

static void look(const char *folder, unsigned int name)
{
	unsigned int number = 0;
	char path[4096];
	int fd, r;

	snprintf(path, sizeof(path), "%s/n%u", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? errno : 0;
	if (fd >= 0) {
		number = read_number(fd);
		close(fd);
	}
	if (number && number != name) {
		complain(path, "led to the volume of", number);
		foreign++;
	} else if (number) {
		own++;
	} else if (is_in_use[name]) {
		complain(path, fd < 0 ? strerror(r) : "has no filesystem", name);
		vanished++;
	} else if (fd < 0) {
		nothing++;
	} else {
		empty++;
	}
}

static void obey(const char *line)
{
	unsigned int name = 0;
	char verb[8] = "";

	sscanf(line, "%7s %u", verb, &name);
	if (name <= NAMES_MAX && strcmp(verb, "use") == 0)
		is_in_use[name] = true;
	else if (name <= NAMES_MAX && strcmp(verb, "free") == 0)
		is_in_use[name] = false;
	else if (strcmp(verb, "end") == 0)
		has_ended = true;
	else
		is_down = strcmp(verb, "down") == 0;
	puts("ok");
	fflush(stdout);
}

/* False: there will be no more. Who tells waits for the answer, so there is one line at a time. */
static bool listen_for(int timeout_ms)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	char line[64];
	ssize_t len;

	if (poll(&input, 1, timeout_ms) <= 0)
		return true;
	len = read(STDIN_FILENO, line, sizeof(line) - 1);
	if (len <= 0)
		return false;
	line[len] = '\0';
	obey(line);
	return !has_ended;
}

int main(int argc, char **argv)
{
	unsigned int count = argc == 3 ? (unsigned int)strtoul(argv[2], NULL, 10) : 0;

	if (!count || count > NAMES_MAX) {
		fprintf(stderr, "usage: opener FOLDER COUNT\n");
		return 2;
	}
	while (listen_for(PAUSE_MS))
		for (unsigned int name = 1; name <= count && !is_down; name++)
			look(argv[1], name);
	fprintf(stderr,
		"opener: %lu own, %lu without a volume, %lu without a filesystem, %lu foreign, %lu "
		"vanished\n",
		own, nothing, empty, foreign, vanished);
	return foreign || vanished;
}
