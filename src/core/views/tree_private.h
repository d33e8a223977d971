/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Functions of tree.c for tree_update.c, beside it. */

#include "core/views/tree.h"

/* By name, ignoring case where the folder does. */
struct node *tree_find_entry(const struct tree *tree, const struct node *folder, const char *name);
struct node *tree_add(struct tree *tree, struct node *parent, const char *name, enum node_kind kind,
	uint64_t now);
struct node *tree_add_link(
	struct tree *tree, struct node *folder, const char *name, const char *target, uint64_t now);
/* Takes the name from a node; it lives on while the kernel remembers it. */
void tree_remove_name(struct tree *tree, struct node *node);

void shown_fini(struct shown *shown);

/* Says that the kernel's idea of an entry is out of date, unless it cannot have one. */
void deltas_add_entry(struct deltas *deltas, const struct tree *tree, struct node *folder,
	const char *name, uint64_t now);
void deltas_add_attributes(struct deltas *deltas, const struct node *node);
/* Attributes and text of a file whose text the kernel may keep. */
void deltas_add_text(struct deltas *deltas, const struct node *node);
/* A symlink of DosDevices or Volumes was not there before, or is no more. */
void deltas_add_link(struct deltas *deltas, enum event_kind kind, const struct tree *tree,
	const struct node *node);
