/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of the database: reading all of them, writing one change. (Their tables: store_schema.c)
 *
 * What is read is judged row by row, beyond what the schema enforces: a link in its canonical
 * spelling, a unique ID with a known tag, no second drive letter, numbers in range, no NUL within
 * a text, no gap in the history. What is written keeps the same rules, or a mistake elsewhere would
 * make a database that cannot be opened again: keys, references and one letter per volume are the
 * schema's, STORE_TEXT_MAX bounds both ways, the rest is looked at before it is written.
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
#include "core/syntax/link_name.h"
#include "core/syntax/replica.h"
#include "core/syntax/request.h"
#include "io/store/store_rows.h"

static const char *const statements[STORE_STATEMENTS] = {
	[STORE_DELETE_POINT] = "DELETE FROM mount_points WHERE host = ? AND path = ?",
	[STORE_DELETE_LINK] = "DELETE FROM links WHERE path = ?",
	[STORE_DELETE_RECORD] = "DELETE FROM records WHERE unique_id = ?",
	[STORE_PUT_RECORD] =
		"INSERT INTO records (unique_id, keep_links, no_drive_letter, partuuid, dm_uuid,"
		"	md_uuid, wwn, serial, size, node, diskseq, has_twin, last_seen, attachment,"
		"	start)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT (unique_id) DO UPDATE SET keep_links = excluded.keep_links,"
		"	no_drive_letter = excluded.no_drive_letter, partuuid = excluded.partuuid,"
		"	dm_uuid = excluded.dm_uuid, md_uuid = excluded.md_uuid,"
		"	wwn = excluded.wwn, serial = excluded.serial, size = excluded.size,"
		"	node = excluded.node, diskseq = excluded.diskseq,"
		"	has_twin = excluded.has_twin, last_seen = excluded.last_seen,"
		"	attachment = excluded.attachment, start = excluded.start",
	[STORE_ADD_LINK] = "INSERT INTO links (path, unique_id, changed) VALUES (?, ?, ?)",
	[STORE_ADD_POINT] =
		"INSERT INTO mount_points (host, path, volume, options, is_replicated, changed)"
		" VALUES (?, ?, ?, ?, ?, ?)",
	[STORE_ADD_ENTRY] =
		"INSERT INTO history (sequence, time, epic, operation, link, unique_id, device,"
		"	uid, pid, command) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[STORE_PUT_SETTING] = "INSERT INTO settings (name, value) VALUES (?, ?)"
			      " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
	[STORE_TRIM_HISTORY] = "DELETE FROM history WHERE sequence <= ?",
	[STORE_LAST_ENTRY] = "SELECT max(sequence) FROM history",
};

static const char select_records[] =
	"SELECT unique_id, keep_links, no_drive_letter, partuuid, dm_uuid, md_uuid, wwn, serial,"
	"	size, node, diskseq, has_twin, last_seen, attachment, start FROM records";
static const char select_links[] = "SELECT path, unique_id, changed FROM links";
static const char select_points[] =
	"SELECT host, path, volume, options, is_replicated, changed FROM mount_points";
static const char select_history[] =
	"SELECT sequence, time, epic, operation, link, unique_id, device, uid, pid, command"
	"	FROM history ORDER BY sequence";

static const char select_settings[] = "SELECT name, value FROM settings";
static const char auto_mount[] = "auto_mount";

/* The identities of a fingerprint in the order of their columns. */
static const enum id_scheme identity_columns[] = { ID_PARTUUID, ID_DM_UUID, ID_MD_UUID, ID_WWN,
	ID_SERIAL };

/* One row on its way in or out; the columns are visited in order. */
struct row {
	struct sqlite3_stmt *statement;
	int column;
	int code;	 /* SQLite's, when binding failed */
	bool is_invalid; /* a value read is not what its column may hold */
};

struct loader {
	struct names *names;
	struct history *history;
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

