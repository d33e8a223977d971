/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/map.h"
#include "base/texts.h"

/*
 * Where the links of a unique ID lead, those in DosDevices and Volumes: all of them to the same
 * place, so it is remembered once, and a volume with many links comes and goes as fast as one with
 * few. Letters and volume names, which need a volume, are apart: they may have to wait for it.
 */
struct lead {
	struct map_node by_id;
	const char *id;	    /* unique ID; of the texts */
	const char *target; /* of the texts; NULL: they do not show */
	uint64_t changed;   /* when that became so, µs since 1970 */
	bool needs_volume;
	bool is_dropped; /* its links are nobody's any more, see lead_drop() */
	uint32_t links;	 /* how many there are */
	uint32_t known;	 /* … of which the kernel was told by name, and may remember */
};

/* That of a unique ID, or NULL: it has no such links. */
struct lead *lead_find(const struct map *leads, const char *id, bool needs_volume);
/* The same for one link more; made, and not showing, if there was none. */
struct lead *lead_hold(struct map *leads, struct texts *texts, const char *id, bool needs_volume);
/* Leaves its links to be removed one by one, by and by: the next of that unique ID get another. */
void lead_drop(struct map *leads, struct texts *texts, struct lead *lead);
/* One link less. It goes with the last. */
void lead_release(struct map *leads, struct texts *texts, struct lead *lead);
