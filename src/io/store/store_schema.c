/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of the database, by version. */

#include <sqlite3.h>

#include "base/crash_point.h"
#include "core/model/mount_points.h"
#include "io/store/store_schema.h"

/* migrations[N] makes version N + 1 out of version N. Scripts of released versions are frozen. */
static const char *const migrations[STORE_VERSION] = {
	"CREATE TABLE records ("
	"	unique_id TEXT NOT NULL PRIMARY KEY,"
	"	keep_links INTEGER NOT NULL CHECK (keep_links IN (0, 1)),"
	"	no_drive_letter INTEGER NOT NULL CHECK (no_drive_letter IN (0, 1)),"
	"	partuuid TEXT,"
	"	dm_uuid TEXT,"
	"	md_uuid TEXT,"
	"	wwn TEXT,"
	"	serial TEXT,"
	"	size INTEGER NOT NULL,"
	"	node TEXT,"
	"	diskseq INTEGER NOT NULL,"
	"	has_twin INTEGER NOT NULL CHECK (has_twin IN (0, 1))"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE links ("
	"	path TEXT NOT NULL COLLATE NOCASE PRIMARY KEY,"
	"	unique_id TEXT NOT NULL REFERENCES records (unique_id),"
	"	changed INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX links_of_record ON links (unique_id);"
	"CREATE UNIQUE INDEX letter_of_record ON links (unique_id)"
	"	WHERE path GLOB '/DosDevices/[A-Z]:';"
	"CREATE TABLE mount_points ("
	"	host TEXT NOT NULL REFERENCES records (unique_id) DEFERRABLE INITIALLY DEFERRED,"
	"	path TEXT NOT NULL,"
	"	volume TEXT NOT NULL COLLATE NOCASE"
	"		REFERENCES links (path) DEFERRABLE INITIALLY DEFERRED,"
	"	options TEXT,"
	"	is_replicated INTEGER NOT NULL CHECK (is_replicated IN (0, 1)),"
	"	changed INTEGER NOT NULL,"
	"	PRIMARY KEY (host, path)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX mount_points_of_volume ON mount_points (volume);"
	"CREATE TABLE history ("
	"	sequence INTEGER PRIMARY KEY,"
	"	time INTEGER NOT NULL,"
	"	epic INTEGER NOT NULL,"
	"	operation TEXT,"
	"	link TEXT,"
	"	unique_id TEXT,"
	"	device TEXT,"
	"	uid INTEGER NOT NULL,"
	"	pid INTEGER NOT NULL,"
	"	command TEXT"
	") STRICT;"
	"CREATE TABLE settings ("
	"	name TEXT NOT NULL PRIMARY KEY,"
	"	value INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"PRAGMA application_id = 0x6d6d6673;"
	"PRAGMA user_version = 1;",

	/* When a volume was last here: who was known before counts from today. */
	"ALTER TABLE records ADD COLUMN last_seen INTEGER NOT NULL DEFAULT 0;"
	"UPDATE records SET last_seen = CAST(strftime('%s', 'now') AS INTEGER) * 1000000;"
	"PRAGMA user_version = 2;",

	/* What it takes to forge the device of a volume: unknown, until it is here again. */
	"ALTER TABLE records ADD COLUMN attachment TEXT"
	"	CHECK (attachment IN ('internal', 'external', 'virtual'));"
	"PRAGMA user_version = 3;",

	/* Where the partition of a volume starts: unknown (0), until it is here again. */
	"ALTER TABLE records ADD COLUMN start INTEGER NOT NULL DEFAULT 0;"
	"PRAGMA user_version = 4;",

	/*
	 * Which volumes have names on all hosts: none of those that are known so far. A revision is
	 * of the changes of all hosts; host is that of an entry's author, if it is another.
	 */
	"ALTER TABLE records ADD COLUMN is_shared INTEGER NOT NULL DEFAULT 0"
	"	CHECK (is_shared IN (0, 1));"
	"ALTER TABLE records ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE history ADD COLUMN host TEXT;"
	"CREATE TABLE shadows ("
	"	path TEXT NOT NULL COLLATE NOCASE PRIMARY KEY,"
	"	unique_id TEXT NOT NULL REFERENCES records (unique_id),"
	"	changed INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX shadows_of_record ON shadows (unique_id);"
	"PRAGMA user_version = 5;",

	/* Which commit was the last, by its number, and of which mount. */
	"CREATE TABLE last_commit ("
	"	id INTEGER PRIMARY KEY CHECK (id = 1),"
	"	mount INTEGER NOT NULL,"
	"	number INTEGER NOT NULL"
	") STRICT;"
	"PRAGMA user_version = 6;",

	/*
	 * The links of a record are those of its bundle, so that all of them can be dropped by one
	 * step. A bundle without record is what is left of such links, until they are swept.
	 */
	"CREATE TABLE bundles ("
	"	number INTEGER PRIMARY KEY,"
	"	unique_id TEXT UNIQUE REFERENCES records (unique_id)"
	") STRICT;"
	"INSERT INTO bundles (unique_id) SELECT DISTINCT unique_id FROM links;"
	"CREATE TEMP TABLE bundled AS"
	"	SELECT path, number, changed FROM links JOIN bundles USING (unique_id);"
	"DROP TABLE links;"
	"CREATE TABLE links ("
	"	path TEXT NOT NULL COLLATE NOCASE PRIMARY KEY,"
	"	bundle INTEGER NOT NULL REFERENCES bundles (number),"
	"	changed INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO links SELECT path, number, changed FROM bundled"
	"	ORDER BY path COLLATE NOCASE;"
	"DROP TABLE bundled;"
	"CREATE INDEX links_of_bundle ON links (bundle);"
	"CREATE UNIQUE INDEX letter_of_bundle ON links (bundle)"
	"	WHERE path GLOB '/DosDevices/[A-Z]:';"
	"PRAGMA user_version = 7;",

	/* Which medium a volume was on last: unknown (0), until it is here again. */
	"ALTER TABLE records ADD COLUMN medium INTEGER NOT NULL DEFAULT 0;"
	"PRAGMA user_version = 8;",
};

int store_schema_migrate(struct sqlite3 *db, int version)
{
	int code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	for (; code == SQLITE_OK && version < STORE_VERSION; version++)
		code = sqlite3_exec(db, migrations[version], NULL, NULL, NULL);
	return code;
}

int store_schema_commit(struct sqlite3 *db)
{
	crash_point("store:schema");
	return sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
}
