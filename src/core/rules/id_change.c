/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that follow a partition to the unique ID that it got with a new file system.
 *
 * Names wait for their ID unless the user says that the partition is what they mean: in a request,
 * or for all partitions by an option.
 */

#include <errno.h>
#include <string.h>

#include "core/model/mount_points.h"
#include "core/rules/id_change.h"

/* Whether a record of before the change is of a volume that was on the partition and is absent. */
static bool was_on(const struct manager *manager, const struct change *change,
	const struct record *record, const char *partuuid)
{
	return is_same_text(record->fingerprint.value[ID_PARTUUID], partuuid) &&
		names_find_record(&change->names, record->id) &&
		!volumes_change_find_id(&manager->volumes, &change->volumes, record->id);
}

/* The partition itself, which shows while it is empty, is found if nothing else was there. */
int id_change_find(const struct manager *manager, const struct change *change,
	const struct device *device, const char **ret_id)
{
	const char *partuuid = device->identity[ID_PARTUUID], *found = NULL, *partition = NULL;
	char empty[UNIQUE_ID_MAX + 1];

	if (!unique_id_format(ID_PARTUUID, partuuid, device->partition, empty))
		return -ENOENT;
	map_for_each (&manager->names.records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);

		if (!was_on(manager, change, record, partuuid))
			continue;
		if (strcmp(record->id, empty) == 0) {
			partition = record->id;
			continue;
		}
		if (found)
			return -EINVAL;
		found = record->id;
	}
	if (!found)
		found = partition;
	*ret_id = found;
	return found ? 0 : -ENOENT;
}

void id_change_move(
	struct change *change, const struct manager_env *env, const char *from, const char *to)
{
	struct names *names = &change->names;
	_cleanup_free_ char *old = xstrdup(from);
	const struct record *record = names_find_record(names, old);
	bool no_drive_letter = record->no_drive_letter, keep_links = record->keep_links;
	const struct link *link;
	struct record *edited;

	while ((link = names_next_link(names, old, NULL))) {
		_cleanup_free_ char *path = xstrdup(link->path);

		if (link->is_unrecorded)
			names_remove_link(names, path);
		else
			names_set_link(names, path, to, env->now);
	}
	mount_points_move(names, old, to);
	names_remove_record(names, old);
	edited = names_edit_record(names, to);
	edited->no_drive_letter |= no_drive_letter && !edited->letter;
	edited->keep_links |= keep_links;
}

/* The ID whose names shall move: that given, or the one that the database has for the partition. */
static int select_old(struct decision *decision, const struct device *device, const char **ret_id)
{
	const struct request *request = decision->request;
	int r;

	if (request->given & KEY_BIT(KEY_ID)) {
		if (!names_find_record(&decision->change->names, request->id))
			return decision_fail(
				decision, -ENOENT, "nothing is known of %s", request->id);
		if (volumes_find_id(&decision->manager->volumes, request->id))
			return decision_fail(decision, -EEXIST, "%s is present", request->id);
		*ret_id = request->id;
		return 0;
	}
	r = id_change_find(decision->manager, decision->change, device, ret_id);
	if (r == -EINVAL)
		decision_fail(decision, r,
			"several volumes were on the partition of %s: give id=", device->node);
	else if (r < 0)
		decision_fail(decision, r,
			"no absent volume is known to have been on the partition of %s",
			device->node);
	return r;
}

int id_change_decide(struct decision *decision)
{
	const struct names *names = &decision->change->names;
	const struct device *device;
	const char *old = NULL, *id;
	int r = decision_select_device(decision, &id);

	if (r < 0)
		return r;
	device = volumes_find_id(&decision->manager->volumes, id);
	if (!device)
		return decision_fail(decision, -ENOENT, "%s is offline", id);
	r = select_old(decision, device, &old);
	if (r < 0)
		return r;
	if (names_find_record(names, old)->letter && names_find_record(names, id)->letter)
		return decision_fail(
			decision, -EINVAL, "%s has a drive letter, and so has %s", id, old);
	id_change_move(decision->change, decision->env, old, id);
	decision_add_entry(decision, "unique_id_changed", NULL, id);
	return 0;
}
