/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A naive store: rows in arrays, searched from the start. A delete must spell the path as the row
 * does: whoever shows links learns from it what went. Unrecorded links have no row, ever.
 */

#include <check.h>
#include <string.h>
#include <strings.h>

#include "core/model/mount_points.h"
#include "core/model/shadows.h"
#include "rows.h"

static void point_fini(struct point_row *row)
{
	free(row->host);
	free(row->path);
	free(row->volume);
	free(row->options);
}

void rows_fini(struct rows *rows)
{
	for (size_t i = 0; i < rows->record_count; i++)
		fingerprint_fini(&rows->records[i].fingerprint);
	for (size_t i = 0; i < rows->point_count; i++)
		point_fini(&rows->points[i]);
	free(rows->points);
	free(rows->shadows);
	free(rows->links);
	free(rows->records);
	*rows = (struct rows){ 0 };
}

static struct link_row *find_link(const struct rows *rows, const char *path)
{
	for (size_t i = 0; i < rows->link_count; i++)
		if (strcasecmp(rows->links[i].path, path) == 0)
			return &rows->links[i];
	return NULL;
}

static void delete_link(struct rows *rows, const struct link *link)
{
	struct link_row *row = find_link(rows, link->path);

	if (row && !link->record && (link->is_unrecorded || strcmp(row->path, link->path) != 0))
		ck_abort_msg("the layer deletes %s, the database has %s", link->path, row->path);
	if (!row && !link->record && !link->is_unrecorded)
		ck_abort_msg("the layer deletes %s, which is not in the database", link->path);
	if (!row)
		return;
	*row = rows->links[--rows->link_count];
	rows->written++;
}

/* A path is the primary key, ignoring case. */
static void put_link(struct rows *rows, const struct link *link)
{
	struct link_row *row = find_link(rows, link->path);

	if (!row) {
		rows->links = xgrow(rows->links, rows->link_count, sizeof(*row));
		row = &rows->links[rows->link_count++];
	}
	*row = (struct link_row){ .changed = link->changed };
	strcpy(row->path, link->path);
	strcpy(row->id, link->record->id);
	rows->written++;
}

/* Of what the layer has a word on that counts. */
static void drop_links(struct rows *rows, const struct names *layer, const char *id)
{
	for (size_t i = rows->link_count; i-- > 0;) {
		if (strcmp(rows->links[i].id, id) != 0 ||
			names_has_word(layer, rows->links[i].path))
			continue;
		rows->links[i] = rows->links[--rows->link_count];
		rows->written++;
	}
}

static void put_record(struct rows *rows, const struct record *record)
{
	struct record_row *row = NULL;

	for (size_t i = 0; i < rows->record_count; i++)
		if (strcmp(rows->records[i].id, record->id) == 0)
			row = &rows->records[i];
	if (!row) {
		rows->records = xgrow(rows->records, rows->record_count, sizeof(*row));
		row = &rows->records[rows->record_count++];
		*row = (struct record_row){ .id = "" };
		strcpy(row->id, record->id);
	}
	row->no_drive_letter = record->no_drive_letter;
	row->keep_links = record->keep_links;
	row->last_seen = record->last_seen;
	row->is_shared = record->is_shared;
	row->revision = record->revision;
	fingerprint_copy(&row->fingerprint, &record->fingerprint);
	rows->written++;
}

static void delete_record(struct rows *rows, const char *id)
{
	for (size_t i = 0; i < rows->link_count; i++)
		ck_assert_str_ne(rows->links[i].id, id);
	for (size_t i = 0; i < rows->record_count; i++) {
		if (strcmp(rows->records[i].id, id) == 0) {
			fingerprint_fini(&rows->records[i].fingerprint);
			rows->records[i] = rows->records[--rows->record_count];
			rows->written++;
			return;
		}
	}
}

static void write_point(struct rows *rows, const struct mount_point *point)
{
	size_t i = 0;

	while (i < rows->point_count &&
		(strcmp(rows->points[i].host, point->host) != 0 ||
			strcmp(rows->points[i].path, point->path) != 0))
		i++;
	if (i < rows->point_count) {
		point_fini(&rows->points[i]);
		rows->points[i] = rows->points[--rows->point_count];
	} else if (point->is_removed) {
		ck_abort_msg("the layer deletes %s, which is not in the database", point->path);
	}
	if (point->is_removed)
		return;
	rows->points = xgrow(rows->points, rows->point_count, sizeof(*rows->points));
	rows->points[rows->point_count++] = (struct point_row){
		.host = xstrdup(point->host),
		.path = xstrdup(point->path),
		.volume = xstrdup(point->volume),
		.options = point->options ? xstrdup(point->options) : NULL,
		.changed = point->changed,
		.is_replicated = point->is_replicated,
		.is_found = point->is_found,
	};
}

