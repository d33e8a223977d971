/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages with descriptors.
 */

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/message.h"

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(MESSAGE_DESCRIPTORS * sizeof(int))];
};

int message_send(
	int socket, const void *message, size_t len, const int *fds, size_t count, int flags)
{
	union control control = { .bytes = "" };
	struct iovec piece = { (void *)message, len };
	struct msghdr header = { .msg_iov = &piece, .msg_iovlen = 1 };
	ssize_t n;

	assert(count <= MESSAGE_DESCRIPTORS);
	if (count > 0) {
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	}
	do
		n = sendmsg(socket, &header, flags | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

bool message_receive(int socket, void *message, size_t len, int *fds, size_t count)
{
	union control control;
	struct iovec piece = { message, len };
	struct msghdr header = {
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};
	const struct cmsghdr *first;
	ssize_t n;

	assert(count <= MESSAGE_DESCRIPTORS);
	for (size_t i = 0; i < count; i++)
		fds[i] = -1;
	do
		n = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return false;
	/* CMSG_SPACE may have room for one more than was asked for. */
	first = CMSG_FIRSTHDR(&header);
	if (first && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS) {
		size_t got = (first->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < got; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(first) + i * sizeof(int), sizeof(fd));
			if (i < count && n == (ssize_t)len)
				fds[i] = fd;
			else
				close(fd);
		}
	}
	return n == (ssize_t)len && !(header.msg_flags & MSG_TRUNC);
}
