/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/* A mount, as the kernel's mountinfo lists it. */
struct mount {
	uint64_t number; /* dev_t of the block device, else of the superblock; 0: unknown */
	char *path;	 /* mount point, every byte as it is */
	bool is_whole;	 /* the filesystem's root, not a folder of it (bind mount, subvolume) */
	int id;		 /* the kernel's */
	int parent;	 /* id of the mount it is on */
	size_t order;	 /* position among all mounts */
	uint64_t super;	 /* dev_t of the superblock, the device's or not */
	char *fstype;	 /* "ext4" */
	uint64_t origin; /* of the source and type, as text: mounts_hash_origin(); 0: unknown */
	bool is_read_only;
};

/*
 * First all mounts there are, in mount order, by mounts_add(). mounts_finish() makes of them those
 * that can be reached, ordered by device (those of none come first), and there the whole filesystem
 * before parts of it, in mount order. The rest is for finished lists.
 */
struct mounts {
	struct mount *list;
	size_t count;
	uint64_t
		*hidden; /* devices of mounts that cannot be reached, and are in use all the same */
	size_t hidden_count;
};

/* The same for the same two texts on every machine, and never 0. */
uint64_t mounts_hash_origin(const char *source, const char *fstype);
void mounts_fini(struct mounts *mounts);
/* Takes copies of the texts, and sets the order. */
void mounts_add(struct mounts *mounts, const struct mount *mount);
/*
 * Drops what no path leads to because something is mounted over it.
 * Told from ids and paths alone: to look at a mount point could mean to wait for somebody.
 */
void mounts_finish(struct mounts *mounts);
/* Whether a device is mounted anywhere, be it where no path leads. */
bool mounts_has(const struct mounts *mounts, uint64_t number);
/* The next mount of a device after `mount` (NULL: the first, which stands for it). */
const struct mount *mounts_next(
	const struct mounts *mounts, uint64_t number, const struct mount *mount);

/*
 * The mount that holds the directory `path` (absolute, without symlinks, `.` and `..`), whatever
 * may be mounted on the directory itself. NULL: that of the root directory is not listed.
 */
const struct mount *mounts_find_under(const struct mounts *mounts, const char *path);

/* One line of /proc/self/mountinfo. Texts point into the line. */
struct mount_line {
	int id;
	int parent;
	unsigned int major, minor; /* of the superblock */
	const char *root;	   /* folder of the filesystem that is mounted */
	const char *path;
	const char *fstype;
	const char *source;
	bool is_read_only; /* here, or as a whole */
};

/* Takes a line (without its newline) apart, in place. -EINVAL: it is none. */
int mount_line_parse(char *line, struct mount_line *ret_line);
