/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request being decided: what its words mean. Every look-up goes through the layer of the
 * change under way, so that a request sees those before it in the same write.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/rules/decision.h"
#include "core/rules/rivals.h"
#include "core/syntax/unique_id.h"

#define LABELS_NAMED 4 /* devices in a sentence about equal labels */

int decision_fail(struct decision *decision, int error, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	strbuf_add_text(decision->why, text);
	return error;
}

int decision_fail_link(struct decision *decision, int error, const char *path)
{
	const struct link *hidden = names_find_link(&decision->change->names, path);

	decision_fail(decision, error, "there is no link %s", path);
	if (hidden)
		strbuf_add_format(decision->why,
			manager_find_device(
				decision->manager, &decision->change->names, hidden->record->id)
				? ": %s is no volume"
				: ": its volume %s is absent",
			hidden->record->id);
	return error;
}

bool decision_shows(const struct decision *decision, const char *id)
{
	return manager_shows(decision->manager, &decision->change->names, id);
}

const char *decision_get_node(const struct decision *decision, const char *id)
{
	return manager_get_node(decision->manager, &decision->change->names, id);
}

/* Names are compared without case, so those like a volume's may be found in the other folder. */
const struct link *decision_find_link(const struct decision *decision, const char *path)
{
	const struct names *view = &decision->change->names;
	const struct link *link = manager_find_link(decision->manager, view, path);
	char twin[LINK_PATH_MAX];

	return link || !link_name_get_twin(path, twin)
		? link
		: manager_find_link(decision->manager, view, twin);
}

static bool node_has_name(const char *node, const char *text)
{
	return strcmp(node, text) == 0 ||
		(strncmp(node, "/dev/", 5) == 0 && strcmp(node + 5, text) == 0);
}

/* By number where its path led to a node, else by its text. */
const struct device *decision_find_device(
	const struct decision *decision, const struct volume_ref *ref)
{
	const struct volumes *volumes = &decision->manager->volumes;
	const struct device *device = volumes_find_name(volumes, ref->text);

	if (ref->number)
		return volumes_find_number(volumes, ref->number);
	if (device)
		return device;
	map_for_each (&volumes->by_name, node, next) {
		device = container_of(node, struct device, by_name);
		if (node_has_name(device->node, ref->text))
			return device;
	}
	return NULL;
}

static bool is_label(const char *text)
{
	return strncmp(text, "LABEL=", strlen("LABEL=")) == 0 ||
		strncmp(text, "PARTLABEL=", strlen("PARTLABEL=")) == 0;
}

/*
 * The path of the link that is meant, whether there is one or not; NULL: something else is. A word
 * with the look of nothing else may be the name of a link, but that of a device comes first; and
 * without a key nobody knows whether the link is meant, or the volume that has it.
 */
static const char *get_link_path(
	const struct decision *decision, const struct volume_ref *ref, char plain[LINK_PATH_MAX])
{
	int len;

	switch (ref->kind) {
	case VOLUME_BY_ID:
		return NULL;
	case VOLUME_BY_LINK:
		return ref->text;
	case VOLUME_BY_DEVICE:
		break;
	}
	if (ref->has_no_key || ref->is_shown || ref->number || strchr(ref->text, '/') ||
		is_label(ref->text) || decision_find_device(decision, ref))
		return NULL;
	len = snprintf(plain, LINK_PATH_MAX, "%s%s", LINK_FOLDER_DOS_DEVICES, ref->text);
	return len < LINK_PATH_MAX && names_find_link(&decision->change->names, plain) ? plain
										       : NULL;
}

static bool has_label(const struct device *device, const char *text)
{
	const char *label = text[0] == 'P' ? device->partition_name : device->label;

	return label && strcmp(label, strchr(text, '=') + 1) == 0;
}

static bool has_identity(const struct device *device, const char *text)
{
	for (size_t i = 0; i < device->identity_count; i++)
		if (unique_id_is_alike(device->identities[i].text, text))
			return true;
	return false;
}

