/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/database.h"

/*
 * What makes the database here have what a document says: lines for control/database, and what
 * they change, for people. The documents are borrowed, and have been checked.
 */
struct restore {
	const struct ctl *ctl;
	struct json_object *wanted;
	struct json_object *here, *here_by_id;
	struct json_object *wanted_ids;
	struct json_object *shown;     /* IDs that have a folder in ids/ */
	struct json_object *owners;    /* by link, see text_fold(): IDs */
	struct json_object *given;     /* links that are given, in lower case */
	struct json_object *forgotten; /* IDs of which all goes, to be given anew */
	struct strbuf point_removals, removals, additions, knowledge, points;
	struct strbuf removed, added; /* "- /DosDevices/X:  UUID=…" */
	size_t skipped;
	struct json_object *cleared; /* host and path of each mount point that goes */
};

/* A ctl_exit, after saying what is wrong. */
int restore_begin(struct restore *restore, const struct ctl *ctl, struct json_object *wanted);
/* Puts the lines together. */
void restore_end(struct restore *restore, struct strbuf *ret_batch);
/*
 * Once the lines are committed: takes the mount points out of the files on their hosting volumes,
 * too, where these are mounted. A ctl_exit, after saying what is wrong.
 */
int restore_clear_hosts(const struct restore *restore);
void restore_fini(struct restore *restore);
/* The volume that line `number` (from 1) of a batch is about; the caller frees it. */
char *restore_find_id(const struct strbuf *batch, size_t number);
