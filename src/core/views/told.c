/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What readers of `events` are told when another process goes on.
 *
 * That has a tree of its own, made of the state without telling anybody. So here is a second one,
 * of what was told: of volumes from what was noted of each, of links from the database as it was
 * then. Following the state, it tells what has become different since; then it goes.
 *
 * A volume whose device is another one by now, though all looks the same, has been away.
 */

#include <string.h>

#include "core/syntax/link_name.h"
#include "core/views/told.h"
#include "core/views/tree_update.h"
#include "tree_private.h"

struct reason {
	struct map_node by_name;
	bool is_duplicate;
	char *text; /* or NULL */
	char name[];
};

static bool has_name(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct reason, by_name)->name, key) == 0;
}

static const struct reason *find_reason(const struct told *told, const char *name)
{
	struct map_node *node = map_find(&told->devices, map_hash_text(name), has_name, name);

	return node ? container_of(node, struct reason, by_name) : NULL;
}

void told_init(struct told *told, uint64_t now)
{
	*told = (struct told){ 0 };
	tree_init(&told->tree, now);
}

void told_fini(struct told *told)
{
	tree_fini(&told->tree);
	for (size_t i = 0; i < ARRAY_SIZE(told->renamed); i++)
		free(told->renamed[i]);
	map_for_each (&told->devices, node, next) {
		struct reason *reason = container_of(node, struct reason, by_name);

		free(reason->text);
		free(reason);
	}
	map_fini(&told->devices);
}

static struct node *find_folder(const struct tree *tree, const char *id)
{
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT;

	strbuf_add_file_name(&name, id);
	return tree_find_entry(tree, tree->ids, strbuf_text(&name));
}

void told_add_volume(struct told *told, const struct told_volume *volume)
{
	struct tree *tree = &told->tree;
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT;
	struct node *folder;
	struct shown *shown;

	strbuf_add_file_name(&name, volume->id);
	if (tree_find_entry(tree, tree->ids, strbuf_text(&name)))
		return;
	folder = tree_add(tree, tree->ids, strbuf_text(&name), NODE_FOLDER, 0);
	folder->is_volume_folder = true;
	folder->content->id = texts_hold(&tree->texts, volume->id);
	shown = &folder->content->shown;
	shown->is_online = volume->is_online && volume->node;
	shown->changed = volume->changed & INT64_MAX;
	shown->links_changed = volume->links_changed;
	shown->diskseq = volume->diskseq;
	shown->description = volume->description;
	if (volume->mount_count)
		shown->mounts = xcalloc(volume->mount_count + 1, sizeof(*shown->mounts));
	for (size_t i = 0; i < volume->mount_count; i++)
		shown->mounts[i] = xstrdup(volume->mounts[i]);
	tree_set_device(tree, folder, volume->node, 0);
}

void told_add_link(struct told *told, const char *path, const char *id)
{
	struct tree *tree = &told->tree;
	struct node *folder = tree_get_link_folder(tree, path);
	const struct node *volume = find_folder(tree, id);
	const char *name = link_name_get_base(path);
	bool is_of_volume = link_name_is_letter(path) || link_name_is_volume(path);
	const char *device;
	struct lead *lead;

	if (!volume || tree_find_entry(tree, folder, name))
		return;
	device = volume->content->device;
	if (device && !volume->content->shown.is_online && is_of_volume)
		return; /* the device is no volume by this ID: these names are for volumes */
	lead = lead_hold(&tree->leads, &tree->texts, id, is_of_volume);
	if (!lead->target)
		tree_set_lead(tree, lead, device ? device : "", 0);
	tree_add_link(tree, folder, name, lead, 0);
	lead_release(&tree->leads, &tree->texts, lead);
}

void told_set_rename(struct told *told, const char *from, const char *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(told->renamed); i++)
		free(told->renamed[i]);
	told->renamed[0] = xstrdup(from);
	told->renamed[1] = xstrdup(to);
}

void told_add_device(struct told *told, const struct told_device *device)
{
	struct reason *reason;

	if (find_reason(told, device->name))
		return;
	reason = xcalloc(1, sizeof(*reason) + strlen(device->name) + 1);
	reason->is_duplicate = device->is_duplicate;
	reason->text = device->reason ? xstrdup(device->reason) : NULL;
	strcpy(reason->name, device->name);
	map_add(&told->devices, &reason->by_name, map_hash_text(reason->name));
}

static char *get_path(const struct tree *tree, const struct node *link)
{
	return xasprintf("%s%s",
		link->parent == tree->volumes ? LINK_FOLDER_VOLUMES : LINK_FOLDER_DOS_DEVICES,
		link->name);
}

/* Notes the links of one tree that are not the same in the other. */
static void touch_links(struct touched *touched, const struct tree *tree, const struct tree *other)
{
	const struct node *const folders[] = { tree->dos_devices, tree->volumes };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		for (const struct node *link = folders[i]->content->first; link;
			link = link->next) {
			_cleanup_free_ char *path = get_path(tree, link);
			const struct node *twin = tree_find_entry(
				other, tree_get_link_folder(other, path), link->name);

			if (link->lead->target &&
				(!twin || !twin->lead->target ||
					strcmp(twin->name, link->name) != 0 ||
					strcmp(twin->lead->id, link->lead->id) != 0))
				touched_add_link(touched, path);
		}
}

