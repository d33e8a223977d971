/* SPDX-License-Identifier: GPL-2.0-or-later */
/* touch FILE...: opens them for writing and closes them, in turn and without end. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	for (int i = 0;; i = (i + 1) % (argc - 1)) {
		int fd = open(argv[i + 1], O_WRONLY | O_CLOEXEC);

		if (fd < 0) {
			fprintf(stderr, "touch: %s: %s\n", argv[i + 1], strerror(errno));
			return 1;
		}
		close(fd);
	}
}
