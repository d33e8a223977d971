/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All output of rows, by libsmartcols: sized to the terminal, in the three formats; colours are for
 * terminals. What is hostile in a cell is escaped: in tables before the library sees it, in pairs by the
 * library, which lets printable ASCII through and nothing else. JSON, be it of libsmartcols or of json-c,
 * leaves the program by one way, which lets no control character pass.
 *
 * The locale counts for the output alone: what is text to the parsers of names must not depend on it, and
 * JSON is UTF-8.
 */

#include <errno.h>
#include <locale.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "ctl/output.h"

struct table {
	const struct ctl *ctl;
	struct libscols_table *scols;
	const struct column *columns;
	size_t count;
	struct libscols_column **shown; /* by the number of the column; NULL: not */
};

static bool wants_colors(void)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && !is_same_text(terminal, "dumb");
}

static void set_type(struct libscols_column *column, enum column_type type)
{
	static const int json_types[] = {
		[COLUMN_TEXT] = SCOLS_JSON_STRING,
		[COLUMN_PROSE] = SCOLS_JSON_STRING,
		[COLUMN_NUMBER] = SCOLS_JSON_NUMBER,
		[COLUMN_FLAG] = SCOLS_JSON_BOOLEAN,
		[COLUMN_LIST] = SCOLS_JSON_ARRAY_STRING,
		[COLUMN_TREE] = SCOLS_JSON_STRING,
	};

	scols_column_set_json_type(column, json_types[type]);
	scols_column_set_safechars(column, "\\\n"); /* table_set() has seen to it */
	if (type == COLUMN_LIST)
		scols_column_set_wrapfunc(
			column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
}

static void add_column(struct table *table, size_t number)
{
	static const int flags[] = {
		[COLUMN_PROSE] = SCOLS_FL_TRUNC,
		[COLUMN_NUMBER] = SCOLS_FL_RIGHT,
		[COLUMN_FLAG] = SCOLS_FL_RIGHT,
		[COLUMN_LIST] = SCOLS_FL_WRAP,
		[COLUMN_TREE] = SCOLS_FL_TREE,
	};
	const struct column *column = &table->columns[number];

	if (table->shown[number])
		return;
	table->shown[number] = scols_table_new_column(
		table->scols, column->name, 0, column->type ? flags[column->type] : 0);
	if (!table->shown[number])
		abort();
	set_type(table->shown[number], column->type);
}

static void add_default_columns(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (!table->columns[i].is_extra)
			add_column(table, i);
}

static int add_named_column(struct table *table, const char *name, size_t len)
{
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < table->count; i++) {
		const char *known = table->columns[i].name;

		if (strlen(known) == len && strncasecmp(known, name, len) == 0) {
			add_column(table, i);
			return 0;
		}
		strbuf_add_format(&names, "%s%s", i ? ", " : "", known);
	}
	ctl_misuse("there is no column '%.*s', but %s", (int)len, name, strbuf_text(&names));
	return -EINVAL;
}

/* "LINK,ID", or "+SIZE" for the default ones and more. */
static int add_columns(struct table *table, const char *names)
{
	if (!names || *names == '+')
		add_default_columns(table);
	if (!names)
		return 0;
	names += *names == '+';
	for (;;) {
		size_t len = strcspn(names, ",");
		int r = add_named_column(table, names, len);

		if (r < 0 || !names[len])
			return r;
		names += len + 1;
	}
}

struct table *table_new(
	const struct ctl *ctl, const char *name, const struct column *columns, size_t count)
{
	_cleanup_(table_free_p) struct table *table = xcalloc(1, sizeof(*table));

	*table = (struct table){
		.ctl = ctl,
		.scols = scols_new_table(),
		.columns = columns,
		.count = count,
		.shown = xcalloc(count, sizeof(struct libscols_column *)),
	};
	if (!table->scols)
		abort();
	scols_table_set_name(table->scols, name);
	scols_table_enable_json(table->scols, ctl->format == FORMAT_JSON);
	scols_table_enable_export(table->scols, ctl->format == FORMAT_PAIRS);
	scols_table_enable_noheadings(table->scols, !ctl->has_headings);
	scols_table_enable_colors(table->scols, wants_colors());
	return add_columns(table, ctl->columns) < 0 ? NULL : steal_ptr(table);
}

