/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/manager.h"

/* Where those who claim the same identity meet. */
struct rivals {
	const struct volumes *volumes;
	const struct volumes_change *change;
	const struct mounts *mounts;
};

/* What speaks for a device as the owner of a record (or NULL), weightiest bit highest. */
unsigned int rivals_get_weight(
	const struct rivals *rivals, const struct device *device, const struct record *record);
/* Whether `part` is what `whole` is made of, directly or through others. */
bool rivals_is_part(
	const struct rivals *rivals, const struct device *part, const struct device *whole);
/* The same, and whether the device comes before the one that it is made of. */
bool rivals_is_above(
	const struct rivals *rivals, const struct device *device, const struct device *component);
/* Whether the hint is about the device where and as it is now. */
bool rivals_is_same_place(const struct fingerprint *fingerprint, const struct device *device);
