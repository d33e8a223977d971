/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What speaks for one of several devices that have the same identity: what is remembered of the
 * owner, then being made of others, then being in use, then the node.
 */

#include <string.h>

#include "core/model/filesystem.h"
#include "core/rules/components.h"
#include "core/rules/rivals.h"
#include "core/rules/stranger.h"

#define DEPTH_MAX 8 /* of stacked devices */

bool rivals_is_same_place(const struct fingerprint *fingerprint, const struct device *device)
{
	return fingerprint->diskseq == device->diskseq &&
		is_same_text(fingerprint->node, device->node);
}

static bool is_known_equal(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

unsigned int rivals_get_weight(
	const struct rivals *rivals, const struct device *device, const struct record *record)
{
	const struct fingerprint *known = record ? &record->fingerprint : NULL;
	unsigned int weight = device->is_virtual ? 4 : 0;

	if (device->is_held || filesystem_is_mounted(rivals->volumes, rivals->mounts, device))
		weight |= 2;
	if (!known)
		return weight;
	if (is_known_equal(known->value[ID_PARTUUID], device->identity[ID_PARTUUID]) &&
		!stranger_is_other_partition(known, device))
		weight |= 256;
	if (is_known_equal(known->value[ID_DM_UUID], device->identity[ID_DM_UUID]) ||
		is_known_equal(known->value[ID_MD_UUID], device->identity[ID_MD_UUID]))
		weight |= 128;
	if (is_known_equal(known->value[ID_WWN], device->identity[ID_WWN]) ||
		is_known_equal(known->value[ID_SERIAL], device->identity[ID_SERIAL]))
		weight |= 64;
	weight |= known->size == device->size ? 32 : 0;
	weight |= known->start && known->start == device->start ? 16 : 0;
	if (rivals_is_same_place(known, device))
		weight |= 8;
	if (is_same_text(known->node, device->node))
		weight |= 1;
	return weight;
}

/* Whether `part` is what `whole` is made of, directly or through others. */
static bool is_part_of(const struct rivals *rivals, const struct device *part,
	const struct device *whole, unsigned int depth)
{
	_cleanup_free_ char *slaves = NULL;
	char *rest, *name;

	if (!whole || !whole->slaves || depth == DEPTH_MAX)
		return false;
	rest = slaves = xstrdup(whole->slaves);
	while ((name = strsep(&rest, " "))) {
		const struct device *between =
			volumes_change_find_name(rivals->volumes, rivals->change, name);

		if (strcmp(name, part->name) == 0 || is_part_of(rivals, part, between, depth + 1))
			return true;
	}
	return false;
}

bool rivals_is_part(
	const struct rivals *rivals, const struct device *part, const struct device *whole)
{
	return is_part_of(rivals, part, whole, 0);
}

bool rivals_is_above(
	const struct rivals *rivals, const struct device *device, const struct device *component)
{
	return rivals_is_part(rivals, component, device) &&
		components_yield(rivals->volumes, rivals->mounts, device, component);
}
