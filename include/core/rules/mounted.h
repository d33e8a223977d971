/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/decision.h"

#define MOUNTED_MAX 256 /* so many such volumes are present at most */

/* Whether this is where a filesystem is mounted that is on no block device, and can be a volume. */
bool mounted_is_meant(const struct manager *manager, const struct volume_ref *ref);
/* Whether it stands for such a volume. */
bool mounted_is_device(const struct device *device);
/* VOLUME_ARRIVAL_NOTIFICATION of one: it is present from then on. */
int mounted_decide_arrival(struct decision *decision);
/* One that goes, or is taken away, is not to come back of itself. */
void mounted_decide_removal(const struct device *device, struct change *change);
/* At start: those that are mounted as they were when the former daemon ended are volumes again. */
void mounted_decide_return(const struct manager *manager, struct change *change);
/* Takes those away that are mounted no longer. */
void mounted_decide_departures(const struct manager *manager, struct change *change);
