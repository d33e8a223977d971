/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts committed changes in place, and notes what that touched for those who show the state. Cannot
 * fail: whatever can is done when a change is decided.
 */

#include <string.h>
#include <strings.h>

#include "core/model/filesystem.h"
#include "core/model/hosting.h"
#include "core/model/mount_points.h"
#include "core/rules/apply.h"
#include "core/rules/deletion.h"

static void touch_target(
	struct touched *touched, const struct names *view, const struct mount_point *point)
{
	const struct link *link = point ? names_find_link(view, point->volume) : NULL;

	if (link)
		touched_add_id(touched, link->record->id, false);
}

/* The paths of volumes that have mount points on a host are others, or may be. */
static void touch_hosted(struct touched *touched, const struct manager *manager, const char *host)
{
	_cleanup_free_ const struct mount_point **points = NULL;
	size_t count;

	if (!manager->names.mount_points.count)
		return;
	count = mount_points_get(&manager->names, &points);
	for (size_t i = 0; i < count; i++)
		if (strcmp(points[i]->host, host) == 0)
			touch_target(touched, &manager->names, points[i]);
}

static void note_point(struct touched *touched, const struct manager *manager,
	const struct names *view, const struct mount_point *point, enum event_kind kind)
{
	const struct link *link = names_find_link(view, point->volume);
	_cleanup_free_ char *path = hosting_describe(manager, point);

	events_add(&touched->events,
		&(struct event){
			.kind = kind,
			.link = link ? (char *)link->path : point->volume,
			.id = link ? link->record->id : NULL,
			.path = path,
			.reason = (char *)point->reason,
		});
}

static void touch_points(
	struct touched *touched, const struct manager *manager, const struct change *change)
{
	map_for_each (&change->names.mount_points, node, next) {
		const struct mount_point *point = container_of(node, struct mount_point, by_place);
		const struct mount_point *before =
			mount_points_find(&manager->names, point->host, point->path);
		bool is_same = before && !point->is_removed &&
			strcasecmp(before->volume, point->volume) == 0;

		touch_target(touched, &manager->names, before);
		touch_target(touched, &change->names, point->is_removed ? NULL : point);
		if (before && !is_same) {
			struct mount_point deleted = *before;

			deleted.reason = point->is_removed ? point->reason : NULL;
			note_point(touched, manager, &manager->names, &deleted,
				EVENT_MOUNT_POINT_DELETED);
		}
		if (!point->is_removed && !is_same)
			note_point(
				touched, manager, &change->names, point, EVENT_MOUNT_POINT_CREATED);
	}
}

/* The volume that stands for all devices of a filesystem shows how many of them are here. */
static void touch_filesystem(struct touched *touched, const struct device *device)
{
	char id[UNIQUE_ID_MAX + 1];

	if (device->uuid_sub && unique_id_format(ID_UUID, device->identity[ID_UUID], 0, id))
		touched_add_id(touched, id, true);
}

/* The names of an identity lead elsewhere, or nowhere. */
static void touch_identity(struct touched *touched, const struct names *view, const char *id)
{
	const struct record *record = names_find_record(view, id);

	if (record && names_is_of_identity(view, record))
		touched_add_id(touched, id, true);
}

static void touch_device(struct touched *touched, const struct manager *manager, const char *name)
{
	const struct device *device = volumes_find_name(&manager->volumes, name);

	touched_add_device(touched, name);
	if (device)
		touch_filesystem(touched, device);
	if (device && device->id) {
		touched_add_id(touched, device->id, true);
		touch_hosted(touched, manager, device->id);
	}
}

/* Lists what the change is about to touch; the state is still the one before. */
static void touch_change(
	struct touched *touched, const struct manager *manager, const struct change *change)
{
	index_for_each (&change->names.links, const struct link, link) {
		const char *path = link->path;
		const struct link *before = names_find_link(&manager->names, path);

		touched_add_link(touched, path);
		if (before && strcmp(before->path, path) != 0)
			touched_add_link(touched, before->path);
	}
	map_for_each (&change->names.records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);
		const char *id = record->id;
		bool is_moved = manager_shows(manager, &manager->names, id) !=
				manager_shows(manager, &change->names, id) ||
			manager_find_device(manager, &manager->names, id) !=
				manager_find_device(manager, &change->names, id);

