/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that say they are a volume which is absent, and could be anybody's making.
 *
 * A superblock proves nothing: whoever may make a loop device, or plug something in, writes any
 * UUID into it. What it takes to have a device attached in some way is harder to come by, so that
 * is remembered, and the names of an absent volume go only to what is at least as hard to forge.
 */

#include <string.h>

#include "core/rules/stranger.h"

/* Whether the record has a WWN or serial number that the device has not; the first such one. */
static bool has_other_hardware(const struct record *record, const struct device *device,
	char ret_known[UNIQUE_ID_MAX + 1], bool *ret_has_own)
{
	static const enum id_scheme hardware[] = { ID_WWN, ID_SERIAL };

	for (size_t i = 0; i < ARRAY_SIZE(hardware); i++) {
		enum id_scheme scheme = hardware[i];
		char own[UNIQUE_ID_MAX + 1];

		if (!unique_id_format(scheme, record->fingerprint.value[scheme], 0, ret_known))
			continue;
		*ret_has_own = unique_id_format(scheme, device->identity[scheme], 0, own);
		if (!*ret_has_own || !is_same_text(ret_known, own))
			return true;
	}
	return false;
}

static bool is_easier(const struct record *record, const struct device *device)
{
	enum attachment known = record->fingerprint.attachment;

	return known != ATTACHMENT_UNKNOWN && device->attachment > known;
}

/* "a1b2c3d4-05": the identifier of a disk, and the number of a partition. */
static bool is_numbered(const char *partuuid)
{
	return partuuid && strlen(partuuid) == 11 && partuuid[8] == '-';
}

bool stranger_is_other_partition(const struct fingerprint *known, const struct device *device)
{
	const char *partuuid = device->identity[ID_PARTUUID];

	return is_numbered(partuuid) && is_same_text(known->value[ID_PARTUUID], partuuid) &&
		known->start && device->start &&
		(known->start != device->start || (known->size && known->size != device->size));
}

/* Whether the record is of the partition as such, and of another one. */
static bool is_elsewhere(const struct record *record, const struct device *device)
{
	char id[UNIQUE_ID_MAX + 1];

	return unique_id_format(
		       ID_PARTUUID, device->identity[ID_PARTUUID], device->partition, id) &&
		strcmp(record->id, id) == 0 &&
		stranger_is_other_partition(&record->fingerprint, device);
}

bool stranger_is(enum strangers strangers, const struct record *record, const struct device *device)
{
	char known[UNIQUE_ID_MAX + 1];
	bool has_own;

	if (!record || !record->last_seen)
		return false;
	if (is_elsewhere(record, device))
		return true;
	if (strangers == STRANGERS_ACCEPT)
		return false;
	return is_easier(record, device) ||
		(strangers == STRANGERS_IDENTITY &&
			has_other_hardware(record, device, known, &has_own));
}

bool stranger_is_clone(const struct record *record, const struct device *device)
{
	static const enum id_scheme hardware[] = { ID_WWN, ID_SERIAL };

	for (size_t i = 0; i < ARRAY_SIZE(hardware); i++) {
		const char *value = record->fingerprint.value[hardware[i]];
		char known[UNIQUE_ID_MAX + 1], own[UNIQUE_ID_MAX + 1];

		if (unique_id_format(hardware[i], value, 0, known) &&
			unique_id_format(hardware[i], device->identity[hardware[i]], 0, own))
			return strcmp(known, own) != 0;
	}
	return false;
}

char *stranger_get_reason(const struct record *record, const struct device *device)
{
	static const char *const articles[ATTACHMENTS] = {
		[ATTACHMENT_INTERNAL] = "an internal",
		[ATTACHMENT_EXTERNAL] = "an external",
		[ATTACHMENT_VIRTUAL] = "a virtual",
	};
	const struct fingerprint *seen = &record->fingerprint;
	const char *node = seen->node ? seen->node : "an unknown node";
	char known[UNIQUE_ID_MAX + 1] = "";
	bool has_own = false;

	if (is_elsewhere(record, device))
		return xasprintf(
			"another partition: %s was last seen with %llu bytes at %llu, this "
			"has %llu at %llu; if it is the volume: mmctl accept %s",
			record->id, (unsigned long long)seen->size, (unsigned long long)seen->start,
			(unsigned long long)device->size, (unsigned long long)device->start,
			device->node);
	if (is_easier(record, device))
		return xasprintf("stranger: %s was last seen on %s device (%s), this is %s one; "
				 "if it is the volume: mmctl accept %s",
			record->id, articles[seen->attachment], node, articles[device->attachment],
			device->node);
	has_other_hardware(record, device, known, &has_own);
	return xasprintf("stranger: %s was last seen on %s with %s, this has %s; "
			 "if it is the volume: mmctl accept %s",
		record->id, node, known, has_own ? "another" : "none", device->node);
}
