/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/fuse/fuse.h"

/*
 * Mounting, apart from serving: the keeper mounts, and the server reads and writes the descriptor.
 */
struct fuse_mount;

/*
 * Mounts at options->mountpoint, an absolute path. On error a negative errno and a sentence in
 * `why`, and nothing is mounted.
 */
int fuse_mount_new(
	const struct fuse_options *options, struct fuse_mount **ret_mount, struct strbuf *why);
/* One that another program has mounted. Takes the descriptor over. */
struct fuse_mount *fuse_mount_adopt(int fd);
/* Of /dev/fuse; it stays the mount's. */
int fuse_mount_get_fd(const struct fuse_mount *mount);
/* The mount is gone: what is mounted at its place by now is another's, and stays. */
void fuse_mount_set_gone(struct fuse_mount *mount);
/* Whether it is, as far as one can see from the descriptor. */
bool fuse_mount_is_there(const struct fuse_mount *mount);
/*
 * Unmounts, lazily, unless it was unmounted already, and closes the descriptor: with the last one
 * of it all requests end. True: it is one that was adopted, and is for the caller to unmount. NULL
 * is fine.
 */
bool fuse_mount_free(struct fuse_mount *mount);
