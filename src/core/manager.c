/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mount manager: state, and the door through which it changes.
 *
 * A change is first decided (const state in, change out), then committed by whoever calls, then
 * applied. Requests are decided in manager_request.c; devices here. The state consists of what is
 * remembered (names, history) and what is present (volumes); a link shows while the volume of its
 * unique ID is present, or kept.
 */

#include <string.h>

#include "core/manager.h"

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
		history_entry_fini(&change->entries[i]);
	free(change->entries);
	*change = (struct change){ 0 };
}

bool change_has_rows(const struct change *change)
{
	return !names_is_empty(&change->names) || change->entry_count;
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
		.epic = manager->epic + 1,
		.operation = xstrdup(operation),
		.link = triple->link ? xstrdup(triple->link) : NULL,
		.id = triple->id ? xstrdup(triple->id) : NULL,
		.device = triple->node ? xstrdup(triple->node) : NULL,
		.uid = env->uid,
		.pid = env->pid,
		.command = xstrdup(env->command),
	};

	change->entries =
		xrealloc(change->entries, change->entry_count + 1, sizeof(*change->entries));
	change->entries[change->entry_count++] = entry;
}

static void fingerprint_take(struct fingerprint *fingerprint, const struct device *device)
{
	struct fingerprint seen = {
		.size = device->size,
		.node = device->node,
		.diskseq = fingerprint->diskseq ? device->diskseq : 0,
	};

	for (size_t i = 0; i < ID_SCHEMES; i++)
		if (i != ID_UUID)
			seen.value[i] = device->identity[i];
	fingerprint_copy(fingerprint, &seen);
}

static bool is_remembered(const struct record *record, const struct device *device)
{
	for (size_t i = 0; i < ID_SCHEMES; i++)
		if (i != ID_UUID &&
			!is_same_text(record->fingerprint.value[i], device->identity[i]))
			return false;
	return record->fingerprint.size == device->size;
}

/*
 * Remembers where a volume is, for the day when that is all there is to tell: it may be kept, or
 * have a twin (`has_twin`, which sticks).
 */
static void decide_hint(
	const struct device *owner, const char *id, bool has_twin, struct change *change)
{
	const struct fingerprint *known = &names_find_record(&change->names, id)->fingerprint;
	uint64_t diskseq = has_twin || known->diskseq ? owner->diskseq : 0;
	struct fingerprint *hint;

	if (is_same_text(known->node, owner->node) && known->diskseq == diskseq)
		return;
	hint = &names_edit_hint(&change->names, id)->fingerprint;
	free(hint->node);
	hint->node = xstrdup(owner->node);
	hint->diskseq = diskseq;
}

/* A volume gets its ID: it is remembered, and has a Volume{GUID} name from then on. */
static void decide_arrival(const struct manager *manager, const struct manager_env *env,
	const struct device *device, const char *id, struct change *change)
{
	const struct record *record = names_find_record(&change->names, id);
	const struct device *before = volumes_find_name(&manager->volumes, device->name);
	bool is_new_here = !before || !is_same_text(before->id, id);

	if (!record || !is_remembered(record, device))
		fingerprint_take(&names_edit_record(&change->names, id)->fingerprint, device);
	else if (record->fingerprint.diskseq || record->keep_links)
		decide_hint(device, id, false, change);
	if (!record || (is_new_here && record->volume_names == 0)) {
		struct triple triple = { .id = id, .node = device->node };
		char path[LINK_PATH_MAX];
		uint8_t random[16];

		env->get_random(random, sizeof(random));
		link_name_format_volume(random, path);
		names_set_link(&change->names, path, id, env->now);
		triple.link = path;
		change_add_entry(change, manager, env, "volume_arrival", &triple);
	}
}

/* Notes where the owners of all IDs of a device are that had to make do with another, or none. */
static void decide_twin(
	const struct manager *manager, const struct device *twin, struct change *change)
{
	for (size_t i = 0; i < ID_SCHEMES; i++) {
		const struct device *owner;
		char id[UNIQUE_ID_MAX + 1];

		if (!unique_id_format((enum id_scheme)i, twin->identity[i], twin->partition, id))
			continue;
		owner = volumes_change_find_id(&manager->volumes, &change->volumes, id);
		if (owner)
			decide_hint(owner, id, true, change);
	}
}

