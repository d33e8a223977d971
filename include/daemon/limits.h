/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/* What the system may have no more of. */
enum limit { LIMIT_INOTIFY_INSTANCE, LIMIT_INOTIFY_WATCH, LIMIT_PROCESS, LIMIT_THREAD };

/* Takes all the descriptors that it may have; a file that would be too large is an error to it. */
void limits_raise(void);
/*
 * Warns that one could not be had (`error` is a negative errno), naming the limit, and what
 * follows.
 */
void limits_warn(enum limit limit, int error, const char *consequence);
