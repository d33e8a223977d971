/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The naive model: devices and clones. The rules, as the manual has them:
 *
 * 1. A device takes the first of its IDs, in the configured order, that it can get.
 * 2. Who is present under an ID keeps it against all others for as long as it wants it.
 * 3. Among newcomers the remembered fingerprint decides (PARTUUID, DM or MD UUID, WWN or serial,
 *    size), then the place that was noted, then being virtual, then being mounted, then the node,
 *    then the name.
 * 4. An ID that is remembered for another device is wanted last by one that has settled for an ID:
 *    it is present under it, or it is remembered under it from a time when there was a twin. With
 *    identical twins the noted place tells who is "another".
 * 5. The place of an owner is noted while somebody else wants the ID, and from then on.
 * 6. A link that is not in the database stays only while the same device has the ID.
 * 7. What describes a device as it is known is no news. A partition keeps its entry while its table
 *    has none for it, on the same medium.
 * 8. While the database cannot be written, a device takes an ID that is known, and any other waits;
 *    both are looked at again with the next that come or go.
 * 9. A new ID takes over what is known under an earlier one: see model-following.c.
 * 10. What is known of the content of a volume stays while it is the same device and cannot be
 *    read, or is mounted. It is the same one if nobody but a client has said that it was gone.
 * 11. Who is a stranger to what is remembered under an ID gets no ID until somebody has that one.
 *    But what is remembered as its own it wants before that.
 * 12. Who claims the first of its IDs gets it before all others; of two the last who claims it.
 * 13. Whatever was given to an identity as such belongs to the device that has it: who is present
 *    under it, else who had it, else who would get it by rule 3, but no stranger, unless it is the
 *    place that was named. A volume does not take such an ID from another device. What is
 *    remembered is brought up to date when one with that identity comes, goes or changes, and as by
 *    rule 5.
 */

#include <string.h>

#include "model.h"

struct wish {
	size_t device;
	char id[ID_SCHEMES][MODEL_TEXT];
	size_t count;
	size_t at;
	char held[MODEL_TEXT];
	int claim; /* rule 12 */
};

static bool is_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

bool model_has_same_identities(const struct model_record *record, const struct model_device *device)
{
	for (int i = ID_PARTUUID; i < ID_SCHEMES; i++)
		if (!is_same_text(record->identity[i], device->identity[i]))
			return false;
	return true;
}

static bool is_at_place(const struct model_record *record, const struct model_device *device)
{
	return record->diskseq == device->diskseq && strcmp(record->node, device->node) == 0;
}

bool model_has_lost(const struct model *model, const struct model_device *device)
{
	return device->is_displaced && device->state != MODEL_GONE;
}

/* Rule 11. */
bool model_is_stranger_to(const struct model *model, const struct model_record *record,
	const struct model_device *device)
{
	static const enum id_scheme hardware[] = { ID_WWN, ID_SERIAL };
	char known[UNIQUE_ID_MAX + 1], own[UNIQUE_ID_MAX + 1];

	if (!record || model->strangers == STRANGERS_ACCEPT)
		return false;
	if (record->attachment && device->attachment > record->attachment)
		return true;
	for (int i = 0; model->strangers == STRANGERS_IDENTITY && i < 2; i++)
		if (unique_id_format(hardware[i], record->identity[hardware[i]], 0, known) &&
			(!unique_id_format(hardware[i], device->identity[hardware[i]], 0, own) ||
				strcmp(known, own) != 0))
			return true;
	return false;
}

static void add_wish(struct wish *wish, const char *id)
{
	for (size_t i = 0; i < wish->count; i++)
		if (strcmp(wish->id[i], id) == 0)
			return;
	strcpy(wish->id[wish->count++], id);
}

