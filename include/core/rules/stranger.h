/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/manager.h"

/*
 * Whether a device is not to be taken for the volume of an absent record on its own word: it is
 * easier to forge than what the record was last seen on (STRANGERS_CLASS), or (STRANGERS_IDENTITY)
 * has not the WWN or serial number that was seen there. What is unknown of either makes no
 * stranger, and nothing is a stranger to a record that was never seen. `record` may be NULL.
 */
bool stranger_is(
	enum strangers strangers, const struct record *record, const struct device *device);

/*
 * Whether a partition has the PARTUUID that is remembered, and is another one all the same: in a
 * table of type dos that is but the number of the partition, which others get when one is deleted.
 */
bool stranger_is_other_partition(const struct fingerprint *known, const struct device *device);

/* Whether the device says, by its WWN or serial number, that it is not the one of the record. */
bool stranger_is_clone(const struct record *record, const struct device *device);
/* Why it is one, and what to do about it, in words for people; the caller frees it. */
char *stranger_get_reason(const struct record *record, const struct device *device);
