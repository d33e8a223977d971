/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A service manager for one service: await-ready SOCKET SECONDS COMMAND…
 *
 * Starts the command with $NOTIFY_SOCKET, waits for READY=1 (sd_notify(3)) and prints, on a line
 * each, the process and every message until the command ends; a line "ready" comes first thing
 * then. Passes SIGTERM on. Ends like the command; with 124 when it was not ready in time.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len;
	int fd, status;
	pid_t pid;

	if (argc < 4 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 2;
	strcpy(address.sun_path, argv[1]);
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(argv[1]));
	if (argv[1][0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0) {
		perror("await-ready");
		return 2;
	}
	setenv("NOTIFY_SOCKET", argv[1], 1);
	pid = fork();
	if (pid == 0) {
		execvp(argv[3], argv + 3);
		_exit(127);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("pid %d\n", (int)pid);
	for (bool is_ready = false;;) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		char message[512];
		ssize_t n;

		if (poll(&poll_fd, 1, is_ready ? 20 : atoi(argv[2]) * 1000) > 0) {
			n = recv(fd, message, sizeof(message) - 1, 0);
			message[n > 0 ? n : 0] = '\0';
			is_ready |= strncmp(message, "READY=1", 7) == 0;
			printf("%s\n", message);
		} else if (!is_ready) {
			kill(pid, SIGKILL);
			return 124;
		} else if (waitpid(pid, &status, WNOHANG) == pid) {
			break;
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
