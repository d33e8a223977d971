/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of the operations on a volume as such: its drive letter, its paths, its staying and
 * going.
 */

#include <errno.h>
#include <string.h>

#include "core/model/hosting.h"
#include "core/model/volume_name.h"
#include "core/rules/devices.h"
#include "core/rules/identity_names.h"
#include "core/rules/letters.h"
#include "core/rules/mounted.h"
#include "core/rules/volume.h"
#include "core/syntax/link_name.h"

int volume_decide_next_drive_letter(struct decision *decision)
{
	struct letter letter;
	const char *id;
	int r = decision_select_volume(decision, &id);

	if (r < 0)
		return r;
	letter = letters_assign(
		decision->manager, decision->env, id, "next_drive_letter", decision->change);
	reply_add_letter(decision->reply, letter.value, letter.is_new);
	return 0;
}

int volume_decide_auto_dl_assignments(struct decision *decision)
{
	const struct map *present = &decision->manager->volumes.by_id;
	_cleanup_free_ struct applicant *list = xcalloc(present->count, sizeof(*list));
	size_t count = 0;

	map_for_each (present, node, next) {
		const struct device *device = container_of(node, struct device, by_id);

		list[count++] = (struct applicant){ device, device->id };
	}
	applicants_sort(list, count);
	decision->change->gives_letters = true;
	letters_assign_all(decision->manager, decision->env, list, count, decision->change);
	return 0;
}

int volume_decide_keep_links(struct decision *decision)
{
	struct names *names = &decision->change->names;
	bool is_on = decision->request->is_kept;
	const struct record *record;
	struct record *edited;
	const char *id, *node;
	int r = decision_select_awaited(decision, &id);

	if (r < 0)
		return r;
	record = names_find_record(names, id);
	if (record ? record->keep_links == is_on : !is_on)
		return 0;
	r = identity_names_prepare(decision, id);
	if (r < 0)
		return r;
	node = decision_get_node(decision, id);
	decision_add_entry(decision, "keep_links_when_offline", NULL, id);
	edited = names_edit_record(names, id);
	edited->keep_links = is_on;
	devices_decide_holder(decision->manager, decision->env, id, decision->change);
	if (is_on && node && !is_same_text(edited->fingerprint.node, node)) {
		free(edited->fingerprint.node);
		edited->fingerprint.node = xstrdup(node);
	}
	if (!is_on && !decision_get_node(decision, id))
		names_remove_unrecorded(names, id); /* it has gone just now, as its links see it */
	return 0;
}

/* Discovery has looked at the device by now. */
int volume_decide_arrival(struct decision *decision)
{
	const char *id;
	int r;

	if (mounted_is_meant(decision->manager, &decision->request->device))
		return mounted_decide_arrival(decision);
	if (decision->request->given & KEY_BIT(KEY_SUGGESTED))
		return decision_fail(decision, -EINVAL,
			"suggested= is for what is mounted and no block device, which %s is not",
			decision->request->device.text);
	r = decision_select_volume(decision, &id);

	if (r == 0 && !volumes_find_id(&decision->manager->volumes, id))
		return decision_fail(decision, -ENOENT, "%s is not present", id);
	return r;
}

int volume_decide_removal(struct decision *decision)
{
	struct volumes_change *volumes = &decision->change->volumes;
	const struct device *device;
	int r = decision_select_present(decision, &device);

	if (r == 0 && volumes_change_concerns(volumes, device->name))
		r = decision_fail(decision, -ENOENT, "%s is present no more", device->node);
	if (r < 0)
		return r;
	mounted_decide_removal(device, decision->change);
	volumes_change_remove(volumes, device->name);
	volumes->dismisses |= !mounted_is_device(device);
	return 0;
}

/* Adds one path; true when no more are wanted. */
static bool add_path(struct decision *decision, const char *path, bool is_first_only)
{
	reply_add_path(decision->reply, path);
	return is_first_only;
}

/* What its label suggests for a link, whether or not this machine takes suggestions. */
static bool get_suggestion(
	const struct decision *decision, const char *id, struct link_name *ret_name)
{
	const struct device *device = volumes_find_id(&decision->manager->volumes, id);
	const char *label = device ? device_get_suggestion(device) : NULL, *why;
	_cleanup_free_ char *path = NULL;

	if (!label)
		return false;
	path = xasprintf(LINK_FOLDER_DOS_DEVICES "%s", label);
	return link_name_parse(path, strlen(path), ret_name, &why) == 0;
}

int volume_decide_query(struct decision *decision)
{
	struct reply_item item = { .kind = ITEM_VOLUME };
	struct link_name suggestion;
	const struct link *link;
	int r = decision_select_volume(decision, &item.id);

	if (r < 0)
		return r;
	item.node = decision_get_node(decision, item.id);
	link = volume_name_find(&decision->change->names, item.id);
	item.link = link ? link->path : NULL;
	if (get_suggestion(decision, item.id, &suggestion))
		item.path = suggestion.path;
	reply_add_volume(decision->reply, &item);
	return 0;
}

/* The volume name: better than nothing for who asks for one path. */
static int add_volume_name(struct decision *decision, const char *id)
{
	const struct link *link = volume_name_find(&decision->change->names, id);

	if (link) {
		reply_add_volume_path(decision->reply, link->path);
		return 0;
	}
	decision->reply->is_nameless = true;
	return decision_fail(decision, -ENOENT, "%s has no path and no volume name", id);
}

int volume_decide_query_paths(struct decision *decision)
{
	bool is_first_only = decision->request->operation->kind == OP_QUERY_DOS_VOLUME_PATH;
	_cleanup_paths_ struct paths paths = { 0 };
	const struct record *record;
	const char *id;
	int r = decision_select_volume(decision, &id);

	if (r < 0)
		return r;
	record = names_find_record(&decision->change->names, id);
	if (record && record->letter &&
		add_path(decision, (char[]){ record->letter, ':', '\0' }, is_first_only))
		return 0;
	hosting_get_paths(decision->manager, &decision->change->names, id, &paths);
	for (size_t i = 0; i < paths.count; i++)
		if (add_path(decision, paths.list[i], is_first_only))
			return 0;
	return is_first_only ? add_volume_name(decision, id) : 0;
}

int volume_decide_no_drive_letter(struct decision *decision)
{
	struct names *names = &decision->change->names;
	bool is_on = decision->request->is_on;
	const struct record *record;
	const char *id;
	int r = decision_select_known(decision, &id);

	if (r < 0)
		return r;
	record = names_find_record(names, id);
	if (record->no_drive_letter == is_on)
		return 0;
	if (is_on && record->letter)
		return decision_fail(
			decision, -EINVAL, "%s has the drive letter %c:", id, record->letter);
	decision_add_entry(
		decision, is_on ? "no_drive_letter on" : "no_drive_letter off", NULL, id);
	names_edit_record(names, id)->no_drive_letter = is_on;
	return 0;
}

int volume_decide_auto_mount(struct decision *decision)
{
	struct names *names = &decision->change->names;
	bool is_off = !decision->request->is_on;

	if (names_is_auto_mount_off(names) == is_off)
		return 0;
	names_set_auto_mount_off(names, is_off);
	decision_add_entry(decision, is_off ? "auto_mount off" : "auto_mount on", NULL, NULL);
	return 0;
}
