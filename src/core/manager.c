/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mount manager: state, and the door through which it changes.
 *
 * A change is first decided (const state in, change out), then committed by whoever calls, then
 * applied. Requests are decided in manager_request.c, devices in manager_devices.c. The state consists of what is
 * remembered (names, history) and what is present (volumes); a link shows while the volume of its
 * unique ID is present, or kept.
 */

#include <string.h>
#include <strings.h>

#include "core/hosting.h"
#include "core/manager_private.h"
#include "core/triples.h"

void manager_init(struct manager *manager, const struct id_order *order)
{
	*manager = (struct manager){ .order = *order, .epic = 1 };
	names_init(&manager->names, NULL);
	history_init(&manager->history);
}

void manager_fini(struct manager *manager)
{
	names_fini(&manager->names);
	volumes_fini(&manager->volumes);
	mounts_fini(&manager->mounts);
	history_fini(&manager->history);
	for (size_t i = 0; i < manager->leaving_count; i++)
		free(manager->leaving[i]);
	free(manager->leaving);
}

void change_init(struct change *change, const struct manager *manager)
{
	*change = (struct change){ 0 };
	names_init(&change->names, &manager->names);
}

void change_fini(struct change *change)
{
	names_fini(&change->names);
	volumes_change_fini(&change->volumes);
	for (size_t i = 0; i < change->entry_count; i++)
		free(change->entries[i]);
	free(change->entries);
	for (size_t i = 0; i < change->mark_count; i++)
		free(change->marks[i].id);
	free(change->marks);
	notices_fini(&change->notices);
	*change = (struct change){ 0 };
}

void change_end_step(struct change *change)
{
	change->steps += change->entry_count > change->ended_entries;
	change->ended_entries = change->entry_count;
}

bool change_has_rows(const struct change *change)
{
	return names_has_rows(&change->names) || change->entry_count;
}

bool change_is_counted(const struct change *change)
{
	return names_has_changes(&change->names);
}

void change_add_entry(struct change *change, const struct manager *manager,
	const struct manager_env *env, const char *operation, const struct triple *triple)
{
	struct history_entry entry = {
		.sequence = manager->history.next_sequence + change->entry_count,
		.time = env->now,
		.epic = manager->epic + change->steps + 1,
		.uid = env->uid,
		.pid = env->pid,
		.operation = operation,
		.link = triple->link,
		.id = triple->id,
		.device = triple->node,
		.command = env->command,
	};

	change->entries = xgrow(change->entries, change->entry_count, sizeof(*change->entries));
	change->entries[change->entry_count++] = history_entry_new(&entry);
}

static void add_text(char ***list, size_t *count, const char *text)
{
	*list = xgrow(*list, *count, sizeof(**list));
	(*list)[(*count)++] = xstrdup(text);
}

static void touch_id(struct touched *touched, const char *id, bool is_moved)
{
	touched->is_moved = xgrow(touched->is_moved, touched->id_count, sizeof(*touched->is_moved));
	touched->is_moved[touched->id_count] = is_moved;
	add_text(&touched->ids, &touched->id_count, id);
}

static void touch_target(
	struct touched *touched, const struct names *view, const struct point *point)
{
	const struct link *link = point ? names_find_link(view, point->volume) : NULL;

	if (link)
		touch_id(touched, link->record->id, false);
}

/* The paths of volumes that have mount points on a host are others, or may be. */
static void touch_hosted(struct touched *touched, const struct manager *manager, const char *host)
{
	_cleanup_free_ const struct point **points = NULL;
	size_t count;

	if (!manager->names.points.count)
		return;
	count = names_get_points(&manager->names, &points);
	for (size_t i = 0; i < count; i++)
		if (strcmp(points[i]->host, host) == 0)
			touch_target(touched, &manager->names, points[i]);
}