/* Whether another volume with the label is made of the device, or is of the same filesystem. */
static bool is_behind_other(
	const struct decision *decision, const struct device *device, const char *label)
{
	const struct volumes *volumes = &decision->manager->volumes;
	const struct rivals rivals = { .volumes = volumes, .change = &decision->change->volumes };

	map_for_each (&volumes->by_name, node, next) {
		const struct device *other = container_of(node, struct device, by_name);

		if (other->id && other != device && has_label(other, label) &&
			(rivals_is_part(&rivals, device, other) ||
				device_is_of_same_filesystem(device, other)))
			return true;
	}
	return false;
}

/* Whether a device is one of those that a label or an identity may mean. */
static bool is_meant(const struct decision *decision, const struct device *device, const char *text,
	bool is_volume)
{
	if (!(is_label(text) ? has_label : has_identity)(device, text))
		return false;
	if (!is_volume || device->id)
		return true;
	/* A clone without an ID has the label as well: nobody knows which of them is meant. */
	return device_is_volume(device) && !is_behind_other(decision, device, text);
}

/* The one device, or volume, that has a label or an identity, or NULL; several are an error. */
static int find_only(struct decision *decision, const char *text, bool is_volume,
	const struct device **ret_device)
{
	const struct volumes *volumes = &decision->manager->volumes;
	_cleanup_strbuf_ struct strbuf nodes = STRBUF_INIT;
	size_t count = 0;

	*ret_device = NULL;
	map_for_each (&volumes->by_name, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		if (!is_meant(decision, device, text, is_volume))
			continue;
		*ret_device = device;
		if (count++ < LABELS_NAMED)
			strbuf_add_format(&nodes, " %s", device->node);
	}
	if (count < 2)
		return 0;
	return decision_fail(decision, -EINVAL, "%zu devices have %s:%s%s", count, text,
		strbuf_text(&nodes), count > LABELS_NAMED ? " …" : "");
}

int decision_select_present(struct decision *decision, const struct device **ret_device)
{
	const struct volume_ref *ref = &decision->request->device;
	const struct volumes *volumes = &decision->manager->volumes;
	char plain[LINK_PATH_MAX];
	const char *path = get_link_path(decision, ref, plain);
	const struct link *link = path ? names_find_link(&decision->change->names, path) : NULL;
	const struct device *device = NULL;
	int r = 0;

	if (path)
		device = link ? volumes_find_holder(volumes, link->record->id) : NULL;
	else if (ref->kind != VOLUME_BY_ID)
		device = decision_find_device(decision, ref);
	else
		device = volumes_find_holder(volumes, ref->text);
	if (!device && !path && !ref->number && (ref->kind == VOLUME_BY_ID || is_label(ref->text)))
		r = find_only(decision, ref->text, false, &device);
	if (r == 0 && !device)
		r = decision_fail(decision, -ENOENT, "no device is present as '%s'", ref->text);
	if (r == 0)
		*ret_device = device;
	return r;
}

const char *decision_find_id(const struct decision *decision, const char *text)
{
	const struct volumes *volumes = &decision->manager->volumes;
	const struct record *record = NULL;
	const char *found = NULL;

	if (decision_shows(decision, text) || volumes_find_holder(volumes, text))
		return text;
	while ((record = names_next_alike(&decision->change->names, text, record))) {
		if (!decision_shows(decision, record->id))
			continue;
		if (found)
			return NULL;
		found = record->id;
	}
	/* Whether anything is filed under it or not. */
	return found ? found : volumes_find_alike(volumes, text);
}

const char *decision_find_remembered(const struct decision *decision, const char *text)
{
	const struct names *view = &decision->change->names;
	const struct record *found = names_find_record(view, text);
	char spelled[UNIQUE_ID_MAX + 1];

	unique_id_canonize(text, spelled);
	if (!found)
		found = names_find_record(view, spelled);
	if (found)
		return found->id;
	found = names_next_alike(view, text, NULL);
	return found && !names_next_alike(view, text, found) ? found->id : NULL;
}

