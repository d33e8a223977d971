/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of the database: reading all of them. (Writing: store_writer.c, tables: store_schema.c)
 *
 * What is read is judged row by row, beyond what the schema enforces: a link in its canonical
 * spelling, a unique ID with a known tag, no second drive letter, numbers in range, no NUL within
 * a text, no gap in the history.
 *
 * There may be a million links, and SQLite compares a table with its indexes by one look-up for
 * each row: that took half of a start. So it leaves them out (store_file.c), and they are compared
 * here: rows must come in their order, in the table and in both indexes, and be the same ones, by
 * the sum of their hashes.
 *
 * Unsigned 64-bit numbers are kept as SQLite's signed ones, bit by bit. Texts are kept byte by
 * byte: SQLite neither checks nor changes the encoding of a UTF-8 database.
 */

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/crash_point.h"
#include "core/model/mount_points.h"
#include "core/model/shadows.h"
#include "core/syntax/link_name.h"
#include "core/syntax/replica.h"
#include "core/syntax/request.h"
#include "io/store/store_rows.h"

static const char select_records[] =
	"SELECT unique_id, keep_links, no_drive_letter, partuuid, dm_uuid, md_uuid, wwn, serial,"
	"	size, node, diskseq, has_twin, last_seen, attachment, start, is_shared, revision,"
	"	medium"
	"	FROM records";
static const char select_bundles[] = "SELECT number, unique_id FROM bundles";
static const char select_links[] = "SELECT path, bundle, changed FROM links ORDER BY path";
static const char select_indexed[] =
	"SELECT path, bundle FROM links INDEXED BY links_of_bundle ORDER BY bundle, path";
static const char select_letters[] = "SELECT path, bundle FROM links INDEXED BY letter_of_bundle"
				     "	WHERE path GLOB '/DosDevices/[A-Z]:' ORDER BY bundle, path";
static const char select_shadows[] = "SELECT path, unique_id, changed FROM shadows";
static const char select_points[] =
	"SELECT host, path, volume, options, is_replicated, changed FROM mount_points";
static const char select_history[] =
	"SELECT sequence, time, epic, operation, link, unique_id, device, uid, pid, command,"
	"	host FROM history ORDER BY sequence";

static const char select_settings[] = "SELECT name, value FROM settings";

static const char select_commit[] = "SELECT mount, number FROM last_commit";

const enum id_scheme store_identity_columns[STORE_IDENTITIES] = { ID_PARTUUID, ID_DM_UUID,
	ID_MD_UUID, ID_WWN, ID_SERIAL };

const char *const store_position_names[STORE_POSITIONS] = { "revision", "head", "own_change",
	"cluster_high", "cluster_low" };

void store_rows_get_position(const struct names *names, uint64_t ret_values[STORE_POSITIONS])
{
	ret_values[0] = names->revision;
	ret_values[1] = names->head;
	ret_values[2] = names->own_change;
	ret_values[3] = names->cluster[0];
	ret_values[4] = names->cluster[1];
}

static uint64_t *find_position(struct names *names, const char *name)
{
	uint64_t *const values[STORE_POSITIONS] = { &names->revision, &names->head,
		&names->own_change, &names->cluster[0], &names->cluster[1] };

	for (size_t i = 0; i < STORE_POSITIONS; i++)
		if (is_same_text(name, store_position_names[i]))
			return values[i];
	return NULL;
}

/* One row on its way in or out; the columns are visited in order. */
struct row {
	struct sqlite3_stmt *statement;
	int column;
	int code;	 /* SQLite's, when binding failed */
	bool is_invalid; /* a value read is not what its column may hold */
};

/* Some of the links, whatever their order. */
struct sum {
	size_t count;
	uint64_t hashes;
};

struct bundle {
	struct map_node by_number;
	uint64_t number;
	struct record *record; /* NULL: its links are dropped */
};

struct loader {
	struct sum links, letters, indexed;
	char path[LINK_PATH_MAX]; /* of the link before, and its bundle */
	uint64_t number;
	struct map bundles;
	struct names *names;
	struct history *history;
	struct commit_number *commit;
	struct strbuf *why;
};

static uint64_t row_take_number(struct row *row, uint64_t max)
{
	uint64_t value = (uint64_t)sqlite3_column_int64(row->statement, row->column);

	if (sqlite3_column_type(row->statement, row->column) != SQLITE_INTEGER || value > max)
		row->is_invalid = true;
	row->column++;
	return value;
}

