/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/fuse/fuse.h"

/* Inodes of control files that everybody may write. Part of io/fuse. */

struct open_file;

/* The inode that a control file which everybody may write has at the moment. */
struct user_inode {
	uint64_t number;
	uint32_t uid;	/* who has looked it up */
	size_t writers; /* open files that may write */
};

/* What a user's look-up is told; 0: the node has one inode for all. */
uint64_t user_inode_get(struct fuse_server *server, const struct node *node, uint32_t uid);
/* The number of the node that such an inode, or any other, is of. */
uint64_t user_inode_get_node(uint64_t ino);
/* A file is opened through inode `ino`, with the flags of open(2): one that may write counts. */
void user_inode_open(struct open_file *file, uint64_t ino, int flags);
/* It is closed. */
void user_inode_close(struct open_file *file);
