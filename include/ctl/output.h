/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/ctl.h"

/* Tables, raw lines, lines of KEY="value" pairs, and JSON. */

enum column_type {
	COLUMN_TEXT,
	COLUMN_PROSE, /* may be cut off where the terminal ends */
	COLUMN_NUMBER,
	COLUMN_SIZE, /* bytes; "16M" unless --bytes is given */
	COLUMN_FLAG, /* "0" or "1" */
	COLUMN_LIST, /* lines, each escaped as in the files of ids/ */
	COLUMN_TREE, /* the column that the lines of the tree stand in */
};

struct column {
	const char *name; /* upper case */
	const char *help;
	enum column_type type;
	bool is_extra;	    /* shown only when it is asked for */
	const char *source; /* where its command finds it: a file, or a member of an object */
};

/* What a command can show. */
struct layout {
	const char *name; /* of the array in JSON */
	const struct column *columns;
	size_t count;
};

extern const struct layout points_layout, letters_layout, auto_layout, paths_layout;
extern const struct layout mount_points_layout, status_layout, errors_layout, unprocessed_layout;
extern const struct layout cluster_layout, events_layout, history_layout, schemes_layout,
	machine_layout;

/* Whether the columns that -o and -x name are there: CTL_OK, or CTL_USAGE with a message. */
int layout_check(const struct layout *layout, const struct ctl *ctl);
/* Prints the columns and what they mean. */
void layout_print(const struct layout *layout);

/* A row of cells, NULL where there is nothing. */
struct table;
struct line;

/* The options have been checked by layout_check(). */
struct table *table_new(const struct ctl *ctl, const struct layout *layout);
void table_free(struct table *table);
DEFINE_CLEANUP(struct table, table_free)

/* Whether a column shows, for what is dear to find out. */
bool table_wants(const struct table *table, size_t column);
struct line *table_add(struct table *table, struct line *parent);
void table_set(struct table *table, struct line *line, size_t column, const char *value);
void table_color(struct table *table, struct line *line, const char *color);
/* Returns the exit code. */
int table_print(struct table *table);
/* For streams of raw lines: prints the headings now, not with the first line. */
int table_print_headings(struct table *table);
/* For streams: prints one line that was added, at once, and forgets it. */
int table_print_line(struct table *table, struct line *line);

/* JSON that a library has written, without control characters. */
void output_print_json(const char *json);
/* A line for people, the same way. */
void output_print_line(const char *text);