/* Rules 4 and 11. */
static void make_wish(struct model *model, struct wish *wish)
{
	const struct model_device *device = &model->device[wish->device];
	char id[ID_SCHEMES][UNIQUE_ID_MAX + 1];
	const struct model_record *record[ID_SCHEMES];
	bool is_mine[ID_SCHEMES], is_noted_here[ID_SCHEMES], is_strange[ID_SCHEMES];
	bool has_settled = false, has_chosen = false, has_noted = false, has_strange = false;
	size_t n = 0;

	for (size_t count = model_get_ids(device, &model->order, id); n < count; n++) {
		record[n] = model_find_record(model, id[n]);
		is_mine[n] = strcmp(wish->held, id[n]) == 0;
		is_noted_here[n] = is_mine[n];
		is_strange[n] = !is_mine[n] && model_is_stranger_to(model, record[n], device);
		if (record[n] && record[n]->size && !is_strange[n] &&
			model_has_same_identities(record[n], device)) {
			is_mine[n] = true;
			is_noted_here[n] |= is_at_place(record[n], device);
			has_chosen |= record[n]->diskseq != 0;
		}
		has_settled |=
			strcmp(wish->held, id[n]) == 0 || (is_mine[n] && record[n]->diskseq != 0);
		has_noted |= is_noted_here[n];
		has_strange |= is_strange[n];
	}
	if (wish->claim && n)
		add_wish(wish, id[0]);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < n; i++) {
			bool is_others = record[i] && !is_mine[i] && has_settled;

			if (record[i] && record[i]->diskseq && !is_noted_here[i] && has_noted)
				is_others = true;
			if (!record[i] && !is_mine[i] && has_chosen &&
				strncmp(id[i], "UUID=", strlen("UUID=")) != 0)
				is_others = true;
			if (is_others == (round == 1) && (is_mine[i] || !has_strange))
				add_wish(wish, id[i]);
		}
	}
	for (size_t i = 0; i < n; i++)
		add_wish(wish, id[i]);
}

#define DECIDE(for_a, for_b)                     \
	do {                                     \
		bool a_ = (for_a), b_ = (for_b); \
		if (a_ != b_)                    \
			return a_;               \
	} while (0)

static bool is_mounted(const struct model *model, const struct model_device *device)
{
	for (size_t i = 0; i < model->mounts; i++)
		if (strcmp(model->mount[i].device, device->name) == 0)
			return true;
	return false;
}

/* Rules 2 and 3: whether the ID goes to the first rather than the second. */
bool model_is_better(struct model *model, const char *id, const struct model_device *a,
	const struct model_device *b)
{
	const struct model_record *known = model_find_record(model, id);
	static const struct model_record nobody;
	const char *const *value = known ? known->identity : nobody.identity;

	DECIDE(is_text(value[ID_PARTUUID], a->identity[ID_PARTUUID]),
		is_text(value[ID_PARTUUID], b->identity[ID_PARTUUID]));
	DECIDE(is_text(value[ID_DM_UUID], a->identity[ID_DM_UUID]) ||
			is_text(value[ID_MD_UUID], a->identity[ID_MD_UUID]),
		is_text(value[ID_DM_UUID], b->identity[ID_DM_UUID]) ||
			is_text(value[ID_MD_UUID], b->identity[ID_MD_UUID]));
	DECIDE(is_text(value[ID_WWN], a->identity[ID_WWN]) ||
			is_text(value[ID_SERIAL], a->identity[ID_SERIAL]),
		is_text(value[ID_WWN], b->identity[ID_WWN]) ||
			is_text(value[ID_SERIAL], b->identity[ID_SERIAL]));
	DECIDE(known && known->size == a->size, known && known->size == b->size);
	DECIDE(known && is_at_place(known, a), known && is_at_place(known, b));
	DECIDE(a->is_virtual, b->is_virtual);
	DECIDE(is_mounted(model, a), is_mounted(model, b));
	DECIDE(known && strcmp(known->node, a->node) == 0,
		known && strcmp(known->node, b->node) == 0);
	return model_compare_names(a->name, b->name) < 0;
}

static bool is_stranger(struct model *model, const struct wish *wish)
{
	const char *id = wish->at < wish->count ? wish->id[wish->at] : "";

	return *id && strcmp(wish->held, id) != 0 && !(wish->claim && wish->at == 0) &&
		model_is_stranger_to(
			model, model_find_record(model, id), &model->device[wish->device]);
}

