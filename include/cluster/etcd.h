/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * What is asked of etcd, and what it answers, before and after they are bytes. Keys are relative to
 * the cluster's prefix. An end of "" is none: the one key. Owners free what they hold; texts that
 * are added are copied.
 */

/* Behind every key that there is below the prefix. */
#define ETCD_KEYS_END "\x7f"

/* A key, and what it has; `value` NULL: deleted, or not asked for. */
struct etcd_row {
	char *key;
	char *value;
	int64_t revision; /* of its last change */
	int64_t version;  /* how many changes it has seen since it was created; 0: deleted */
};

struct etcd_rows {
	struct etcd_row *list;
	size_t count;
};

void etcd_rows_fini(struct etcd_rows *rows);
/* Copies both; returns the row, which stays at its place until the next is added. */
struct etcd_row *etcd_rows_add(struct etcd_rows *rows, const char *key, const char *value);
/* NULL: not in there. */
const struct etcd_row *etcd_rows_find(const struct etcd_rows *rows, const char *key);

enum etcd_operation_type {
	ETCD_RANGE,
	ETCD_PUT,
	ETCD_DELETE,
};

struct etcd_operation {
	enum etcd_operation_type type;
	char *key;
	char *end;
	char *value;
	int64_t lease;
	int64_t limit;	  /* of rows; 0: none */
	int64_t revision; /* as of which; 0: now */
	bool is_count_only;
	bool is_last_first;
};

struct etcd_operations {
	struct etcd_operation *list;
	size_t count;
};

/* Was the last change of this key, or of each in the range, made by this revision? 0: absent. */
struct etcd_compare {
	char *key;
	char *end;
	int64_t revision;
};

enum etcd_request_type {
	ETCD_TXN,	 /* no compares: all of `then` */
	ETCD_LEASE,	 /* of `number` seconds */
	ETCD_KEEP_ALIVE, /* the lease `number` */
};

struct etcd_request {
	enum etcd_request_type type;
	struct etcd_compare *compares;
	size_t compare_count;
	struct etcd_operations then;
	struct etcd_operations otherwise;
	int64_t number;
};

#define ETCD_REQUEST_INIT                    \
	{                                    \
		ETCD_TXN, NULL, 0, {}, {}, 0 \
	}

void etcd_request_fini(struct etcd_request *request);
void etcd_add_compare(
	struct etcd_request *request, const char *key, const char *end, int64_t revision);
/* All reads are linearizable. Returns the operation, for what is seldom said. */
struct etcd_operation *etcd_add_range(
	struct etcd_operations *operations, const char *key, const char *end);
void etcd_add_put(
	struct etcd_operations *operations, const char *key, const char *value, int64_t lease);
void etcd_add_delete(struct etcd_operations *operations, const char *key, const char *end);

#define _cleanup_request_ _cleanup_(etcd_request_fini)

/* What became of a request. All but the first two: nothing happened. */
enum etcd_status {
	ETCD_OK,
	ETCD_UNCLEAR,	/* no answer, or one that says nothing: it may have happened */
	ETCD_DENIED,	/* by roles */
	ETCD_FULL,	/* no space */
	ETCD_COMPACTED, /* a revision that etcd does not have, or not any more */
	ETCD_INVALID,	/* the request is too large, or etcd does not understand it */
};

/* Of one operation that reads. */
struct etcd_result {
	struct etcd_rows rows;
	int64_t count; /* of keys in the range, whatever the limit */
	char *last;    /* the key behind which there is more; NULL: there is not */
};

struct etcd_answer {
	enum etcd_status status;
	char *why; /* NULL: ETCD_OK */
	int64_t revision;
	bool is_done; /* the compares held; `then` was done */
	struct etcd_result *results;
	size_t result_count; /* as many as there are operations */
	int64_t lease;
	int64_t seconds; /* that a lease still has; 0: it has ended */
};

void etcd_answer_fini(struct etcd_answer *answer);
/* The rows of one operation, or none. */
const struct etcd_rows *etcd_answer_rows(const struct etcd_answer *answer, size_t operation);
/* The row of an operation on one key, or NULL. */
const struct etcd_row *etcd_answer_row(const struct etcd_answer *answer, size_t operation);
int64_t etcd_answer_count(const struct etcd_answer *answer, size_t operation);

/* One message of a watch. */
struct etcd_news {
	bool is_created;
	bool is_canceled;  /* by etcd: `why` */
	int64_t compacted; /* as of which revision there is nothing left; 0: not that */
	char *why;
	struct etcd_rows rows; /* in the order of their revisions */
};

void etcd_news_fini(struct etcd_news *news);
