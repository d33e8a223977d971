/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/epoll.h>

#include "base/base.h"

/* The main loop: descriptors with a function each, and one deadline. */
struct loop;

typedef void loop_fn(void *data, uint32_t events);

int loop_new(struct loop **ret_loop);
void loop_free(struct loop *loop);
int loop_add(struct loop *loop, int fd, loop_fn *handle, void *data);
void loop_remove(struct loop *loop, int fd);
/* One turn: waits for a descriptor, or until `deadline` (µs of CLOCK_MONOTONIC, 0: none). */
int loop_run_once(struct loop *loop, uint64_t deadline);
