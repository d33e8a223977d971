/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"

struct sqlite3;
struct sqlite3_stmt;

/* How changes come into the tables of the database. Part of io/store. */

enum store_statement {
	STORE_DELETE_POINT,
	STORE_DELETE_LINK,
	STORE_DROP_LINKS,
	STORE_DELETE_SHADOW,
	STORE_DELETE_BUNDLE,
	STORE_DELETE_RECORD,
	STORE_PUT_RECORD,
	STORE_PUT_BUNDLE,
	STORE_ADD_LINK,
	STORE_ADD_SHADOW,
	STORE_ADD_POINT,
	STORE_ADD_ENTRY,
	STORE_PUT_SETTING,
	STORE_TRIM_HISTORY,
	STORE_LAST_ENTRY,
	STORE_PUT_COMMIT,
	STORE_FIND_DROPPED,
	STORE_SWEEP_LINKS,
	STORE_SWEEP_BUNDLE,
	STORE_STATEMENTS,
};

struct store_writer {
	struct sqlite3_stmt *statements[STORE_STATEMENTS];
	size_t written; /* of the change being written, to find its middle */
	size_t half;
	uint64_t position[5]; /* STORE_POSITIONS, as written last */
	bool is_position_frozen;
};

/* Prepares the statements that write a change. SQLite's codes; _fini() either way. */
int store_writer_init(struct store_writer *writer, struct sqlite3 *db);
void store_writer_fini(struct store_writer *writer);
/* Writes the rows of a change, within a transaction of the caller. SQLite's codes. */
int store_writer_write(struct store_writer *writer, const struct change *change);
/* What it has written last was rolled back. */
void store_writer_forget(struct store_writer *writer);
/* The number of a bundle of dropped links: SQLITE_ROW, or SQLITE_DONE if there is none. */
int store_writer_find_dropped(struct store_writer *writer, int64_t *ret_bundle);
/*
 * Removes up to `count` of its links, and the bundle with the last of them. Within a transaction of
 * the caller. SQLite's codes.
 */
int store_writer_sweep(struct store_writer *writer, int64_t bundle, size_t count);
