/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/database.h"
#include "ctl/mounted_tree.h"

/* A volume that is remembered and shows nowhere. Texts of the document, NULL: not known. */
struct absent_volume {
	const char *id;
	const char *last_seen;
	const char *last_device;
};

struct absent {
	struct json_object *database;
	struct absent_volume *list; /* by ID */
	size_t count;
};

void absent_fini(struct absent *absent);
/*
 * Reads what the database remembers, and adds the links that do not show to the points. Returns the
 * exit code; a failure has been told.
 */
int absent_read(const struct ctl *ctl, struct shown_points *points, struct absent *ret_absent);
/* NULL: that volume shows. */
const struct absent_volume *absent_find(const struct absent *absent, const char *id);
