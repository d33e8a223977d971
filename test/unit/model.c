/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The naive model: names and requests, from what the manual says of them.
 */

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "model.h"

struct model_record *model_find_record(struct model *model, const char *id)
{
	for (size_t i = 0; i < model->records; i++)
		if (strcmp(model->record[i].id, id) == 0)
			return &model->record[i];
	return NULL;
}

/* A device that is just being decided on has no ID yet, and owns nothing. */
const struct model_device *model_find_owner(const struct model *model, const char *id)
{
	for (size_t i = 0; i < MODEL_DEVICES; i++)
		if (model->device[i].state == MODEL_ONLINE && strcmp(model->device[i].id, id) == 0)
			return &model->device[i];
	return NULL;
}

const struct model_device *model_find_holder(const struct model *model, const char *id)
{
	const struct model_device *owner = model_find_owner(model, id);

	for (size_t i = 0; !owner && i < model->holders; i++)
		if (strcmp(model->holder[i].id, id) == 0)
			owner = &model->device[model->holder[i].device];
	return owner;
}

bool model_is_identity(const struct model *model, const char *id)
{
	return model_find_holder(model, id) && !model_find_owner(model, id);
}

static bool is_of_identity(const struct model *model, const char *id, bool is_recorded)
{
	bool has_any = false;

	for (size_t i = 0; i < model->records; i++) {
		if (strcmp(model->record[i].id, id) != 0)
			continue;
		if (model->record[i].size)
			return false;
		has_any |= model->record[i].keep;
	}
	for (size_t i = 0; i < model->links; i++) {
		const struct model_link *link = &model->link[i];

		if (strcmp(link->id, id) != 0)
			continue;
		if (!link->is_unrecorded && link_name_is_volume(link->path))
			return false;
		has_any |= !is_recorded || !link->is_unrecorded;
	}
	return has_any;
}

bool model_is_of_identity(const struct model *model, const char *id)
{
	return is_of_identity(model, id, false);
}

bool model_has_identity(const struct model *model, const char *id)
{
	return is_of_identity(model, id, true);
}

const struct model_device *model_find_device_of(const struct model *model, const char *id)
{
	const struct model_device *owner = model_find_owner(model, id);

	if (owner || !model_is_of_identity(model, id))
		return owner;
	return model_find_holder(model, id);
}

void model_prepare(struct model *model, const char *id)
{
	struct model_record *record = model_find_record(model, id);

	if (!model_is_identity(model, id))
		return;
	if (record && record->size)
		for (size_t i = model->links; i-- > 0;)
			if (strcmp(model->link[i].id, id) == 0 &&
				(link_name_is_volume(model->link[i].path) ||
					link_name_is_letter(model->link[i].path)))
				model_remove_link(model, &model->link[i]);
	if (record)
		record->size = 0;
	if (record)
		return;
	record = &model->record[model->records++];
	memset(record, 0, sizeof(*record));
	strcpy(record->id, id);
}

const char *model_get_node(const struct model *model, const char *id)
{
	const struct model_device *owner = model_find_device_of(model, id);

	if (owner)
		return owner->node;
	for (size_t i = 0; i < model->records; i++)
		if (strcmp(model->record[i].id, id) == 0 && model->record[i].keep)
			return "";
	return NULL;
}

static bool is_of_volumes(const char *path)
{
	return link_name_is_letter(path) || link_name_is_volume(path);
}

/* What only volumes have waits until there is one. */
static bool shows(const struct model *model, const struct model_link *link)
{
	return model_get_node(model, link->id) &&
		!(is_of_volumes(link->path) && model_is_identity(model, link->id) &&
			model_find_device_of(model, link->id));
}

/* Names that differ only in case cannot both exist. */
struct model_link *model_find_link(struct model *model, const char *path)
{
	for (size_t i = 0; i < model->links; i++)
		if (strcasecmp(model->link[i].path, path) == 0)
			return &model->link[i];
	return NULL;
}

struct model_link *model_find_shown_link(struct model *model, const char *path)
{
	struct model_link *link = model_find_link(model, path);

	return link && shows(model, link) ? link : NULL;
}

void model_remove_link(struct model *model, struct model_link *link)
{
	*link = model->link[--model->links];
}

void model_add_link(struct model *model, const char *path, const char *id)
{
	struct model_link *link = model_find_link(model, path);

	if (link)
		model_remove_link(model, link);
	link = &model->link[model->links++];
	strcpy(link->path, path);
	strcpy(link->id, id);
	link->is_unrecorded = false;
	link->changed = model->now;
}

