/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/kept.h"
#include "core/views/tree.h"

/* What the kernel was told of the tree, in memory that can outlive the process. Part of io/fuse. */

/* From now on the record of a node that the tree frees is removed. */
void kept_nodes_watch(struct kept *kept, struct tree *tree);
/*
 * Notes how often the kernel has the node, and since when it is as it is: it was told of it, or has
 * forgotten some of that.
 */
void kept_nodes_note(struct kept *kept, struct node *node);
/* Notes the time of its change, if it is noted. */
void kept_nodes_note_time(struct kept *kept, const struct node *node);
/* Notes that the node has another name. */
void kept_nodes_rename(struct kept *kept, struct node *node);
/* Notes how often the text of the views has changed, which is part of their inode numbers. */
void kept_nodes_note_generation(struct kept *kept, uint64_t generation);
/* The newest that was noted, or 0. If that is lost, one that is surely newer: µs since 1970. */
uint64_t kept_nodes_get_generation(const struct kept *kept);

/*
 * What an earlier process has noted, for tree_init_again(). Records without sense are removed; if
 * some were lost, new nodes have numbers far behind all that can have been told.
 */
struct tree_memory *kept_nodes_load(struct kept *kept);
/*
 * All that the kernel may remember of nodes that are noted: the attributes and, `with_names`, the
 * entries.
 */
void kept_nodes_list(const struct kept *kept, bool with_names, struct deltas *ret_deltas);
