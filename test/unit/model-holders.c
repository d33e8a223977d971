/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The naive model: who has an identity that is no volume's unique ID, and what else is
 * remembered of who has what: rules 5, 6, 9 and 13 of model-devices.c.
 */

#include <string.h>

#include "model.h"

size_t model_get_identities(
	const struct model_device *device, char ids[ID_KINDS][UNIQUE_ID_MAX + 1])
{
	size_t n = 0;

	for (int i = 0; i < ID_KINDS; i++)
		n += unique_id_format(
			(enum id_scheme)i, device->identity[i], device->partition, ids[n]);
	return n;
}

static bool has_identity(const struct model_device *device, const char *id)
{
	char ids[ID_KINDS][UNIQUE_ID_MAX + 1];

	for (size_t i = model_get_identities(device, ids); i-- > 0;)
		if (strcmp(ids[i], id) == 0)
			return true;
	return false;
}

/* Rule 13: who is to have an identity, MODEL_DEVICES: nobody. `before` had it so far, or nobody. */
static size_t choose_holder(struct model *model, const char *id, const struct model *before)
{
	const struct model_device *had = model_find_holder(before, id);
	size_t best = MODEL_DEVICES;

	for (size_t i = 0; i < MODEL_DEVICES; i++) {
		const struct model_device *device = &model->device[i];

		if (device->state == MODEL_GONE || !device->size || !has_identity(device, id) ||
			(had != &before->device[i] && strncmp(id, "PATH=", 5) != 0 &&
				model_is_stranger_to(model, model_find_record(model, id), device)))
			continue;
		if (best < MODEL_DEVICES &&
			(had == &before->device[best] ||
				(had != &before->device[i] &&
					!model_is_better(model, id, device, &model->device[best]))))
			continue;
		best = i;
	}
	return best;
}

bool model_is_reserved(
	struct model *model, const char *id, size_t device, const struct model *before)
{
	return model_has_identity(model, id) && choose_holder(model, id, before) != device;
}

static bool is_concerned(const struct model *model, const struct model *before,
	const bool touched[MODEL_DEVICES], const char *id)
{
	for (size_t i = 0; i < MODEL_DEVICES; i++)
		if (touched[i] &&
			((before->device[i].state != MODEL_GONE &&
				 has_identity(&before->device[i], id)) ||
				(model->device[i].state != MODEL_GONE &&
					has_identity(&model->device[i], id))))
			return true;
	return false;
}

static void add_holder(struct model *model, const struct model *before, const char *id)
{
	struct model_holder *holder = &model->holder[model->holders];

	if (model_find_holder(model, id))
		return;
	holder->device = choose_holder(model, id, before);
	strcpy(holder->id, id);
	model->holders += holder->device < MODEL_DEVICES;
}

/* Rule 13. Who is not concerned keeps what it has. */
void model_settle_holders(
	struct model *model, const struct model *before, const bool touched[MODEL_DEVICES])
{
	char ids[ID_KINDS][UNIQUE_ID_MAX + 1];

	for (size_t i = model->holders; i-- > 0;)
		if (model_find_owner(model, model->holder[i].id) ||
			is_concerned(model, before, touched, model->holder[i].id))
			model->holder[i] = model->holder[--model->holders];
	for (size_t i = 0; i < MODEL_DEVICES; i++) {
		size_t n = model->device[i].state == MODEL_GONE
			? 0
			: model_get_identities(&model->device[i], ids);

		while (n-- > 0)
			if (is_concerned(model, before, touched, ids[n]))
				add_holder(model, before, ids[n]);
	}
}

void model_note_holder(struct model *model, const char *id)
{
	const struct model_device *holder = model_find_device_of(model, id);
	struct model_record *record = model_find_record(model, id);
	size_t count = 0;

	if (!holder || !model_is_of_identity(model, id))
		return;
	if (model_is_identity(model, id) &&
		(!*record->node || !model_has_same_identities(record, holder) ||
			(record->attachment && holder->attachment &&
				record->attachment != holder->attachment))) {
		model_remember(record, holder);
		record->size = 0;
	}
	for (size_t i = 0; i < MODEL_DEVICES; i++)
		count += model->device[i].state != MODEL_GONE && model->device[i].size &&
			has_identity(&model->device[i], id);
	if (record->keep || record->diskseq || count > 1)
		strcpy(record->node, holder->node);
	if (record->diskseq || count > 1)
		record->diskseq = holder->diskseq;
}

void model_note_holders(
	struct model *model, const struct model *before, const bool touched[MODEL_DEVICES])
{
	for (size_t i = 0; i < model->records; i++)
		if (model->owes_holders ||
			is_concerned(model, before, touched, model->record[i].id))
			model_note_holder(model, model->record[i].id);
	model->owes_holders = false;
}

/* Rule 5. */
void model_note_places(struct model *model)
{
	for (size_t i = 0; i < MODEL_DEVICES; i++) {
		struct model_device *device = &model->device[i];
		char ids[ID_SCHEMES][UNIQUE_ID_MAX + 1];
		size_t n = model_has_lost(model, device) ? model_get_ids(device, &model->order, ids)
							 : 0;

		for (size_t j = 0; j < n; j++) {
			const struct model_device *owner = model_find_owner(model, ids[j]);
			struct model_record *record = model_find_record(model, ids[j]);

			if (!owner)
				continue;
			strcpy(record->node, owner->node);
			record->diskseq = owner->diskseq;
		}
	}
}

bool model_has_named_identity(const struct model *model, const struct model_device *device)
{
	char ids[ID_KINDS][UNIQUE_ID_MAX + 1];

	for (size_t i = model_get_identities(device, ids); i-- > 0;)
		if (model_is_of_identity(model, ids[i]))
			return true;
	return false;
}

/* Rule 6. */
void model_drop_unrecorded(struct model *model, const struct model *before)
{
	struct model now = *model; /* what shows does not depend on the order */

	for (size_t i = model->links; i-- > 0;) {
		const struct model_link *link = &model->link[i];
		const struct model_device *had = model_find_device_of(before, link->id);
		const struct model_device *has = model_find_device_of(&now, link->id);

		if (link->is_unrecorded && (had || has) &&
			!(had && has && had - before->device == has - now.device))
			model_remove_link(model, &model->link[i]);
	}
}

/* Of rule 9: an ID that somebody has is nobody's last one. */
void model_forget_formers(struct model *model)
{
	for (size_t i = 0; i < MODEL_DEVICES; i++)
		for (size_t j = 0; j < MODEL_DEVICES; j++)
			if (model->device[i].state == MODEL_ONLINE &&
				strcmp(model->device[i].id, model->device[j].former) == 0)
				strcpy(model->device[j].former, "");
}

int model_compare_names(const char *a, const char *b)
{
	if (strlen(a) != strlen(b))
		return strlen(a) < strlen(b) ? -1 : 1;
	return strcmp(a, b);
}

size_t model_get_ids(const struct model_device *device, const struct id_order *order,
	char ids[ID_SCHEMES][UNIQUE_ID_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < (order ? order->count : ID_SCHEMES); i++) {
		enum id_scheme scheme = order ? order->scheme[i] : (enum id_scheme)i;

		n += unique_id_format(scheme, device->identity[scheme], device->partition, ids[n]);
	}
	return n;
}