/* Borrowed until the next step; NULL where the column is. */
static const char *row_take_text(struct row *row)
{
	int type = sqlite3_column_type(row->statement, row->column);
	const char *text = NULL;

	if (type == SQLITE_TEXT) {
		text = (const char *)sqlite3_column_text(row->statement, row->column);
		if (!text ||
			strlen(text) != (size_t)sqlite3_column_bytes(row->statement, row->column))
			row->is_invalid = true;
	} else if (type != SQLITE_NULL) {
		row->is_invalid = true;
	}
	row->column++;
	return text;
}

static char *row_copy_text(struct row *row)
{
	const char *text = row_take_text(row);

	return text ? xstrdup(text) : NULL;
}

static int fail_row(struct loader *loader, const char *table, const char *key, const char *fault)
{
	strbuf_add_format(loader->why, "%s ", table);
	strbuf_add_printable(loader->why, key ? key : "without a name");
	strbuf_add_format(loader->why, " %s", fault);
	return -EBADMSG;
}

static int take_record(struct loader *loader, struct row *row)
{
	const char *id = row_take_text(row), *attachment;
	struct record *record;

	if (row->is_invalid || !id || !unique_id_has_form(id))
		return fail_row(loader, "the record", id, "has no valid unique ID");
	if (names_find_record(loader->names, id))
		return fail_row(loader, "the record", id, "is there twice");
	record = names_edit_record(loader->names, id);
	record->keep_links = row_take_number(row, 1);
	record->no_drive_letter = row_take_number(row, 1);
	for (size_t i = 0; i < STORE_IDENTITIES; i++)
		record->fingerprint.value[store_identity_columns[i]] = row_copy_text(row);
	record->fingerprint.size = row_take_number(row, UINT64_MAX);
	record->fingerprint.node = row_copy_text(row);
	record->fingerprint.diskseq = row_take_number(row, UINT64_MAX);
	record->fingerprint.has_twin = row_take_number(row, 1);
	record->last_seen = row_take_number(row, INT64_MAX);
	attachment = row_take_text(row);
	if (attachment && !attachment_parse(attachment, &record->fingerprint.attachment))
		row->is_invalid = true;
	record->fingerprint.start = row_take_number(row, INT64_MAX);
	record->is_shared = row_take_number(row, 1);
	record->revision = row_take_number(row, INT64_MAX);
	record->fingerprint.medium = row_take_number(row, INT64_MAX);
	if (row->is_invalid)
		return fail_row(loader, "the record", id, "has an invalid value");
	return 0;
}

const char *store_rows_find_link_fault(const char *path, struct link_name *ret_name)
{
	const char *fault;

	if (link_name_parse(path, strlen(path), ret_name, &fault) < 0)
		return "is not a link name";
	return strcmp(ret_name->path, path) == 0 ? NULL : "is not in canonical form";
}

static void sum_add(struct sum *sum, const char *path, uint64_t number)
{
	sum->count++;
	sum->hashes += map_hash_number(map_hash_text(path) + map_hash_number(number));
}

static bool bundle_has_number(const struct map_node *node, const void *key)
{
	return container_of(node, struct bundle, by_number)->number == *(const uint64_t *)key;
}

static int take_bundle(struct loader *loader, struct row *row)
{
	uint64_t number = row_take_number(row, INT64_MAX);
	const char *id = row_take_text(row);
	struct record *record = id ? names_get_record(loader->names, id) : NULL;
	struct bundle *bundle;

	if (row->is_invalid || (id && !record))
		return fail_row(loader, "the bundle of", id, "is of no record");
	bundle = xcalloc(1, sizeof(*bundle));
	bundle->number = number;
	bundle->record = record;
	map_add(&loader->bundles, &bundle->by_number, map_hash_number(number));
	return 0;
}

static const struct bundle *find_bundle(const struct loader *loader, uint64_t number)
{
	struct map_node *node =
		map_find(&loader->bundles, map_hash_number(number), bundle_has_number, &number);

	return node ? container_of(node, struct bundle, by_number) : NULL;
}

static void loader_fini(struct loader *loader)
{
	map_for_each (&loader->bundles, node, next)
		free(container_of(node, struct bundle, by_number));
	map_fini(&loader->bundles);
}

