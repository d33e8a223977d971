/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing one change. Rows are checked by the rules by which they are judged when they are read
 * (store_rows.c): otherwise a mistake elsewhere would make a database that cannot be opened again.
 * Keys, references and one letter per volume are checked by the schema; STORE_TEXT_MAX holds for
 * reading and writing; the rest is checked here before it is written.
 */

#include <sqlite3.h>
#include <string.h>
#include <strings.h>

#include "base/crash_point.h"
#include "core/model/mount_points.h"
#include "core/model/shadows.h"
#include "io/store/store_rows.h"
#include "io/store/store_writer.h"

#define HISTORY_STEP 64u /* entries that go at once */

static const char *const statements[STORE_STATEMENTS] = {
	[STORE_DELETE_POINT] = "DELETE FROM mount_points WHERE host = ? AND path = ?",
	[STORE_DELETE_LINK] = "DELETE FROM links WHERE path = ?",
	[STORE_DROP_LINKS] = "UPDATE bundles SET unique_id = NULL WHERE unique_id = ?",
	[STORE_DELETE_SHADOW] = "DELETE FROM shadows WHERE path = ?",
	[STORE_DELETE_BUNDLE] = "DELETE FROM bundles WHERE unique_id = ?",
	[STORE_DELETE_RECORD] = "DELETE FROM records WHERE unique_id = ?",
	[STORE_PUT_RECORD] =
		"INSERT INTO records (unique_id, keep_links, no_drive_letter, partuuid, dm_uuid,"
		"	md_uuid, wwn, serial, size, node, diskseq, has_twin, last_seen, attachment,"
		"	start, is_shared, revision, medium)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT (unique_id) DO UPDATE SET keep_links = excluded.keep_links,"
		"	no_drive_letter = excluded.no_drive_letter, partuuid = excluded.partuuid,"
		"	dm_uuid = excluded.dm_uuid, md_uuid = excluded.md_uuid,"
		"	wwn = excluded.wwn, serial = excluded.serial, size = excluded.size,"
		"	node = excluded.node, diskseq = excluded.diskseq,"
		"	has_twin = excluded.has_twin, last_seen = excluded.last_seen,"
		"	attachment = excluded.attachment, start = excluded.start,"
		"	is_shared = excluded.is_shared, revision = excluded.revision,"
		"	medium = excluded.medium",
	[STORE_PUT_BUNDLE] = "INSERT INTO bundles (unique_id) VALUES (?)"
			     " ON CONFLICT (unique_id) DO NOTHING",
	[STORE_ADD_LINK] = "INSERT INTO links (path, bundle, changed)"
			   " VALUES (?, (SELECT number FROM bundles WHERE unique_id = ?), ?)",
	[STORE_ADD_SHADOW] = "INSERT INTO shadows (path, unique_id, changed) VALUES (?, ?, ?)",
	[STORE_ADD_POINT] =
		"INSERT INTO mount_points (host, path, volume, options, is_replicated, changed)"
		" VALUES (?, ?, ?, ?, ?, ?)",
	[STORE_ADD_ENTRY] =
		"INSERT INTO history (sequence, time, epic, operation, link, unique_id, device,"
		"	uid, pid, command, host) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[STORE_PUT_SETTING] = "INSERT INTO settings (name, value) VALUES (?, ?)"
			      " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
	[STORE_TRIM_HISTORY] = "DELETE FROM history WHERE sequence <= ?",
	[STORE_LAST_ENTRY] = "SELECT max(sequence) FROM history",
	[STORE_PUT_COMMIT] = "INSERT INTO last_commit (id, mount, number) VALUES (1, ?, ?)"
			     " ON CONFLICT (id) DO UPDATE SET mount = excluded.mount,"
			     "	number = excluded.number",
	[STORE_FIND_DROPPED] = "SELECT number FROM bundles WHERE unique_id IS NULL LIMIT 1",
	[STORE_SWEEP_LINKS] = "DELETE FROM links WHERE path IN"
			      "	(SELECT path FROM links WHERE bundle = ? ORDER BY path LIMIT ?)",
	[STORE_SWEEP_BUNDLE] = "DELETE FROM bundles WHERE number = ?",
};

/* One row on its way in; the columns are visited in order. */
struct row {
	struct sqlite3_stmt *statement;
	int column;
	int code; /* SQLite's, when binding failed */
};

int store_writer_init(struct store_writer *rows, struct sqlite3 *db)
{
	int code = SQLITE_OK;

	*rows = (struct store_writer){ 0 };
	for (size_t i = 0; code == SQLITE_OK && i < STORE_STATEMENTS; i++)
		code = sqlite3_prepare_v3(db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
			&rows->statements[i], NULL);
	return code;
}