static void touch_volumes(struct touched *touched, const struct tree *tree)
{
	for (const struct node *folder = tree->ids->content->first; folder; folder = folder->next)
		touched_add_id(touched, folder->content->id, true);
}

/* What has been away while nobody looked was removed. */
static void remove_others(struct told *told, const struct tree *shown, struct events *ret_events)
{
	struct tree *tree = &told->tree;

	for (struct node *folder = tree->ids->content->first; folder; folder = folder->next) {
		const struct node *now = find_folder(shown, folder->content->id);
		struct shown *before = &folder->content->shown;
		const char *device = folder->content->device;

		if (!before->is_online || !device || !now || !now->content->shown.is_online ||
			now->content->shown.diskseq == before->diskseq)
			continue;
		for (char **mount = before->mounts; mount && *mount; mount++)
			events_add(ret_events,
				&(struct event){ .kind = EVENT_UNMOUNTED,
					.id = (char *)folder->content->id,
					.device = (char *)device,
					.path = *mount });
		events_add(ret_events,
			&(struct event){ .kind = EVENT_VOLUME_REMOVED,
				.id = (char *)folder->content->id,
				.device = (char *)device });
		shown_fini(before);
	}
}

/* As apply.c has it, with another process in between. */
static void add_devices(
	const struct told *told, const struct volumes *volumes, struct events *events)
{
	map_for_each (&volumes->by_name, node, next) {
		const struct device *device = container_of(node, struct device, by_name);
		const struct reason *reason = find_reason(told, device->name);
		struct told_device now;

		if (!told_get_device(device, &now) ||
			(reason &&
				(now.is_duplicate ? reason->is_duplicate
						  : is_same_text(reason->text, now.reason))))
			continue;
		events_add(events,
			&(struct event){
				.kind = now.is_duplicate ? EVENT_DUPLICATE
							 : EVENT_VOLUME_UNPROCESSED,
				.id = now.is_duplicate ? (char *)device->id : NULL,
				.device = device->node,
				.reason = device->reason,
			});
	}
}

void told_compare(struct told *told, const struct manager *manager, const struct tree *shown,
	uint64_t now, struct events *ret_events)
{
	struct touched touched = { 0 };
	struct deltas deltas = { 0 };

	remove_others(told, shown, ret_events);
	add_devices(told, &manager->volumes, ret_events);
	touched.events = *ret_events;
	*ret_events = (struct events){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(told->renamed); i++)
		touched.renamed[i] = steal_ptr(told->renamed[i]);
	touch_links(&touched, &told->tree, shown);
	touch_links(&touched, shown, &told->tree);
	touch_volumes(&touched, &told->tree);
	touch_volumes(&touched, shown);
	tree_update(&told->tree, manager, &touched, now, &deltas);
	*ret_events = deltas.events;
	deltas.events = (struct events){ 0 };
	deltas_fini(&deltas);
	touched_fini(&touched);
}

bool told_get_volume(const struct tree *tree, const char *id, struct told_volume *ret_volume)
{
	const struct node *folder = find_folder(tree, id);
	const struct shown *shown;

	if (!folder)
		return false;
	shown = &folder->content->shown;
	*ret_volume = (struct told_volume){
		.id = folder->content->id,
		.node = folder->content->device,
		.is_online = shown->is_online,
		.diskseq = shown->diskseq,
		.description = shown->description,
		.changed = shown->changed,
		.links_changed = shown->links_changed,
		.mounts = (const char *const *)shown->mounts,
		.mount_count = shown_count_mounts(shown),
	};
	return true;
}

void told_recall_times(const struct told *told, struct tree *tree)
{
	for (const struct node *was = told->tree.ids->content->first; was; was = was->next) {
		struct node *is = tree_find_entry(tree, tree->ids, was->name);

		if (!is)
			continue;
		is->content->shown.changed = was->content->shown.changed;
		is->content->shown.links_changed = was->content->shown.links_changed;
	}
}

void told_renew_times(struct tree *tree, uint64_t now)
{
	index_for_each (&tree->by_ino, struct node, node)
		if (node->kind == NODE_VOLUME)
			tree_touch(node, now);
	for (struct node *volume = tree->ids->content->first; volume; volume = volume->next)
		volume->content->shown.changed = volume->content->shown.links_changed = now;
}

bool told_get_device(const struct device *device, struct told_device *ret_device)
{
	bool is_duplicate = device->is_displaced && !device->is_barred;

	if (device->kind == DEVICE_DISK || device->kind == DEVICE_MEMBER ||
		!(is_duplicate || device->reason))
		return false;
	*ret_device = (struct told_device){ device->name, is_duplicate, device->reason };
	return true;
}
