/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When to give up: five ends, the first of which is less than 30 s ago.
 */

#include "machines/crash_loop.h"

bool crash_loop_note(struct crash_loop *loop, uint64_t now)
{
	loop->ends[loop->next] = now;
	loop->next = (loop->next + 1) % CRASH_LOOP_ENDS;
	if (loop->count < CRASH_LOOP_ENDS)
		loop->count++;
	return loop->count == CRASH_LOOP_ENDS && now - loop->ends[loop->next] < CRASH_LOOP_SPAN;
}
