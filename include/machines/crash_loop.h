/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRASH_LOOP_ENDS 5		   /* so many … */
#define CRASH_LOOP_SPAN UINT64_C(30000000) /* … in so many µs are too many */

/* Ends of servers, by which the keeper tells whether another one makes sense. Zeros are none. */
struct crash_loop {
	uint64_t ends[CRASH_LOOP_ENDS]; /* the last ones, µs of one clock */
	size_t next;			/* place of the next one, which has the oldest */
	size_t count;
};

/* Another one. True: there are too many. */
bool crash_loop_note(struct crash_loop *loop, uint64_t now);