/* What the schema's references say. */
static void check_points(const struct rows *rows)
{
	for (size_t i = 0; i < rows->point_count; i++) {
		bool has_host = false, has_link = false;

		for (size_t j = 0; j < rows->record_count; j++)
			has_host |= strcmp(rows->records[j].id, rows->points[i].host) == 0;
		for (size_t j = 0; j < rows->link_count; j++)
			has_link |= strcasecmp(rows->links[j].path, rows->points[i].volume) == 0;
		ck_assert_msg(has_host, "%s is on no record", rows->points[i].path);
		ck_assert_msg(has_link, "%s leads to no link", rows->points[i].path);
	}
}

static void write_shadow(struct rows *rows, const struct shadow *shadow)
{
	size_t i = 0;

	while (i < rows->shadow_count && strcasecmp(rows->shadows[i].path, shadow->path) != 0)
		i++;
	rows->written++;
	if (i < rows->shadow_count)
		rows->shadows[i] = rows->shadows[--rows->shadow_count];
	if (!shadow->id)
		return;
	rows->shadows = xgrow(rows->shadows, rows->shadow_count, sizeof(*rows->shadows));
	rows->shadows[rows->shadow_count] = (struct link_row){ .changed = shadow->changed };
	strcpy(rows->shadows[rows->shadow_count].path, shadow->path);
	strcpy(rows->shadows[rows->shadow_count++].id, shadow->id);
}

static void check_shadows(const struct rows *rows)
{
	for (size_t i = 0; i < rows->shadow_count; i++) {
		bool is_shared = false;

		for (size_t j = 0; j < rows->record_count; j++)
			is_shared |= rows->records[j].is_shared &&
				strcmp(rows->records[j].id, rows->shadows[i].id) == 0;
		ck_assert_msg(is_shared, "%s is of no shared volume", rows->shadows[i].path);
		ck_assert_msg(find_link(rows, rows->shadows[i].path) != NULL,
			"%s is in nobody's shadow", rows->shadows[i].path);
	}
}

void rows_write(struct rows *rows, const struct names *layer)
{
	if (layer->has_settings) {
		rows->is_auto_mount_off = layer->is_auto_mount_off;
		rows->written++;
	}
	map_for_each (&layer->records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);

		if (record->drops_links)
			drop_links(rows, layer, record->id);
		if (!record->is_removed)
			put_record(rows, record);
	}
	index_for_each (&layer->links, const struct link, link) {
		if (link->record && !link->is_unrecorded)
			put_link(rows, link);
		else
			delete_link(rows, link);
	}
	map_for_each (&layer->records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);

		if (record->is_removed)
			delete_record(rows, record->id);
	}
	map_for_each (&layer->mount_points, node, next)
		write_point(rows, container_of(node, struct mount_point, by_place));
	check_points(rows);
	map_for_each (&layer->shadows, node, next)
		write_shadow(rows, container_of(node, struct shadow, by_path));
	check_shadows(rows);
	rows->revision = layer->revision;
}

void rows_load(const struct rows *rows, struct names *ret_names)
{
	ret_names->is_auto_mount_off = rows->is_auto_mount_off;
	ret_names->revision = rows->revision;
	for (size_t i = 0; i < rows->record_count; i++) {
		const struct record_row *row = &rows->records[i];
		struct record *record = names_edit_record(ret_names, row->id);

		record->no_drive_letter = row->no_drive_letter;
		record->keep_links = row->keep_links;
		record->last_seen = row->last_seen;
		record->is_shared = row->is_shared;
		record->revision = row->revision;
		fingerprint_copy(&record->fingerprint, &row->fingerprint);
	}
	for (size_t i = 0; i < rows->link_count; i++) {
		const struct link_row *row = &rows->links[i];

		ck_assert_ptr_nonnull(names_find_record(ret_names, row->id));
		names_set_link(ret_names, row->path, row->id, row->changed);
	}
	for (size_t i = 0; i < rows->shadow_count; i++)
		shadows_set(ret_names, rows->shadows[i].path, rows->shadows[i].id,
			rows->shadows[i].changed);
	for (size_t i = 0; i < rows->point_count; i++) {
		const struct point_row *row = &rows->points[i];

		mount_points_set(ret_names,
			&(struct mount_point){
				.host = row->host,
				.path = row->path,
				.volume = row->volume,
				.options = row->options,
				.changed = row->changed,
				.is_replicated = row->is_replicated,
				.is_found = row->is_found,
			});
	}
}
