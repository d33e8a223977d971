/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/stat.h>

#include "io/fuse/blob.h"
#include "io/fuse/fuse.h"

/* The texts of plain files, and the inodes that show them. Part of io/fuse. */

/* The text as it is now. */
struct blob *fuse_get_text(struct fuse_server *server, const struct node *node);
/* The inode number that the kernel is told of a node. */
uint64_t fuse_get_ino(const struct fuse_server *server, const struct node *node);
/* How long it may remember the name of a node that has these attributes, in seconds. */
double fuse_get_entry_timeout(
	struct fuse_server *server, const struct node *node, const struct stat *attributes);
/* The kernel may remember the names of all views, from an earlier server. */
void fuse_note_named(struct fuse_server *server);
/* The views show something else now. Adds what the kernel may remember of that. */
void fuse_change_texts(struct fuse_server *server, struct deltas *deltas);
/* The node that the kernel means by an inode number, or NULL. */
struct node *fuse_find_node(const struct fuse_server *server, uint64_t ino);
/* Whether the kernel may keep what it reads of this inode, as long as it knows it. */
bool fuse_has_own_text(const struct fuse_server *server, uint64_t ino);
/* How long the text of a plain file is, by the number that the kernel has of it. */
size_t fuse_get_text_len(struct fuse_server *server, const struct node *node, uint64_t ino);