void store_writer_fini(struct store_writer *rows)
{
	for (size_t i = 0; i < STORE_STATEMENTS; i++)
		sqlite3_finalize(rows->statements[i]);
	*rows = (struct store_writer){ 0 };
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

static int row_run(struct row *row)
{
	if (row->code == SQLITE_OK)
		row->code = sqlite3_step(row->statement);
	sqlite3_reset(row->statement);
	sqlite3_clear_bindings(row->statement);
	return row->code == SQLITE_DONE ? SQLITE_OK : row->code;
}

/* Runs the statement, counting rows so that the tests can stop half way through a change. */
static int row_write(struct row *row, struct store_writer *rows)
{
	int code = row_run(row);

	if (rows->written++ == rows->half)
		crash_point("store:mid-transaction");
	return code;
}

static int delete_link(struct store_writer *rows, const struct link *link)
{
	struct row row = { .statement = rows->statements[STORE_DELETE_LINK] };

	row_add_text(&row, link->path);
	return row_write(&row, rows);
}

static int write_id(
	struct store_writer *rows, enum store_statement statement, const struct record *record)
{
	struct row row = { .statement = rows->statements[statement] };

	row_add_text(&row, record->id);
	return row_write(&row, rows);
}

static int delete_record(struct store_writer *rows, const struct record *record)
{
	int code = write_id(rows, STORE_DELETE_BUNDLE, record);

	return code == SQLITE_OK ? write_id(rows, STORE_DELETE_RECORD, record) : code;
}

static int put_record(struct store_writer *rows, const struct record *record)
{
	const struct fingerprint *fingerprint = &record->fingerprint;
	struct row row = { .statement = rows->statements[STORE_PUT_RECORD] };

	row_add_text(&row, record->id);
	row_add_number(&row, record->keep_links);
	row_add_number(&row, record->no_drive_letter);
	for (size_t i = 0; i < STORE_IDENTITIES; i++)
		row_add_text(&row, fingerprint->value[store_identity_columns[i]]);
	row_add_number(&row, fingerprint->size);
	row_add_text(&row, fingerprint->node);
	row_add_number(&row, fingerprint->diskseq);
	row_add_number(&row, fingerprint->has_twin);
	row_add_number(&row, record->last_seen);
	row_add_text(&row, attachment_get_name(fingerprint->attachment));
	row_add_number(&row, fingerprint->start);
	row_add_number(&row, record->is_shared);
	row_add_number(&row, record->revision);
	row_add_number(&row, fingerprint->medium);
	return row_write(&row, rows);
}

static int write_record(struct store_writer *rows, const struct record *record)
{
	int code;

	if (!unique_id_has_form(record->id))
		return SQLITE_CONSTRAINT;
	if (record->is_removed)
		return delete_record(rows, record);
	code = record->is_edited ? put_record(rows, record) : SQLITE_OK;
	if (code == SQLITE_OK && record->links)
		code = write_id(rows, STORE_PUT_BUNDLE, record); /* which they are added to */
	return code;
}

static int add_link(struct store_writer *rows, const struct link *link)
{
	struct row row = { .statement = rows->statements[STORE_ADD_LINK] };
	struct link_name name;

	if (store_rows_find_link_fault(link->path, &name))
		return SQLITE_CONSTRAINT;
	row_add_text(&row, link->path);
	row_add_text(&row, link->record->id);
	row_add_number(&row, link->changed);
	return row_write(&row, rows);
}

static int delete_point(struct store_writer *rows, const struct mount_point *point)
{
	struct row row = { .statement = rows->statements[STORE_DELETE_POINT] };

	row_add_text(&row, point->host);
	row_add_text(&row, point->path);
	return row_write(&row, rows);
}

static int add_point(struct store_writer *rows, const struct mount_point *point)
{
	struct row row = { .statement = rows->statements[STORE_ADD_POINT] };

	if (store_rows_find_point_fault(point))
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
static int write_points(struct store_writer *rows, const struct names *layer)
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

static int put_setting(struct store_writer *rows, const char *name, uint64_t value)
{
	struct row row = { .statement = rows->statements[STORE_PUT_SETTING] };

	row_add_text(&row, name);
	row_add_number(&row, value);
	return row_write(&row, rows);
}

static int put_settings(struct store_writer *rows, const struct names *layer)
{
	int code = SQLITE_OK;

	if (layer->has_settings)
		code = put_setting(rows, STORE_AUTO_MOUNT, !layer->is_auto_mount_off);
	return code;
}

/*
 * What became of changes that this machine knew already is written with the next that it writes.
 * Where one could not be written it stands where it stood: the next start takes up what follows.
 */
static int put_position(struct store_writer *rows, const struct names *layer)
{
	uint64_t position[STORE_POSITIONS];
	int code = SQLITE_OK;

	store_rows_get_position(layer, position);
	for (size_t i = 0; i < STORE_POSITIONS && !rows->is_position_frozen; i++) {
		if (code == SQLITE_OK && position[i] != rows->position[i])
			code = put_setting(rows, store_position_names[i], position[i]);
		rows->position[i] = position[i];
	}
	return code;
}

static int delete_shadow(struct store_writer *rows, const struct shadow *shadow)
{
	struct row row = { .statement = rows->statements[STORE_DELETE_SHADOW] };

	row_add_text(&row, shadow->path);
	return row_write(&row, rows);
}

static int add_shadow(struct store_writer *rows, const struct shadow *shadow)
{
	struct row row = { .statement = rows->statements[STORE_ADD_SHADOW] };
	struct link_name name;

	if (store_rows_find_link_fault(shadow->path, &name))
		return SQLITE_CONSTRAINT;
	row_add_text(&row, shadow->path);
	row_add_text(&row, shadow->id);
	row_add_number(&row, shadow->changed);
	return row_write(&row, rows);
}

/* As links: all are deleted before records are, and those that stay are added behind them. */
static int write_shadows(struct store_writer *rows, const struct names *layer, bool is_adding)
{
	map_for_each (&layer->shadows, node, next) {
		const struct shadow *shadow = container_of(node, struct shadow, by_path);
		int code = SQLITE_OK;

		if (!is_adding)
			code = delete_shadow(rows, shadow);
		else if (shadow->id)
			code = add_shadow(rows, shadow);
		if (code != SQLITE_OK)
			return code;
	}
	return SQLITE_OK;
}

static int add_entry(struct store_writer *rows, const struct history_entry *entry)
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
	row_add_text(&row, entry->host);
	return row_write(&row, rows);
}

/* No gap: any may be the first. */
static int check_next_entry(struct store_writer *rows, uint64_t sequence)
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

/*
 * Old entries go some at a time, and lie on pages of their own: to delete one with each new one
 * would be a page more to write in every commit.
 */
static int trim_history(struct store_writer *rows, uint64_t before, uint64_t last)
{
	struct row trim = { .statement = rows->statements[STORE_TRIM_HISTORY] };

	if (last <= HISTORY_MAX || last / HISTORY_STEP == before / HISTORY_STEP)
		return SQLITE_OK;
	row_add_number(&trim, last - HISTORY_MAX);
	return row_write(&trim, rows);
}

static int add_entries(struct store_writer *rows, const struct change *change)
{
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
	return code == SQLITE_OK ? trim_history(rows, start - 1, last) : code;
}

/* Tells another process that this one has happened. */
static int put_commit(struct store_writer *rows, const struct commit_number *commit)
{
	struct row row = { .statement = rows->statements[STORE_PUT_COMMIT] };

	if (!commit->number)
		return SQLITE_OK;
	row_add_number(&row, commit->mount);
	row_add_number(&row, commit->number);
	return row_write(&row, rows);
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

	index_for_each (&layer->links, const struct link, link)
		links[count++] = link;
	qsort(links, count, sizeof(*links), compare_paths);
	return links;
}

/*
 * Every link of the layer is deleted first and added anew where it still is: so letters can move
 * between volumes and names change their spelling in any order of rows, and no record goes while
 * a link refers to it, nor does a link come before its record.
 */
int store_writer_write(struct store_writer *rows, const struct change *change)
{
	const struct names *layer = &change->names;
	_cleanup_free_ const struct link **links = sort_links(layer);
	_cleanup_free_ const struct record **records = sort_records(layer);
	size_t entries = change->entry_count - change_get_first_entry(change);
	int code = SQLITE_OK;

	rows->written = 0;
	rows->half = (layer->links.count + layer->records.count + entries) / 2;
	for (size_t i = 0; links[i]; i++) {
		code = delete_link(rows, links[i]);
		if (code != SQLITE_OK)
			return code;
	}
	for (size_t i = 0; records[i]; i++) {
		code = records[i]->drops_links ? write_id(rows, STORE_DROP_LINKS, records[i])
					       : SQLITE_OK;
		if (code != SQLITE_OK)
			return code;
	}
	code = write_shadows(rows, layer, false);
	if (code != SQLITE_OK)
		return code;
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
	code = write_shadows(rows, layer, true);
	if (code == SQLITE_OK)
		code = write_points(rows, layer);
	if (code == SQLITE_OK)
		code = put_settings(rows, layer);
	if (code == SQLITE_OK)
		code = put_commit(rows, &change->commit);
	if (code == SQLITE_OK)
		code = put_position(rows, layer);
	return code == SQLITE_OK ? add_entries(rows, change) : code;
}

void store_writer_forget(struct store_writer *rows)
{
	for (size_t i = 0; i < STORE_POSITIONS && !rows->is_position_frozen; i++)
		if (rows->position[i])
			rows->position[i] = UINT64_MAX;
}

int store_writer_find_dropped(struct store_writer *rows, int64_t *ret_bundle)
{
	struct sqlite3_stmt *statement = rows->statements[STORE_FIND_DROPPED];
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		*ret_bundle = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return code;
}

int store_writer_sweep(struct store_writer *rows, int64_t bundle, size_t count)
{
	struct row links = { .statement = rows->statements[STORE_SWEEP_LINKS] };
	struct row rest = { .statement = rows->statements[STORE_SWEEP_BUNDLE] };
	int code;

	row_add_number(&links, (uint64_t)bundle);
	row_add_number(&links, count);
	code = row_run(&links);
	if (code != SQLITE_OK ||
		(size_t)sqlite3_changes(sqlite3_db_handle(links.statement)) == count)
		return code;
	row_add_number(&rest, (uint64_t)bundle);
	return row_run(&rest);
}
