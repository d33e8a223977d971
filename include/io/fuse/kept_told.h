/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/views/told.h"
#include "io/fuse/kept_known.h"

/*
 * What readers of `events` were told of volumes, in memory that can outlive the process: a record
 * for each that shows, and for each device that does not.
 */
struct kept_told {
	struct kept *kept; /* NULL: nobody is told yet */
	struct kept_notes volumes, devices;
	struct kept_notes known; /* what the next server is told besides: kept_known.h */
};

/* Takes in what an earlier process has noted. A record that makes no sense is dropped. */
void kept_told_load(struct kept *kept, struct told *told);
/* From now on readers are told: notes what the tree shows, in place of what was noted before. */
void kept_told_start(struct kept_told *noted, struct kept *kept, const struct tree *tree,
	const struct volumes *volumes);
void kept_told_fini(struct kept_told *noted);
/* Readers were told, or are with the next commit of the memory, what the tree shows of a volume. */
void kept_told_note(struct kept_told *noted, const struct tree *tree, const char *id);
/* The same of a device, by its kernel name. */
void kept_told_note_device(
	struct kept_told *noted, const struct volumes *volumes, const char *name);
