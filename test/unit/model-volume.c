/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The naive model: letters, suggested names, and the operations on a volume as such.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model.h"

static char get_suggestion(const struct model *model, const struct model_device *device)
{
	const char *label = device ? device->label : NULL;

	if (!model->suggests_label || !label || strlen(label) != 2 || label[1] != ':' ||
		!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ", label[0]))
		return 0;
	return label[0];
}

/* Those of absent volumes are taken last. */
static bool is_free(struct model *model, char letter, bool is_last)
{
	char path[MODEL_TEXT];

	snprintf(path, sizeof(path), "/DosDevices/%c:", letter);
	return letter &&
		!(is_last ? model_find_shown_link(model, path) : model_find_link(model, path));
}

static bool is_allowed(const struct model *model, const struct model_record *record,
	const struct model_device *device)
{
	if (device ? device->is_removable : record->attachment == 2) /* external */
		return true;
	if (device && device->wants_no_letter && !get_suggestion(model, device))
		return false;
	return !model->is_auto_mount_off;
}

/* The letter that the volume has in the end, 0 for none. */
static char give_letter(struct model *model, const char *id, bool *ret_is_new)
{
	const struct model_device *device = model_find_owner(model, id);
	const char *letter = model_find_letter(model, id), *kind = device ? device->name : "";
	struct model_record *record = model_find_record(model, id);
	char path[MODEL_TEXT], found = get_suggestion(model, device);
	bool is_found;

	*ret_is_new = false;
	if (letter)
		return letter[strlen("/DosDevices/")];
	if (record->mark || !is_allowed(model, record, device))
		return 0;
	is_found = is_free(model, found, false);
	for (int is_last = 0; is_last < 2 && !is_found; is_last++) {
		found = strncmp(kind, "fd", 2) == 0 ? 'A' : 'C';
		if (strncmp(kind, "sr", 2) == 0 || (found == 'C' && device && device->is_disc))
			found = 'D';
		while (found <= 'Z' && !is_free(model, found, is_last))
			found++;
		is_found = found <= 'Z';
	}
	if (!is_found) {
		record->mark = true;
		return 0;
	}
	*ret_is_new = true;
	snprintf(path, sizeof(path), "/DosDevices/%c:", found);
	model_add_link(model, path, id);
	return found;
}

/* By name; before that, those who would get the letter they suggest. */
static void give_letters(struct model *model, const struct model_device *const *list, size_t count)
{
	bool is_new;

	for (size_t i = 0; i < count; i++)
		if (is_free(model, get_suggestion(model, list[i]), false))
			give_letter(model, list[i]->id, &is_new);
	for (size_t i = 0; i < count; i++)
		give_letter(model, list[i]->id, &is_new);
}

/* A label becomes a name if the volume has no other but its volume name, and nobody has that. */
static void suggest_name(struct model *model, const struct model_device *device)
{
	_cleanup_free_ char *path = NULL;
	struct link_name name;
	const char *fault;

	if (!device->label)
		return;
	for (size_t i = 0; i < model->links; i++)
		if (strcmp(model->link[i].id, device->id) == 0 &&
			!link_name_is_volume(model->link[i].path))
			return;
	path = xasprintf("/DosDevices/%s", device->label);
	if (link_name_parse(path, strlen(path), &name, &fault) < 0 || link_name_is_letter(path) ||
		model_find_link(model, path))
		return;
	model_add_link(model, path, device->id);
}

static int compare_devices(const void *a, const void *b)
{
	return model_compare_names((*(const struct model_device *const *)a)->name,
		(*(const struct model_device *const *)b)->name);
}

void model_welcome(struct model *model, const struct model_device before[MODEL_DEVICES])
{
	const struct model_device *list[MODEL_DEVICES];
	size_t count = 0;

	for (size_t i = 0; i < MODEL_DEVICES; i++) {
		const struct model_device *device = &model->device[i];
		bool was_there = device->state != MODEL_ONLINE;

		for (size_t j = 0; j < MODEL_DEVICES; j++)
			was_there |= before[j].state == MODEL_ONLINE && !before[j].is_arriving &&
				strcmp(before[j].id, device->id) == 0;
		if (!was_there)
			list[count++] = device;
	}
	qsort(list, count, sizeof(*list), compare_devices);
	for (size_t i = 0; model->suggests_label && i < count; i++)
		suggest_name(model, list[i]);
	if (model->gives_letters)
		give_letters(model, list, count);
}

static int next_letter(
	struct model *model, const struct model_request *request, struct strbuf *reply)
{
	char id[MODEL_TEXT], letter;
	const char *selected;
	bool is_new;
	int r = model_select_volume(model, request, &selected);

	if (r)
		return r;
	strcpy(id, selected);
	letter = give_letter(model, id, &is_new);
	strbuf_add_format(reply, "LETTER=\"%.1s\" ASSIGNED=\"%d\"\n", &letter, is_new);
	return 0;
}

static int auto_letters(
	struct model *model, const struct model_request *request, struct strbuf *reply)
{
	const struct model_device *list[MODEL_DEVICES];
	size_t count = 0;

	for (size_t i = 0; i < MODEL_DEVICES; i++)
		if (model->device[i].state == MODEL_ONLINE)
			list[count++] = &model->device[i];
	qsort(list, count, sizeof(*list), compare_devices);
	give_letters(model, list, count);
	model->gives_letters = true;
	return 0;
}

static int keep(struct model *model, const struct model_request *request, struct strbuf *reply)
{
	struct model_record *record;
	char id[MODEL_TEXT];
	const char *selected;
	int r = model_select_any(model, request, &selected);

	if (r)
		return r;
	strcpy(id, selected);
	record = model_find_record(model, id);
	if ((record && record->keep) == !request->is_off)
		return 0;
	model_prepare(model, id);
	record = model_find_record(model, id);
	if (!record->keep && model_find_device_of(model, id))
		strcpy(record->node, model_get_node(model, id));
	record->keep = !request->is_off;
	model_note_holder(model, id);
	if (record->keep || model_find_device_of(model, id))
		return 0;
	for (size_t i = model->links; i-- > 0;)
		if (model->link[i].is_unrecorded && strcmp(model->link[i].id, record->id) == 0)
			model_remove_link(model, &model->link[i]);
	return 0;
}

static int check_arrival(
	struct model *model, const struct model_request *request, struct strbuf *reply)
{
	const char *id;
	int r = model_select_volume(model, request, &id);

	return r ? r : model_find_owner(model, id) ? 0 : ENOENT;
}

/* Who has an ID as the only one, be it the volume or not. */
static int find_only(
	const struct model *model, const char *id, const struct model_device **ret_device)
{
	char ids[ID_KINDS][UNIQUE_ID_MAX + 1];
	const struct model_device *found = NULL;

	for (size_t i = 0; i < MODEL_DEVICES; i++) {
		const struct model_device *device = &model->device[i];
		size_t n = device->state == MODEL_GONE ? 0 : model_get_identities(device, ids);

		while (n && strcmp(ids[n - 1], id) != 0)
			n--;
		if (n && found)
			return EINVAL;
		found = n ? device : found;
	}
	*ret_device = found;
	return found ? 0 : ENOENT;
}

static int find_present(
	struct model *model, const char *text, const struct model_device **ret_device)
{
	const struct model_link *link;
	const char *id = text;

	if (unique_id_is_valid(text)) {
		*ret_device = model_find_holder(model, id);
		return *ret_device ? 0 : find_only(model, id, ret_device);
	}
	if (link_name_is_form(text)) {
		link = model_find_link(model, text);
		*ret_device = link ? model_find_holder(model, link->id) : NULL;
	} else {
		*ret_device = model_find_device(model, text);
	}
	return *ret_device ? 0 : ENOENT;
}

int model_add_claim(struct model *model, const char *text, int number, struct model_batch *batch)
{
	const struct model_device *device, *owner;
	char ids[ID_SCHEMES][UNIQUE_ID_MAX + 1];
	int r = find_present(model, text, &device);

	if (r)
		return r;
	if ((device->state != MODEL_ONLINE && device->state != MODEL_DUPLICATE &&
		    device->state != MODEL_UNWRITTEN && device->state != MODEL_STRANGER))
		return ENOENT;
	if (!model_get_ids(device, &model->order, ids))
		return ENOENT;
	owner = model_find_owner(model, ids[0]);
	batch->is_summoned[device - model->device] = true;
	batch->claim[device - model->device] = number;
	if (owner)
		batch->is_summoned[owner - model->device] = true;
	return 0;
}

static int remove_device(
	struct model *model, const struct model_request *request, struct strbuf *reply)
{
	const struct model_device *device;
	int r = find_present(model, request->device, &device);

	if (r)
		return r;
	if (model->is_prepared[device - model->device])
		return ENOENT;
	model->is_prepared[device - model->device] = true;
	return 0;
}

/* Whether a mount over a folder above hides it. */
static bool is_hidden(const struct model *model, const char *path)
{
	for (size_t i = 0; i < model->mounts; i++) {
		size_t len = strlen(model->mount[i].path);

		if (strncmp(path, model->mount[i].path, len) == 0 && path[len] == '/')
			return true;
	}
	return false;
}

/* Whole filesystems first; at most one path if `is_one`. Returns how many. */
static size_t add_mounts(
	const struct model *model, const char *id, bool is_one, struct strbuf *reply)
{
	const struct model_device *owner = model_find_owner(model, id);
	size_t count = 0;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; owner && i < model->mounts; i++) {
			if (strcmp(model->mount[i].device, owner->name) != 0 ||
				model->mount[i].is_whole != (pass == 0) ||
				is_hidden(model, model->mount[i].path) || (is_one && count))
				continue;
			strbuf_add_format(reply, "PATH=\"%s\"\n", model->mount[i].path);
			count++;
		}
	}
	return count;
}