const char *model_find_letter(const struct model *model, const char *id)
{
	for (size_t i = 0; i < model->links; i++)
		if (strcmp(model->link[i].id, id) == 0 && !model->link[i].is_unrecorded &&
			link_name_is_letter(model->link[i].path))
			return model->link[i].path;
	return NULL;
}

static bool is_node(const char *node, const char *text)
{
	return strcmp(node, text) == 0 || strcmp(node + strlen("/dev/"), text) == 0;
}

const struct model_device *model_find_device(const struct model *model, const char *text)
{
	for (size_t i = 0; i < MODEL_DEVICES; i++) {
		const struct model_device *device = &model->device[i];

		if (device->state != MODEL_GONE &&
			(strcmp(device->name, text) == 0 || is_node(device->node, text)))
			return device;
	}
	return NULL;
}

static bool is_known(const struct model *model, const char *id)
{
	return model_get_node(model, id) || model_find_holder(model, id);
}

/* What a device that is no volume is known by, whatever is on it. */
static const char *find_own_id(const struct model *model, const struct model_device *device)
{
	static const enum id_scheme schemes[] = { ID_DM_UUID, ID_MD_UUID, ID_WWN, ID_SERIAL };
	static char id[UNIQUE_ID_MAX + 1];

	if (device->state != MODEL_NO_CONTENT && device->state != MODEL_FAULT)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (unique_id_format(
			    schemes[i], device->identity[schemes[i]], device->partition, id))
			return model_find_holder(model, id) ? id : NULL;
	return NULL;
}

/* The volume that `device` means; `unknown` is the error if there is none. */
static int resolve(
	struct model *model, const struct model_request *request, int unknown, const char **ret_id)
{
	const char *text = request->device;
	const struct model_device *device;
	const struct model_link *link;

	if (link_name_is_form(text)) {
		link = model_find_shown_link(model, text);
		*ret_id = link ? link->id : NULL;
		return link ? 0 : unknown;
	}
	if (unique_id_is_valid(text)) {
		*ret_id = text;
		return is_known(model, text) ? 0 : unknown;
	}
	device = model_find_device(model, text);
	if (device && device->state == MODEL_ONLINE) {
		*ret_id = device->id;
		return 0;
	}
	*ret_id = device ? find_own_id(model, device) : NULL;
	if (*ret_id)
		return 0;
	return request->is_word && !device ? EINVAL : unknown;
}

/* The volume that id= and device= agree on, NULL if neither is given. */
static int select_volume(
	struct model *model, const struct model_request *request, int unknown, const char **ret_id)
{
	const char *id = NULL;
	int r;

	*ret_id = NULL;
	if (request->id) {
		if (!is_known(model, request->id))
			return unknown;
		*ret_id = request->id;
	}
	if (!request->device)
		return 0;
	r = resolve(model, request, unknown, &id);
	if (r)
		return r;
	if (*ret_id && strcmp(*ret_id, id) != 0 &&
		(!model_find_holder(model, id) ||
			model_find_holder(model, *ret_id) != model_find_holder(model, id)))
		return EINVAL;
	*ret_id = *ret_id ? *ret_id : id;
	return 0;
}

int model_select_volume(
	struct model *model, const struct model_request *request, const char **ret_id)
{
	int r = model_select_any(model, request, ret_id);
	const struct model_device *holder;

	if (r || !model_is_identity(model, *ret_id))
		return r;
	holder = model_find_holder(model, *ret_id);
	*ret_id = holder->id;
	return holder->state == MODEL_ONLINE && *holder->id ? 0 : ENOENT;
}

int model_select_any(struct model *model, const struct model_request *request, const char **ret_id)
{
	const struct model_link *link;
	int r = select_volume(model, request, ENOENT, ret_id);

	if (r || !request->link)
		return r;
	link = model_find_shown_link(model, request->link);
	if (!link)
		return ENOENT;
	if (*ret_id && strcmp(*ret_id, link->id) != 0)
		return EINVAL;
	*ret_id = link->id;
	return 0;
}

static int compare_links(const void *a, const void *b)
{
	return strcmp(((const struct model_link *)a)->path, ((const struct model_link *)b)->path);
}

/* The device that device= means: its node, a link, or any of its identities. */
static const struct model_device *find_meant(
	struct model *model, const struct model_request *request, const char *id)
{
	const struct model_device *device;
	const struct model_link *link;

	if (!request->device || request->id)
		return NULL;
	if (unique_id_is_valid(request->device))
		return model_find_holder(model, request->device);
	link = link_name_is_form(request->device) ? model_find_shown_link(model, request->device)
						  : NULL;
	device = link ? model_find_device_of(model, link->id)
		      : model_find_device(model, request->device);
	return device ? device : model_find_device_of(model, id);
}