static bool is_better(
	struct model *model, const char *id, const struct wish *x, const struct wish *y)
{
	if ((x->at == 0 ? x->claim : 0) != (y->at == 0 ? y->claim : 0))
		return (x->at == 0 ? x->claim : 0) > (y->at == 0 ? y->claim : 0);
	DECIDE(strcmp(x->held, id) == 0, strcmp(y->held, id) == 0);
	return model_is_better(model, id, &model->device[x->device], &model->device[y->device]);
}

static bool is_reserved(struct model *model, const struct wish *wish, const struct model *before)
{
	return !(wish->claim && wish->at == 0) &&
		model_is_reserved(model, wish->id[wish->at], wish->device, before);
}

/* Whether the wish must be given up: the ID is in firm hands, or somebody better wants it now. */
static bool is_vain(struct model *model, const struct wish *wishes, size_t count, size_t i,
	const struct model *before)
{
	const char *id = wishes[i].id[wishes[i].at];

	if (model_find_owner(model, id) ||
		(!is_stranger(model, &wishes[i]) && is_reserved(model, &wishes[i], before)))
		return true;
	for (size_t j = 0; j < count; j++)
		if (j != i && wishes[j].at < wishes[j].count &&
			strcmp(wishes[j].id[wishes[j].at], id) == 0 &&
			!is_stranger(model, &wishes[j]) &&
			!is_reserved(model, &wishes[j], before) &&
			(is_stranger(model, &wishes[i]) ||
				is_better(model, id, &wishes[j], &wishes[i])))
			return true;
	return false;
}

/* Of a stranger: that somebody has one of its IDs. */
static void note_lost(struct model *model, struct model_device *device)
{
	char ids[ID_SCHEMES][UNIQUE_ID_MAX + 1];
	size_t n = model_get_ids(device, &model->order, ids);

	device->is_displaced = device->state == MODEL_DUPLICATE ||
		(device->state == MODEL_ONLINE && strcmp(ids[0], device->id) != 0);
	while (device->state == MODEL_STRANGER && n-- > 0)
		device->is_displaced |= model_find_owner(model, ids[n]) != NULL;
}

/* Everybody names a wish, the worst of those who name the same go on to their next, until none. */
static void settle_wishes(
	struct model *model, struct wish *wishes, size_t count, const struct model *before)
{
	bool has_changed = true;

	for (size_t i = 0; i < count; i++)
		make_wish(model, &wishes[i]);
	while (has_changed) {
		bool vain[MODEL_DEVICES] = { false };

		has_changed = false;
		for (size_t i = 0; i < count; i++)
			vain[i] = wishes[i].at < wishes[i].count &&
				is_vain(model, wishes, count, i, before);
		for (size_t i = 0; i < count; i++) {
			wishes[i].at += vain[i];
			has_changed |= vain[i];
		}
	}
	for (size_t i = 0; i < count; i++) {
		struct model_device *device = &model->device[wishes[i].device];

		device->state = wishes[i].count == 0 ? MODEL_NO_ID : MODEL_DUPLICATE;
		strcpy(device->id, "");
		if (is_stranger(model, &wishes[i])) {
			device->state = MODEL_STRANGER;
		} else if (wishes[i].at < wishes[i].count) {
			device->state = MODEL_ONLINE;
			strcpy(device->id, wishes[i].id[wishes[i].at]);
		}
	}
	for (size_t i = 0; i < count; i++)
		note_lost(model, &model->device[wishes[i].device]);
}

void model_remember(struct model_record *record, const struct model_device *device)
{
	bool is_noted = record->diskseq != 0;

	if (!*record->node || !model_has_same_identities(record, device) ||
		record->size != device->size ||
		(record->attachment && device->attachment &&
			record->attachment != device->attachment)) {
		memcpy(record->identity, device->identity, sizeof(record->identity));
		record->identity[ID_UUID] = NULL;
		record->size = device->size;
		strcpy(record->node, device->node);
	}
	if (device->attachment)
		record->attachment = device->attachment;
	if (is_noted || record->keep)
		strcpy(record->node, device->node);
	if (is_noted)
		record->diskseq = device->diskseq;
}

static bool is_same_device(const struct model_device *before, const struct model_device *now)
{
	return (before->state != MODEL_GONE || before->is_dismissed) &&
		before->diskseq == now->diskseq && now->size;
}

