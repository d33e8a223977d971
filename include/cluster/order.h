/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cluster/etcd.h"

/* The name of a host, or of a cluster: a part of keys, and of file names. */
bool order_is_name(const char *text);

/* What mmfs wants: one line of it. */
enum order_type {
	ORDER_WANT,
	ORDER_COMMIT,
	ORDER_SYNC,
	ORDER_SEEN,
	ORDER_ASK,
	ORDER_FORGET,
};

/* A row that must not have changed, or nothing below a prefix but one key. */
struct order_compare {
	char *key; /* the prefix, with `is_below` */
	char *but;
	int64_t revision; /* 0: there is none */
	bool is_below;
};

struct order {
	enum order_type type;
	int64_t id; /* of the answer */

	int64_t revision; /* WANT: what it has */
	int64_t head;
	char *cluster_id;
	char *open; /* a change whose answer it has not heard, or NULL */

	char *change; /* COMMIT: "HOST/NUMBER" */
	char *log;
	struct order_compare *compares;
	size_t compare_count;
	struct etcd_rows puts;
	struct etcd_rows deletes;

	struct etcd_rows seen; /* SEEN: values by unique ID */
	char *host;	       /* FORGET */
};

void order_fini(struct order *order);

/* What mmfs is told: one line, or several. */
enum tale_type {
	TALE_HELLO,
	TALE_STATE,
	TALE_BEGIN, /* everything, in the rows that follow */
	TALE_ROWS,
	TALE_END,
	TALE_ANSWER,
	TALE_SYNCED,
	TALE_SETTLED,
	TALE_PRESENCE,
};

enum standing {
	STANDING_DOWN,
	STANDING_UP,
	STANDING_READ_ONLY,
	STANDING_FULL,
};

enum outcome {
	OUTCOME_DONE,
	OUTCOME_LOST,
	OUTCOME_REFUSED,
	OUTCOME_UNKNOWN,
	OUTCOME_VOID,
};

/* All texts and rows are borrowed. */
struct tale {
	enum tale_type type;
	int64_t id;
	int64_t revision;
	int64_t head;
	int64_t next;		     /* HELLO */
	int64_t room;		     /* HELLO */
	int64_t limit;		     /* HELLO */
	const char *cluster_id;	     /* HELLO */
	const char *cluster;	     /* HELLO: its name */
	const char *host;	     /* HELLO, ROWS */
	const char *change;	     /* ROWS, SETTLED */
	enum standing standing;	     /* STATE */
	uint64_t age;		     /* STATE: µs for which there was no answer */
	enum outcome outcome;	     /* ANSWER, SETTLED */
	const char *why;	     /* STATE, ANSWER */
	const struct etcd_row *rows; /* ROWS; ANSWER: what was to be nowhere, and is there */
	size_t count;
	const struct etcd_rows *seen;  /* ANSWER: who stood in the way; PRESENCE; by ID/HOST */
	const struct etcd_rows *hosts; /* PRESENCE */
};