	if (row->is_invalid || !id || !unique_id_is_valid(id))
		return fail_row(loader, "the record", id, "has no valid unique ID");
	if (names_find_record(loader->names, id))
		return fail_row(loader, "the record", id, "is there twice");
	record = names_edit_record(loader->names, id);
	record->keep_links = row_take_number(row, 1);
	record->no_drive_letter = row_take_number(row, 1);
	for (size_t i = 0; i < ARRAY_SIZE(identity_columns); i++)
		record->fingerprint.value[identity_columns[i]] = row_copy_text(row);
	record->fingerprint.size = row_take_number(row, UINT64_MAX);
	record->fingerprint.node = row_copy_text(row);
	record->fingerprint.diskseq = row_take_number(row, UINT64_MAX);
	record->fingerprint.has_twin = row_take_number(row, 1);
	record->last_seen = row_take_number(row, INT64_MAX);
	attachment = row_take_text(row);
	if (attachment && !attachment_parse(attachment, &record->fingerprint.attachment))
		row->is_invalid = true;
	record->fingerprint.start = row_take_number(row, INT64_MAX);
	if (row->is_invalid)
		return fail_row(loader, "the record", id, "has an invalid value");
	return 0;
}

/* Why a path cannot be in the database, NULL if it can. */
static const char *find_link_fault(const char *path, struct link_name *ret_name)
{
	const char *fault;

	if (link_name_parse(path, strlen(path), ret_name, &fault) < 0)
		return "is not a link name";
	return strcmp(ret_name->path, path) == 0 ? NULL : "is not in canonical form";
}

static int take_link(struct loader *loader, struct row *row)
{
	const char *path = row_take_text(row), *id = row_take_text(row);
	uint64_t changed = row_take_number(row, INT64_MAX);
	const struct record *record;
	struct link_name name;
	const char *fault;

	if (row->is_invalid || !path || !id)
		return fail_row(loader, "the link", path, "has an invalid value");
	fault = find_link_fault(path, &name);
	if (fault)
		return fail_row(loader, "the link", path, fault);
	if (names_find_link(loader->names, path))
		return fail_row(loader, "the link", path, "is there twice");
	record = names_find_record(loader->names, id);
	if (!record)
		return fail_row(loader, "the link", path, "belongs to no record");
	if (name.kind == LINK_LETTER && record->letter)
		return fail_row(loader, "the link", path, "is a second drive letter");
	names_set_link(loader->names, path, id, changed);
	return 0;
}

