/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/names.h"
#include "core/syntax/link_name.h"

/* The database as a plain array of rows: what SQLite holds, without SQLite. */
struct link_row {
	char path[LINK_PATH_MAX];
	char id[UNIQUE_ID_MAX + 1];
	uint64_t changed;
};

struct record_row {
	char id[UNIQUE_ID_MAX + 1];
	bool no_drive_letter;
	bool keep_links;
	bool is_shared;
	uint64_t last_seen;
	uint64_t revision;
	struct fingerprint fingerprint;
};

struct point_row {
	char *host;
	char *path;
	char *volume;
	char *options;
	uint64_t changed;
	bool is_replicated;
	bool is_found;
};

struct rows {
	struct link_row *links;
	size_t link_count;
	struct record_row *records;
	size_t record_count;
	struct point_row *points;
	size_t point_count;
	struct link_row *shadows;
	size_t shadow_count;
	uint64_t revision;
	bool is_auto_mount_off;
	size_t written; /* rows put or deleted, ever */
};

void rows_fini(struct rows *rows);
/* Writes a layer: an upsert or a delete for each entry in it that is more than memory. */
void rows_write(struct rows *rows, const struct names *layer);
/* Fills empty names. */
void rows_load(const struct rows *rows, struct names *ret_names);
