/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The option --timeout.
 */

#include <time.h>

#include "ctl/deadline.h"

static int64_t get_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t deadline_begin(const struct ctl *ctl)
{
	return ctl->timeout_ms < 0 ? -1 : get_now_ms() + ctl->timeout_ms;
}

int deadline_get_rest(int64_t deadline)
{
	int64_t rest = deadline - get_now_ms();

	if (deadline < 0)
		return -1;
	return rest <= 0 ? 0 : rest > INT32_MAX ? INT32_MAX : (int)rest;
}
