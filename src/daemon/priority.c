/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of a device that is gone lead nowhere before another device has its node: nobody waits for
 * that but those who use the names, so on a busy machine the main loop, and the threads that take
 * names back from the kernel, go before the rest. What only waits for disks, and programs that are
 * started, do not.
 */

#include <sys/resource.h>

#include "daemon/priority.h"

#define NICE (-10) /* less than what multipathd takes: it is no matter of real time */

static int started_with;

void priority_raise(void)
{
	started_with = getpriority(PRIO_PROCESS, 0);
	if (started_with > NICE)
		setpriority(PRIO_PROCESS, 0, NICE);
}

void priority_restore(void)
{
	setpriority(PRIO_PROCESS, 0, started_with);
}
