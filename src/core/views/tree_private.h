/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Functions of tree.c for tree_update.c and deltas.c, beside it. */

#include "core/views/tree.h"

/* By name, ignoring case where the folder does. */
struct node *tree_find_entry(const struct tree *tree, const struct node *folder, const char *name);
struct node *tree_add(struct tree *tree, struct node *parent, const char *name, enum node_kind kind,
	uint64_t now);
struct node *tree_add_symlink(
	struct tree *tree, struct node *folder, const char *name, const char *target, uint64_t now);
/* The link of a volume's folder to its device, which is made when the kernel asks for it. */
#define VOLUME_DEVICE "device"
/* Makes it lead there from now on; NULL: there is none. */
void tree_set_device(struct tree *tree, struct node *folder, const char *target, uint64_t now);
/* A link, which leads where all of that lead do. */
struct node *tree_add_link(
	struct tree *tree, struct node *folder, const char *name, struct lead *lead, uint64_t now);
/* Says where the links of a volume lead from now on; NULL: they do not show. */
void tree_set_lead(struct tree *tree, struct lead *lead, const char *target, uint64_t now);
/* A link as it leads now, which may be another node in its place; NULL: it does not show. */
struct node *tree_show(struct tree *tree, struct node *node);
/* Somebody may ask for a node by its number from now on. */
void tree_index(struct tree *tree, struct node *node);
/* Takes the name from a node; it lives on while the kernel remembers it. */
void tree_remove_name(struct tree *tree, struct node *node);
/* When a client renamed a link: the kernel has moved the inode already, so it keeps its number. */
struct node *tree_move(struct tree *tree, struct node *node, const char *new_name,
	bool needs_volume, uint64_t now);

/* The listing of a folder is another one now. */
void tree_change_listing(struct node *folder, uint64_t now);

void shown_fini(struct shown *shown);
size_t shown_count_mounts(const struct shown *shown);
