/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/mounts.h"
#include "core/model/volumes.h"

/* What a filesystem of several devices says of itself is among the first bytes of each. */
#define FILESYSTEM_HEAD 512 /* bytes of a superblock that filesystem_parse_members() looks at */

/* Where the superblock of such a type begins, in bytes from the start; 0: another type. */
uint64_t filesystem_get_superblock(const char *fstype);
/*
 * How many devices the filesystem has, by a superblock of `size` bytes (hostile). 0: it does not
 * tell.
 */
unsigned int filesystem_parse_members(
	const char *fstype, const unsigned char *superblock, size_t size);

/* The volume that a device is a part of, itself or another one; NULL: of none. */
const struct device *filesystem_find_owner(
	const struct volumes *volumes, const struct device *device);
/* Whether some devices of the volume's filesystem are not here. */
bool filesystem_is_incomplete(const struct volumes *volumes, const struct device *device);
/*
 * The next mount of a filesystem after `mount` (NULL: the first, which stands for it), under
 * whichever of its devices: the kernel names one of them.
 */
const struct mount *filesystem_next_mount(const struct volumes *volumes,
	const struct mounts *mounts, const struct device *device, const struct mount *mount);
/* Whether the filesystem of the device was mounted, went, or is mounted from another source. */
bool filesystem_is_remounted(const struct volumes *volumes, const struct mounts *before,
	const struct mounts *now, const struct device *device);
/* Whether the filesystem is mounted anywhere, be it where no path leads. */
bool filesystem_is_mounted(
	const struct volumes *volumes, const struct mounts *mounts, const struct device *device);