/* IDs that two devices claim: a restart must find the same owners, so they are written down. */
static void decide_twins(const struct manager *manager, struct change *change)
{
	const struct volumes_change *volumes = &change->volumes;

	for (size_t i = 0; i < volumes->assignment_count; i++)
		if (volumes->assignments[i].has_lost)
			decide_twin(manager, volumes->assignments[i].device, change);
	map_for_each (&manager->volumes.by_name, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		if (device->has_lost && !volumes_change_concerns(volumes, device->name))
			decide_twin(manager, device, change);
	}
}

/* Kept volumes that go: their links will point at the last node, also after a restart. */
static void decide_departures(const struct manager *manager, struct change *change)
{
	for (size_t i = 0; i < change->volumes.gones + change->volumes.puts; i++) {
		const char *name = i < change->volumes.gones
			? change->volumes.gone[i]
			: change->volumes.put[i - change->volumes.gones]->name;
		const struct device *device = volumes_find_name(&manager->volumes, name);
		const struct record *record =
			device && device->id ? names_find_record(&change->names, device->id) : NULL;

		if (record && record->keep_links)
			decide_hint(device, device->id, false, change);
	}
}

/* The database cannot be written: volumes that it does not know have to wait. */
static void decide_unwritten(struct change *change)
{
	for (size_t i = 0; i < change->volumes.assignment_count; i++) {
		struct assignment *assignment = &change->volumes.assignments[i];

		if (!assignment->id || names_find_record(&change->names, assignment->id))
			continue;
		free(steal_ptr(assignment->id));
		assignment->reason = xstrdup("the database cannot be written");
	}
}

void manager_decide_devices(
	const struct manager *manager, const struct manager_env *env, struct change *change)
{
	struct volumes_change *volumes = &change->volumes;

	if (env->cannot_write) {
		volumes_decide(&manager->volumes, &change->names, &manager->order, volumes);
		decide_unwritten(change);
		return;
	}
	decide_departures(manager, change);
	volumes_decide(&manager->volumes, &change->names, &manager->order, volumes);
	for (size_t i = 0; i < volumes->assignment_count; i++) {
		const struct assignment *assignment = &volumes->assignments[i];

		if (assignment->id)
			decide_arrival(manager, env, assignment->device, assignment->id, change);
	}
	decide_twins(manager, change);
}

static void add_text(char ***list, size_t *count, const char *text)
{
	*list = xrealloc(*list, *count + 1, sizeof(**list));
	(*list)[(*count)++] = xstrdup(text);
}

static void touch_id(struct touched *touched, const char *id, bool is_moved)
{
	add_text(&touched->ids, &touched->id_count, id);
	touched->is_moved =
		xrealloc(touched->is_moved, touched->id_count, sizeof(*touched->is_moved));
	touched->is_moved[touched->id_count - 1] = is_moved;
}

static void touch_device(struct touched *touched, const struct manager *manager, const char *name)
{
	const struct device *device = volumes_find_name(&manager->volumes, name);

	add_text(&touched->devices, &touched->device_count, name);
	if (device && device->id)
		touch_id(touched, device->id, true);
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
		if (assignment->id)
			touch_id(touched, assignment->id, true);
	}
	touched->has_changed = change_has_rows(change) || touched->device_count;
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
	if (change_is_counted(change))
		manager->epic++;
	for (size_t i = 0; i < change->entry_count; i++)
		history_add(&manager->history, &change->entries[i]);
	change->entry_count = 0;
	names_merge(&manager->names, &change->names);
	volumes_apply(&manager->volumes, &change->volumes);
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

		if (!is_same_mounts(&manager->mounts, mounts, device->number))
			touch_id(ret_touched, device->id, false);
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

static int compare_triples(const void *a, const void *b)
{
	return strcmp(((const struct triple *)a)->link, ((const struct triple *)b)->link);
}

size_t manager_get_triples(const struct manager *manager, const struct names *view, const char *id,
	struct triple **ret_triples)
{
	_cleanup_free_ const struct link **links = NULL;
	const struct link *link = NULL;
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
		const char *owner = links[i]->record->id;
		const char *node = manager_get_node(manager, view, owner);

		if (node)
			triples[shown++] = (struct triple){ links[i]->path, owner, node };
	}
	if (shown)
		qsort(triples, shown, sizeof(*triples), compare_triples);
	*ret_triples = triples;
	return shown;
}
