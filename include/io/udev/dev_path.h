/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * The number (dev_t) of the block device that a path below /dev leads to, through whatever symlinks
 * there, or 0. Never leaves the filesystem that /dev is on, so it cannot wait for one.
 */
uint64_t dev_path_find_number(const char *path);
