/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/stat.h>

#include "base/map.h"
#include "io/fuse/fuse.h"

/* The texts of plain files, and the inodes that show them. Part of io/fuse. */

/* A user with open files that show a text. */
struct blob_holder {
	struct blob_holder *next;
	uint32_t uid;
	size_t count;
};

/* Text that several open files may show at once. */
struct blob {
	struct map_node by_generation; /* in fuse_server::texts, if it is the text of a view */
	struct fuse_server *server;    /* … else NULL */
	enum node_kind view;
	size_t references;
	struct blob_holder *holders; /* who is charged for it */
	uint64_t generation;	     /* fuse_server::generation when it was made */
	struct strbuf text;
	uint64_t number;   /* where it is noted */
	struct kept *kept; /* … in which record, or 0 */
	uint32_t kept_record;
};

/* It is found by the inode number of the view, from which it was made. */
void blob_list(struct blob *blob, struct fuse_server *server, enum node_kind view);
/* Gives up a reference; the last frees it. NULL is fine. */
void blob_release(struct blob *blob);
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
