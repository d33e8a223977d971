/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * Whether the kernel has a filesystem in use that is on a device, in whatever mount namespace, also
 * one that is only detached. By kernel name. Those that the kernel does not list in /sys/fs, as
 * vfat, are not found.
 */
bool superblock_is_there(const char *name);
/*
 * Whether the kernel has the btrfs filesystem of that UUID (hostile) in use, and there a device, by
 * kernel name; `name` NULL: whichever.
 */
bool superblock_has_member(const char *uuid, const char *name);
/* Tells of every device of a btrfs filesystem that is in use, by kernel name. */
void superblock_list_members(void (*tell)(void *data, const char *name), void *data);