static void note_point(struct touched *touched, const struct manager *manager,
	const struct names *view, const struct point *point, enum notice_kind kind)
{
	const struct link *link = names_find_link(view, point->volume);
	_cleanup_free_ char *path = hosting_describe(manager, point);

	notices_add(&touched->notices,
		&(struct notice){
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
	map_for_each (&change->names.points, node, next) {
		const struct point *point = container_of(node, struct point, by_place);
		const struct point *before =
			names_find_point(&manager->names, point->host, point->path);
		bool is_same = before && !point->is_removed &&
			strcasecmp(before->volume, point->volume) == 0;

		touch_target(touched, &manager->names, before);
		touch_target(touched, &change->names, point->is_removed ? NULL : point);
		if (before && !is_same) {
			struct point deleted = *before;

			deleted.reason = point->is_removed ? point->reason : NULL;
			note_point(touched, manager, &manager->names, &deleted,
				NOTICE_MOUNT_POINT_DELETED);
		}
		if (!point->is_removed && !is_same)
			note_point(touched, manager, &change->names, point,
				NOTICE_MOUNT_POINT_CREATED);
	}
}

static void touch_device(struct touched *touched, const struct manager *manager, const char *name)
{
	const struct device *device = volumes_find_name(&manager->volumes, name);

	add_text(&touched->devices, &touched->device_count, name);
	if (device && device->id) {
		touch_id(touched, device->id, true);
		touch_hosted(touched, manager, device->id);
	}
}

/* Lists what the change is about to touch; the state is still the one before. */
static void touch_change(
	struct touched *touched, const struct manager *manager, const struct change *change)
{
	map_for_each (&change->names.links, node, next) {
		const char *path = container_of(node, struct link, by_path)->path;
		const struct link *before = names_find_link(&manager->names, path);

		add_text(&touched->links, &touched->link_count, path);
		if (before && strcmp(before->path, path) != 0)
			add_text(&touched->links, &touched->link_count, before->path);
	}
	map_for_each (&change->names.records, node, next) {
		const char *id = container_of(node, struct record, by_id)->id;
		bool is_moved = !is_same_text(manager_get_node(manager, &manager->names, id),
			manager_get_node(manager, &change->names, id));

		touch_id(touched, id, is_moved); /* an absent volume may be kept no longer */
	}
	for (size_t i = 0; i < change->volumes.gones; i++)
		touch_device(touched, manager, change->volumes.gone[i]);
	for (size_t i = 0; i < change->volumes.puts; i++)
		touch_device(touched, manager, change->volumes.put[i]->name);
	for (size_t i = 0; i < change->volumes.assignment_count; i++) {
		const struct assignment *assignment = &change->volumes.assignments[i];

		add_text(&touched->devices, &touched->device_count, assignment->device->name);
		if (assignment->id) {
			touch_id(touched, assignment->id, true);
			touch_hosted(touched, manager, assignment->id);
		}
	}
	touch_points(touched, manager, change);
	touched->has_changed =
		change_has_rows(change) || touched->link_count || touched->device_count;
}

void manager_touch_kept(const struct manager *manager, struct touched *ret_touched)
{
	*ret_touched = (struct touched){ 0 };
	map_for_each (&manager->names.records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);

		if (record->keep_links)
			touch_id(ret_touched, record->id, true);
	}
}

void touched_fini(struct touched *touched)
{
	for (size_t i = 0; i < touched->link_count; i++)
		free(touched->links[i]);
	for (size_t i = 0; i < touched->id_count; i++)
		free(touched->ids[i]);
	for (size_t i = 0; i < touched->device_count; i++)
		free(touched->devices[i]);
	free(touched->links);
	free(touched->ids);
	free(touched->is_moved);
	free(touched->devices);
	notices_fini(&touched->notices);
	*touched = (struct touched){ 0 };
}

/* Devices that the tree does not show: says of each once why. The state is still the one before. */
static void note_devices(
	struct notices *notices, const struct manager *manager, const struct change *change)
{
	for (size_t i = 0; i < change->volumes.assignment_count; i++) {
		const struct assignment *assignment = &change->volumes.assignments[i];
		const struct device *device = assignment->device;
		const struct device *before = volumes_find_name(&manager->volumes, device->name);
		struct notice notice = {
			.kind = assignment->has_lost ? NOTICE_DUPLICATE : NOTICE_VOLUME_UNPROCESSED,
			.id = assignment->id,
			.device = device->node,
			.reason = assignment->reason,
		};
		bool is_known = before &&
			(assignment->has_lost ? before->has_lost
					      : is_same_text(before->reason, notice.reason));

		if (!is_known && (assignment->has_lost || notice.reason))
			notices_add(notices, &notice);
	}
}

void manager_apply(struct manager *manager, struct change *change, struct touched *ret_touched)
{
	*ret_touched = (struct touched){ 0 };
	touch_change(ret_touched, manager, change);
	note_devices(&ret_touched->notices, manager, change);
	if (change->steps)
		manager->epic += change->steps;
	else if (change_is_counted(change))
		manager->epic++;
	for (size_t i = 0; i < change->entry_count; i++)
		history_add(&manager->history, change->entries[i]);
	change->entry_count = 0;
	manager->gives_letters |= change->gives_letters;
	notices_move(&ret_touched->notices, &change->notices);
	names_merge(&manager->names, &change->names);
	volumes_apply(&manager->volumes, &change->volumes);
	leaving_apply(manager, change);
}

static bool is_same_mounts(const struct mounts *a, const struct mounts *b, uint64_t number)
{
	const struct mount *mount_a = NULL, *mount_b = NULL;

	do {
		mount_a = mounts_next(a, number, mount_a);
		mount_b = mounts_next(b, number, mount_b);
		if (mount_a && mount_b &&
			(mount_a->is_whole != mount_b->is_whole ||
				strcmp(mount_a->path, mount_b->path) != 0))
			return false;
	} while (mount_a && mount_b);
	return !mount_a && !mount_b;
}

void manager_apply_mounts(
	struct manager *manager, struct mounts *mounts, struct touched *ret_touched)
{
	*ret_touched = (struct touched){ 0 };
	map_for_each (&manager->volumes.by_id, node, next) {
		const struct device *device = container_of(node, struct device, by_id);

		if (is_same_mounts(&manager->mounts, mounts, device->number))
			continue;
		touch_id(ret_touched, device->id, false);
		touch_hosted(ret_touched, manager, device->id);
	}
	mounts_fini(&manager->mounts);
	manager->mounts = *mounts;
	*mounts = (struct mounts){ 0 };
}

const char *manager_get_node(
	const struct manager *manager, const struct names *view, const char *id)
{
	const struct device *device = volumes_find_id(&manager->volumes, id);
	const struct record *record;

	if (device)
		return device->node;
	record = names_find_record(view, id);
	return record && record->keep_links ? record->fingerprint.node : NULL;
}

const struct link *manager_find_link(
	const struct manager *manager, const struct names *view, const char *path)
{
	const struct link *link = names_find_link(view, path);

	return link && manager_get_node(manager, view, link->record->id) ? link : NULL;
}

bool change_shows_volume(const struct manager *manager, const struct change *change, const char *id)
{
	const struct record *record = names_find_record(&change->names, id);

	if (volumes_change_find_id(&manager->volumes, &change->volumes, id))
		return true;
	return record && record->keep_links && record->fingerprint.node;
}

size_t manager_get_triples(const struct manager *manager, const struct names *view, const char *id,
	struct triple **ret_triples)
{
	_cleanup_free_ const struct link **links = NULL;
	const struct link *link = NULL;
	const char *node = NULL;
	struct triple *triples;
	size_t count = 0, shown = 0;

	if (!id) {
		count = names_get_links(view, &links);
	} else {
		while ((link = names_next_link(view, id, link))) {
			if ((count & (count + 1)) == 0)
				links = xrealloc(links, count * 2 + 2, sizeof(*links));
			links[count++] = link;
		}
	}
	triples = xcalloc(count, sizeof(*triples));
	for (size_t i = 0; i < count; i++) {
		const struct record *record = links[i]->record;

		if (i == 0 || record != links[i - 1]->record)
			node = manager_get_node(manager, view, record->id);
		if (node)
			triples[shown++] = (struct triple){ links[i]->path, record->id, node };
	}
	triples_sort(triples, shown);
	*ret_triples = triples;
	return shown;
}
