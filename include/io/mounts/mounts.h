/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/mounts.h"

/* The kernel's list of mounts in this namespace. Read as text: no path in it is ever touched. */
struct mount_source;

int mount_source_open(struct mount_source **ret_source);
void mount_source_close(struct mount_source *source);
/* Becomes readable when something was mounted, unmounted or moved. */
int mount_source_get_fd(const struct mount_source *source);
/*
 * Reads the list anew, and finishes it. `find_number` tells the device number of a path below /dev,
 * 0 if none: for filesystems like btrfs, whose mounts do not carry the number of their device.
 */
int mount_source_load(struct mount_source *source, uint64_t (*find_number)(const char *path),
	struct mounts *ret_mounts);

/*
 * From the next time it is read on, follows the FUSE filesystem of that type (static storage) that
 * was last mounted at `path` (without symlinks), wherever that is moved or bound to.
 */
void mount_source_follow(struct mount_source *source, const char *path, const char *subtype);
/* Its st_dev, 0: it was not seen yet. */
uint64_t mount_source_get_number(const struct mount_source *source);
/* Whether it was mounted once, and is nowhere any more. */
bool mount_source_has_ended(const struct mount_source *source);
