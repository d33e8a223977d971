/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "base/kept.h"

/*
 * What was under way with the engine of all hosts, in memory that can outlive the process: whether
 * it could be written, and the change that was sent to it last.
 */
struct kept_cluster {
	struct kept *kept;
	uint32_t record;
	bool is_up;
	uint64_t number; /* of the change among those of the host; 0: it will never happen */
	uint64_t commit; /* that it is for; KEPT_CLUSTER_EARLIER: one of an earlier process */
	char *host;	 /* or NULL */
};

#define KEPT_CLUSTER_EARLIER (UINT64_MAX - 1)

void kept_cluster_load(struct kept_cluster *cluster, struct kept *kept);
void kept_cluster_fini(struct kept_cluster *cluster);
/* Writes it down, and commits the memory. */
void kept_cluster_save(struct kept_cluster *cluster);
