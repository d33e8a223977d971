/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/*
 * A labelled step at which the tests kill the daemon: with -Dcrash_points=true the process ends
 * with SIGKILL when $MMFS_CRASH_AT names the step ("label" or "label:N" for the N-th time it is
 * reached). With $MMFS_CRASH_ALL its parent ends before it: a server's keeper, which would start
 * another one. In any other build this is nothing.
 */
#ifdef MMFS_CRASH_POINTS
void crash_point(const char *label);
/* From now on, no step is deadly: so in a server that goes on where another one has died. */
void crash_point_set_off(void);
/* Whether $MMFS_CRASH_ENDLESS is set: servers may die as often as they like. */
bool crash_point_is_endless(void);
#else
static inline void crash_point(const char *label)
{
	(void)label;
}
static inline void crash_point_set_off(void)
{
}
static inline bool crash_point_is_endless(void)
{
	return false;
}
#endif
