/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Messages of one size between the processes of mmfs, over a SOCK_SEQPACKET, with descriptors. */
enum { MESSAGE_DESCRIPTORS = 2 }; /* at most, in one message */

/*
 * Sends `len` bytes and the first `count` descriptors of `fds`, which stay the caller's; `flags`
 * are those of send(2) beside MSG_NOSIGNAL. Returns a negative errno if it cannot.
 */
int message_send(
	int socket, const void *message, size_t len, const int *fds, size_t count, int flags);

/*
 * Waits for a message, and takes up to `count` descriptors that come with it: the caller's then,
 * close-on-exec, -1 where none came. False if the other side has gone, or if its message has
 * another length than `len`; nothing is to be closed then.
 */
bool message_receive(int socket, void *message, size_t len, int *fds, size_t count);
