/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/keeper_link.h"
#include "daemon/loop.h"

/* Tells the keeper that the loop turns, if systemd has a watchdog ($WATCHDOG_USEC). */
struct watchdog {
	struct loop *loop;
	struct keeper_link *keeper;
	struct timer timer;
	uint64_t interval; /* µs */
};

void watchdog_start(struct watchdog *watchdog, struct loop *loop, struct keeper_link *keeper);
/* To be called by who was started: a watchdog of who started it, inherited, is not its own. */
void watchdog_leave_to_others(void);
/* µs between signs of life: three of them may fail. 0: there is no watchdog. */
uint64_t watchdog_get_interval(void);
