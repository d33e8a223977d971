/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/texts.h"
#include "core/model/names.h"
#include "core/model/touched.h"
#include "core/syntax/operations.h"
#include "core/views/deltas.h"
#include "core/views/lead.h"

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
	union {
		const char *id;	   /* unique ID of volume folders and their files; of tree::texts */
		struct lead *lead; /* links of a volume, as long as they have their name */
	};
	union {
		struct folder_content *content;	   /* NODE_FOLDER */
		const char *target;		   /* NODE_LINK; of tree::texts */
		const struct operation *operation; /* NODE_CONTROL */
		size_t file;			   /* NODE_VOLUME: index in volume_files */
	};
	uint64_t lookups : 48; /* how many times the kernel was told of it */
	enum node_kind kind : 8;
	bool is_volume_folder : 1;
	bool is_folding : 1;  /* its children's names are compared ignoring case */
	bool is_writable : 1; /* users may make, remove and rename links in it: it is of links */
	bool has_missing : 1; /* the kernel was told that there are names it has not */
	bool has_lead : 1;
	bool leads_to_id : 1; /* target is a unique ID, whose folder is meant: tree_get_target() */
	uint32_t mark;	      /* for whoever tells the kernel of nodes; 0 at first */
	char name[];
};

/* They count up, so they spread over a map as well as any hash. */
static inline uint64_t node_get_ino(const struct node *node)
{
	return node->by_ino.hash;
}

/* Of a filter: names of which two have the same bit cost an invalidation that was not needed. */
#define TREE_MISSING_BITS 65536

struct tree_memory;

struct tree {
	struct map by_ino;
	struct map by_name;
	struct map leads;   /* by unique ID */
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
/*
 * All entries of all folders, for a kernel to which names may be missing that are there. From then
 * on it counts as one that may think so of every name.
 */
void tree_list_entries(struct tree *tree, struct deltas *ret_deltas);
void tree_fini(struct tree *tree);

struct node *tree_find(const struct tree *tree, uint64_t ino);
/*
 * The entry with exactly this name, or NULL. It lives at least until the next call. A link that
 * leads elsewhere since it was last asked for becomes another inode now, if the kernel knows it.
 */
struct node *tree_find_child(struct tree *tree, struct node *folder, const char *name);
/* The text of a symlink, which may have to be made in `room`. */
const char *tree_get_target(const struct node *link, struct strbuf *room);
/* Counts that the kernel was told of the node, and that it has forgotten it n times. */
void tree_add_lookup(struct node *node);
void tree_forget(struct tree *tree, uint64_t ino, uint64_t n);

/*
 * Listing: calls `add` for each entry after the one whose cookie is `after` (0: from the start,
 * with `.` and `..`) until it returns false. The cookie of an entry also tells which listing of the
 * folder it belongs to: who goes on after it goes on with the same listing, by its cookies, though
 * entries may have come and gone since.
 */
typedef bool tree_list_fn(
	void *data, const char *name, uint64_t ino, enum node_kind kind, uint64_t cookie);
void tree_list(struct tree *tree, const struct node *folder, uint64_t after, tree_list_fn *add,
	void *data);
/* Whether a folder is as it was when a listing began that goes on after this cookie. */
bool tree_is_listing_current(const struct node *folder, uint64_t cookie);
/* Of a link that went with all others of its volume the node goes now: see dropped_sweep(). */
void tree_sweep_link(void *tree, const struct link *link);
/* Whoever keeps a listing of the folder for its time of change is to read it again. */
void tree_touch(struct node *folder, uint64_t now);

/* "DosDevices" or "Volumes", for a canonical link. */
struct node *tree_get_link_folder(const struct tree *tree, const char *path);
