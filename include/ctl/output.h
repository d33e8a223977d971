/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/ctl.h"

/* Tables, lines of KEY="value" pairs and JSON, all by libsmartcols. */

enum column_type {
	COLUMN_TEXT,
	COLUMN_PROSE, /* may be cut off where the terminal ends */
	COLUMN_NUMBER,
	COLUMN_FLAG, /* "0" or "1" */
	COLUMN_LIST, /* lines */
	COLUMN_TREE, /* the column that the lines of the tree stand in */
};

struct column {
	const char *name; /* upper case */
	const char *help;
	enum column_type type;
	bool is_extra; /* shown only when it is asked for */
};

/* A row of cells, NULL where there is nothing. */
struct table;
struct line;

/* `name` is that of the array in JSON. NULL with a message when -o names columns that are not. */
struct table *table_new(
	const struct ctl *ctl, const char *name, const struct column *columns, size_t count);
void table_free(struct table *table);
DEFINE_CLEANUP(struct table, table_free)

/* Whether a column shows, for what is dear to find out. */
bool table_wants(const struct table *table, size_t column);
struct line *table_add(struct table *table, struct line *parent);
void table_set(struct table *table, struct line *line, size_t column, const char *value);
void table_color(struct table *table, struct line *line, const char *color);
/* Returns the exit code. */
int table_print(struct table *table);
/* For streams: prints one line that was added, at once, and forgets it. */
int table_print_line(struct table *table, struct line *line);

/* JSON that a library has written, without control characters. */
void output_print_json(const char *json);
/* A line for people, the same way. */
void output_print_line(const char *text);

/* "16M", or bytes if these are asked for. */
char *format_size(const struct ctl *ctl, const char *bytes);
