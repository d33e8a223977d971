/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/output.h"

/* Which columns of a table the picture of a cluster is put in. */
struct cluster_columns {
	size_t name, state, id, mounts;
	/* Adds what is known here of a volume. */
	void (*describe)(
		const struct ctl *ctl, struct table *table, struct line *line, const char *id);
};

/* Draws and prints each shared volume, and below it the machines that see it. */
int cluster_draw(struct ctl *ctl, struct table *table, const struct cluster_columns *places);
