/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"
#include "core/model/touched.h"

/* Puts a committed change in place. Cannot fail. `ret_touched` is the caller's. */
void apply_change(struct manager *manager, struct change *change, struct touched *ret_touched);
/* At start: what shows of the database alone, the links of volumes that are kept. */
void apply_kept(const struct manager *manager, struct touched *ret_touched);
/*
 * Replaces the list of mounts, taking over `mounts`. The volumes whose mounts differ are touched.
 */
void apply_mounts(struct manager *manager, struct mounts *mounts, struct touched *ret_touched);