/* Names in the database come first, then old ones. */
static bool is_better_name(const struct model_link *link, const struct model_link *other)
{
	if (link->is_unrecorded != other->is_unrecorded)
		return other->is_unrecorded;
	if (link->changed != other->changed)
		return link->changed < other->changed;
	return strcmp(link->path, other->path) < 0;
}

static int query_paths(
	struct model *model, const struct model_request *request, struct strbuf *reply)
{
	bool is_one = request->operation == OP_QUERY_DOS_VOLUME_PATH;
	const struct model_link *name = NULL;
	const char *id, *letter;
	int r = model_select_volume(model, request, &id);

	if (r)
		return r;
	letter = model_find_letter(model, id);
	if (letter)
		strbuf_add_format(reply, "PATH=\"%s\"\n", letter + strlen("/DosDevices/"));
	if ((letter && is_one) || add_mounts(model, id, is_one, reply) || !is_one)
		return 0;
	for (size_t i = 0; i < model->links; i++)
		if (strcmp(model->link[i].id, id) == 0 &&
			link_name_is_volume(model->link[i].path) &&
			(!name || is_better_name(&model->link[i], name)))
			name = &model->link[i];
	if (name)
		strbuf_add_format(reply, "PATH=\"%s\"\n", name->path);
	return name ? 0 : ENOENT;
}

