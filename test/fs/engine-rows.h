/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What engine.c has: keys and values with the revision in which they were written, and lines. */

#include <stdint.h>
#include <stdio.h>

#include "base/strbuf.h"

enum { ENGINE_ROWS = 4096 };

struct row {
	char *key, *value;
	uint64_t revision;
};

extern struct row rows[ENGINE_ROWS];
extern size_t row_count;

struct row *find_row(const char *key);
void put_row(const char *key, const char *value, uint64_t revision);
void delete_row(const char *key);
void drop_rows(void);
/* Keeps a copy of them, and has that again. */
void save_rows(void);
void restore_rows(void);
/* Writes them, ordered by key. */
void dump_rows(FILE *file);

/* What was told of a revision, for who comes later. */
void keep_line(const struct strbuf *line, uint64_t revision);
void drop_lines(void);
/* The first line of a revision after that one, from an index on, which becomes its own; or NULL. */
const struct strbuf *find_line(uint64_t after, size_t *index);

/* As an item of a list of JSON; `value` NULL: it is deleted. */
void add_row(struct strbuf *list, const char *key, const char *value, uint64_t at);
