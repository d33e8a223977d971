/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"
#include "core/model/manager.h"

struct sqlite3;
struct sqlite3_stmt;

#define STORE_TEXT_MAX 65536 /* bytes of a row */

/* What is in the tables of the database. Part of io/store. */

enum store_statement {
	STORE_DELETE_POINT,
	STORE_DELETE_LINK,
	STORE_DELETE_RECORD,
	STORE_PUT_RECORD,
	STORE_ADD_LINK,
	STORE_ADD_POINT,
	STORE_ADD_ENTRY,
	STORE_PUT_SETTING,
	STORE_TRIM_HISTORY,
	STORE_LAST_ENTRY,
	STORE_STATEMENTS,
};

struct store_rows {
	struct sqlite3_stmt *statements[STORE_STATEMENTS];
	size_t written; /* of the change being written, to find its middle */
	size_t half;
};

/*
 * Reads everything, judging each row as if it were hostile. -EBADMSG or -EIO with the reason added
 * to `why`, and nothing to free; on success both results are the caller's.
 */
int store_rows_load(struct sqlite3 *db, struct names *ret_names, struct history *ret_history,
	struct strbuf *why);

/* Prepares the statements that write a change. SQLite's codes; _fini() either way. */
int store_rows_init(struct store_rows *rows, struct sqlite3 *db);
void store_rows_fini(struct store_rows *rows);
/* Writes the rows of a change, within a transaction of the caller. SQLite's codes. */
int store_rows_write(struct store_rows *rows, const struct change *change);
