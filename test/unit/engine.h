/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cluster/etcd.h"

/*
 * What etcd does, as a list: all that has ever been put and deleted, with its revision. Slow, and
 * so plain that one can see that it is right.
 */
struct engine {
	struct etcd_rows history; /* value NULL: deleted */
	int64_t revision;
	int64_t compacted;
	int64_t leases;
};

void engine_fini(struct engine *engine);
void engine_do(
	struct engine *engine, const struct etcd_request *request, struct etcd_answer *ret_answer);
/* All rows in a range, as of a revision. */
void engine_read(const struct engine *engine, const char *key, const char *end, int64_t revision,
	struct etcd_rows *ret_rows);
/* What a watch is told: of whole revisions, as many as asked for, from one on. */
void engine_watch(
	const struct engine *engine, int64_t from, size_t revisions, struct etcd_rows *ret_rows);
