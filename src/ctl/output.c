/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All output of rows. Tables, raw lines and pairs are libsmartcols's: sized to the terminal, with
 * colours if it is one. What is hostile in a cell is escaped: in tables before the library sees it,
 * which gets nothing else to print, as up to 2.38 it would count no column for a backslash; in raw
 * lines and pairs by the library, which lets printable ASCII through and nothing else. JSON is
 * written here, from the same cells, by the escapes of strbuf.h; and that of json-c leaves by
 * output_print_json().
 *
 * The locale counts for the output alone: what is text to the parsers of names must not depend on
 * it, and JSON is UTF-8.
 */

#include <errno.h>
#include <limits.h>
#include <libsmartcols/libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "base/strbuf.h"
#include "ctl/output.h"
#include "ctl/pairs.h"

struct table {
	const struct ctl *ctl;
	struct libscols_table *scols;
	const struct layout *layout;
	struct libscols_column **shown; /* by the number of the column; NULL: not */
	size_t *order;			/* numbers of those that are printed */
	size_t printed;
	locale_t locale; /* of tables: the user's; 0: there is none of that name */
	char **kept;	 /* values that a cell shows in another form, to sort by */
	size_t kept_count;
};

/* Number of the column of that name, or `count`. */
static size_t find_column(const struct layout *layout, const char *name, size_t len)
{
	size_t i = 0;

	while (i < layout->count &&
		(strlen(layout->columns[i].name) != len ||
			strncasecmp(layout->columns[i].name, name, len) != 0))
		i++;
	return i;
}

static int check_name(const struct layout *layout, const char *name, size_t len)
{
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT;

	if (find_column(layout, name, len) < layout->count)
		return CTL_OK;
	for (size_t i = 0; i < layout->count; i++)
		strbuf_add_format(&names, "%s%s", i ? ", " : "", layout->columns[i].name);
	return ctl_misuse("there is no column '%.*s', but %s", (int)len, name, strbuf_text(&names));
}

int layout_check(const struct layout *layout, const struct ctl *ctl)
{
	int r = ctl->sort ? check_name(layout, ctl->sort, strlen(ctl->sort)) : CTL_OK;

	for (const char *names = ctl->columns; r == CTL_OK && names;) {
		size_t len;

		names += names == ctl->columns && *names == '+';
		len = strcspn(names, ",");
		r = check_name(layout, names, len);
		names = names[len] ? names + len + 1 : NULL;
	}
	return r;
}

void layout_print(const struct layout *layout)
{
	for (size_t i = 0; i < layout->count; i++)
		printf("  %-13s %s%s\n", layout->columns[i].name, layout->columns[i].help,
			layout->columns[i].is_extra ? "" : " (by default)");
}

static bool wants_colors(void)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && !is_same_text(terminal, "dumb");
}

/* By the value that a cell shows or stands for: numbers by their size, all else as text. */
static int compare_cells(struct libscols_cell *a, struct libscols_cell *b, void *is_number)
{
	const char *one = scols_cell_get_userdata(a), *other = scols_cell_get_userdata(b);
	unsigned long long x, y;

	one = one ? one : scols_cell_get_data(a);
	other = other ? other : scols_cell_get_data(b);
	one = one ? one : "";
	other = other ? other : "";
	if (!is_number)
		return strverscmp(one, other);
	x = strtoull(one, NULL, 10);
	y = strtoull(other, NULL, 10);
	return x < y ? -1 : x > y;
}

/* Only tables and JSON have trees: lines for programs are names, without what would draw one. */
static bool is_list(const struct ctl *ctl)
{
	bool is_for_programs = ctl->format == FORMAT_PAIRS || ctl->format == FORMAT_RAW;

	return ctl->is_flat || ctl->sort || is_for_programs;
}

/* Names of pairs are variables of a shell. */
static void make_variable(char *name)
{
	for (char *c = name; *c; c++)
		*c = *c == '-' ? '_' : *c;
}

