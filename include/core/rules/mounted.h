/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/decision.h"

#define MOUNTED_MAX 256 /* so many such volumes are present at most */

/* Whether this is where a filesystem is mounted that is on no block device, and can be a volume. */
bool mounted_is_meant(const struct manager *manager, const struct volume_ref *ref);
/* VOLUME_ARRIVAL_NOTIFICATION of one: it is present from then on. */
int mounted_decide_arrival(struct decision *decision);
/* Takes those away that are mounted no longer. */
void mounted_decide_departures(const struct manager *manager, struct change *change);
