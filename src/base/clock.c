/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clocks of the kernel, for whoever drives the machines: core and machines are told the time.
 */

#include <time.h>

#include "base/clock.h"

static uint64_t get_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_get_monotonic(void)
{
	return get_clock(CLOCK_MONOTONIC);
}

uint64_t clock_get_real(void)
{
	return get_clock(CLOCK_REALTIME);
}
