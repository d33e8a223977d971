/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmfs as mmfs-cluster sees it, for scripts: listens at a socket, sends what comes in at stdin, and
 * writes what it hears to stdout, a line each. "+" is a connection that has begun, "-" one that has
 * ended. A line "hang up" at stdin ends the connection, and "refuse" refuses others until "accept".
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/strbuf.h"

static void write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0)
			return; /* it has ended: that is told by its reading */
		text += n;
		len -= (size_t)n;
	}
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, 1) < 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

static void hang_up(int *fd)
{
	if (*fd < 0)
		return;
	close(*fd);
	*fd = -1;
	write_all(1, "-\n", 2);
}

/* One line of the script. */
static void obey(const char *line, size_t len, int *fd, bool *is_open)
{
	if (strncmp(line, "hang up\n", len) == 0)
		hang_up(fd);
	else if (strncmp(line, "refuse\n", len) == 0)
		*is_open = false;
	else if (strncmp(line, "accept\n", len) == 0)
		*is_open = true;
	else if (*fd >= 0)
		write_all(*fd, line, len);
}

static bool read_script(struct strbuf *script, int *fd, bool *is_open)
{
	char bytes[65536], *end;
	ssize_t n = read(0, bytes, sizeof(bytes));

	if (n <= 0)
		return false;
	strbuf_add(script, bytes, (size_t)n);
	while ((end = memchr(script->data, '\n', script->len))) {
		size_t len = (size_t)(end - script->data) + 1;

		obey(script->data, len, fd, is_open);
		memmove(script->data, script->data + len, script->len - len);
		strbuf_resize(script, script->len - len);
	}
	return true;
}

static void relay(int *fd)
{
	char bytes[65536];
	ssize_t n = read(*fd, bytes, sizeof(bytes));

	if (n > 0)
		write_all(1, bytes, (size_t)n);
	else
		hang_up(fd);
}

int main(int argc, char **argv)
{
	_cleanup_strbuf_ struct strbuf script = STRBUF_INIT;
	struct pollfd fds[3] = { { .fd = 0, .events = POLLIN } };
	bool is_open = true;
	int listener, fd = -1;

	if (argc != 2)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	listener = listen_at(argv[1]);
	for (;;) {
		fds[1] = (struct pollfd){ fd < 0 && is_open ? listener : -1, POLLIN, 0 };
		fds[2] = (struct pollfd){ fd, POLLIN, 0 };
		if (poll(fds, 3, -1) < 0)
			return 1;
		if (fds[2].revents)
			relay(&fd);
		if (fds[1].revents) {
			fd = accept(listener, NULL, NULL);
			if (fd >= 0)
				write_all(1, "+\n", 2);
		}
		if (fds[0].revents && !read_script(&script, &fd, &is_open))
			return 0;
	}
}
