/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/event.h"
#include "core/views/points_text.h"

struct node;
struct tree;

/* Something that the kernel may remember and that is no longer so. */
struct delta {
	uint64_t parent; /* folder whose entry `name` is another now; 0: see ino */
	uint64_t ino;	 /* attributes of this inode are others now; with parent: its text is */
	char *name;	 /* NULL: the kernel does not know the entry, but may know the listing */
};

/* What became different: for the kernel, and for readers of `events`. */
struct deltas {
	struct delta *list;
	size_t count;
	bool has_views;		  /* tree::views show something else now */
	struct stale_lines lines; /* … and where `points` does */
	struct events events;
	bool is_unheard; /* nobody reads `events`: they are counted only; set by the caller */
};

void deltas_fini(struct deltas *deltas);
/* Adds one, with a copy of the name. */
void deltas_add(struct deltas *deltas, uint64_t parent, uint64_t ino, const char *name);

/* Notes that the kernel was told, and may remember, that a folder has no such name. */
void deltas_note_missing(struct tree *tree, struct node *folder, const char *name);

/* All of these: `deltas` is NULL while nobody listens. */

/* Says that the kernel's idea of an entry is out of date, unless it cannot have one. */
void deltas_add_entry(struct deltas *deltas, const struct tree *tree, struct node *folder,
	const char *name, uint64_t now);
/*
 * The same of any number of entries of a folder of the root; `is_known`: the kernel may know some
 * of them. It then looks up all names there anew.
 */
void deltas_add_entries(struct deltas *deltas, struct node *folder, bool is_known, uint64_t now);
void deltas_add_attributes(struct deltas *deltas, const struct node *node);
/* A symlink of DosDevices or Volumes that leads to `target` shows, or does no more. */
void deltas_add_link(struct deltas *deltas, enum event_kind kind, const struct tree *tree,
	const struct node *node, const char *target);
