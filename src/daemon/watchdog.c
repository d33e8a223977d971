/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server tells its keeper, again and again, that the main loop turns. All state belongs to the
 * loop, so a server whose loop stands still serves nobody: the keeper ends it when it has heard
 * nothing for WatchdogSec=. The keeper in turn tells systemd that it is there itself. A thread that
 * a client or a disk holds up ends nothing: the loop goes on without it.
 */

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/watchdog.h"

#define INTERVAL_MAX UINT64_C(86400000000) /* µs */

static void feed(void *data, uint64_t now)
{
	struct watchdog *watchdog = data;

	keeper_link_tell(watchdog->keeper, KEEPER_ALIVE, 0);
	loop_set_timer(watchdog->loop, &watchdog->timer, now + watchdog->interval);
}

void watchdog_leave_to_others(void)
{
	const char *text = getenv("WATCHDOG_PID");

	if (text && strtoull(text, NULL, 10) != (unsigned long long)getpid())
		unsetenv("WATCHDOG_USEC");
}

uint64_t watchdog_get_interval(void)
{
	const char *text = getenv("WATCHDOG_USEC");
	char *end = NULL;
	uint64_t limit = text ? strtoull(text, &end, 10) : 0;

	if (!limit || *end)
		return 0;
	return limit > INTERVAL_MAX ? INTERVAL_MAX : (limit + 2) / 3;
}

void watchdog_start(struct watchdog *watchdog, struct loop *loop, struct keeper_link *keeper)
{
	*watchdog = (struct watchdog){
		.loop = loop,
		.keeper = keeper,
		.timer = { .fn = feed, .data = watchdog },
		.interval = watchdog_get_interval(),
	};
	if (watchdog->interval)
		loop_set_timer(loop, &watchdog->timer, clock_get_monotonic() + watchdog->interval);
}
