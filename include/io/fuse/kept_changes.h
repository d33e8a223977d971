/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/kept.h"
#include "core/model/change.h"

/*
 * Commits of the database, in memory that can outlive the process: which of them have happened, and
 * what readers of `events` are still to be told of them. Numbers are those of one mount, which is
 * as old as the memory.
 */
struct kept_changes {
	struct kept *kept;
	uint64_t mount;	   /* random */
	uint64_t number;   /* of the last that was begun */
	uint32_t state;	   /* record of these, and of what goes on in another process */
	uint32_t current;  /* record of the one under way, or 0 */
	bool is_told;	   /* of all that was before */
	bool is_inherited; /* there was an earlier process */
};

/* Goes on with what an earlier process has left. `random`: what is to be the mount's number. */
void kept_changes_init(struct kept_changes *changes, struct kept *kept, uint64_t random);
/*
 * Drops what did not happen, by the last commit that the database knows, and lets the manager go on
 * with the epic number. Returns the number of the last that happened.
 */
uint64_t kept_changes_judge(
	struct kept_changes *changes, const struct commit_number *last, struct manager *manager);

/*
 * Notes a change that is about to be committed, and numbers it. It counts with the next commit of
 * the memory.
 */
void kept_changes_begin(
	struct kept_changes *changes, const struct manager *manager, struct change *change);
/* The change that was begun has not happened. */
void kept_changes_cancel(struct kept_changes *changes);
/*
 * A change is in place. If it is one that was begun, it needs no note any more once the memory is
 * committed: with the lines of `events` about it.
 */
void kept_changes_end(struct kept_changes *changes, const struct manager *manager);

/*
 * Which volume had each link that they are about, before the first of them; NULL: none. The first
 * call for a link counts.
 */
typedef void kept_changes_fn(void *data, const char *path, const char *id);
void kept_changes_list(const struct kept_changes *changes, kept_changes_fn *fn, void *data);
/* Whether there are any of which readers are to be told. */
bool kept_changes_has_any(const struct kept_changes *changes);
/* Whether they were too large to say: readers have missed something, and nobody knows what. */
bool kept_changes_has_lost(const struct kept_changes *changes);
/* Adds what they said that does not show otherwise. */
void kept_changes_get_events(const struct kept_changes *changes, struct events *events);
/*
 * The rename that one of them was, if any: only the last that clients asked of an earlier process
 * can be one. Both point into the memory.
 */
bool kept_changes_get_rename(
	const struct kept_changes *changes, const char **ret_from, const char **ret_to);
/* Readers are told of all of this with the next commit of the memory. */
void kept_changes_set_told(struct kept_changes *changes, const struct manager *manager);