/* All that shows and matches everything given, ordered by link. */
static int select_links(struct model *model, const struct model_request *request,
	struct model_link *ret_links, size_t *ret_count)
{
	const struct model_device *device;
	const char *id;
	int r = select_volume(model, request, EINVAL, &id);

	*ret_count = 0;
	if (r)
		return r;
	device = id ? find_meant(model, request, id) : NULL;
	if (device && device->state == MODEL_ONLINE)
		id = device->id;
	if (request->link && !model_find_shown_link(model, request->link))
		return ENOENT;
	for (size_t i = 0; i < model->links; i++) {
		const struct model_link *link = &model->link[i];

		if (shows(model, link) &&
			(!id || strcmp(id, link->id) == 0 ||
				(device && model_find_device_of(model, link->id) == device)) &&
			(!request->link || strcasecmp(request->link, link->path) == 0))
			ret_links[(*ret_count)++] = *link;
	}
	if (request->link && *ret_count == 0)
		return EINVAL;
	qsort(ret_links, *ret_count, sizeof(*ret_links), compare_links);
	return 0;
}

/* Links have no more characters that need no escape than these. */
static void add_quoted(const char *key, const char *text, struct strbuf *reply)
{
	strbuf_add_format(reply, "%s=\"", key);
	for (; *text; text++)
		strbuf_add_format(reply,
			isalnum((unsigned char)*text) || strchr("/:{}-", *text) ? "%c" : "\\x%02x",
			(unsigned char)*text);
	strbuf_add_text(reply, "\"");
}

static void add_reply(const struct model *model, const struct model_link *links, size_t count,
	struct strbuf *reply)
{
	for (size_t i = 0; i < count; i++) {
		add_quoted("LINK", links[i].path, reply);
		strbuf_add_format(reply, " ID=\"%s\" DEVICE=\"%s\"\n", links[i].id,
			model_get_node(model, links[i].id));
	}
}

static int query(struct model *model, const struct model_request *request, struct strbuf *reply)
{
	struct model_link links[MODEL_LINKS];
	size_t count;
	int r = select_links(model, request, links, &count);

	if (r == 0)
		add_reply(model, links, count, reply);
	return r;
}

static int delete (struct model *model, const struct model_request *request, struct strbuf *reply)
{
	bool is_link_alone = request->link && !request->id && !request->device;
	struct model_link links[MODEL_LINKS];
	const struct model_device *device;
	const char *selected;
	char id[MODEL_TEXT] = "";
	size_t count;
	int r = select_links(model, request, links, &count);

	if (r)
		return r;
	select_volume(model, request, EINVAL, &selected);
	device = selected ? find_meant(model, request, selected) : NULL;
	if (device && device->state == MODEL_ONLINE)
		selected = device->id;
	strcpy(id, selected ? selected : "");
	add_reply(model, links, count, reply);
	for (size_t i = 0; i < count; i++) {
		struct model_link *link = model_find_link(model, links[i].path);

		if (request->operation == OP_DELETE_POINTS_DBONLY)
			link->is_unrecorded = true;
		else
			model_remove_link(model, link);
		model_note_holder(model, links[i].id);
	}
	if (is_link_alone && link_name_is_letter(links[0].path) &&
		!model_find_letter(model, links[0].id))
		model_find_record(model, links[0].id)->mark = true;
	for (size_t i = 0; !request->link && i < model->records; i++)
		if (*id ? strcmp(model->record[i].id, id) == 0
			: model_get_node(model, model->record[i].id) != NULL)
			model->record[i].mark = false;
	return 0;
}

/* Whether it is what only volumes have, and this is none: a place never is. */
static bool is_not_for(struct model *model, const char *link, const char *id)
{
	return is_of_volumes(link) && (model_is_identity(model, id) || unique_id_is_place(id));
}

static int create(struct model *model, const struct model_request *request)
{
	char owner[MODEL_TEXT];
	const char *id;
	int r = select_volume(model, request, ENOENT, &id);

	if (r)
		return r;
	strcpy(owner, id);
	if (is_not_for(model, request->link, id))
		return EINVAL;
	if (link_name_is_letter(request->link) && model_find_letter(model, id))
		return EINVAL;
	if (model_find_shown_link(model, request->link))
		return EEXIST;
	model_prepare(model, owner);
	model_add_link(model, request->link, owner);
	model_note_holder(model, owner);
	if (link_name_is_letter(request->link))
		model_find_record(model, owner)->mark = false;
	return 0;
}

