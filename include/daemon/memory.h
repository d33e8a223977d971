/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/kept.h"

/*
 * Maps the memory for base/kept: that of a descriptor, which another process may go on from, or
 * with -1 some that ends with this one. Children do not have it. There is less of it where limits
 * allow less (ulimit -v, -f). 0, or a negative errno.
 */
int memory_open(int fd, struct kept **ret_kept);
