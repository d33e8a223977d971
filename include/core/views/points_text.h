/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/sheets.h"
#include "core/model/manager.h"

/*
 * Lines of an earlier text of `points` that may be others now, be gone, or be new, by their links.
 */
struct stale_lines {
	char **links; /* in any order, some maybe twice; owned */
	size_t count;
	bool is_all; /* too many to say which */
};

void stale_lines_fini(struct stale_lines *lines);
void stale_lines_add(struct stale_lines *lines, const char *link);
/* All may be others. */
void stale_lines_add_all(struct stale_lines *lines);
/* Adds what is in `from`, which is empty then. */
void stale_lines_move(struct stale_lines *lines, struct stale_lines *from);

/* What render_points() makes. */
void points_text_make(const struct manager *manager, struct sheets *ret_text);
/* The same, from what it was before; the lines that differ, not all. */
void points_text_renew(const struct manager *manager, const struct stale_lines *lines,
	const struct sheets *before, struct sheets *ret_text);
