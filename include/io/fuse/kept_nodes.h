/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/kept.h"
#include "core/views/tree.h"

/* What the kernel was told of the tree, in memory that outlives the process. Part of io/fuse. */

/* From now on what the tree frees is forgotten there, too. */
void kept_nodes_watch(struct kept *kept, struct tree *tree);
/* The kernel was told of the node, or has forgotten it so many times: notes how it is now. */
void kept_nodes_note(struct kept *kept, struct node *node);
/* It has another name. */
void kept_nodes_rename(struct kept *kept, struct node *node);
/* How often what the views show has changed: part of the numbers of their inodes. */
void kept_nodes_note_generation(struct kept *kept, uint64_t generation);
/* The newest that was noted, or 0. */
uint64_t kept_nodes_get_generation(const struct kept *kept);

/* What a process before has noted; hand it to tree_init_again(). What makes no sense is dropped. */
struct tree_memory *kept_nodes_load(struct kept *kept);
