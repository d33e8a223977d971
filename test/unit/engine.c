/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What etcd does: see the header.
 */

#include <string.h>

#include "engine.h"

void engine_fini(struct engine *engine)
{
	etcd_rows_fini(&engine->history);
}

static bool is_in(const char *key, const char *from, const char *end)
{
	if (!end[0])
		return strcmp(key, from) == 0;
	return strcmp(key, from) >= 0 && strcmp(key, end) < 0;
}

static int compare_rows(const void *a, const void *b)
{
	const struct etcd_row *one = a, *other = b;

	return strcmp(one->key, other->key);
}

void engine_read(const struct engine *engine, const char *key, const char *end, int64_t revision,
	struct etcd_rows *ret_rows)
{
	struct etcd_rows all = {};

	*ret_rows = (struct etcd_rows){};
	for (size_t i = engine->history.count; i-- > 0;) { /* the last word first */
		const struct etcd_row *row = &engine->history.list[i];

		if (row->revision > revision || !is_in(row->key, key, end) ||
			etcd_rows_find(&all, row->key))
			continue;
		*etcd_rows_add(&all, row->key, row->value) =
			(struct etcd_row){ all.list[all.count - 1].key,
				all.list[all.count - 1].value, row->revision, row->version };
		if (row->value) {
			struct etcd_row *copy = etcd_rows_add(ret_rows, row->key, row->value);

			copy->revision = row->revision;
			copy->version = row->version;
		}
	}
	etcd_rows_fini(&all);
	if (ret_rows->count > 0)
		qsort(ret_rows->list, ret_rows->count, sizeof(*ret_rows->list), compare_rows);
}

void engine_watch(
	const struct engine *engine, int64_t from, size_t revisions, struct etcd_rows *ret_rows)
{
	int64_t last = 0;

	*ret_rows = (struct etcd_rows){};
	for (size_t i = 0; i < engine->history.count; i++) {
		const struct etcd_row *row = &engine->history.list[i];
		struct etcd_row *copy;

		if (row->revision < from)
			continue;
		if (row->revision != last && revisions-- == 0)
			return;
		last = row->revision;
		copy = etcd_rows_add(ret_rows, row->key, row->value);
		copy->revision = row->revision;
		copy->version = row->version;
	}
}

static bool is_true(const struct engine *engine, const struct etcd_compare *compare)
{
	struct etcd_rows rows;
	bool result = true;

	engine_read(engine, compare->key, compare->end, engine->revision, &rows);
	if (rows.count == 0)
		result = compare->revision == 0;
	for (size_t i = 0; i < rows.count; i++)
		result = result && rows.list[i].revision == compare->revision;
	etcd_rows_fini(&rows);
	return result;
}

static bool has_revisions(const struct engine *engine, const struct etcd_operations *operations)
{
	for (size_t i = 0; i < operations->count; i++) {
		int64_t revision = operations->list[i].revision;

		if (revision > 0 && (revision < engine->compacted || revision > engine->revision))
			return false;
	}
	return true;
}

static void read_range(const struct engine *engine, const struct etcd_operation *operation,
	struct etcd_result *result)
{
	bool is_cut = false;

	engine_read(engine, operation->key, operation->end,
		operation->revision ? operation->revision : engine->revision, &result->rows);
	result->count = (int64_t)result->rows.count;
	if (operation->is_last_first && result->rows.count > 1) {
		struct etcd_row *list = result->rows.list, last = list[result->rows.count - 1];

		list[result->rows.count - 1] = list[0];
		list[0] = last;
	}
	while (result->rows.count > 0 &&
		(operation->is_count_only ||
			(operation->limit > 0 && result->rows.count > (size_t)operation->limit))) {
		struct etcd_row *row = &result->rows.list[--result->rows.count];

		free(row->key);
		free(row->value);
		is_cut = !operation->is_count_only;
	}
	if (is_cut)
		result->last = xstrdup(result->rows.list[result->rows.count - 1].key);
}

static void put(struct engine *engine, const char *key, const char *value, int64_t revision)
{
	struct etcd_rows old;
	struct etcd_row *row;
	int64_t version;

	engine_read(engine, key, "", engine->revision, &old);
	version = old.count > 0 ? old.list[0].version + 1 : 1;
	if (value || old.count > 0) {
		row = etcd_rows_add(&engine->history, key, value);
		row->revision = revision;
		row->version = value ? version : 0;
	}
	etcd_rows_fini(&old);
}

static bool do_operation(
	struct engine *engine, const struct etcd_operation *operation, struct etcd_result *result)
{
	size_t before = engine->history.count;
	struct etcd_rows rows;

	switch (operation->type) {
	case ETCD_RANGE:
		read_range(engine, operation, result);
		break;
	case ETCD_PUT:
		put(engine, operation->key, operation->value, engine->revision + 1);
		break;
	case ETCD_DELETE:
		engine_read(engine, operation->key, operation->end, engine->revision, &rows);
		for (size_t i = 0; i < rows.count; i++)
			put(engine, rows.list[i].key, NULL, engine->revision + 1);
		etcd_rows_fini(&rows);
		break;
	}
	return engine->history.count > before;
}

void engine_do(
	struct engine *engine, const struct etcd_request *request, struct etcd_answer *ret_answer)
{
	const struct etcd_operations *operations = &request->then;
	bool has_written = false;

	*ret_answer = (struct etcd_answer){ .is_done = true };
	if (request->type != ETCD_TXN) {
		ret_answer->lease =
			request->type == ETCD_LEASE ? ++engine->leases : request->number;
		ret_answer->seconds = 30;
		return;
	}
	for (size_t i = 0; i < request->compare_count; i++)
		ret_answer->is_done = ret_answer->is_done && is_true(engine, &request->compares[i]);
	if (!ret_answer->is_done)
		operations = &request->otherwise;
	if (!has_revisions(engine, operations)) {
		ret_answer->status = ETCD_COMPACTED;
		ret_answer->why = xstrdup("compacted");
		return;
	}
	ret_answer->result_count = operations->count;
	ret_answer->results = xcalloc(operations->count, sizeof(*ret_answer->results));
	for (size_t i = 0; i < operations->count; i++)
		has_written |= do_operation(engine, &operations->list[i], &ret_answer->results[i]);
	engine->revision += has_written;
	ret_answer->revision = engine->revision;
}
