/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exchange A B: lets two names change places. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (argc == 3 && renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) == 0)
		return 0;
	fprintf(stderr, "exchange: %s\n", strerror(errno));
	return 1;
}
