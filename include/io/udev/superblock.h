/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * Whether the kernel has a filesystem in use that is on a device, in whatever mount namespace, also
 * one that is only detached. By kernel name. Those that the kernel does not list in /sys/fs, as
 * vfat, are not found.
 */
bool superblock_is_there(const char *name);
