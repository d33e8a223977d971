/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/fuse/fuse.h"
#include "io/fuse/notify.h"

/* What the kernel is told of an inode. Part of io/fuse. */

/* How long the kernel may believe a node's attributes, seconds. */
double fuse_get_timeout(const struct fuse_server *server, const struct node *node);
/* `ino`: the number that the kernel has of the node. */
void fuse_fill_attributes(
	struct fuse_server *server, const struct node *node, uint64_t ino, struct stat *ret_stat);
/* The answer to a look-up, which counts as one: the kernel remembers the node from now on. */
void fuse_fill_entry(
	struct fuse_server *server, struct node *node, struct fuse_entry_param *ret_entry);
