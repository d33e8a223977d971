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

static unsigned int server = 1;

void crash_point_set_server(unsigned int number)
{
	server = number;
}

bool crash_point_is_endless(void)
{
	return getenv("MMFS_CRASH_ENDLESS") != NULL;
}

/* The step that this server is to die at, with all that follows it; or NULL. */
static const char *find_step(void)
{
	const char *list = getenv("MMFS_CRASH_AT"), *step = list;

	for (unsigned int i = 1; step && i < server; i++) {
		step = strchr(step, ',');
		if (step)
			step++;
		else if (crash_point_is_endless())
			step = list;
	}
	return step;
}

bool crash_point_has_old_kernel(void)
{
	return getenv("MMFS_OLD_KERNEL") != NULL;
}

void crash_point(const char *label)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static unsigned long reached;
	const char *wanted = find_step();
	size_t len = strlen(label);
	unsigned long turn;

	if (!wanted || strncmp(wanted, label, len) != 0 || !strchr(":,", wanted[len]))
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