/* Why a mount point cannot be in the database, NULL if it can. */
static const char *find_point_fault(const struct mount_point *point)
{
	struct link_name name;

	if (!unique_id_is_valid(point->host))
		return "has no valid host";
	if (replica_check_path(point->path))
		return "is no path on a volume";
	if (find_link_fault(point->volume, &name) || name.kind != LINK_VOLUME)
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
	fault = find_point_fault(&point);
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
	uint64_t value = row_take_number(row, 1);

	if (row->is_invalid || !is_same_text(name, auto_mount))
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

int store_rows_load(struct sqlite3 *db, struct names *ret_names, struct history *ret_history,
	struct strbuf *why)
{
	struct names names;
	struct history history;
	struct loader loader = { &names, &history, why };
	int r;

	names_init(&names, NULL);
	history_init(&history);
	r = load_table(db, select_records, &loader, take_record);
	if (r == 0)
		r = load_table(db, select_links, &loader, take_link);
	if (r == 0)
		r = load_table(db, select_points, &loader, take_point);
	if (r == 0)
		r = load_table(db, select_settings, &loader, take_setting);
	if (r == 0)
		r = load_table(db, select_history, &loader, take_entry);
	if (r < 0) {
		names_fini(&names);
		history_fini(&history);
		return r;
	}
	*ret_names = names;
	*ret_history = history;
	return 0;
}

int store_rows_init(struct store_rows *rows, struct sqlite3 *db)
{
	int code = SQLITE_OK;

	*rows = (struct store_rows){ 0 };
	for (size_t i = 0; code == SQLITE_OK && i < STORE_STATEMENTS; i++)
		code = sqlite3_prepare_v3(db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
			&rows->statements[i], NULL);
	return code;
}

void store_rows_fini(struct store_rows *rows)
{
	for (size_t i = 0; i < STORE_STATEMENTS; i++)
		sqlite3_finalize(rows->statements[i]);
	*rows = (struct store_rows){ 0 };
}

static void row_add_number(struct row *row, uint64_t value)
{
	row->column++;
	if (row->code == SQLITE_OK)
		row->code = sqlite3_bind_int64(row->statement, row->column, (sqlite3_int64)value);
}

static void row_add_text(struct row *row, const char *text)
{
	row->column++;
	if (row->code == SQLITE_OK)
		row->code = sqlite3_bind_text(row->statement, row->column, text, -1, SQLITE_STATIC);
}

/* Runs the statement, counting rows so that the tests can stop half way through a change. */
static int row_write(struct row *row, struct store_rows *rows)
{
	if (row->code == SQLITE_OK)
		row->code = sqlite3_step(row->statement);
	sqlite3_reset(row->statement);
	sqlite3_clear_bindings(row->statement);
	if (rows->written++ == rows->half)
		crash_point("store:mid-transaction");
	return row->code == SQLITE_DONE ? SQLITE_OK : row->code;
}

static int delete_link(struct store_rows *rows, const struct link *link)
{
	struct row row = { .statement = rows->statements[STORE_DELETE_LINK] };

	row_add_text(&row, link->path);
	return row_write(&row, rows);
}

static int write_record(struct store_rows *rows, const struct record *record)
{
	const struct fingerprint *fingerprint = &record->fingerprint;
	struct row row = { .statement = rows->statements[STORE_PUT_RECORD] };

	if (!unique_id_is_valid(record->id))
		return SQLITE_CONSTRAINT;
	if (record->is_removed)
		row.statement = rows->statements[STORE_DELETE_RECORD];
	row_add_text(&row, record->id);
	if (record->is_removed)
		return row_write(&row, rows);
	row_add_number(&row, record->keep_links);
	row_add_number(&row, record->no_drive_letter);
	for (size_t i = 0; i < ARRAY_SIZE(identity_columns); i++)
		row_add_text(&row, fingerprint->value[identity_columns[i]]);
	row_add_number(&row, fingerprint->size);
	row_add_text(&row, fingerprint->node);
	row_add_number(&row, fingerprint->diskseq);
	row_add_number(&row, fingerprint->has_twin);
	row_add_number(&row, record->last_seen);
	row_add_text(&row, attachment_get_name(fingerprint->attachment));
	row_add_number(&row, fingerprint->start);
	return row_write(&row, rows);
}

static int add_link(struct store_rows *rows, const struct link *link)
{
	struct row row = { .statement = rows->statements[STORE_ADD_LINK] };
	struct link_name name;

	if (find_link_fault(link->path, &name))
		return SQLITE_CONSTRAINT;
	row_add_text(&row, link->path);
	row_add_text(&row, link->record->id);
	row_add_number(&row, link->changed);
	return row_write(&row, rows);
}

static int delete_point(struct store_rows *rows, const struct mount_point *point)
{
	struct row row = { .statement = rows->statements[STORE_DELETE_POINT] };

	row_add_text(&row, point->host);
	row_add_text(&row, point->path);
	return row_write(&row, rows);
}

static int add_point(struct store_rows *rows, const struct mount_point *point)
{
	struct row row = { .statement = rows->statements[STORE_ADD_POINT] };

	if (find_point_fault(point))
		return SQLITE_CONSTRAINT;
	row_add_text(&row, point->host);
	row_add_text(&row, point->path);
	row_add_text(&row, point->volume);
	row_add_text(&row, point->is_found ? "" : point->options);
	row_add_number(&row, point->is_replicated);
	row_add_number(&row, point->changed);
	return row_write(&row, rows);
}

/* Each is deleted first, like links; their references are looked at when the transaction ends. */
static int write_points(struct store_rows *rows, const struct names *layer)
{
	map_for_each (&layer->mount_points, node, next) {
		const struct mount_point *point = container_of(node, struct mount_point, by_place);
		int code = delete_point(rows, point);

		if (code == SQLITE_OK && !point->is_removed)
			code = add_point(rows, point);
		if (code != SQLITE_OK)
			return code;
	}
	return SQLITE_OK;
}

static int put_settings(struct store_rows *rows, const struct names *layer)
{
	struct row row = { .statement = rows->statements[STORE_PUT_SETTING] };

	if (!layer->has_settings)
		return SQLITE_OK;
	row_add_text(&row, auto_mount);
	row_add_number(&row, !layer->is_auto_mount_off);
	return row_write(&row, rows);
}

static int add_entry(struct store_rows *rows, const struct history_entry *entry)
{
	struct row row = { .statement = rows->statements[STORE_ADD_ENTRY] };

	row_add_number(&row, entry->sequence);
	row_add_number(&row, entry->time);
	row_add_number(&row, entry->epic);
	row_add_text(&row, entry->operation);
	row_add_text(&row, entry->link);
	row_add_text(&row, entry->id);
	row_add_text(&row, entry->device);
	row_add_number(&row, entry->uid);
	row_add_number(&row, entry->pid);
	row_add_text(&row, entry->command);
	return row_write(&row, rows);
}

/* No gap: any may be the first. */
static int check_next_entry(struct store_rows *rows, uint64_t sequence)
{
	struct sqlite3_stmt *statement = rows->statements[STORE_LAST_ENTRY];
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW) {
		bool is_first = sqlite3_column_type(statement, 0) == SQLITE_NULL;
		uint64_t last = (uint64_t)sqlite3_column_int64(statement, 0);

		code = is_first || sequence == last + 1 ? SQLITE_OK : SQLITE_CONSTRAINT;
	}
	sqlite3_reset(statement);
	return code;
}

