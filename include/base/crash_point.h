/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/*
 * A labelled step at which the tests kill the daemon: with -Dcrash_points=true the process ends
 * with SIGKILL when $MMFS_CRASH_AT names the step ("label" or "label:N" for the N-th time it is
 * reached). Of several, with commas in between, the first is meant for the first server, the second
 * for the one that goes on where that has died, and so forth. With $MMFS_CRASH_ALL its parent ends
 * before it: a server's keeper, which would start another one. In any other build this is nothing.
 */
#ifdef MMFS_CRASH_POINTS
void crash_point(const char *label);
/* This is the server of that number, from 1 on. */
void crash_point_set_server(unsigned int number);
/*
 * Whether $MMFS_CRASH_ENDLESS is set: servers may die as often as they like, and behind the last
 * step of the list the first one comes again. Else none is deadly from there on.
 */
bool crash_point_is_endless(void);
/* Whether $MMFS_OLD_KERNEL is set: what only newer ones can is not used. */
bool crash_point_has_old_kernel(void);
#else
static inline void crash_point(const char *label)
{
	(void)label;
}
static inline void crash_point_set_server(unsigned int number)
{
	(void)number;
}
static inline bool crash_point_is_endless(void)
{
	return false;
}
static inline bool crash_point_has_old_kernel(void)
{
	return false;
}
#endif
