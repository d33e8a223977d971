/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/kept.h"

/*
 * Maps the memory that outlives this process: that of a descriptor, or with -1 some that does not.
 * Children do not have it. There is less of it where addresses are limited (ulimit -v). 0, or a
 * negative errno.
 */
int memory_open(int fd, struct kept **ret_kept);
