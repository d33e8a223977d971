/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct sqlite3;

/* The tables of the database, by version. Part of io/store. */

#define STORE_VERSION 8		      /* user_version of the file */
#define STORE_APPLICATION 0x6d6d6673u /* "mmfs"; application_id of the file */

/*
 * Makes the tables of the newest version out of those of `version` (0: none), in a transaction that
 * is left open. SQLite's codes; after a failure the caller rolls back.
 */
int store_schema_migrate(struct sqlite3 *db, int version);
/* Ends that transaction. */
int store_schema_commit(struct sqlite3 *db);
