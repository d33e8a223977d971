/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/views/tree.h"

/*
 * What a tree before this one has told the kernel, so that the same names get the same inode
 * numbers: see tree_memory.c.
 */

/* Below: folders and files that are always there. */
#define TREE_FIXED_INOS 1024

/* A node of before. The texts are copied where they are handed over. */
struct tree_remembered {
	uint64_t ino;
	uint64_t parent; /* 0: it had no name any more */
	uint64_t lookups;
	uint64_t changed; /* µs since 1970 */
	uint32_t mark;	  /* known::mark */
	enum node_kind kind;
	const char *name;
	const char *target; /* NODE_LINK: as node_get_target(), else "" */
};

struct tree_memory *tree_memory_new(void);
/* NULL is fine. */
void tree_memory_free(struct tree_memory *memory);
void tree_memory_add(struct tree_memory *memory, const struct tree_remembered *node);
/* The number of what has this name, or 0; it is given once. Of several the newest. */
uint64_t tree_memory_take(
	struct tree_memory *memory, uint64_t parent, const char *name, const char *target);
/* Whether a number below TREE_FIXED_INOS was told. */
bool tree_memory_has(const struct tree_memory *memory, uint64_t ino);
/* Higher than all numbers that were told, with those of files in folders of volumes. */
uint64_t tree_memory_get_next(const struct tree_memory *memory);
/*
 * No number below this one may be given, other than those that are remembered and fixed ones.
 * Cookies of listings have room for numbers of 43 bits.
 */
void tree_memory_leave_out(struct tree_memory *memory, uint64_t next);
/* Calls `add` for each, by rising number. */
typedef void tree_memory_fn(void *data, const struct tree_remembered *node);
void tree_memory_list(const struct tree_memory *memory, tree_memory_fn *add, void *data);
/*
 * Whether a node can have the time that it had. The kernel knows by that of a folder whether its
 * listing is still right, and by that of a view whether its text is: so these have a new one.
 */
bool tree_memory_keeps_time(const struct tree *tree, const struct node *node);
