/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/names.h"

/*
 * Names that all hosts have for a shared volume, but this one not: it has a name of its own of that
 * spelling, which was there before and keeps its place. When that goes, the other shows.
 */
struct shadow {
	struct map_node by_path; /* names::shadows */
	char *id;		 /* of the shared volume; NULL in a layer: it is none any more */
	uint64_t changed;	 /* of the link, µs since 1970 */
	char path[];		 /* as the link is spelled */
};

/* Ignoring case; NULL: there is none. */
const struct shadow *shadows_find(const struct names *names, const char *path);
/* In the place of one with the same path, if there is one. Its record must be there. */
void shadows_set(struct names *layer, const char *path, const char *id, uint64_t changed);
void shadows_remove(struct names *layer, const char *path);
/* Calls `visit` for each of the view, which may change these and no others. */
void shadows_visit(const struct names *names,
	void (*visit)(void *data, const struct shadow *shadow), void *data);

/* Parts of the functions of names. */
void shadows_fini(struct names *names);
/* Those of a unique ID. */
void shadows_drop(struct names *layer, const char *id);
void shadows_merge(struct names *base, struct names *layer);