/* Links that were dropped are not there, but count in the indexes. */
static int take_link(struct loader *loader, struct row *row)
{
	const char *path = row_take_text(row);
	uint64_t number = row_take_number(row, INT64_MAX),
		 changed = row_take_number(row, INT64_MAX);
	const struct bundle *bundle;
	struct link_name name;
	const char *fault;
	int order;

	if (row->is_invalid || !path)
		return fail_row(loader, "the link", path, "has an invalid value");
	fault = store_rows_find_link_fault(path, &name);
	if (fault)
		return fail_row(loader, "the link", path, fault);
	order = strcasecmp(loader->path, path);
	if (order >= 0)
		return fail_row(
			loader, "the link", path, order ? "is not in its place" : "is there twice");
	bundle = find_bundle(loader, number);
	if (!bundle)
		return fail_row(loader, "the link", path, "belongs to no record");
	if (name.kind == LINK_LETTER && bundle->record && bundle->record->letter)
		return fail_row(loader, "the link", path, "is a second drive letter");
	strcpy(loader->path, path);
	sum_add(&loader->links, path, number);
	if (name.kind == LINK_LETTER)
		sum_add(&loader->letters, path, number);
	if (bundle->record)
		names_add_link(loader->names, bundle->record, path, changed);
	return 0;
}

static int take_indexed(struct loader *loader, struct row *row)
{
	const char *path = row_take_text(row);
	uint64_t number = row_take_number(row, INT64_MAX);

	if (row->is_invalid || !path || strlen(path) >= sizeof(loader->path) ||
		number < loader->number ||
		(number == loader->number && strcasecmp(loader->path, path) >= 0))
		return fail_row(loader, "the link", path, "is not in its place in an index");
	strcpy(loader->path, path);
	loader->number = number;
	sum_add(&loader->indexed, path, number);
	return 0;
}

/* What is shadowed belongs to a shared volume, and to no drive letter. */
static int take_shadow(struct loader *loader, struct row *row)
{
	const char *path = row_take_text(row), *id = row_take_text(row);
	uint64_t changed = row_take_number(row, INT64_MAX);
	const struct record *record = id ? names_find_record(loader->names, id) : NULL;
	struct link_name name;
	const char *fault;

	if (row->is_invalid || !path || !id)
		return fail_row(loader, "the shadowed link", path, "has an invalid value");
	fault = store_rows_find_link_fault(path, &name);
	if (!fault && name.kind == LINK_LETTER)
		fault = "is a drive letter";
	if (!fault && shadows_find(loader->names, path))
		fault = "is there twice";
	if (!fault && (!record || !record->is_shared))
		fault = "belongs to no shared volume";
	if (fault)
		return fail_row(loader, "the shadowed link", path, fault);
	shadows_set(loader->names, path, id, changed);
	return 0;
}

const char *store_rows_find_point_fault(const struct mount_point *point)
{
	struct link_name name;

	if (!unique_id_has_form(point->host))
		return "has no valid host";
	if (replica_check_path(point->path))
		return "is no path on a volume";
	if (store_rows_find_link_fault(point->volume, &name) || name.kind != LINK_VOLUME)
		return "leads to no volume name";
	if (point->options && strlen(point->options) > REQUEST_OPTIONS_MAX)
		return "has too many options";
	return NULL;
}

/* One that was only found has no options of its own: the column is an empty text then. */
static int take_point(struct loader *loader, struct row *row)
{
	struct mount_point point = { .host = (char *)row_take_text(row) };
	const char *fault;

	point.path = (char *)row_take_text(row);
	point.volume = (char *)row_take_text(row);
	point.options = (char *)row_take_text(row);
	point.is_found = point.options && !*point.options;
	if (point.is_found)
		point.options = NULL;
	point.is_replicated = row_take_number(row, 1);
	point.changed = row_take_number(row, UINT64_MAX);
	if (row->is_invalid || !point.host || !point.path || !point.volume)
		return fail_row(loader, "the mount point", point.path, "has an invalid value");
	fault = store_rows_find_point_fault(&point);
	if (!fault && !names_find_record(loader->names, point.host))
		fault = "is on no known volume";
	if (!fault && !names_find_link(loader->names, point.volume))
		fault = "leads to no link";
	if (!fault && mount_points_find(loader->names, point.host, point.path))
		fault = "is there twice";
	if (fault)
		return fail_row(loader, "the mount point", point.path, fault);
	mount_points_set(loader->names, &point);
	return 0;
}

static int take_setting(struct loader *loader, struct row *row)
{
	const char *name = row_take_text(row);
	uint64_t *position = find_position(loader->names, name);
	uint64_t value = row_take_number(row, position ? UINT64_MAX : 1);

	if (!row->is_invalid && position) {
		*position = value;
		return 0;
	}
	if (row->is_invalid || !is_same_text(name, STORE_AUTO_MOUNT))
		return fail_row(loader, "the setting", name, "is unknown or has an invalid value");
	loader->names->is_auto_mount_off = !value;
	return 0;
}