static int add_entries(struct store_rows *rows, const struct change *change)
{
	struct row trim = { .statement = rows->statements[STORE_TRIM_HISTORY] };
	struct history_entry *const *entries = change->entries;
	size_t first = change_get_first_entry(change);
	uint64_t start, last;
	int code;

	if (change->entry_count == 0)
		return SQLITE_OK;
	start = entries[first]->sequence - first;
	code = check_next_entry(rows, start);
	for (size_t i = first; code == SQLITE_OK && i < change->entry_count; i++) {
		if (entries[i]->sequence != start + i)
			return SQLITE_CONSTRAINT;
		code = add_entry(rows, entries[i]);
	}
	last = entries[change->entry_count - 1]->sequence;
	if (code != SQLITE_OK || last <= HISTORY_MAX)
		return code;
	row_add_number(&trim, last - HISTORY_MAX);
	return row_write(&trim, rows);
}

/* As the key of their table compares them. */
static int compare_paths(const void *a, const void *b)
{
	const struct link *const *link_a = a, *const *link_b = b;

	return strcasecmp((*link_a)->path, (*link_b)->path);
}

static int compare_ids(const void *a, const void *b)
{
	const struct record *const *record_a = a, *const *record_b = b;

	return strcmp((*record_a)->id, (*record_b)->id);
}

/*
 * The records of a layer in the order of their table: neighbours are on one page of it, not on any.
 */
static const struct record **sort_records(const struct names *layer)
{
	const struct record **records = xcalloc(layer->records.count + 1, sizeof(*records));
	size_t count = 0;

	map_for_each (&layer->records, node, next)
		records[count++] = container_of(node, struct record, by_id);
	qsort(records, count, sizeof(*records), compare_ids);
	return records;
}

/* And the links. */
static const struct link **sort_links(const struct names *layer)
{
	const struct link **links = xcalloc(layer->links.count + 1, sizeof(*links));
	size_t count = 0;

	map_for_each (&layer->links, node, next)
		links[count++] = container_of(node, struct link, by_path);
	qsort(links, count, sizeof(*links), compare_paths);
	return links;
}

/*
 * Every link of the layer is deleted first and added anew where it still is: so letters can move
 * between volumes and names change their spelling in any order of rows, and no record goes while
 * a link refers to it, nor does a link come before its record.
 */
int store_rows_write(struct store_rows *rows, const struct change *change)
{
	const struct names *layer = &change->names;
	_cleanup_free_ const struct link **links = sort_links(layer);
	_cleanup_free_ const struct record **records = sort_records(layer);
	int code = SQLITE_OK;

	rows->written = 0;
	rows->half = layer->links.count + (layer->records.count + change->entry_count) / 2;
	for (size_t i = 0; links[i]; i++) {
		code = delete_link(rows, links[i]);
		if (code != SQLITE_OK)
			return code;
	}
	for (size_t i = 0; records[i]; i++) {
		code = write_record(rows, records[i]);
		if (code != SQLITE_OK)
			return code;
	}
	for (size_t i = 0; links[i]; i++) {
		bool is_row = links[i]->record && !links[i]->is_unrecorded;

		code = is_row ? add_link(rows, links[i]) : SQLITE_OK;
		if (code != SQLITE_OK)
			return code;
	}
	code = write_points(rows, layer);
	if (code == SQLITE_OK)
		code = put_settings(rows, layer);
	return code == SQLITE_OK ? add_entries(rows, change) : code;
}
