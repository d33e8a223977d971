/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/base.h"

/* What tells where filesystems are mounted, for trusted_mount_take(). */
#define TRUSTED_MOUNT_TABLE "/proc/self/mounts"

/*
 * The next mount of mmfs in an open table that the user `owner` has made. A program takes those of
 * its own user first, then those of root, and no others. False: there are no more.
 */
bool trusted_mount_take(FILE *table, uid_t owner, char ret_path[PATH_MAX]);
