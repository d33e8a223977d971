/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"
#include "core/syntax/json.h"

#define CLUSTER_LINE_MAX (16u * 1024 * 1024) /* bytes */
#define CLUSTER_HOST_MAX 64		     /* bytes of the name of a host */

/* What the program that speaks to the engine of a cluster says: one object of JSON a line. */
enum cluster_word {
	CLUSTER_HELLO,	 /* host, cluster, cluster_id, room, limit, next */
	CLUSTER_STATE,	 /* state, why, since, revision */
	CLUSTER_BEGIN,	 /* revision, head: rows follow, all there are */
	CLUSTER_ROWS,	 /* rows, revision, head, host, change: one revision, or some of all */
	CLUSTER_END,	 /* of all */
	CLUSTER_ANSWER,	 /* id, and what was asked for; if lost, rows that were to be nowhere */
	CLUSTER_SETTLED, /* change, result */
};

enum cluster_result {
	CLUSTER_NO_RESULT,
	CLUSTER_DONE,	 /* revision */
	CLUSTER_LOST,	 /* somebody was faster */
	CLUSTER_REFUSED, /* why: nothing has happened */
	CLUSTER_UNKNOWN, /* why */
	CLUSTER_VOID,	 /* it never will happen */
};

/* A row of the engine: NULL for a value is one that was deleted. */
struct cluster_row {
	char *key;
	char *value;
	uint64_t revision;
};

/* Texts that do not apply are NULL; all belong to the line. */
struct cluster_line {
	enum cluster_word word;
	enum cluster_result result;
	const char *host, *cluster, *cluster_id, *state, *why, *change;
	uint64_t id, revision, head, since, room, limit, next;
	bool is_synced;	   /* of an answer: that to a sync */
	bool has_presence; /* that to a question about hosts: in `json` */
	bool has_more;	   /* of it there is more to come */
	struct cluster_row *rows;
	size_t count;
	struct json json;
	char *text;
	size_t len;
};

/* Takes over `text`. -EBADMSG with a sentence: it is no such line, and nothing is left. */
int cluster_line_parse(char *text, size_t len, struct cluster_line *ret_line, const char **ret_why);
void cluster_line_fini(struct cluster_line *line);

/* A host's name is a part of keys, and shown to people. */
bool cluster_line_is_host(const char *text);
/*
 * The number of a change of a host, "h1/17", if it is one of `host`; 0: it is none. Those of one
 * host count up.
 */
uint64_t cluster_line_get_number(const char *change, const char *host);

/* Keys below the cluster's prefix. */
void cluster_key_add_link(struct strbuf *buf, const char *path);
void cluster_key_add_volume(struct strbuf *buf, const char *id);
void cluster_key_add_point(struct strbuf *buf, const char *host_id, const char *path);

#define _cleanup_cluster_line_ _cleanup_(cluster_line_fini)