void table_free(struct table *table)
{
	if (!table)
		return;
	scols_unref_table(table->scols);
	free(table->shown);
	free(table);
}

bool table_wants(const struct table *table, size_t column)
{
	return table->shown[column] != NULL;
}

struct line *table_add(struct table *table, struct line *parent)
{
	struct libscols_line *line =
		scols_table_new_line(table->scols, (struct libscols_line *)parent);

	if (!line)
		abort();
	return (struct line *)line;
}

/* The lines of a list stay lines. */
static char *make_printable(const char *text, bool is_list)
{
	struct strbuf printable = STRBUF_INIT;

	for (;;) {
		size_t len = is_list ? strcspn(text, "\n") : strlen(text);
		_cleanup_free_ char *line = xstrndup(text, len);

		strbuf_add_printable(&printable, line);
		if (!text[len])
			return strbuf_take(&printable);
		strbuf_add_char(&printable, '\n');
		text += len + 1;
	}
}

void table_set(struct table *table, struct line *line, size_t column, const char *value)
{
	_cleanup_free_ char *printable = NULL;

	if (!value || !*value || !table->shown[column])
		return;
	if (table->ctl->format == FORMAT_TABLE)
		printable = make_printable(value, table->columns[column].type == COLUMN_LIST);
	if (scols_line_set_column_data((struct libscols_line *)line, table->shown[column],
		    printable ? printable : value) < 0)
		abort();
}

void table_color(struct table *table, struct line *line, const char *color)
{
	if (scols_table_colors_wanted(table->scols))
		scols_line_set_color((struct libscols_line *)line, color);
}

void output_print_json(const char *json)
{
	_cleanup_strbuf_ struct strbuf safe = STRBUF_INIT;

	strbuf_add_safe_json(&safe, json);
	fputs(strbuf_text(&safe), stdout);
}

void output_print_line(const char *text)
{
	_cleanup_strbuf_ struct strbuf safe = STRBUF_INIT;

	strbuf_add_safe(&safe, text);
	puts(strbuf_text(&safe));
}

static int print_json_table(struct table *table)
{
	char *json = NULL;
	int r = scols_print_table_to_string(table->scols, &json);

	if (r == 0 && json)
		output_print_json(json);
	free(json);
	return r;
}

int table_print(struct table *table)
{
	int r = 0;

	if (table->ctl->is_quiet)
		return CTL_OK;
	if (table->ctl->format == FORMAT_JSON) {
		r = print_json_table(table);
	} else {
		setlocale(LC_CTYPE, "");
		r = scols_print_table(table->scols);
		setlocale(LC_CTYPE, "C");
	}
	return r < 0 ? ctl_fail("cannot print: %s", strerror(-r)) : CTL_OK;
}

int table_print_line(struct table *table, struct line *line)
{
	struct libscols_line *only = (struct libscols_line *)line;
	int r;

	setlocale(LC_CTYPE, "");
	r = scols_table_print_range(table->scols, only, only);
	setlocale(LC_CTYPE, "C");
	if (r == 0)
		fputc('\n', stdout);
	scols_table_remove_lines(table->scols);
	scols_table_enable_noheadings(table->scols, true);
	if (r < 0 || fflush(stdout) != 0)
		return ctl_fail("cannot print: %s", strerror(r < 0 ? -r : errno));
	return CTL_OK;
}

char *format_size(const struct ctl *ctl, const char *bytes)
{
	unsigned long long size = strtoull(bytes, NULL, 10), rest = 0;
	const char *unit = "BKMGTPE";

	if (!*bytes || ctl->is_in_bytes)
		return xstrdup(bytes);
	for (; size >= 1024 && unit[1]; unit++) {
		rest = size % 1024 * 10 / 1024;
		size /= 1024;
	}
	if (rest && size < 100)
		return xasprintf("%llu.%llu%c", size, rest, *unit);
	return xasprintf("%llu%c", size, *unit);
}
