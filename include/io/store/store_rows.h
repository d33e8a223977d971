/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"
#include "core/model/change.h"
#include "core/model/history.h"
#include "core/model/mount_points.h"
#include "core/syntax/link_name.h"

struct sqlite3;

#define STORE_TEXT_MAX 65536 /* bytes of a row */

/* What is in the tables of the database. Part of io/store. */

#define STORE_AUTO_MOUNT "auto_mount" /* names of settings */
#define STORE_POSITIONS 5	      /* settings that say where the cluster's database stands */
extern const char *const store_position_names[STORE_POSITIONS];

/* What they are in memory. */
void store_rows_get_position(const struct names *names, uint64_t ret_values[STORE_POSITIONS]);

/* The identities of a fingerprint in the order of their columns. */
#define STORE_IDENTITIES 5
extern const enum id_scheme store_identity_columns[STORE_IDENTITIES];

/*
 * Reads everything, judging each row as if it were hostile. -EBADMSG or -EIO with the reason added
 * to `why`, and nothing to free; on success both results are the caller's.
 */
int store_rows_load(struct sqlite3 *db, struct names *ret_names, struct history *ret_history,
	struct strbuf *why);

/* The last commit; zeros: none is known. As store_rows_load(). */
int store_rows_load_commit(
	struct sqlite3 *db, struct commit_number *ret_commit, struct strbuf *why);

/* Why a link's path, or a mount point, cannot be in the database, NULL if it can. */
const char *store_rows_find_link_fault(const char *path, struct link_name *ret_name);
const char *store_rows_find_point_fault(const struct mount_point *point);