const char *decision_take_id(struct decision *decision, const char *text)
{
	const char *known = NULL;

	if (!names_find_record(&decision->change->names, text))
		known = decision_find_id(decision, text);
	if (!known)
		known = decision_find_remembered(decision, text);
	if (known)
		return known;
	unique_id_canonize(text, decision->taken);
	return decision->taken;
}

static int fail_without_id(struct decision *decision, const struct device *device, int unknown)
{
	_cleanup_strbuf_ struct strbuf others = STRBUF_INIT;

	/* Of a query it is unknown, whatever the reason. */
	if (unknown == -ENOENT && device->is_unshared && decision->env->cannot_share) {
		decision->env->explain(decision->env->elsewhere, decision->why);
		return -EROFS;
	}
	for (size_t i = 0; device->kind != DEVICE_VOLUME && i < device->identity_count; i++)
		strbuf_add_format(&others, "%s%s", i ? " " : "; it has no name of its own but ",
			device->identities[i].text);
	return decision_fail(decision, unknown, "%s is no volume: %s%s", device->node,
		device->reason ? device->reason : "it has nothing to address",
		others.len ? strbuf_text(&others) : "");
}

const struct device *decision_find_held_back(const struct decision *decision, const char *id)
{
	const struct volumes *volumes = &decision->manager->volumes;

	if (decision->manager->share == SHARE_OFF ||
		names_find_record(&decision->change->names, id) || volumes_find_holder(volumes, id))
		return NULL;
	map_for_each (&volumes->by_name, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		if (device->is_unshared && has_identity(device, id))
			return device;
	}
	return NULL;
}

int decision_check_held_back(struct decision *decision, const char *id)
{
	const struct device *device = decision_find_held_back(decision, id);

	return device ? fail_without_id(decision, device, -ENOENT) : 0;
}

static int resolve_id(struct decision *decision, const char *text, int unknown, const char **ret_id)
{
	const char *id = decision_find_id(decision, text);

	if (!id && unknown == -ENOENT) {
		int r = decision_check_held_back(decision, text);

		if (r < 0)
			return r;
	}
	if (!id)
		return decision_fail(decision, unknown, "no volume has the unique ID %s", text);
	*ret_id = id;
	return 0;
}

/* By what tells a disk or a member from all others; clones and the like have no such thing. */
static int resolve_no_volume(
	struct decision *decision, const struct device *device, int unknown, const char **ret_id)
{
	const char *id = device_get_own_id(device);

	if (!id || device->kind == DEVICE_VOLUME || device->kind == DEVICE_NOTHING ||
		!volumes_find_holder(&decision->manager->volumes, id))
		return fail_without_id(decision, device, unknown);
	*ret_id = id;
	return 0;
}

/*
 * The one volume that has a label: labels are what people give, and several may have the same. A
 * partition's is that of the partition, where no volume has it; the others are of the content.
 */
static int resolve_label(struct decision *decision, const char *text, const char **ret_id)
{
	const struct device *device;
	int r = find_only(decision, text, true, &device);

	if (r == 0 && !device)
		r = find_only(decision, text, false, &device);
	if (r < 0)
		return r;
	if (!device)
		return decision_fail(decision, -ENOENT, "no volume has %s", text);
	if (!device->id && text[0] == 'P')
		return resolve_no_volume(decision, device, -ENOENT, ret_id);
	if (!device->id)
		return fail_without_id(decision, device, -ENOENT);
	*ret_id = device->id;
	return 0;
}

static int resolve_device(
	struct decision *decision, const struct volume_ref *ref, int unknown, const char **ret_id)
{
	const struct device *device;