static void set_type(struct libscols_column *column, enum column_type type)
{
	bool is_number = type == COLUMN_NUMBER || type == COLUMN_SIZE;

	scols_column_set_cmpfunc(column, compare_cells, is_number ? column : NULL);
	if (type == COLUMN_LIST)
		scols_column_set_wrapfunc(
			column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
}

static void add_column(struct table *table, size_t number, bool is_hidden)
{
	static const int flags[] = {
		[COLUMN_TEXT] = 0,
		[COLUMN_PROSE] = SCOLS_FL_TRUNC,
		[COLUMN_NUMBER] = SCOLS_FL_RIGHT,
		[COLUMN_SIZE] = SCOLS_FL_RIGHT,
		[COLUMN_FLAG] = SCOLS_FL_RIGHT,
		[COLUMN_LIST] = SCOLS_FL_WRAP,
		[COLUMN_TREE] = SCOLS_FL_TREE,
	};
	const struct column *column = &table->layout->columns[number];
	_cleanup_free_ char *name = xstrdup(column->name);
	int flag = flags[column->type] | (is_hidden ? SCOLS_FL_HIDDEN : 0);

	if (table->shown[number])
		return;
	if (is_list(table->ctl))
		flag &= ~SCOLS_FL_TREE;
	if (table->ctl->format == FORMAT_PAIRS)
		make_variable(name);
	table->shown[number] = scols_table_new_column(table->scols, name, 0, flag);
	if (!table->shown[number])
		abort();
	set_type(table->shown[number], column->type);
	if (!is_hidden)
		table->order[table->printed++] = number;
}

/* "LINK,ID", or "+SIZE" for the default ones and more. */
static void add_columns(struct table *table)
{
	const struct ctl *ctl = table->ctl;
	const struct layout *layout = table->layout;
	bool is_default = !ctl->columns || *ctl->columns == '+';

	for (size_t i = 0; (is_default || ctl->shows_all_columns) && i < layout->count; i++)
		if (ctl->shows_all_columns || !layout->columns[i].is_extra)
			add_column(table, i, false);
	for (const char *names = ctl->columns; names;) {
		size_t len;

		names += names == ctl->columns && *names == '+';
		len = strcspn(names, ",");
		add_column(table, find_column(layout, names, len), false);
		names = names[len] ? names + len + 1 : NULL;
	}
	if (ctl->sort)
		add_column(table, find_column(layout, ctl->sort, strlen(ctl->sort)), true);
}

struct table *table_new(const struct ctl *ctl, const struct layout *layout)
{
	struct table *table = xcalloc(1, sizeof(*table));

	*table = (struct table){
		.ctl = ctl,
		.scols = scols_new_table(),
		.layout = layout,
		.shown = xcalloc(layout->count, sizeof(struct libscols_column *)),
		.order = xcalloc(layout->count, sizeof(size_t)),
	};
	if (!table->scols)
		abort();
	scols_table_enable_export(table->scols, ctl->format == FORMAT_PAIRS);
	scols_table_enable_raw(table->scols, ctl->format == FORMAT_RAW);
	scols_table_enable_noheadings(table->scols, !ctl->has_headings);
	scols_table_enable_colors(table->scols, wants_colors());
	if (ctl->format == FORMAT_TABLE) {
		scols_table_enable_noencoding(table->scols, true); /* table_set() sees to it */
		table->locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	}
	add_columns(table);
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	scols_unref_table(table->scols);
	if (table->locale)
		freelocale(table->locale);
	for (size_t i = 0; i < table->kept_count; i++)
		free(table->kept[i]);
	free(table->kept);
	free(table->order);
	free(table->shown);
	free(table);
}

bool table_wants(const struct table *table, size_t column)
{
	return table->shown[column] != NULL;
}

struct line *table_add(struct table *table, struct line *parent)
{
	struct libscols_line *above = is_list(table->ctl) ? NULL : (struct libscols_line *)parent;
	struct libscols_line *line = scols_table_new_line(table->scols, above);

	if (!line)
		abort();
	return (struct line *)line;
}

/* Characters that the user's locale has not, or cannot print, become escapes of their bytes. */
static void add_known(const struct table *table, struct strbuf *known, const char *text)
{
	locale_t before = uselocale(table->locale);

	while (*text) {
		mbstate_t state = { 0 };
		wchar_t character;
		size_t len = mbrtowc(&character, text, strnlen(text, MB_LEN_MAX), &state);

		if (len > MB_LEN_MAX || !iswprint((wint_t)character)) {
			strbuf_add_format(known, "\\x%02x", (unsigned char)*text);
			len = 1;
		} else {
			strbuf_add(known, text, len);
		}
		text += len;
	}
	uselocale(before);
}

static bool is_ascii(const char *text)
{
	while (*text && (unsigned char)*text < 0x80)
		text++;
	return !*text;
}

/* The lines of a list stay lines, and what is escaped in each is not escaped twice. */
static char *make_printable(const struct table *table, const char *text, bool is_list)
{
	struct strbuf printable = STRBUF_INIT;

	for (;;) {
		size_t len = is_list ? strcspn(text, "\n") : strlen(text);
		_cleanup_free_ char *line = xstrndup(text, len);
		_cleanup_free_ char *plain = is_list ? text_unescape(line) : NULL;
		_cleanup_strbuf_ struct strbuf safe = STRBUF_INIT;

		strbuf_add_printable(&safe, plain ? plain : line);
		if (is_ascii(strbuf_text(&safe)))
			strbuf_add_text(&printable, strbuf_text(&safe));
		else
			add_known(table, &printable, safe.data);
		if (!text[len])
			return strbuf_take(&printable);
		strbuf_add_char(&printable, '\n');
		text += len + 1;
	}
}

static char *format_size(const char *bytes)
{
	unsigned long long size = strtoull(bytes, NULL, 10), rest = 0;
	const char *unit = "BKMGTPE";

	for (; size >= 1024 && unit[1]; unit++) {
		rest = size % 1024 * 10 / 1024;
		size /= 1024;
	}
	if (rest && size < 100)
		return xasprintf("%llu.%llu%c", size, rest, *unit);
	return xasprintf("%llu%c", size, *unit);
}

/* Remembers what a cell stands for. */
static void keep_value(struct table *table, struct libscols_cell *cell, const char *value)
{
	table->kept = xgrow(table->kept, table->kept_count, sizeof(*table->kept));
	table->kept[table->kept_count] = xstrdup(value);
	scols_cell_set_userdata(cell, table->kept[table->kept_count++]);
}

void table_set(struct table *table, struct line *line, size_t column, const char *value)
{
	struct libscols_line *row = (struct libscols_line *)line;
	struct libscols_column *place = table->shown[column];
	enum column_type type = table->layout->columns[column].type;
	_cleanup_free_ char *other = NULL;

	if (!value || !*value || !place || (type == COLUMN_SIZE && is_same_text(value, "0")))
		return; /* of what was never here no size is known */
	if (type == COLUMN_SIZE && !table->ctl->is_in_bytes) {
		other = format_size(value);
		if (table->ctl->sort)
			keep_value(table, scols_line_get_column_cell(row, place), value);
	} else if (table->ctl->format == FORMAT_TABLE) {
		other = make_printable(table, value, type == COLUMN_LIST);
	} else if (type == COLUMN_LIST && table->ctl->format != FORMAT_JSON) {
		other = text_unescape(value); /* JSON alone tells such a newline from an end */
	}
	if (scols_line_set_column_data(row, place, other ? other : value) < 0)
		abort();
}

void table_color(struct table *table, struct line *line, const char *color)
{
	if (scols_table_colors_wanted(table->scols))
		scols_line_set_color((struct libscols_line *)line, color);
}

/* Where the parts of a piece of JSON stand: in lines of their own, or (depth -1) all in one. */
static void begin_line(struct strbuf *json, int depth)
{
	if (depth >= 0)
		strbuf_add_format(json, "\n%*s", depth * 3, "");
}

static void add_list(struct strbuf *json, const char *lines, int depth)
{
	strbuf_add_char(json, '[');
	for (bool is_first = true; *lines; is_first = false) {
		size_t len = strcspn(lines, "\n");
		_cleanup_free_ char *line = xstrndup(lines, len), *plain = text_unescape(line);

		strbuf_add_text(json, is_first ? "" : depth < 0 ? ", " : ",");
		begin_line(json, depth < 0 ? -1 : depth + 1);
		strbuf_add_json(json, plain);
		lines += len + (lines[len] == '\n');
	}
	strbuf_add_char(json, ']');
}

static void add_value(
	const struct table *table, struct strbuf *json, size_t column, const char *value, int depth)
{
	bool is_number = value && *value && strspn(value, "0123456789") == strlen(value);

	switch (table->layout->columns[column].type) {
	case COLUMN_LIST:
		add_list(json, value ? value : "", depth);
		return;
	case COLUMN_FLAG:
		strbuf_add_text(json, !value ? "null" : *value == '1' ? "true" : "false");
		return;
	case COLUMN_NUMBER:
	case COLUMN_SIZE:
		if (is_number)
			strbuf_add_text(json, value);
		if (is_number)
			return;
		break;
	case COLUMN_TEXT:
	case COLUMN_PROSE:
	case COLUMN_TREE:
		break;
	}
	if (value)
		strbuf_add_json(json, value);
	else
		strbuf_add_text(json, "null");
}

static void add_member(const struct table *table, struct strbuf *json, struct libscols_line *line,
	size_t column, int depth)
{
	_cleanup_free_ char *name = xstrdup(table->layout->columns[column].name);

	for (char *c = name; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 'a' - 'A') : *c;
	strbuf_add_format(json, "\"%s\": ", name);
	add_value(
		table, json, column, scols_line_get_column_data(line, table->shown[column]), depth);
}

static void add_object(
	const struct table *table, struct strbuf *json, struct libscols_line *line, int depth)
{
	struct libscols_iter *iter = scols_new_iter(SCOLS_ITER_FORWARD);
	struct libscols_line *child;
	bool is_first = true;

	if (!iter)
		abort();
	strbuf_add_char(json, '{');
	for (size_t i = 0; i < table->printed; i++) {
		strbuf_add_text(json, i == 0 ? "" : depth < 0 ? ", " : ",");
		begin_line(json, depth < 0 ? -1 : depth + 1);
		add_member(table, json, line, table->order[i], depth < 0 ? -1 : depth + 1);
	}
	while (scols_line_next_child(line, iter, &child) == 0) {
		if (is_first)
			strbuf_add_text(json, ",");
		if (is_first)
			begin_line(json, depth + 1);
		strbuf_add_text(json, is_first ? "\"children\": [" : ",");
		begin_line(json, depth + 2);
		add_object(table, json, child, depth + 2);
		is_first = false;
	}
	if (!is_first) {
		begin_line(json, depth + 1);
		strbuf_add_char(json, ']');
	}
	begin_line(json, depth);
	strbuf_add_char(json, '}');
	scols_free_iter(iter);
}

static void print_json(const struct table *table)
{
	_cleanup_strbuf_ struct strbuf json = STRBUF_INIT;
	struct libscols_iter *iter = scols_new_iter(SCOLS_ITER_FORWARD);
	struct libscols_line *line;
	bool is_first = true;

	if (!iter)
		abort();
	strbuf_add_format(&json, "{\n   \"%s\": [", table->layout->name);
	while (scols_table_next_line(table->scols, iter, &line) == 0) {
		if (scols_line_get_parent(line))
			continue;
		strbuf_add_text(&json, is_first ? "" : ",");
		begin_line(&json, 2);
		add_object(table, &json, line, 2);
		is_first = false;
	}
	scols_free_iter(iter);
	puts(json.data);
	puts("   ]\n}");
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

static void sort_lines(const struct table *table)
{
	const struct layout *layout = table->layout;
	const char *sort = table->ctl->sort;

	if (sort)
		scols_sort_table(
			table->scols, table->shown[find_column(layout, sort, strlen(sort))]);
}

int table_print(struct table *table)
{
	int r = 0;

	if (table->ctl->is_quiet)
		return CTL_OK;
	sort_lines(table);
	if (table->ctl->format == FORMAT_JSON) {
		print_json(table);
	} else {
		setlocale(LC_CTYPE, "");
		r = scols_print_table(table->scols);
		setlocale(LC_CTYPE, "C");
	}
	return r < 0 ? ctl_fail("cannot print: %s", strerror(-r)) : CTL_OK;
}

int table_print_headings(struct table *table)
{
	if (table->ctl->format != FORMAT_RAW || !table->ctl->has_headings)
		return CTL_OK;
	for (size_t i = 0; i < table->printed; i++)
		printf("%s%s", i ? " " : "", table->layout->columns[table->order[i]].name);
	putchar('\n');
	scols_table_enable_noheadings(table->scols, true);
	return fflush(stdout) == 0 ? CTL_OK : ctl_fail("cannot print: %s", strerror(errno));
}

int table_print_line(struct table *table, struct line *line)
{
	struct libscols_line *only = (struct libscols_line *)line;
	int r = 0;

	if (table->ctl->format == FORMAT_JSON) {
		_cleanup_strbuf_ struct strbuf json = STRBUF_INIT;

		add_object(table, &json, only, -1);
		fputs(json.data, stdout);
	} else {
		setlocale(LC_CTYPE, "");
		r = scols_table_print_range(table->scols, only, only);
		setlocale(LC_CTYPE, "C");
	}
	if (r == 0)
		fputc('\n', stdout);
	scols_table_remove_lines(table->scols);
	scols_table_enable_noheadings(table->scols, true);
	if (r < 0 || fflush(stdout) != 0)
		return ctl_fail("cannot print: %s", strerror(r < 0 ? -r : errno));
	return CTL_OK;
}
