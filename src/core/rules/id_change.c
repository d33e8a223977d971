/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that follow a device to the unique ID that it got with new content.
 *
 * While mmfs looks on, the kernel's number of the medium tells that it is the same device; after a
 * restart a partition is known by its entry in the table. Names never follow onto an ID that is
 * known already, nor away from one that is present elsewhere: these are volumes of their own. Nor
 * to a stranger that has nothing but a PARTUUID: that is as easy to write as any other.
 */

#include <errno.h>
#include <string.h>

#include "core/model/filesystem.h"
#include "core/model/mount_points.h"
#include "core/rules/id_change.h"
#include "core/rules/stranger.h"
#include "core/syntax/link_name.h"

/* Whether a record of before the change is of a volume that was on the partition and is absent. */
static bool was_on(const struct manager *manager, const struct change *change,
	const struct record *record, const struct device *device)
{
	return is_same_text(
		       record->fingerprint.value[ID_PARTUUID], device->identity[ID_PARTUUID]) &&
		!stranger_is_other_partition(&record->fingerprint, device) &&
		names_find_record(&change->names, record->id) &&
		!names_is_of_identity(&manager->names, record) &&
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

		if (!was_on(manager, change, record, device))
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

static bool has_identity(const struct device *device, const char *id)
{
	char own[UNIQUE_ID_MAX + 1];

	for (size_t i = 0; i < ID_SCHEMES; i++)
		if (unique_id_format(
			    (enum id_scheme)i, device->identity[i], device->partition, own) &&
			strcmp(own, id) == 0)
			return true;
	return false;
}

/* Whether a device beside this one has an identity, present under it or not: a copy. */
static bool has_twin(const struct manager *manager, const struct change *change,
	const struct device *device, const char *id)
{
	const struct volumes_change *volumes = &change->volumes;

	for (size_t i = 0; i < volumes->puts; i++)
		if (strcmp(volumes->put[i]->name, device->name) != 0 &&
			has_identity(volumes->put[i], id))
			return true;
	map_for_each (&manager->volumes.by_name, node, next) {
		const struct device *other = container_of(node, struct device, by_name);

		if (strcmp(other->name, device->name) != 0 && has_identity(other, id) &&
			volumes_change_find_name(&manager->volumes, volumes, other->name) == other)
			return true;
	}
	return false;
}

/*
 * The kernel may have a filesystem of several devices in use that this one was taken out of, on
 * devices that mmfs does not look at.
 */
static bool is_in_use_without(
	const struct manager_env *env, const struct device *device, const char *id)
{
	const char *uuid = strncmp(id, "UUID=", 5) == 0 ? id + 5 : NULL;

	return uuid && manager_env_has_without(env, uuid, device->name);
}

/* Whether what was known under an ID is elsewhere, as far as anybody can tell. */
static bool is_elsewhere(const struct manager *manager, const struct manager_env *env,
	const struct change *change, const struct device *device, const char *id)
{
	return has_twin(manager, change, device, id) || is_in_use_without(env, device, id);
}

/* What the device was while mmfs looked on. */
static const char *find_former(
	const struct manager *manager, const struct change *change, const struct device *device)
{
	const struct device *before = volumes_find_before(&manager->volumes, device->name);
	const char *former = device->former;

	if (before != device && device_is_same(before, device))
		former = before->id ? before->id : before->former;
	return former && names_find_record(&change->names, former) ? former : NULL;
}

/* Whether names may come to `id`: something that is known under it has names of its own. */
static bool can_take(const struct manager *manager, const char *id)
{
	const struct record *record = names_find_record(&manager->names, id);

	return manager->follow != FOLLOW_OFF &&
		(!record || names_is_of_identity(&manager->names, record));
}

const char *id_change_follow_in_place(const struct manager *manager, const struct manager_env *env,
	const struct change *change, const struct device *device, const char *id)
{
	const char *former = find_former(manager, change, device);

	if (!former || !can_take(manager, id) || manager->follow != FOLLOW_ON ||
		strcmp(former, id) == 0 || is_elsewhere(manager, env, change, device, former))
		return NULL;
	return former;
}

const char *id_change_follow_entry(const struct manager *manager, const struct manager_env *env,
	const struct change *change, const struct device *device, const char *id)
{
	const char *found = NULL;
	char entry[UNIQUE_ID_MAX + 1];

	if (!can_take(manager, id) ||
		(manager->follow == FOLLOW_ON && find_former(manager, change, device)))
		return NULL;
	if (id_change_find(manager, change, device, &found) < 0 ||
		stranger_is(manager->strangers, names_find_record(&change->names, found), device) ||
		is_elsewhere(manager, env, change, device, found))
		return NULL;
	unique_id_format(ID_PARTUUID, device->identity[ID_PARTUUID], device->partition, entry);
	return has_twin(manager, change, device, entry) ? NULL : found;
}

bool id_change_is_founder(const struct manager *manager, const struct device *owner, const char *id)
{
	const struct device *before = volumes_find_before(&manager->volumes, owner->name);

	if (!device_has_members(owner))
		return false;
	return !names_find_record(&manager->names, id) ||
		(device_is_same(before, owner) && before->is_founder &&
			is_same_text(before->id ? before->id : before->former, id));
}

/* What is mounted is made already: others are added to it. */
static bool is_founding(const struct manager *manager, const struct device *owner, const char *id)
{
	return id_change_is_founder(manager, owner, id) &&
		filesystem_is_incomplete(&manager->volumes, owner) &&
		!filesystem_is_mounted(&manager->volumes, &manager->mounts, owner);
}

static bool has_names_of_its_own(const struct names *names, const char *id)
{
	const struct record *record = names_find_record(names, id);
	const struct link *link = NULL;

	while ((link = names_next_link(names, id, link)) && link_name_is_volume(link->path))
		;
	return link || (record && (record->keep_links || record->letter));
}

const char *id_change_follow_filesystem(const struct manager *manager,
	const struct manager_env *env, const struct change *change, const struct device *device,
	const char **ret_id)
{
	const char *former = find_former(manager, change, device);
	const struct device *owner;
	char id[UNIQUE_ID_MAX + 1];

	if (!former || !device->uuid_sub || manager->follow != FOLLOW_ON ||
		!unique_id_format(ID_UUID, device->identity[ID_UUID], 0, id) ||
		strcmp(former, id) == 0)
		return NULL;
	owner = volumes_change_find_id(&manager->volumes, &change->volumes, id);
	if (!owner || owner == device || !device_is_of_same_filesystem(owner, device) ||
		!is_founding(manager, owner, id) || has_names_of_its_own(&change->names, id) ||
		is_elsewhere(manager, env, change, device, former))
		return NULL;
	*ret_id = device_get_identity(device, ID_UUID);
	return former;
}

void id_change_note(const struct manager *manager, struct change *change,
	const struct manager_env *env, const struct device *device, const char *from,
	const char *to)
{
	_cleanup_free_ char *reason = xasprintf("it was %s", from);
	struct triple triple = { .id = to, .node = device->node };

	change_add_entry(change, manager, env, "unique_id_changed", &triple);
	events_add(&change->events,
		&(struct event){
			.kind = EVENT_UNIQUE_ID_CHANGED,
			.id = (char *)to,
			.device = device->node,
			.reason = reason,
		});
}

void id_change_move(
	struct change *change, const struct manager_env *env, const char *from, const char *to)
{
	struct names *names = &change->names;
	_cleanup_free_ char *old = xstrdup(from);
	const struct record *record = names_find_record(names, old);
	bool no_drive_letter = record->no_drive_letter, keep_links = record->keep_links;
	bool is_shared = record->is_shared;
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
	edited->is_shared |= is_shared;
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
	if (manager_env_has_seen(decision->env, names, old))
		return decision_fail(decision, -EEXIST, "other hosts still see %s", old);
	if (names_find_record(names, old)->letter && names_find_record(names, id)->letter)
		return decision_fail(
			decision, -EINVAL, "%s has a drive letter, and so has %s", id, old);
	id_change_move(decision->change, decision->env, old, id);
	decision_add_entry(decision, "unique_id_changed", NULL, id);
	return 0;
}