		if (record->drops_links)
			touched_add_dropped(touched, id);
		if (is_moved || record->is_edited) /* an absent volume may be kept no longer */
			touched_add_id(touched, id, is_moved);
		else
			touched_add_linked(touched, id);
	}
	for (size_t i = 0; i < change->volumes.gones; i++)
		touch_device(touched, manager, change->volumes.gone[i]);
	for (size_t i = 0; i < change->volumes.puts; i++) {
		touch_device(touched, manager, change->volumes.put[i]->name);
		touch_filesystem(touched, change->volumes.put[i]);
	}
	for (size_t i = 0; i < change->volumes.assignment_count; i++) {
		const struct assignment *assignment = &change->volumes.assignments[i];

		touched_add_device(touched, assignment->device->name);
		if (assignment->id) {
			touched_add_id(touched, assignment->id, true);
			touch_hosted(touched, manager, assignment->id);
		}
	}
	map_for_each (&change->volumes.holdings, node, next) {
		const char *id = container_of(node, struct holding, by_id)->id;

		touch_identity(touched, &manager->names, id);
		touch_identity(touched, &change->names, id);
	}
	touch_points(touched, manager, change);
	touched->has_changed =
		change_has_rows(change) || touched->link_count || touched->device_count;
}

void apply_kept(const struct manager *manager, struct touched *ret_touched)
{
	*ret_touched = (struct touched){ 0 };
	map_for_each (&manager->names.records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);

		if (record->keep_links)
			touched_add_id(ret_touched, record->id, true);
	}
}

/* Devices that the tree does not show: says of each once why. The state is still the one before. */
static void note_devices(
	struct events *events, const struct manager *manager, const struct change *change)
{
	for (size_t i = 0; i < change->volumes.assignment_count; i++) {
		const struct assignment *assignment = &change->volumes.assignments[i];
		const struct device *device = assignment->device;
		const struct device *before = volumes_find_name(&manager->volumes, device->name);
		bool is_duplicate = assignment->is_displaced && !assignment->is_barred;
		struct event event = {
			.kind = is_duplicate ? EVENT_DUPLICATE : EVENT_VOLUME_UNPROCESSED,
			.id = assignment->id,
			.device = device->node,
			.reason = assignment->reason,
		};
		bool is_known = before &&
			(is_duplicate ? before->is_displaced && !before->is_barred
				      : is_same_text(before->reason, event.reason));

		if (is_known || assignment->kind == DEVICE_DISK ||
			assignment->kind == DEVICE_MEMBER)
			continue; /* which are what they are meant to be */
		if (is_duplicate || event.reason)
			events_add(events, &event);
	}
}

static void add_departure(struct manager *manager, const struct device *device, const char *id)
{
	manager->departures =
		xgrow(manager->departures, manager->departure_count, sizeof(*manager->departures));
	manager->departures[manager->departure_count++] = (struct departure){
		.id = xstrdup(id),
		.node = xstrdup(device->node),
		.name = xstrdup(device->name),
	};
}

static void add_arrivals(struct manager *manager, const struct volumes_change *change)
{
	for (size_t i = 0; i < change->assignment_count; i++) {
		if (!change->assignments[i].id)
			continue;
		manager->arrivals = xgrow(
			manager->arrivals, manager->arrival_count, sizeof(*manager->arrivals));
		manager->arrivals[manager->arrival_count++] = xstrdup(change->assignments[i].id);
	}
}

/* Volumes that are here still, and may be absent once the change is applied. */
static void add_departures(struct manager *manager, const struct volumes_change *change)
{
	for (size_t i = 0; i < change->gones + change->puts; i++) {
		const char *name =
			i < change->gones ? change->gone[i] : change->put[i - change->gones]->name;
		const struct device *device = volumes_find_name(&manager->volumes, name);

		if (device && device->id)
			add_departure(manager, device, device->id);
		for (const struct holding *holding = device ? device->holdings : NULL; holding;
			holding = holding->next)
			if (manager_find_device(manager, &manager->names, holding->id))
				add_departure(manager, device, holding->id);
	}
}