/* Whether somebody present would take the ID at the next start if nothing was known of it. */
static bool is_wanted(const struct model *model, const char *id)
{
	char ids[ID_SCHEMES][UNIQUE_ID_MAX + 1];

	for (size_t i = 0; i < MODEL_DEVICES; i++) {
		const struct model_device *device = &model->device[i];

		for (size_t j = model_get_ids(device, NULL, ids); j-- > 0;)
			if (model_has_lost(model, device) && strcmp(ids[j], id) == 0)
				return true;
	}
	return false;
}

/* What is neither present nor kept is forgotten; of what is wanted the fingerprint stays. */
static int scrub(struct model *model, const struct model_request *request, struct strbuf *reply)
{
	for (size_t i = model->records; i-- > 0;) {
		struct model_record *record = &model->record[i];

		if (model_get_node(model, record->id))
			continue;
		for (size_t j = model->links; j-- > 0;)
			if (strcmp(model->link[j].id, record->id) == 0)
				model_remove_link(model, &model->link[j]);
		record->mark = false;
		if (!is_wanted(model, record->id))
			*record = model->record[--model->records];
	}
	return 0;
}

static int set_auto_mount(
	struct model *model, const struct model_request *request, struct strbuf *reply)
{
	model->is_auto_mount_off = request->is_off;
	return 0;
}

int model_apply_volume_request(
	struct model *model, const struct model_request *request, struct strbuf *reply)
{
	static const struct {
		enum operation_kind kind;
		int (*apply)(struct model *model, const struct model_request *request,
			struct strbuf *reply);
	} rules[] = { { OP_NEXT_DRIVE_LETTER, next_letter },
		{ OP_AUTO_DL_ASSIGNMENTS, auto_letters }, { OP_KEEP_LINKS_WHEN_OFFLINE, keep },
		{ OP_VOLUME_ARRIVAL_NOTIFICATION, check_arrival },
		{ OP_VOLUME_REMOVAL_NOTIFICATION, remove_device },
		{ OP_QUERY_DOS_VOLUME_PATH, query_paths },
		{ OP_QUERY_DOS_VOLUME_PATHS, query_paths }, { OP_SCRUB_REGISTRY, scrub },
		{ OP_AUTO_MOUNT, set_auto_mount } };

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].kind == request->operation)
			return rules[i].apply(model, request, reply);
	return EINVAL;
}