	if (is_label(ref->text) && !ref->number && !ref->is_shown)
		return resolve_label(decision, ref->text, ret_id);
	device = decision_find_device(decision, ref);
	if (device && device->id) {
		*ret_id = device->id;
		return 0;
	}
	if (device)
		return resolve_no_volume(decision, device, unknown, ret_id);
	if (ref->has_no_key)
		return decision_fail(decision, -EINVAL,
			"'%s' is neither a device nor a unique ID; a link of this form needs its "
			"key, link=",
			ref->text);
	if (ref->is_word)
		return decision_fail(decision, -EINVAL,
			"'%s' is neither a device, nor a unique ID, nor a link", ref->text);
	return decision_fail(decision, unknown, "no volume is known as '%s'", ref->text);
}

/* Finds the unique ID of the volume a client means; `unknown` is the error for there being none. */
static int resolve_volume(
	struct decision *decision, const struct volume_ref *ref, int unknown, const char **ret_id)
{
	char plain[LINK_PATH_MAX];
	const char *path = get_link_path(decision, ref, plain);
	const struct link *link = path ? decision_find_link(decision, path) : NULL;

	if (path && !link)
		return decision_fail_link(decision, unknown, path);
	if (!path)
		return ref->kind == VOLUME_BY_ID ? resolve_id(decision, ref->text, unknown, ret_id)
						 : resolve_device(decision, ref, unknown, ret_id);
	*ret_id = link->record->id;
	return 0;
}

/* Whether both are identities of one device, or the same. */
static bool is_of_same_device(const struct decision *decision, const char *a, const char *b)
{
	const struct volumes *volumes = &decision->manager->volumes;
	const struct device *device = volumes_find_holder(volumes, a);

	return strcmp(a, b) == 0 || (device && device == volumes_find_holder(volumes, b));
}

/* Checks what the request says of the volume; `ret_id` is NULL if it says nothing. */
int decision_select_by_triple(struct decision *decision, int unknown, const char **ret_id)
{
	const struct request *request = decision->request;
	const char *by_id = NULL, *by_device = NULL;
	int r;

	if (request->given & KEY_BIT(KEY_ID)) {
		r = resolve_id(decision, request->id, unknown, &by_id);
		if (r < 0)
			return r;
	}
	if (request->given & KEY_BIT(KEY_DEVICE)) {
		r = resolve_volume(decision, &request->device, unknown, &by_device);
		if (r < 0)
			return r;
		if (by_id && !is_of_same_device(decision, by_id, by_device))
			return decision_fail(
				decision, -EINVAL, "the device has the unique ID %s", by_device);
	}
	*ret_id = by_id ? by_id : by_device;
	return 0;
}

const struct device *decision_find_named(const struct decision *decision)
{
	const struct volume_ref *ref = &decision->request->device;
	char plain[LINK_PATH_MAX];
	const char *path = get_link_path(decision, ref, plain);
	const struct link *link = path ? decision_find_link(decision, path) : NULL;
	const char *id;

	if (path)
		return link ? manager_find_device(
				      decision->manager, &decision->change->names, link->record->id)
			    : NULL;
	if (ref->kind != VOLUME_BY_ID)
		return decision_find_device(decision, ref);
	id = decision_find_id(decision, ref->text);
	return id ? volumes_find_holder(&decision->manager->volumes, id) : NULL;
}

/* What all of link=, id= and device= name, volume or not. */
static int select_any(struct decision *decision, const char **ret_id)
{
	const struct request *request = decision->request;
	const struct link *link;
	int r = decision_select_by_triple(decision, -ENOENT, ret_id);

	if (r < 0 || !(request->given & KEY_BIT(KEY_LINK)))
		return r;
	link = decision_find_link(decision, request->link.path);
	if (!link)
		return decision_fail_link(decision, -ENOENT, request->link.path);
	if (*ret_id && strcmp(*ret_id, link->record->id) != 0)
		return decision_fail(
			decision, -EINVAL, "%s is a link of %s", link->path, link->record->id);
	*ret_id = link->record->id;
	return 0;
}

