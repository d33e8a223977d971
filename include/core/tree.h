/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/texts.h"
#include "core/manager.h"
#include "core/notice.h"

enum node_kind {
	NODE_FOLDER,
	NODE_LINK,    /* a symlink */
	NODE_CONTROL, /* control/…: operation says which */
	NODE_VOLUME,  /* a file in a volume's folder: file says which */
	NODE_POINTS,
	NODE_POINTS_JSON,
	NODE_HISTORY,
	NODE_METRICS,
	NODE_EVENTS,
	NODE_MANAGER, /* MountPointManager */
};

/* One inode of the tree. Read-only for users. */
struct node {
	struct map_node by_ino;
	struct map_node by_name;      /* while it has a name: tree::by_name */
	struct node *parent;	      /* NULL: the root, or without a name by now */
	struct node *next, *previous; /* siblings, by rising inode number */
	struct node *first, *last;
	enum node_kind kind;
	uint64_t ino;
	uint64_t changed; /* µs since 1970 */
	uint64_t lookups; /* how many times the kernel was told of it */
	bool is_volume_folder;
	bool is_folding;    /* its children's names are compared ignoring case */
	bool is_writable;   /* users may make, remove and rename links in it */
	const char *target; /* NODE_LINK; of tree::texts */
	const char *id; /* unique ID of volume folders, NODE_VOLUME, links of volumes; the same */
	struct shown *shown; /* volume folders: what readers of `events` have been told */
	const struct operation *operation;
	size_t file; /* index in volume_files */
	char name[];
};

/* Something that the kernel may remember and that is no longer so. */
struct delta {
	uint64_t parent; /* folder whose entry `name` is another now; 0: see ino */
	uint64_t ino;	 /* attributes of this inode are others now */
	char *name;
};

/* What became different: for the kernel, and for readers of `events`. */
struct deltas {
	struct delta *list;
	size_t count;
	struct notices notices;
};

struct tree {
	struct map by_ino;
	struct map by_name;
	struct texts texts; /* all links of a volume have the same */
	struct node *root;
	struct node *dos_devices;
	struct node *volumes;
	struct node *mounts;
	struct node *devices;
	struct node *ids;
	struct node *control;
	struct node *views[4]; /* points and the like: change with every change */
	uint64_t next_ino;
};

#define TREE_ROOT_INO 1 /* as FUSE has it */

void tree_init(struct tree *tree, uint64_t now);
void tree_fini(struct tree *tree);

struct node *tree_find(const struct tree *tree, uint64_t ino);
/* The entry with exactly this name, or NULL. It lives at least until the next call. */
struct node *tree_find_child(struct tree *tree, struct node *folder, const char *name);
/* Counts that the kernel was told of the node, and that it has forgotten it n times. */
void tree_add_lookup(struct node *node);
void tree_forget(struct tree *tree, uint64_t ino, uint64_t n);

/*
 * Listing: calls `add` for each entry after the one whose cookie is `after` (0: from the start, `.`
 * and `..` are not listed) until it returns false.
 */
typedef bool tree_list_fn(
	void *data, const char *name, uint64_t ino, enum node_kind kind, uint64_t cookie);
void tree_list(const struct tree *tree, const struct node *folder, uint64_t after,
	tree_list_fn *add, void *data);

/*
 * Makes the tree show the state again, and says what became different. Notices of one update are in
 * a fixed order: what ends before what begins, a link before its volume where they end, and after it
 * where they begin. `touched` hands its notices over. `deltas` is NULL while nobody listens.
 */
void tree_update(struct tree *tree, const struct manager *manager, struct touched *touched,
	uint64_t now, struct deltas *deltas);
/*
 * Before tree_update(), when a client renamed a link: the kernel has moved the inode already, so
 * it keeps its number.
 */
void tree_rename(struct tree *tree, struct node *folder, const char *name, const char *new_name,
	uint64_t now, struct deltas *deltas);

void deltas_fini(struct deltas *deltas);
/* "DosDevices" or "Volumes", for a canonical link. */
struct node *tree_get_link_folder(const struct tree *tree, const char *path);
