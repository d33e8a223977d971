/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/names.h"

/*
 * A registered mount point: the directory of a hosting volume at which another volume belongs. Its
 * volume name is a link of the view, whose owner it leads to.
 */
struct mount_point {
	struct map_node by_place; /* names::points */
	char *host;		  /* unique ID */
	char *path;		  /* from the root of the hosting volume: "data/photos" */
	char *volume;		  /* "/Volumes/Volume{…}" */
	char *options;		  /* for mounting the volume there; NULL: none were given */
	uint64_t changed;	  /* µs since 1970 */
	bool is_replicated;	  /* was seen like this in the hosting volume's own file */
	bool is_found;		  /* only that file told of it: nobody here has asked for it */
	bool is_removed;	  /* in a layer: the mount point is deleted */
	const char *reason;	  /* in a layer: why, where nobody asked for it; static storage */
};

const struct mount_point *mount_points_find(
	const struct names *names, const char *host, const char *path);
/* All mount points of the view, ordered by host and path; the caller frees the array. */
size_t mount_points_get(const struct names *names, const struct mount_point ***ret_points);
/*
 * Copies `point`, but for its places in lists. Its volume name must be a link when all is decided.
 */
void mount_points_set(struct names *layer, const struct mount_point *point);
void mount_points_remove(
	struct names *layer, const char *host, const char *path, const char *reason);
/* Moves mount points to another host, where those that are there already stay. */
void mount_points_move(struct names *layer, const char *host, const char *to);
/* Mount points that lead to one volume name lead to another from now on. */
void mount_points_rename(struct names *layer, const char *volume, const char *to);

/* Parts of the functions of names: what becomes of its mount points. */
void mount_points_fini(struct names *names);
/* Those of a host, of a volume name, or (NULL) of any. */
void mount_points_drop(struct names *layer, const char *host, const char *volume);
bool mount_points_has_changes(const struct names *layer);
void mount_points_merge(struct names *base, struct names *layer);
