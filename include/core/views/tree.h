/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/texts.h"
#include "core/model/event.h"
#include "core/model/touched.h"
#include "core/syntax/operations.h"
#include "core/views/points_text.h"

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

/* What readers of `events` have been told of a volume, as far as its files do not remember it. */
struct shown {
	uint64_t changed; /* when its files were last said to differ */
	bool is_online;
	uint64_t description; /* hash of what describes the volume: the same in all processes */
	uint64_t diskseq;     /* of its device, while it is online */
	char **mounts;	      /* mount points, as listed */
	size_t mount_count;
};

struct folder_content {
	struct node *first, *last;
	uint64_t listing;   /* counts what made its listing another one */
	struct shown shown; /* volume folders */
};

/* One inode of the tree. Read-only for users. There are many: what only some have is apart. */
struct node {
	struct map_node by_ino;	      /* its hash is the inode number */
	struct map_node by_name;      /* while it has a name: tree::by_name */
	struct node *parent;	      /* NULL: the root, or without a name by now */
	struct node *next, *previous; /* siblings, by rising inode number */
	uint64_t changed;	      /* µs since 1970 */
	uint64_t lookups;	      /* how many times the kernel was told of it */
	const char *id; /* unique ID of volume folders, NODE_VOLUME, links; of tree::texts */
	union {
		struct folder_content *content;	   /* NODE_FOLDER */
		const char *target;		   /* NODE_LINK; of tree::texts */
		const struct operation *operation; /* NODE_CONTROL */
		size_t file;			   /* NODE_VOLUME: index in volume_files */
	};
	enum node_kind kind : 8;
	bool is_volume_folder : 1;
	bool is_folding : 1;  /* its children's names are compared ignoring case */
	bool is_writable : 1; /* users may make, remove and rename links in it */
	bool leads_to_id : 1; /* target is a unique ID, whose folder is meant: tree_get_target() */
	uint32_t mark;	      /* for whoever tells the kernel of nodes; 0 at first */
	char name[];
};

/* They count up, so they spread over a map as well as any hash. */
static inline uint64_t node_get_ino(const struct node *node)
{
	return node->by_ino.hash;
}

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
};

/* Of a filter: names of which two have the same bit cost an invalidation that was not needed. */
#define TREE_MISSING_BITS 65536

struct tree_memory;

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
	struct tree_memory *memory;		 /* of an earlier tree, up to tree_end_recall() */
	void (*gone)(void *data, uint32_t mark); /* is told the mark of a freed node; NULL: none */
	void *data;
	uint64_t missing[TREE_MISSING_BITS / 64]; /* by hash: names the kernel may think missing */
};

#define TREE_ROOT_INO 1 /* as FUSE has it */

void tree_init(struct tree *tree, uint64_t now);
/*
 * As tree_init(), for a tree in the place of an earlier one, which may be that of another process.
 * What is added up to tree_end_recall() has the inode numbers that it had there. Nobody may look
 * anything up or list folders before that. Takes over the memory.
 */
void tree_init_again(struct tree *tree, uint64_t now, struct tree_memory *memory);
/*
 * Gives all nodes that the kernel remembers their look-ups and marks back, also those that have no
 * place in the tree any more. Marks of what can have no node are given to tree::gone.
 */
void tree_end_recall(struct tree *tree);
void tree_fini(struct tree *tree);

struct node *tree_find(const struct tree *tree, uint64_t ino);
/* The entry with exactly this name, or NULL. It lives at least until the next call. */
struct node *tree_find_child(struct tree *tree, struct node *folder, const char *name);
/* The text of a symlink, which may have to be made in `room`. */
const char *tree_get_target(const struct node *link, struct strbuf *room);
/* Counts that the kernel was told of the node, and that it has forgotten it n times. */
void tree_add_lookup(struct node *node);
/* Notes that the kernel was told, and may remember, that a folder has no such name. */
void tree_add_missing(struct tree *tree, const struct node *folder, const char *name);
void tree_forget(struct tree *tree, uint64_t ino, uint64_t n);

/*
 * Listing: calls `add` for each entry after the one whose cookie is `after` (0: from the start,
 * with `.` and `..`) until it returns false. The cookie of an entry also tells which listing of the
 * folder it belongs to: who goes on after it goes on with the same listing, by its cookies, though
 * entries may have come and gone since.
 */
typedef bool tree_list_fn(
	void *data, const char *name, uint64_t ino, enum node_kind kind, uint64_t cookie);
void tree_list(const struct tree *tree, const struct node *folder, uint64_t after,
	tree_list_fn *add, void *data);
/* Whether a folder is as it was when a listing began that goes on after this cookie. */
bool tree_is_listing_current(const struct node *folder, uint64_t cookie);
/* Whoever keeps a listing of the folder for its time of change is to read it again. */
void tree_touch(struct node *folder, uint64_t now);

/* When a client renamed a link: the kernel has moved the inode already, so it keeps its number. */
void tree_rename(struct tree *tree, struct node *folder, const char *name, const char *new_name,
	uint64_t now, struct deltas *deltas);

void deltas_fini(struct deltas *deltas);
/* "DosDevices" or "Volumes", for a canonical link. */
struct node *tree_get_link_folder(const struct tree *tree, const char *path);