/* Of the departures behind the first `known`, those go that are none after all. */
static void drop_departures(struct manager *manager, size_t known)
{
	size_t count = known;

	for (size_t i = known; i < manager->departure_count; i++) {
		struct departure *departure = &manager->departures[i];

		if (manager_find_device(manager, &manager->names, departure->id)) {
			free(departure->id);
			free(departure->node);
			free(departure->name);
		} else {
			manager->departures[count++] = *departure;
		}
	}
	manager->departure_count = count;
}

void apply_change(struct manager *manager, struct change *change, struct touched *ret_touched)
{
	size_t departures = manager->departure_count;

	*ret_touched = (struct touched){ 0 };
	touch_change(ret_touched, manager, change);
	note_devices(&ret_touched->events, manager, change);
	manager->epic = change_get_epic(change, manager);
	for (size_t i = change_get_first_entry(change); i < change->entry_count; i++)
		history_add(&manager->history, change->entries[i]);
	change->entry_count = 0;
	for (size_t i = 0; i < ARRAY_SIZE(change->renamed); i++)
		ret_touched->renamed[i] = steal_ptr(change->renamed[i]);
	ret_touched->host = steal_ptr(change->host);
	manager->gives_letters |= change->gives_letters;
	if (change->has_devices) {
		manager->owes_holders = change->is_unwritten;
		manager->awaits_others = change->awaits_others;
	}
	events_move(&ret_touched->events, &change->events);
	names_merge(&manager->names, &change->names);
	add_departures(manager, &change->volumes);
	add_arrivals(manager, &change->volumes);
	volumes_apply(&manager->volumes, &change->volumes);
	drop_departures(manager, departures);
	deletion_apply(manager, change);
}

bool apply_gone(struct manager *manager, const char *name, const struct device *now,
	struct touched *touched)
{
	const struct device *device = volumes_note_gone(&manager->volumes, name, now);

	if (!device)
		return false;
	if (device->id) {
		touched_add_id(touched, device->id, true);
		touch_hosted(touched, manager, device->id);
	}
	for (const struct holding *holding = device->holdings; holding; holding = holding->next)
		touch_identity(touched, &manager->names, holding->id);
	return true;
}

static bool is_same_mounts(const struct volumes *volumes, const struct mounts *a,
	const struct mounts *b, const struct device *device)
{
	const struct mount *mount_a = NULL, *mount_b = NULL;

	do {
		mount_a = filesystem_next_mount(volumes, a, device, mount_a);
		mount_b = filesystem_next_mount(volumes, b, device, mount_b);
		if (mount_a && mount_b &&
			(mount_a->is_whole != mount_b->is_whole ||
				strcmp(mount_a->path, mount_b->path) != 0))
			return false;
	} while (mount_a && mount_b);
	return !mount_a && !mount_b;
}

void apply_mounts(struct manager *manager, struct mounts *mounts, struct touched *ret_touched)
{
	*ret_touched = (struct touched){ 0 };
	map_for_each (&manager->volumes.by_id, node, next) {
		const struct device *device = container_of(node, struct device, by_id);

		if (is_same_mounts(&manager->volumes, &manager->mounts, mounts, device))
			continue;
		touched_add_id(ret_touched, device->id, false);
		touch_hosted(ret_touched, manager, device->id);
	}
	map_for_each (&manager->volumes.holdings, node, next) {
		const struct holding *holding = container_of(node, struct holding, by_id);

		if (manager_find_device(manager, &manager->names, holding->id) &&
			!is_same_mounts(
				&manager->volumes, &manager->mounts, mounts, holding->device))
			touched_add_id(ret_touched, holding->id, false);
	}
	mounts_fini(&manager->mounts);
	manager->mounts = *mounts;
	*mounts = (struct mounts){ 0 };
}
