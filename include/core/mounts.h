/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/* A mount of a block device, as the kernel's mountinfo lists it. */
struct mount {
	uint64_t number; /* dev_t of the block device */
	char *path;	 /* mount point */
	bool is_whole;	 /* the filesystem's root, not a folder of it (bind mount, subvolume) */
};

/* All of them, in mount order. */
struct mounts {
	struct mount *list;
	size_t count;
};

void mounts_fini(struct mounts *mounts);
void mounts_add(struct mounts *mounts, uint64_t number, const char *path, bool is_whole);
/* The next mount of a device after `mount` (NULL: the first). */
const struct mount *mounts_next(
	const struct mounts *mounts, uint64_t number, const struct mount *mount);
