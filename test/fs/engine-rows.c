/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of the engine that is played: see engine.c.
 */

#include <string.h>

#include "engine-rows.h"

struct row rows[ENGINE_ROWS];
size_t row_count;
static struct row saved[ENGINE_ROWS];
static size_t saved_count;

static struct {
	struct strbuf text;
	uint64_t revision;
} lines[ENGINE_ROWS];
static size_t line_count;

struct row *find_row(const char *key)
{
	for (size_t i = 0; i < row_count; i++)
		if (strcmp(rows[i].key, key) == 0)
			return &rows[i];
	return NULL;
}

void put_row(const char *key, const char *value, uint64_t revision)
{
	struct row *row = find_row(key);

	if (!row) {
		if (row_count == ENGINE_ROWS)
			abort();
		row = &rows[row_count++];
		row->key = xstrdup(key);
		row->value = NULL;
	}
	free(row->value);
	row->value = xstrdup(value);
	row->revision = revision;
}

void delete_row(const char *key)
{
	struct row *row = find_row(key);

	if (!row)
		return;
	free(row->key);
	free(row->value);
	*row = rows[--row_count];
}

void drop_rows(void)
{
	while (row_count)
		delete_row(rows[0].key);
}

void save_rows(void)
{
	for (size_t i = 0; i < row_count; i++)
		saved[i] = (struct row){ xstrdup(rows[i].key), xstrdup(rows[i].value),
			rows[i].revision };
	saved_count = row_count;
}

void restore_rows(void)
{
	drop_rows();
	memcpy(rows, saved, sizeof(rows));
	row_count = saved_count;
}

static int compare_rows(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->key, ((const struct row *)b)->key);
}

void dump_rows(FILE *file)
{
	qsort(rows, row_count, sizeof(*rows), compare_rows);
	for (size_t i = 0; i < row_count; i++)
		fprintf(file, "%s %s\n", rows[i].key, rows[i].value);
}

void keep_line(const struct strbuf *line, uint64_t revision)
{
	if (line_count == ENGINE_ROWS)
		abort();
	strbuf_add(&lines[line_count].text, line->data, line->len);
	lines[line_count++].revision = revision;
}

void drop_lines(void)
{
	while (line_count)
		strbuf_fini(&lines[--line_count].text);
}

const struct strbuf *find_line(uint64_t after, size_t *index)
{
	for (; *index < line_count; ++*index)
		if (lines[*index].revision > after)
			return &lines[*index].text;
	return NULL;
}

void add_row(struct strbuf *list, const char *key, const char *value, uint64_t at)
{
	strbuf_add_text(list, list->len ? ",{\"key\":" : "{\"key\":");
	strbuf_add_json(list, key);
	strbuf_add_text(list, ",\"value\":");
	if (value)
		strbuf_add_json(list, value);
	else
		strbuf_add_text(list, "null");
	strbuf_add_format(list, ",\"revision\":%llu}", (unsigned long long)at);
}
