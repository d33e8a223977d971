/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * What a file in a folder of sysfs holds, without the newline behind it, and no more than `room`
 * minus one bytes of it; in `text`. NULL: nothing, or there is no such file.
 */
const char *sysfs_read(const char *folder, const char *name, char *text, size_t room);
/* The number in it, 0 without. */
uint64_t sysfs_read_number(const char *folder, const char *name);
