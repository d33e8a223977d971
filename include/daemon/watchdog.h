/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/loop.h"

/* Feeds systemd's watchdog, if there is one ($WATCHDOG_USEC), as long as the loop turns. */
struct watchdog {
	struct loop *loop;
	struct timer timer;
	uint64_t interval; /* µs */
};

void watchdog_start(struct watchdog *watchdog, struct loop *loop);
