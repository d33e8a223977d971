/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test hook: dies like a machine that lost power, at a named step.
 */

#include "base/crash_point.h"

#ifdef MMFS_CRASH_POINTS
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

static bool is_off;

void crash_point_set_off(void)
{
	is_off = true;
}

bool crash_point_is_endless(void)
{
	return getenv("MMFS_CRASH_ENDLESS") != NULL;
}

void crash_point(const char *label)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static unsigned long reached;
	const char *wanted = getenv("MMFS_CRASH_AT");
	size_t len = strlen(label);
	unsigned long turn;

	if (is_off || !wanted || strncmp(wanted, label, len) != 0 ||
		(wanted[len] && wanted[len] != ':'))
		return;
	turn = wanted[len] == ':' ? strtoul(wanted + len + 1, NULL, 10) : 1;
	pthread_mutex_lock(&lock);
	if (++reached == turn) {
		if (getenv("MMFS_CRASH_ALL"))
			kill(getppid(), SIGKILL);
		raise(SIGKILL);
	}
	pthread_mutex_unlock(&lock);
}
#endif
