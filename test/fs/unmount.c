/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * umount(8) that does not look at what it unmounts, where nobody would answer: unmount FOLDER
 */

#include <stdio.h>
#include <sys/mount.h>

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	if (umount2(argv[1], 0) < 0) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
