/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/manager.h"
#include "core/views/tree.h"

/*
 * What readers of `events` were told by an earlier process, and what they are still to be told: a
 * tree that shows what that one did is compared with the state, by the rules by which any tree
 * follows.
 */
struct told {
	struct tree tree;
	char *renamed[2];   /* as in struct touched */
	struct map devices; /* by kernel name: those that show nowhere, and why */
};

/* A volume as it was told. */
struct told_volume {
	const char *id;
	const char *node; /* "/dev/sda1"; NULL: it is absent */
	bool is_online;	  /* that is a volume by this ID, and not merely known by it */
	uint64_t diskseq;
	uint64_t description;		 /* hash, the same in all processes */
	uint64_t changed, links_changed; /* as in struct shown */
	const char *const *mounts;
	size_t mount_count;
};

/* A device of which readers were told why it does not show. */
struct told_device {
	const char *name; /* of the kernel */
	bool is_duplicate;
	const char *reason; /* or NULL */
};

void told_init(struct told *told, uint64_t now);
void told_fini(struct told *told);
void told_add_volume(struct told *told, const struct told_volume *volume);
void told_add_device(struct told *told, const struct told_device *device);
/* A link of a volume, which shows if that was told. */
void told_add_link(struct told *told, const char *path, const char *id);
/* The last that a client asked for was this rename, of which nobody was told. */
void told_set_rename(struct told *told, const char *from, const char *to);
/* Where nothing became different: the files of volumes have the times that they had. */
void told_recall_times(const struct told *told, struct tree *tree);
/* Where something did: they have a new one. */
void told_renew_times(struct tree *tree, uint64_t now);
/*
 * What readers are still to be told: `shown` is the tree that shows the state. What does not show
 * is in `ret_events` already. For one call.
 */
void told_compare(struct told *told, const struct manager *manager, const struct tree *shown,
	uint64_t now, struct events *ret_events);

/* A volume as the tree has told it; it points into the tree. False: it does not show. */
bool told_get_volume(const struct tree *tree, const char *id, struct told_volume *ret_volume);
/* A device that readers are told of; it points into the device. False: it shows, or is meant to. */
bool told_get_device(const struct device *device, struct told_device *ret_device);
