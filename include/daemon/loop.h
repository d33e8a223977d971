/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/epoll.h>

#include "base/base.h"

/* The main loop: descriptors and timers with a function each. */
struct loop;

typedef void loop_fn(void *data, uint32_t events);
typedef void timer_fn(void *data, uint64_t now);

/*
 * Owned by whoever arms it, and to be disarmed before its room is used again; { .fn, .data } is one
 * that is not armed. It fires once, and may arm itself anew in its function.
 */
struct timer {
	timer_fn *fn;
	void *data;
	uint64_t at;	    /* µs of CLOCK_MONOTONIC; 0: not armed */
	struct timer *next; /* loop::timers */
};

int loop_new(struct loop **ret_loop);
void loop_free(struct loop *loop);
int loop_add(struct loop *loop, int fd, loop_fn *handle, void *data);
void loop_remove(struct loop *loop, int fd);
/*
 * Arms a timer, or arms it anew, for `at`; 0 disarms it. What is in the past fires in the next
 * turn, never within this one.
 */
void loop_set_timer(struct loop *loop, struct timer *timer, uint64_t at);
/*
 * One turn: waits for a descriptor, for a timer, or until `limit` (µs of CLOCK_MONOTONIC, 0: none),
 * and calls the functions of all that is due; timers in the order of their time.
 */
int loop_run_once(struct loop *loop, uint64_t limit);