/* Rule 10. */
static void doubt(
	const struct model *model, struct model_device *now, const struct model_device *before)
{
	bool is_other = now->is_blank != before->is_blank || now->is_disc != before->is_disc;

	if ((before->state != MODEL_ONLINE && !before->had_names) || !is_same_device(before, now))
		return;
	for (int i = 0; i < ID_SCHEMES; i++)
		is_other |= !is_same_text(before->identity[i], now->identity[i]);
	if (!now->is_faulty && !(is_other && is_mounted(model, now)))
		return;
	for (int i = 0; i < ID_KINDS; i++)
		if (i != ID_PATH || !now->identity[i])
			now->identity[i] = before->identity[i];
	now->is_blank = before->is_blank;
	now->is_disc = before->is_disc;
	now->label = before->label;
	now->wants_no_letter = before->wants_no_letter;
	now->is_faulty = false;
}

static bool is_new_here(const struct model *before, const struct wish *wish, const char *id)
{
	return before->device[wish->device].is_arriving || strcmp(wish->held, id) != 0;
}

static void follow(struct model *model, const struct wish *wishes, size_t count,
	const struct model *before, size_t records)
{
	size_t devices[MODEL_DEVICES];
	bool is_new[MODEL_DEVICES];

	for (size_t i = 0; i < count; i++) {
		devices[i] = wishes[i].device;
		is_new[i] = is_new_here(before, &wishes[i], model->device[devices[i]].id);
	}
	model_follow(model, devices, is_new, count, records);
}

static void arrive(struct model *model, const struct wish *wish, const struct model *before)
{
	const struct model_device *device = &model->device[wish->device];
	struct model_record *record = model_find_record(model, device->id);
	bool has_name = false;

	if (!record) {
		record = &model->record[model->records++];
		memset(record, 0, sizeof(*record));
		strcpy(record->id, device->id);
	}
	model_remember(record, device);
	for (size_t i = 0; i < model->links; i++)
		has_name |= strcmp(model->link[i].id, device->id) == 0 &&
			!model->link[i].is_unrecorded && link_name_is_volume(model->link[i].path);
	if (!has_name && is_new_here(before, wish, device->id))
		model->nameless[model->nameless_count++] = record->id;
}

static enum model_state get_kind(const struct model_device *device)
{
	if (device->size == 0)
		return MODEL_NOTHING;
	if (device->is_faulty)
		return MODEL_FAULT;
	if (device->is_blank && device->partition == 0)
		return MODEL_NO_CONTENT;
	return MODEL_ONLINE;
}

static bool is_described_alike(const struct model_device *a, const struct model_device *b)
{
	for (int i = 0; i < ID_KINDS; i++)
		if (!is_same_text(a->identity[i], b->identity[i]))
			return false;
	return a->size == b->size && a->diskseq == b->diskseq && a->attachment == b->attachment &&
		a->is_blank == b->is_blank && a->is_faulty == b->is_faulty &&
		a->is_removable == b->is_removable && (a->is_blank || a->is_disc == b->is_disc) &&
		a->wants_no_letter == b->wants_no_letter && is_same_text(a->label, b->label);
}

/* Rule 7, and who is looked at again by rule 8. */
static bool has_news(const struct model_device *device, const struct model_device *put,
	struct model_device *news)
{
	if (!put) {
		*news = *device;
		return device->is_unwritten;
	}
	*news = *put;
	if (device->state == MODEL_GONE && !device->is_dismissed)
		return true;
	if (news->partition && !news->identity[ID_PARTUUID] && device->identity[ID_PARTUUID] &&
		news->diskseq == device->diskseq) {
		news->identity[ID_PARTUUID] = device->identity[ID_PARTUUID];
		news->wants_no_letter = device->wants_no_letter;
	}
	return device->state == MODEL_GONE || device->is_unwritten ||
		!is_described_alike(device, news);
}

