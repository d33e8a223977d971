/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/index.h"
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
	uint64_t changed : 63; /* µs since 1970: when its files were last said to differ, … */
	bool is_online : 1;
	uint64_t links_changed; /* … and those that follow from its links */
	uint64_t description;	/* hash of what describes the volume: the same in all processes */
	uint64_t diskseq;	/* of its device, while it is online */
	char **mounts;		/* mount points, as listed, up to a NULL; NULL: there are none */
};

struct folder_content {
	struct node *first, *last;
	uint64_t listing; /* counts what made its listing another one */
	/* Of a volume: */
	const char *id;	    /* its unique ID; of tree::texts */
	const char *device; /* where the link of that name leads, or NULL; of tree::texts */
	struct shown shown;
};

/* What only a node has whose number somebody may know. */
struct known {
	uint64_t lookups;   /* how many times the kernel was told of it */
	uint32_t mark;	    /* for whoever tells the kernel of nodes; 0 at first */
	const char *target; /* of a link with a lead, for as long as it has that number */
};

/* One inode of the tree. Read-only for users. There are many: what only some have is apart. */
struct node {
	uint64_t ino;
	struct node *parent;	      /* NULL: the root, or without a name by now */
	struct node *next, *previous; /* siblings, by rising inode number */
	uint64_t changed;	      /* µs since 1970 */
	union {
		struct folder_content *content;	   /* NODE_FOLDER */
		struct lead *lead;		   /* has_lead: links of a volume with a name */
		const char *target;		   /* other NODE_LINK; of tree::texts */
		const struct operation *operation; /* NODE_CONTROL */
		const char *id;			   /* NODE_VOLUME: unique ID; of tree::texts */
	};
	struct known *known; /* once somebody may know its number */
	enum node_kind kind : 8;
	unsigned int file : 8; /* NODE_VOLUME: index in volume_files */
	bool is_volume_folder : 1;
	bool is_folding : 1;  /* its children's names are compared ignoring case */
	bool is_writable : 1; /* users may make, remove and rename links in it: it is of links */
	bool has_missing : 1; /* the kernel was told that there are names it has not */
	bool has_lead : 1;
	bool is_indexed : 1;  /* in tree::by_ino */
	bool leads_to_id : 1; /* target is a unique ID, whose folder is meant: tree_get_target() */
	char name[];
};

static inline uint64_t node_get_lookups(const struct node *node)
{
	return node->known ? node->known->lookups : 0;
}

/* Of a filter: names of which two have the same bit cost an invalidation that was not needed. */
#define TREE_MISSING_BITS 65536

struct tree_memory;

struct tree {
	struct index by_ino;  /* nodes that somebody may ask for by their number */
	struct index by_name; /* nodes with a name */
	struct map leads;     /* by unique ID */
	struct texts texts;   /* all links of a volume have the same */
	struct node *root;
	struct node *dos_devices;
	struct node *volumes;
	struct node *mounts;
	struct node *devices;
	struct node *ids;
	struct node *control;
	struct node *views[4]; /* points and the like: change with every change */
	struct node *listed;   /* where the last listing stood, or near that; NULL: nowhere */
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
 * place in the tree any more; times to those that keep them. Marks of what can have no node are
 * given to tree::gone.
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
/* Of a symlink: where it leads, or a unique ID. */
const char *node_get_target(const struct node *link);
/* The text of a symlink, which may have to be made in `room`. */
const char *tree_get_target(const struct node *link, struct strbuf *room);
/*
 * Counts that the kernel was told of the node, which is a child that was found, and that it has
 * forgotten it n times.
 */
void tree_add_lookup(struct node *node);
void tree_forget(struct tree *tree, uint64_t ino, uint64_t n);

/* Of a link that went with all others of its volume the node goes now: see dropped_sweep(). */
void tree_sweep_link(void *tree, const struct link *link);
/* Whoever keeps a listing of the folder for its time of change is to read it again. */
void tree_touch(struct node *folder, uint64_t now);

/* "DosDevices" or "Volumes", for a canonical link. */
struct node *tree_get_link_folder(const struct tree *tree, const char *path);
