/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The beginning of a process that does what the server must not, or may not, do itself.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/helper.h"

pid_t helper_fork(int *ret_socket)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		pid = -errno;
	close(ends[pid == 0 ? 0 : 1]);
	if (pid < 0)
		close(ends[0]);
	else
		*ret_socket = ends[pid == 0 ? 1 : 0];
	return pid;
}

int helper_leave(int socket, const char *name)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, name);
	if (null < 0)
		return -errno;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return -errno;
	if (dup2(socket, HELPER_SOCKET) < 0)
		return -errno;
	close_range(HELPER_SOCKET + 1, ~0U, 0);
	return 0;
}
