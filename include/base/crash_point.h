/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A labelled step at which the tests kill the daemon: with -Dcrash_points=true the process ends
 * with SIGKILL when $MMFS_CRASH_AT names the step ("label" or "label:N" for the N-th time it is
 * reached). In any other build this is nothing.
 */
#ifdef MMFS_CRASH_POINTS
void crash_point(const char *label);
#else
static inline void crash_point(const char *label)
{
	(void)label;
}
#endif
