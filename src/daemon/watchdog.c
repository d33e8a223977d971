/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What systemd is told while the main loop turns: if it does not hear for WatchdogSec=, it ends the
 * service and starts it anew. All state is the loop's, so one that stands still serves nobody. A
 * thread that a client or a disk holds up is no reason: the loop goes on without it.
 */

#include <stdlib.h>

#include "base/clock.h"
#include "daemon/background.h"
#include "daemon/watchdog.h"

#define INTERVAL_MAX UINT64_C(86400000000) /* µs */

static void feed(void *data, uint64_t now)
{
	struct watchdog *watchdog = data;

	background_notify("WATCHDOG=1");
	loop_set_timer(watchdog->loop, &watchdog->timer, now + watchdog->interval);
}

void watchdog_start(struct watchdog *watchdog, struct loop *loop)
{
	const char *text = getenv("WATCHDOG_USEC");
	char *end = NULL;
	uint64_t limit = text ? strtoull(text, &end, 10) : 0;

	*watchdog = (struct watchdog){ .loop = loop, .timer = { .fn = feed, .data = watchdog } };
	if (!limit || *end)
		return;
	watchdog->interval = limit > INTERVAL_MAX ? INTERVAL_MAX : (limit + 2) / 3;
	loop_set_timer(loop, &watchdog->timer, clock_get_monotonic() + watchdog->interval);
}
