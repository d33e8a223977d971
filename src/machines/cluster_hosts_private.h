/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cluster_private.h"

/* Parts of the machine: what is known of other hosts. */

/* A list of hosts and what they see, or a part of one. */
void cluster_hosts_take(struct cluster *cluster, const struct cluster_line *line);
void cluster_hosts_fini(struct cluster *cluster);

enum cluster_host_kind {
	CLUSTER_HOST_UNKNOWN,
	CLUSTER_HOST_ALIVE,
	CLUSTER_HOST_SILENT,
};

enum cluster_host_kind cluster_hosts_find(const struct cluster *cluster, const char *name);
/* Because of whom a commit has lost. */
void cluster_hosts_note_rivals(struct cluster *cluster, const struct cluster_line *line);