static int rename_link(struct model *model, const struct model_request *request)
{
	const struct model_link *old = model_find_shown_link(model, request->link);
	const struct model_link *over = model_find_shown_link(model, request->new_link);
	bool is_letter = link_name_is_letter(request->new_link);
	const char *letter;
	char id[MODEL_TEXT];

	if (!old)
		return ENOENT;
	if (link_name_is_volume(old->path) != link_name_is_volume(request->new_link))
		return EPERM;
	/*
	 * mv replaces what has just that spelling, but nothing that is kept for another volume,
	 * which is absent
	 */
	if (over && over != old &&
		(!request->may_replace || strcmp(over->path, request->new_link) != 0 ||
			(strcmp(over->id, old->id) != 0 && !model_find_device_of(model, over->id))))
		return EEXIST;
	if (is_not_for(model, request->new_link, old->id))
		return EINVAL;
	letter = model_find_letter(model, old->id);
	if (is_letter && letter && strcmp(letter, old->path) != 0 &&
		strcmp(letter, request->new_link) != 0)
		return EINVAL;
	if (strcmp(old->path, request->new_link) == 0)
		return 0;
	strcpy(id, old->id);
	model_remove_link(model, model_find_link(model, request->link));
	model_add_link(model, request->new_link, id);
	if (is_letter)
		model_find_record(model, id)->mark = false;
	return 0;
}

int model_apply_request(
	struct model *model, const struct model_request *request, struct strbuf *reply)
{
	if (request->operation == OP_CREATE_POINT)
		return create(model, request);
	if (request->operation == OP_DELETE_POINTS || request->operation == OP_DELETE_POINTS_DBONLY)
		return delete (model, request, reply);
	if (request->operation == OP_QUERY_POINTS)
		return query(model, request, reply);
	if (request->operation == OP_RENAME)
		return rename_link(model, request);
	return model_apply_volume_request(model, request, reply);
}

void model_show(const struct model *model, struct strbuf *text)
{
	struct model_link links[MODEL_LINKS];
	size_t count = 0;

	for (size_t i = 0; i < model->links; i++)
		if (shows(model, &model->link[i]))
			links[count++] = model->link[i];
	qsort(links, count, sizeof(*links), compare_links);
	for (size_t i = 0; i < count; i++)
		strbuf_add_format(text, "%s %s %s\n", links[i].path, links[i].id,
			model_get_node(model, links[i].id));
}

static int compare_records(const void *a, const void *b)
{
	return strcmp(((const struct model_record *)a)->id, ((const struct model_record *)b)->id);
}

static int compare_devices(const void *a, const void *b)
{
	return strcmp(
		((const struct model_device *)a)->name, ((const struct model_device *)b)->name);
}

void model_format(const struct model *model, struct strbuf *text)
{
	static const char *const states[] = { "gone", "nothing", "online", "no content", "fault",
		"no unique ID", "duplicate", "the database cannot be written", "stranger" };
	struct model_device devices[MODEL_DEVICES];
	struct model_record records[MODEL_RECORDS];
	struct model_link links[MODEL_LINKS];

	memcpy(devices, model->device, sizeof(devices));
	qsort(devices, MODEL_DEVICES, sizeof(*devices), compare_devices);
	for (size_t i = 0; i < MODEL_DEVICES; i++)
		if (devices[i].state != MODEL_GONE)
			strbuf_add_format(text, "%s %s %s\n", devices[i].name,
				states[devices[i].state], devices[i].id);
	memcpy(records, model->record, sizeof(records));
	qsort(records, model->records, sizeof(*records), compare_records);
	for (size_t i = 0; i < model->records; i++) {
		strbuf_add_format(text, "%s%s%s %s %u %u %d", records[i].id,
			records[i].mark ? " mark" : "", records[i].keep ? " keep" : "",
			records[i].node, (unsigned int)records[i].diskseq,
			(unsigned int)records[i].size, records[i].attachment);
		for (int j = 0; j < ID_SCHEMES; j++)
			strbuf_add_format(
				text, " %s", records[i].identity[j] ? records[i].identity[j] : "-");
		strbuf_add_char(text, '\n');
	}
	memcpy(links, model->link, sizeof(links));
	qsort(links, model->links, sizeof(*links), compare_links);
	for (size_t i = 0; i < model->links; i++)
		strbuf_add_format(text, "%s %s%s\n", links[i].path, links[i].id,
			links[i].is_unrecorded ? " unrecorded" : "");
	strbuf_add_format(text, "auto_mount %s\n", model->is_auto_mount_off ? "off" : "on");
}
