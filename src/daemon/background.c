/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Going to the background, and telling who started us when the tree is there.
 */

#include "daemon/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

/* The protocol of sd_notify(3). */
void background_notify(const char *message)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len;
	int fd;

	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, strlen(path));
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&address, len) <
		0)
		log_warning("cannot notify %s: %s", path, strerror(errno));
	close(fd);
}

/*
 * Passes the child's messages on until it says, with a NUL, that all is well. Its end is failure.
 */
static _Noreturn void relay(int fd, int failure)
{
	char text[4096];
	ssize_t n;

	while ((n = read(fd, text, sizeof(text))) > 0 || (n < 0 && errno == EINTR)) {
		const char *end = n > 0 ? memchr(text, '\0', (size_t)n) : NULL;

		if (n > 0)
			fwrite(text, 1, end ? (size_t)(end - text) : (size_t)n, stderr);
		if (end)
			_exit(EXIT_SUCCESS);
	}
	_exit(failure);
}

/*
 * Forks. The parent stays until the outcome is known; the child has a pipe to it as stderr, so that
 * the prober, which keeps that, holds nothing of the caller's: `mmfs … | cat` ends. Nor does the
 * daemon hold what else the caller had open, such as the lock of flock(1).
 */
int background_enter(int failure)
{
	int ends[2];
	pid_t child;

	close_range(STDERR_FILENO + 1, ~0U, 0);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (child > 0) {
		close(ends[1]);
		relay(ends[0], failure);
	}
	close(ends[0]);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	setsid();
	return 0;
}

void background_tell_parent(void)
{
	if (write(STDERR_FILENO, "", 1) < 0)
		log_warning("cannot tell that the mount is there: %s", strerror(errno));
}

void background_leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	log_init("mmfs", true);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		close(null);
	}
}