static int take_entry(struct loader *loader, struct row *row)
{
	struct history_entry entry = { 0 };
	uint64_t next = loader->history->next_sequence;
	char key[24];

	entry.sequence = row_take_number(row, INT64_MAX - 1);
	entry.time = row_take_number(row, UINT64_MAX);
	entry.epic = (uint32_t)row_take_number(row, UINT32_MAX);
	entry.operation = row_take_text(row);
	entry.link = row_take_text(row);
	entry.id = row_take_text(row);
	entry.device = row_take_text(row);
	entry.uid = (uint32_t)row_take_number(row, UINT32_MAX);
	entry.pid = (uint32_t)row_take_number(row, UINT32_MAX);
	entry.command = row_take_text(row);
	entry.host = row_take_text(row);
	if (row->is_invalid || entry.sequence < next ||
		(loader->history->count && entry.sequence > next)) {
		snprintf(key, sizeof(key), "%llu", (unsigned long long)entry.sequence);
		return fail_row(loader, "the history entry", key,
			row->is_invalid ? "has an invalid value" : "is out of sequence");
	}
	history_add(loader->history, history_entry_new(&entry));
	return 0;
}

static int load_table(struct sqlite3 *db, const char *sql, struct loader *loader,
	int (*take)(struct loader *loader, struct row *row))
{
	struct row row = { 0 };
	int r = 0, code = sqlite3_prepare_v2(db, sql, -1, &row.statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(row.statement);
	while (r == 0 && code == SQLITE_ROW) {
		row.column = 0;
		r = take(loader, &row);
		code = sqlite3_step(row.statement);
	}
	if (r == 0 && code != SQLITE_DONE) {
		r = (code & 0xff) == SQLITE_IOERR ? -EIO : -EBADMSG;
		strbuf_add_text(loader->why, sqlite3_errmsg(db));
	}
	sqlite3_finalize(row.statement);
	return r;
}

/* Whether an index has the links that are meant, and no others. */
static int check_index(
	struct sqlite3 *db, struct loader *loader, const char *sql, const struct sum *expected)
{
	int r;

	loader->indexed = (struct sum){ 0 };
	loader->path[0] = '\0';
	loader->number = 0;
	r = load_table(db, sql, loader, take_indexed);
	if (r == 0 &&
		(loader->indexed.count != expected->count ||
			loader->indexed.hashes != expected->hashes)) {
		strbuf_add_text(loader->why, "an index of the links does not have what they are");
		r = -EBADMSG;
	}
	return r;
}

int store_rows_load(struct sqlite3 *db, struct names *ret_names, struct history *ret_history,
	struct strbuf *why)
{
	struct names names;
	struct history history;
	struct loader loader = { .names = &names, .history = &history, .why = why };
	int r;

	names_init(&names, NULL);
	history_init(&history);
	r = load_table(db, select_records, &loader, take_record);
	if (r == 0)
		r = load_table(db, select_bundles, &loader, take_bundle);
	if (r == 0)
		r = load_table(db, select_links, &loader, take_link);
	if (r == 0)
		r = check_index(db, &loader, select_indexed, &loader.links);
	if (r == 0)
		r = check_index(db, &loader, select_letters, &loader.letters);
	if (r == 0)
		r = load_table(db, select_shadows, &loader, take_shadow);
	if (r == 0)
		r = load_table(db, select_points, &loader, take_point);
	if (r == 0)
		r = load_table(db, select_settings, &loader, take_setting);
	if (r == 0)
		r = load_table(db, select_history, &loader, take_entry);
	loader_fini(&loader);
	if (r < 0) {
		names_fini(&names);
		history_fini(&history);
		return r;
	}
	*ret_names = names;
	*ret_history = history;
	return 0;
}

static int take_commit(struct loader *loader, struct row *row)
{
	loader->commit->mount = row_take_number(row, UINT64_MAX);
	loader->commit->number = row_take_number(row, INT64_MAX);
	if (row->is_invalid)
		return fail_row(loader, "the last commit", "", "has an invalid value");
	return 0;
}

int store_rows_load_commit(struct sqlite3 *db, struct commit_number *ret_commit, struct strbuf *why)
{
	struct commit_number commit = { 0 };
	struct loader loader = { .commit = &commit, .why = why };
	int r = load_table(db, select_commit, &loader, take_commit);

	if (r == 0)
		*ret_commit = commit;
	return r;
}
