/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests and answers as lists: see the header.
 */

#include <string.h>

#include "cluster/etcd.h"

static void row_fini(struct etcd_row *row)
{
	free(row->key);
	free(row->value);
}

void etcd_rows_fini(struct etcd_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		row_fini(&rows->list[i]);
	free(rows->list);
	*rows = (struct etcd_rows){};
}

struct etcd_row *etcd_rows_add(struct etcd_rows *rows, const char *key, const char *value)
{
	struct etcd_row *row;

	rows->list = xgrow(rows->list, rows->count, sizeof(*rows->list));
	row = &rows->list[rows->count++];
	*row = (struct etcd_row){ xstrdup(key), value ? xstrdup(value) : NULL, 0, 0 };
	return row;
}

const struct etcd_row *etcd_rows_find(const struct etcd_rows *rows, const char *key)
{
	for (size_t i = 0; i < rows->count; i++) {
		if (strcmp(rows->list[i].key, key) == 0)
			return &rows->list[i];
	}
	return NULL;
}

static void operations_fini(struct etcd_operations *operations)
{
	for (size_t i = 0; i < operations->count; i++) {
		free(operations->list[i].key);
		free(operations->list[i].end);
		free(operations->list[i].value);
	}
	free(operations->list);
}

void etcd_request_fini(struct etcd_request *request)
{
	for (size_t i = 0; i < request->compare_count; i++) {
		free(request->compares[i].key);
		free(request->compares[i].end);
	}
	free(request->compares);
	operations_fini(&request->then);
	operations_fini(&request->otherwise);
	*request = (struct etcd_request)ETCD_REQUEST_INIT;
}

void etcd_add_compare(
	struct etcd_request *request, const char *key, const char *end, int64_t revision)
{
	request->compares =
		xgrow(request->compares, request->compare_count, sizeof(*request->compares));
	request->compares[request->compare_count++] =
		(struct etcd_compare){ xstrdup(key), xstrdup(end), revision };
}

static struct etcd_operation *add_operation(struct etcd_operations *operations,
	enum etcd_operation_type type, const char *key, const char *end)
{
	struct etcd_operation *operation;

	operations->list = xgrow(operations->list, operations->count, sizeof(*operations->list));
	operation = &operations->list[operations->count++];
	*operation =
		(struct etcd_operation){ .type = type, .key = xstrdup(key), .end = xstrdup(end) };
	return operation;
}

struct etcd_operation *etcd_add_range(
	struct etcd_operations *operations, const char *key, const char *end)
{
	return add_operation(operations, ETCD_RANGE, key, end);
}

void etcd_add_put(
	struct etcd_operations *operations, const char *key, const char *value, int64_t lease)
{
	struct etcd_operation *operation = add_operation(operations, ETCD_PUT, key, "");

	operation->value = xstrdup(value);
	operation->lease = lease;
}

void etcd_add_delete(struct etcd_operations *operations, const char *key, const char *end)
{
	add_operation(operations, ETCD_DELETE, key, end);
}

void etcd_answer_fini(struct etcd_answer *answer)
{
	for (size_t i = 0; i < answer->result_count; i++) {
		etcd_rows_fini(&answer->results[i].rows);
		free(answer->results[i].last);
	}
	free(answer->results);
	free(answer->why);
	*answer = (struct etcd_answer){};
}

const struct etcd_rows *etcd_answer_rows(const struct etcd_answer *answer, size_t operation)
{
	static const struct etcd_rows none;

	return operation < answer->result_count ? &answer->results[operation].rows : &none;
}

const struct etcd_row *etcd_answer_row(const struct etcd_answer *answer, size_t operation)
{
	const struct etcd_rows *rows = etcd_answer_rows(answer, operation);

	return rows->count > 0 ? &rows->list[0] : NULL;
}

int64_t etcd_answer_count(const struct etcd_answer *answer, size_t operation)
{
	return operation < answer->result_count ? answer->results[operation].count : 0;
}

void etcd_news_fini(struct etcd_news *news)
{
	etcd_rows_fini(&news->rows);
	free(news->why);
	*news = (struct etcd_news){};
}
