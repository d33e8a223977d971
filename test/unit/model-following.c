/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The naive model: names that follow a device to a new ID, which is rule 9 of model-devices.c.
 *
 * A new ID takes over all that is known under the last ID of the same device (same diskseq), else
 * under that which was on the same partition and is absent; unless somebody else has that now.
 */

#include <string.h>

#include "model.h"

static bool has_twin(const struct model *model, const struct model_device *device, const char *id)
{
	char ids[ID_SCHEMES][UNIQUE_ID_MAX + 1];

	for (size_t i = 0; i < MODEL_DEVICES; i++) {
		const struct model_device *other = &model->device[i];
		size_t n = other->state == MODEL_GONE ? 0 : model_get_ids(other, NULL, ids);

		for (size_t j = 0; other != device && j < n; j++)
			if (strcmp(ids[j], id) == 0)
				return true;
	}
	return false;
}

/* The record on the same partition, among those from `before` that are absent now. */
static struct model_record *find_on_partition(
	struct model *model, const struct model_device *device, size_t records)
{
	struct model_record *found = NULL, *empty = NULL;
	char id[UNIQUE_ID_MAX + 1];

	if (!unique_id_format(ID_PARTUUID, device->identity[ID_PARTUUID], device->partition, id))
		return NULL;
	for (size_t i = 0; i < records; i++) {
		struct model_record *record = &model->record[i];

		if (!is_same_text(record->identity[ID_PARTUUID], device->identity[ID_PARTUUID]) ||
			model_find_owner(model, record->id) ||
			model_is_of_identity(model, record->id))
			continue;
		if (strcmp(record->id, id) == 0) {
			empty = record;
			continue;
		}
		if (found)
			return NULL;
		found = record;
	}
	if (has_twin(model, device, id))
		return NULL;
	if (model_is_stranger_to(model, found ? found : empty, device))
		return NULL;
	return found ? found : empty;
}

/* What was known under the old ID is known under the new one; the device is seen anew. */
static bool follow(
	struct model *model, const struct model_device *device, size_t records, bool is_in_place)
{
	struct model_record *old =
		*device->former ? model_find_record(model, device->former) : NULL;
	struct model_record *known = model_find_record(model, device->id);
	char from[MODEL_TEXT];

	if (is_in_place == !old || (old && old == known))
		return false;
	if (!is_in_place)
		old = find_on_partition(model, device, records);
	if (!old || has_twin(model, device, old->id))
		return false;
	strcpy(from, old->id);
	for (size_t i = model->links; i-- > 0;) {
		struct model_link *link = &model->link[i];

		if (strcmp(link->id, from) != 0)
			continue;
		strcpy(link->id, device->id);
		link->changed = model->now;
		if (link->is_unrecorded)
			model_remove_link(model, link);
	}
	if (known) {
		known->mark |= old->mark && !model_find_letter(model, device->id);
		known->keep |= old->keep;
		*old = model->record[--model->records];
		return true;
	}
	strcpy(old->id, device->id);
	strcpy(old->node, "");
	old->diskseq = 0;
	old->attachment = 0;
	return true;
}

/* All that stayed where they are, then those that are known by their partition. */
void model_follow(struct model *model, const size_t *devices, const bool *is_new, size_t count,
	size_t records)
{
	bool has_followed[MODEL_DEVICES] = { false };

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < count; i++) {
			const struct model_device *device = &model->device[devices[i]];

			if (!*device->id || has_followed[i] ||
				(model_find_record(model, device->id) &&
					!(is_new[i] && model_is_of_identity(model, device->id))))
				continue;
			has_followed[i] = follow(model, device, records, round == 0);
		}
	}
}