int decision_check_volume(struct decision *decision, const char *id, int error)
{
	const struct volumes *volumes = &decision->manager->volumes;
	const struct device *holder = volumes_find_holder(volumes, id);

	if (!holder || is_same_text(holder->id, id))
		return 0;
	if (holder->id)
		return decision_fail(decision, error,
			"%s is an identity of %s, which as a volume is %s", id, holder->node,
			holder->id);
	return decision_fail(decision, error, "%s is an identity of %s, which is no volume: %s", id,
		holder->node, holder->reason);
}

/* A name of another identity of its device means the volume, too. */
static int take_volume(struct decision *decision, const char **id)
{
	const struct device *holder = volumes_find_holder(&decision->manager->volumes, *id);

	if (holder && holder->id)
		*id = holder->id;
	return decision_check_volume(decision, *id, -ENOENT);
}

int decision_select_device(struct decision *decision, const char **ret_id)
{
	int r = resolve_volume(decision, &decision->request->device, -ENOENT, ret_id);

	return r < 0 ? r : take_volume(decision, ret_id);
}

int decision_select_volume(struct decision *decision, const char **ret_id)
{
	int r = select_any(decision, ret_id);

	return r < 0 || !*ret_id ? r : take_volume(decision, ret_id);
}

int decision_select_known(struct decision *decision, const char **ret_id)
{
	const struct request *request = decision->request;
	unsigned int named = KEY_BIT(KEY_LINK) | KEY_BIT(KEY_ID) | KEY_BIT(KEY_DEVICE);

	*ret_id = (request->given & named) == KEY_BIT(KEY_ID)
		? decision_find_remembered(decision, request->id)
		: NULL;
	return *ret_id ? take_volume(decision, ret_id) : decision_select_volume(decision, ret_id);
}

/* The one ID that the request gives, directly or by a link that may not show, or NULL. */
static const char *get_given_id(const struct decision *decision)
{
	const struct request *request = decision->request;
	const struct volume_ref *device = &request->device;
	unsigned int given =
		request->given & (KEY_BIT(KEY_LINK) | KEY_BIT(KEY_ID) | KEY_BIT(KEY_DEVICE));
	char plain[LINK_PATH_MAX];
	const char *path = NULL;
	const struct link *link;

	if (given == KEY_BIT(KEY_ID))
		return decision_find_remembered(decision, request->id);
	if (given == KEY_BIT(KEY_DEVICE) && device->kind == VOLUME_BY_ID)
		return decision_find_remembered(decision, device->text);
	if (given == KEY_BIT(KEY_LINK))
		path = request->link.path;
	else if (given == KEY_BIT(KEY_DEVICE))
		path = get_link_path(decision, device, plain);
	link = path ? names_find_link(&decision->change->names, path) : NULL;
	return link ? link->record->id : NULL;
}

int decision_select_awaited(struct decision *decision, const char **ret_id)
{
	const char *id = get_given_id(decision);
	const struct record *record = id ? names_find_record(&decision->change->names, id) : NULL;

	if (record && (!record->last_seen || decision->request->given & KEY_BIT(KEY_ABSENT))) {
		*ret_id = record->id;
		return 0;
	}
	return select_any(decision, ret_id);
}

void decision_add_entry(
	struct decision *decision, const char *operation, const char *path, const char *id)
{
	struct triple triple = { path, id, id ? decision_get_node(decision, id) : NULL };

	change_add_entry(decision->change, decision->manager, decision->env, operation, &triple);
}

void decision_set_mark(struct decision *decision, const char *id, bool no_drive_letter)
{
	const struct record *record = names_find_record(&decision->change->names, id);

	if (record && record->no_drive_letter != no_drive_letter)
		names_edit_record(&decision->change->names, id)->no_drive_letter = no_drive_letter;
}
