/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/* What helper processes have in common: a socket to the server, and nothing else that is its. */

#define HELPER_SOCKET 3 /* the helper's end, as soon as it has left the rest */

/*
 * Forks, before there is any thread, with a socket between both that keeps messages apart: each
 * gets its end of it. Returns the process in the server, 0 in the helper, or a negative errno.
 */
pid_t helper_fork(int *ret_socket);
/*
 * In the helper: leaves what the server has open, its terminal first of all, but for the socket.
 * Blocks all signals, those of the terminal, too: it is the server that decides when to end.
 */
int helper_leave(int socket, const char *name);
