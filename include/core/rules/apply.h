/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"
#include "core/model/touched.h"

/* Puts a committed change in place. Cannot fail. `ret_touched` is the caller's. */
void apply_change(struct manager *manager, struct change *change, struct touched *ret_touched);
/* At start: what shows of the database alone, the links of volumes that are kept. */
void apply_kept(const struct manager *manager, struct touched *ret_touched);
/*
 * A device is gone, or another one, `now`: its links lead nowhere from now on, however long it
 * takes to decide and write down what follows. False: that is no news. Adds to `touched`.
 */
bool apply_gone(struct manager *manager, const char *name, const struct device *now,
	struct touched *touched);
/*
 * Replaces the list of mounts, taking over `mounts`. The volumes whose mounts differ are touched.
 */
void apply_mounts(struct manager *manager, struct mounts *mounts, struct touched *ret_touched);
