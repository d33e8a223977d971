/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * late-listing FOLDER FILE LINE: lists a folder that has several pieces, and between the first and
 * the second writes the line to the file, which changes the folder. What the kernel has kept of the
 * listing is of before, under a time that may be of after: so the folder has another time of change
 * in the end than right after the change. Status 1 if it has not.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "late-listing: %s: %s\n", what, strerror(errno));
	exit(2);
}

static long read_piece(int folder)
{
	char entries[4096];
	long n = syscall(SYS_getdents64, folder, entries, sizeof(entries));

	if (n < 0)
		die("getdents64");
	return n;
}

static struct timespec get_time(int folder)
{
	struct stat status;

	if (fstat(folder, &status) < 0)
		die("fstat");
	return status.st_mtim;
}

int main(int argc, char **argv)
{
	struct timespec before, after;
	int folder, file, pieces = 0;

	if (argc != 4)
		return 2;
	folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		die(argv[1]);
	read_piece(folder);
	file = open(argv[2], O_WRONLY | O_CLOEXEC);
	if (file < 0 || write(file, argv[3], strlen(argv[3])) < 0)
		die(argv[2]);
	close(file);
	before = get_time(folder);
	while (read_piece(folder))
		pieces++;
	after = get_time(folder);
	close(folder);
	if (!pieces) {
		fprintf(stderr, "late-listing: the folder has one piece only\n");
		return 2;
	}
	return before.tv_sec == after.tv_sec && before.tv_nsec == after.tv_nsec;
}
