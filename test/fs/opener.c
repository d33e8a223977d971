/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * opener FOLDER COUNT [strict]: opens the names n1 … n<COUNT> in a folder, in turn and without end,
 * and looks in the superblock of ext4 behind the descriptor whether it is a volume of its own: the
 * first number of its UUID is that of the name. To be without a volume is no fault, unless it is
 * in use.
 *
 * Between the moment when a disk is another one and the daemon's next turn on a processor nobody
 * can keep a name from leading there. A volume of another name is a fault if the name leads there
 * still when the daemon has answered twice since: the first answer may have been on its way. Else
 * it is counted as late; which is a fault, too, if it is to be strict.
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
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { NAMES_MAX = 64, SUPERBLOCK = 1024, MAGIC = 56, UUID = 104, PAUSE_MS = 1 };

static bool is_in_use[NAMES_MAX + 1];
static bool is_down, has_ended, is_strict;
static unsigned long own, nothing, empty, late, foreign, vanished;

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

/* The number behind a path, or 0 and why there is none. */
static unsigned int open_number(const char *path, const char **ret_reason)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned int number;

	*ret_reason = fd < 0 ? strerror(errno) : "has no filesystem";
	if (fd < 0)
		return 0;
	number = read_number(fd);
	close(fd);
	return number;
}

/* What is asked of the filesystem is no cache's to answer. */
static void await_answers(const char *folder)
{
	struct statvfs status;

	for (int i = 0; i < 2; i++)
		if (statvfs(folder, &status) < 0)
			perror("opener: statvfs");
}

static void handle_foreign(const char *folder, const char *path, unsigned int number)
{
	const char *reason;

	if (!is_strict) {
		await_answers(folder);
		if (open_number(path, &reason) != number) {
			late++;
			return;
		}
	}
	complain(path, "led to the volume of", number);
	foreign++;
}

static void look(const char *folder, unsigned int name)
{
	unsigned int number;
	const char *reason;
	char path[4096];

	snprintf(path, sizeof(path), "%s/n%u", folder, name);
	number = open_number(path, &reason);
	if (number == name) {
		own++;
	} else if (number) {
		handle_foreign(folder, path, number);
	} else if (is_in_use[name]) {
		complain(path, reason, name);
		vanished++;
	} else if (strcmp(reason, "has no filesystem") != 0) {
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
	unsigned int count = argc >= 3 ? (unsigned int)strtoul(argv[2], NULL, 10) : 0;

	is_strict = argc == 4 && strcmp(argv[3], "strict") == 0;
	if (!count || count > NAMES_MAX || argc != 3 + is_strict) {
		fprintf(stderr, "usage: opener FOLDER COUNT [strict]\n");
		return 2;
	}
	while (listen_for(PAUSE_MS))
		for (unsigned int name = 1; name <= count && !is_down; name++)
			look(argv[1], name);
	fprintf(stderr,
		"opener: %lu own, %lu without a volume, %lu without a filesystem, %lu late, %lu "
		"foreign, %lu vanished\n",
		own, nothing, empty, late, foreign, vanished);
	return foreign || vanished;
}