/* Rule 8. */
static void leave_unwritten(struct model *model, const struct wish *wishes, size_t count,
	const struct model *before, const bool touched[MODEL_DEVICES])
{
	for (size_t i = 0; i < MODEL_DEVICES; i++)
		if (touched[i] && model->device[i].state != MODEL_GONE)
			model->device[i].is_unwritten =
				model_has_named_identity(model, &model->device[i]);
	for (size_t i = 0; i < count; i++) {
		struct model_device *device = &model->device[wishes[i].device];

		device->is_unwritten |= device->state == MODEL_DUPLICATE ||
			(device->state == MODEL_STRANGER && device->is_displaced);
		if (device->state != MODEL_ONLINE)
			continue;
		device->is_unwritten = device->is_arriving = true;
		for (size_t j = 0; j < MODEL_DEVICES; j++)
			if (before->device[j].state == MODEL_ONLINE &&
				!before->device[j].is_arriving &&
				strcmp(before->device[j].id, device->id) == 0)
				device->is_arriving = false;
		if (model_find_record(model, device->id))
			continue;
		device->state = MODEL_UNWRITTEN;
		strcpy(device->id, "");
	}
	model_drop_unrecorded(model, before);
	model_forget_formers(model);
}

/* What was told of a device that was there `before`, too. */
static void describe(
	const struct model *model, struct model_device *device, const struct model_device *before)
{
	doubt(model, device, before);
	device->is_dismissed = device->had_names = false;
	strcpy(device->former, "");
	if (is_same_device(before, device))
		strcpy(device->former, before->state == MODEL_ONLINE ? before->id : before->former);
	device->state = get_kind(device);
}

static void leave(struct model_device *device, bool is_dismissal)
{
	device->is_dismissed = is_dismissal;
	device->had_names = is_dismissal && device->state == MODEL_ONLINE;
	if (!is_dismissal || device->had_names)
		strcpy(device->former, is_dismissal ? device->id : "");
	device->state = MODEL_GONE;
}

void model_apply_devices(struct model *model, const struct model_batch *batch, bool can_write)
{
	const struct model before = *model;
	bool touched[MODEL_DEVICES] = { false };
	struct wish wishes[MODEL_DEVICES] = { 0 };
	size_t count = 0, records = model->records;

	model->nameless_count = 0;
	for (size_t i = 0; i < MODEL_DEVICES; i++) {
		struct model_device *device = &model->device[i];
		struct model_record *record = model_find_record(model, device->id);
		struct model_device news;
		bool is_put = !batch->is_gone[i] &&
			(has_news(device, batch->put[i], &news) || batch->is_summoned[i]);

		if (!is_put && !batch->is_gone[i]) {
			if (device->state == MODEL_DUPLICATE || device->state == MODEL_NO_ID ||
				device->state == MODEL_STRANGER)
				wishes[count++].device = i;
			continue;
		}
		touched[i] = is_put || device->state != MODEL_GONE;
		if (can_write && device->state == MODEL_ONLINE && record->keep) {
			strcpy(record->node, device->node);
			record->diskseq = record->diskseq ? device->diskseq : 0;
		}
		if (is_put) {
			strcpy(wishes[count].held, device->id);
			wishes[count].claim = batch->claim[i];
			*device = news;
			describe(model, device, &before.device[i]);
			if (device->state == MODEL_ONLINE)
				wishes[count++].device = i;
			else
				strcpy(wishes[count].held, "");
		} else {
			leave(device, batch->is_dismissal);
		}
		strcpy(device->id, "");
		device->is_unwritten = device->is_arriving = device->is_displaced = false;
	}
	if (!batch->is_overdue && !model->owes_holders && !memchr(touched, true, sizeof(touched)))
		return; /* no news */
	settle_wishes(model, wishes, count, &before);
	model_settle_holders(model, &before, touched);
	model->owes_holders |= !can_write;
	if (!can_write) {
		leave_unwritten(model, wishes, count, &before, touched);
		return;
	}
	model_drop_unrecorded(model, &before);
	follow(model, wishes, count, &before, records);
	for (size_t i = 0; i < count; i++)
		if (*model->device[wishes[i].device].id)
			arrive(model, &wishes[i], &before);
	model_note_holders(model, &before, touched);
	model_forget_formers(model);
	model_welcome(model, before.device);
	model_note_places(model);
}
