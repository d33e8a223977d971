/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/kept.h"

/*
 * Maps the memory for base/kept: that of a descriptor, which another process may go on from, or
 * with -1 some that ends with this one. Children do not have it. There is less of it where limits
 * allow less (ulimit -v, -f). 0, or a negative errno. `*ret_spare`: as many bytes as MEMORY_SPARE,
 * zeros at first, for what must be found even if the rest is damaged; it stays mapped, too.
 */
#define MEMORY_SPARE 4096
int memory_open(int fd, struct kept **ret_kept, void **ret_spare);
