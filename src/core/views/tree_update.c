/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the tree follow the state: compares the two for all that a change touched. What differs is
 * put right and noted in the same place, for the kernel and for readers of `events`, so no kind of
 * change can forget either.
 *
 * A link that a change is about is taken away first, if it is another's now, and added last.
 * Between the two it is found out where the links of volumes lead. So each is told of at most once.
 *
 * What readers are told follows from what shows. A volume shows its mount points while it is
 * present: when it goes with a filesystem still mounted, that is told as unmounted first, and as
 * mounted when it is back.
 */

#include <string.h>

#include "core/model/filesystem.h"
#include "core/syntax/link_name.h"
#include "core/views/render.h"
#include "core/views/tree_update.h"
#include "tree_private.h"

struct update {
	struct tree *tree;
	const struct manager *manager;
	uint64_t now;
	struct deltas *deltas;
};

/* Makes one symlink lead to `target` (in devices/: a unique ID), or not be there (NULL). */
static void sync_symlink(
	const struct update *update, struct node *folder, const char *name, const char *target)
{
	struct node *node =
		folder->content->first ? tree_find_entry(update->tree, folder, name) : NULL;

	if (node && target && strcmp(node->name, name) == 0 && strcmp(node->target, target) == 0)
		return;
	if (node) {
		deltas_add_entry(update->deltas, update->tree, folder, node->name, update->now);
		tree_remove_name(update->tree, node);
	}
	if (!target)
		return;
	deltas_add_entry(update->deltas, update->tree, folder, name, update->now);
	tree_add_symlink(update->tree, folder, name, target, update->now);
}

static bool needs_volume(const char *path)
{
	return link_name_is_letter(path) || link_name_is_volume(path);
}

/* Where such links of a unique ID lead, for the caller to free; NULL: they do not show. */
static char *find_target(const struct update *update, const char *id, bool is_of_volume)
{
	const struct manager *manager = update->manager;
	const struct device *device = manager_find_device(manager, &manager->names, id);
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT;

	if (is_of_volume && !manager_may_show_volume(device, id))
		return NULL;
	if (device && !device->is_gone)
		return xstrdup(device->node);
	if (!manager_shows(manager, &manager->names, id))
		return NULL;
	strbuf_add_file_name(&name, id);
	return xasprintf("../ids/%s/device", strbuf_text(&name)); /* what is not there */
}

/* Where they do in mounts/. */
static const char *find_mount(const struct update *update, const char *id, bool is_of_volume)
{
	const struct manager *manager = update->manager;
	const struct device *device = manager_find_device(manager, &manager->names, id);
	bool shows = device && !device->is_gone &&
		(!is_of_volume || manager_may_show_volume(device, id));
	const struct mount *mount = shows
		? filesystem_next_mount(&manager->volumes, &manager->mounts, device, NULL)
		: NULL;

	return mount ? mount->path : NULL;
}

/* The line of `points` with this spelling of a link may be another now. */
static void note_line(const struct update *update, const char *path)
{
	if (update->deltas)
		stale_lines_add(&update->deltas->lines, path);
}

static struct node *find_link(const struct update *update, const char *path)
{
	return tree_find_entry(
		update->tree, tree_get_link_folder(update->tree, path), link_name_get_base(path));
}

/* A link that has come, or goes, where it shows. */
static void note_link(const struct update *update, enum event_kind kind, const struct node *node)
{
	const struct lead *lead = node->lead;

	if (!lead->target)
		return;
	deltas_add_entry(update->deltas, update->tree, node->parent, node->name, update->now);
	deltas_add_link(update->deltas, kind, update->tree, node, lead->target);
}

/* What has the name of a link, in any spelling, loses it if it is not that link. */
static void remove_former(const struct update *update, const char *path)
{
	const struct link *link = names_find_link(&update->manager->names, path);
	struct node *node = find_link(update, path);

	note_line(update, path);
	if (!node ||
		(link && strcmp(node->lead->id, link->record->id) == 0 &&
			strcmp(node->name, link_name_get_base(link->path)) == 0))
		return;
	note_link(update, EVENT_LINK_DELETED, node);
	tree_remove_name(update->tree, node);
}

static void add_link(const struct update *update, const struct link *link, struct lead *lead)
{
	struct node *folder = tree_get_link_folder(update->tree, link->path), *node;

	if (find_link(update, link->path))
		return;
	node = tree_add_link(
		update->tree, folder, link_name_get_base(link->path), lead, update->now);
	note_line(update, link->path);
	note_link(update, EVENT_LINK_CREATED, node);
}

/* Held for a moment, so that it leads there before the first link is told of. */
static struct lead *hold_lead(const struct update *update, const char *id, bool is_of_volume)
{
	_cleanup_free_ char *target = find_target(update, id, is_of_volume);
	struct lead *lead = lead_hold(&update->tree->leads, &update->tree->texts, id, is_of_volume);

	tree_set_lead(update->tree, lead, target, update->now);
	return lead;
}

/* All links that a unique ID has, of these kinds, where there is none yet. */
static void add_links(
	const struct update *update, const char *id, bool with_others, bool with_those_of_volume)
{
	struct tree *tree = update->tree;
	struct lead *leads[] = { with_others ? hold_lead(update, id, false) : NULL,
		with_those_of_volume ? hold_lead(update, id, true) : NULL };
	const struct link *link = NULL;

	while ((link = names_next_link(&update->manager->names, id, link))) {
		struct lead *lead = leads[needs_volume(link->path)];

		if (lead)
			add_link(update, link, lead);
	}
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (leads[i])
			lead_release(&tree->leads, &tree->texts, leads[i]);
}

/* The link that has this name in the state, in any spelling. */
static void add_present(const struct update *update, const char *path)
{
	const struct link *link = names_find_link(&update->manager->names, path);
	bool is_of_volume = needs_volume(path);
	const char *mount = NULL, *id = link ? link->record->id : NULL;
	struct lead *lead = link ? lead_find(&update->tree->leads, id, is_of_volume) : NULL;

	if (lead)
		add_link(update, link, lead);
	else if (link)
		add_links(update, id, !is_of_volume, is_of_volume);
	if (link)
		mount = find_mount(update, id, is_of_volume);
	sync_symlink(
		update, update->tree->mounts, link_name_get_base(link ? link->path : path), mount);
}

static void note_volume(const struct update *update, enum event_kind kind,
	const struct node *folder, const char *device, const char *mount_point)
{
	if (!update->deltas)
		return;
	events_add(&update->deltas->events,
		&(struct event){
			.kind = kind,
			.id = (char *)folder->content->id,
			.device = (char *)device,
			.path = (char *)mount_point,
		});
}

/* What has the names of an identity is no volume by that: of it there is nothing to tell. */
static void look_at_volume(const struct update *update, const struct node *folder,
	const struct device *device, struct shown *ret_shown)
{
	const struct manager *manager = update->manager;
	_cleanup_strbuf_ struct strbuf description = STRBUF_INIT;
	const struct mount *mount = NULL;
	struct shown shown = { .changed = update->now, .links_changed = update->now };
	size_t count = 0;

	if (device && is_same_text(device->id, folder->content->id)) {
		render_description(manager, device->id, &description);
		shown.is_online = true;
		shown.description = map_hash_for_all(strbuf_text(&description));
		shown.diskseq = device->diskseq;
	}
	while (device &&
		(mount = filesystem_next_mount(
			 &manager->volumes, &manager->mounts, device, mount))) {
		shown.mounts = xrealloc(shown.mounts, count + 2, sizeof(*shown.mounts));
		shown.mounts[count++] = xstrdup(mount->path);
		shown.mounts[count] = NULL;
	}
	*ret_shown = shown;
}

static const char **sort_mounts(const struct shown *shown)
{
	size_t count = shown->is_online ? shown_count_mounts(shown) : 0;
	const char **sorted = xcalloc(count + 1, sizeof(*sorted));

	for (size_t i = 0; i < count; i++)
		sorted[i] = shown->mounts[i];
	if (count)
		qsort(sorted, count, sizeof(*sorted), text_compare_at);
	return sorted;
}

/* Says which mount points are on one list only. `from` and `to` are the nodes before and now. */
static void note_mounts(const struct update *update, const struct node *folder,
	const struct shown *now, const char *from, const char *to)
{
	_cleanup_free_ const char **before = sort_mounts(&folder->content->shown),
				  **after = sort_mounts(now);
	const char **old = before, **new = after;

	while (*old || *new) {
		int order = !*old ? 1 : !*new ? -1 : strcmp(*old, *new);

		if (order < 0)
			note_volume(update, EVENT_UNMOUNTED, folder, from, *old);
		else if (order > 0)
			note_volume(update, EVENT_MOUNTED, folder, to, *new);
		old += order <= 0;
		new += order >= 0;
	}
}

/*
 * Says what is different about a volume, before its folder's `device` is another, and remembers it.
 * Whether its links in mounts/ lead elsewhere now.
 */
static bool note_changes(
	const struct update *update, struct node *folder, const struct device *device)
{
	const char *from = folder->content->device, *to = device ? device->node : NULL;
	struct shown *shown = &folder->content->shown, now;
	bool is_elsewhere;

	look_at_volume(update, folder, device, &now);
	note_mounts(update, folder, &now, from, to ? to : from);
	if (shown->is_online && !now.is_online)
		note_volume(update, EVENT_VOLUME_REMOVED, folder, from, NULL);
	else if (!shown->is_online && now.is_online)
		note_volume(update, EVENT_VOLUME_ARRIVED, folder, to, NULL);
	else if (now.is_online && (strcmp(from, to) != 0 || shown->description != now.description))
		note_volume(update, EVENT_VOLUME_CHANGED, folder, to, NULL);
	is_elsewhere = !is_same_text(
		shown->mounts ? shown->mounts[0] : NULL, now.mounts ? now.mounts[0] : NULL);
	shown_fini(shown);
	*shown = now;
	return is_elsewhere;
}

static void remove_volume_folder(const struct update *update, struct node *folder)
{
	struct tree *tree = update->tree;

	for (size_t i = 0; i < volume_file_count; i++) {
		struct node *file = tree_find_entry(tree, folder, volume_files[i].name);

		if (file)
			tree_remove_name(tree, file);
	}
	tree_set_device(tree, folder, NULL, update->now);
	deltas_add_entry(update->deltas, tree, tree->ids, folder->name, update->now);
	tree_remove_name(tree, folder);
}

static struct node *add_volume_folder(const struct update *update, const char *name, const char *id)
{
	struct tree *tree = update->tree;
	struct node *folder = tree_add(tree, tree->ids, name, NODE_FOLDER, update->now);

	folder->is_volume_folder = true;
	folder->content->id = texts_hold(&tree->texts, id);
	deltas_add_entry(update->deltas, tree, tree->ids, name, update->now);
	return folder;
}

/* Makes the link of a volume's folder lead to its device, or not be there (NULL). */
static void sync_device_link(const struct update *update, struct node *folder, const char *target)
{
	if (is_same_text(folder->content->device, target))
		return;
	deltas_add_entry(update->deltas, update->tree, folder, VOLUME_DEVICE, update->now);
	tree_set_device(update->tree, folder, target, update->now);
}

/* What the files of a volume say may have changed: of those of links, or of all. */
static void touch_files(const struct update *update, struct node *folder, bool is_of_links)
{
	for (size_t i = 0; i < volume_file_count; i++) {
		struct node *file = is_of_links && !volume_files[i].is_of_links
			? NULL
			: tree_find_entry(update->tree, folder, volume_files[i].name);

		if (!file)
			continue;
		file->changed = update->now;
		deltas_add_attributes(update->deltas, file);
	}
}

/* A volume has other links, and is what it was, with a folder or without. */
static void touch_links(const struct update *update, const char *id)
{
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT;
	struct node *folder;

	strbuf_add_file_name(&name, id);
	folder = tree_find_entry(update->tree, update->tree->ids, strbuf_text(&name));
	if (!folder)
		return;
	folder->content->shown.links_changed = update->now;
	touch_files(update, folder, true);
}

/*
 * Shows or hides the folder of a volume; what its files say may have changed. Whether its links in
 * mounts/ lead elsewhere now.
 */
static bool sync_volume(const struct update *update, const char *id)
{
	const struct manager *manager = update->manager;
	bool shows = manager_shows(manager, &manager->names, id);
	const struct device *device = manager_find_device(manager, &manager->names, id);
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT;
	bool is_elsewhere = false;
	struct node *folder;

	strbuf_add_file_name(&name, id);
	folder = tree_find_entry(update->tree, update->tree->ids, strbuf_text(&name));
	if (shows && !folder)
		folder = add_volume_folder(update, strbuf_text(&name), id);
	if (folder)
		is_elsewhere =
			note_changes(update, folder, device && !device->is_gone ? device : NULL);
	if (!shows) {
		if (folder)
			remove_volume_folder(update, folder);
		return is_elsewhere;
	}
	sync_device_link(update, folder, manager_get_node(manager, &manager->names, id));
	touch_files(update, folder, false);
	return is_elsewhere;
}

/* They are all told of. `before`: where they led. */
static void note_links(const struct update *update, const struct lead *lead, const char *before)
{
	const struct link *link = NULL;
	uint32_t left = lead->links;

	while (left && (link = names_next_link(&update->manager->names, lead->id, link))) {
		struct node *node = needs_volume(link->path) == lead->needs_volume
			? find_link(update, link->path)
			: NULL;

		if (!node || node->lead != lead)
			continue; /* it is about to be added */
		left--;
		note_line(update, link->path);
		deltas_add_entry(
			update->deltas, update->tree, node->parent, node->name, update->now);
		if (before && !lead->target)
			deltas_add_link(
				update->deltas, EVENT_LINK_DELETED, update->tree, node, before);
		else if (!before)
			deltas_add_link(update->deltas, EVENT_LINK_CREATED, update->tree, node,
				lead->target);
	}
}

/* There are too many to tell of each. */
static void note_many(const struct update *update, const struct lead *lead, const char *before)
{
	struct tree *tree = update->tree;
	struct node *const folders[] = { tree->dos_devices, tree->volumes };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		deltas_add_entries(update->deltas, folders[i],
			lead->known || (!before && folders[i]->has_missing), update->now);
	if (!update->deltas)
		return;
	stale_lines_add_all(&update->deltas->lines);
	if (!before || !lead->target)
		update->deltas->events.untold += lead->links;
}

/*
 * All links of a unique ID that need no volume are gone at once. They keep their nodes, which
 * nobody finds, until they are swept. In mounts/, where each leads by itself, there is no such way.
 */
static void drop_links(const struct update *update, const char *id)
{
	struct tree *tree = update->tree;
	const struct record *record = update->manager->names.dropped;
	struct lead *lead = lead_find(&tree->leads, id, false);
	_cleanup_free_ char *before = NULL;

	if (!lead)
		return;
	before = lead->target ? xstrdup(lead->target) : NULL;
	tree_set_lead(tree, lead, NULL, update->now);
	if (before)
		note_many(update, lead, before);
	lead_drop(&tree->leads, &tree->texts, lead);
	while (record && strcmp(record->id, id) != 0)
		record = record->next;
	if (!record || !find_mount(update, id, false))
		return;
	for (const struct link *link = record->links; link; link = link->next)
		sync_symlink(update, tree->mounts, link_name_get_base(link->path), NULL);
}

/* Such links lead elsewhere now, or show no more, or do now. Whether that is so. */
static bool sync_lead(const struct update *update, const char *id, bool is_of_volume)
{
	struct tree *tree = update->tree;
	struct lead *lead = lead_find(&tree->leads, id, is_of_volume);
	_cleanup_free_ char *target = find_target(update, id, is_of_volume), *before = NULL;

	if (!lead) {
		if (target)
			add_links(update, id, !is_of_volume, is_of_volume);
		return false;
	}
	if (is_same_text(lead->target, target))
		return false;
	before = lead->target ? xstrdup(lead->target) : NULL;
	tree_set_lead(tree, lead, target, update->now);
	if (lead->links > update->manager->links_told)
		note_many(update, lead, before);
	else
		note_links(update, lead, before);
	return true;
}

static void sync_mounts(const struct update *update, const char *id)
{
	const char *const mounts[] = { find_mount(update, id, false),
		find_mount(update, id, true) };
	const struct link *link = NULL;

	while ((link = names_next_link(&update->manager->names, id, link)))
		sync_symlink(update, update->tree->mounts, link_name_get_base(link->path),
			mounts[needs_volume(link->path)]);
}

static void sync_links(const struct update *update, const char *id, bool is_moved, bool is_mounted)
{
	if (is_moved) {
		sync_lead(update, id, false);
		is_mounted |= sync_lead(update, id, true) && find_mount(update, id, false);
	}
	if (is_mounted)
		sync_mounts(update, id);
}

/* Its unique ID, or the first of its identities that has names. */
static const char *find_folder(const struct manager *manager, const struct device *device)
{
	static const enum id_scheme schemes[ID_KINDS] = { ID_DM_UUID, ID_MD_UUID, ID_WWN, ID_SERIAL,
		ID_UUID, ID_PARTUUID, ID_PATH };

	if (!device || device->id)
		return device ? device->id : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		const char *id = device_get_identity(device, schemes[i]);

		if (id && manager_find_device(manager, &manager->names, id) == device)
			return id;
	}
	return NULL;
}

static void sync_device(const struct update *update, const char *kernel_name)
{
	const struct device *device = volumes_find_name(&update->manager->volumes, kernel_name);
	_cleanup_free_ char *path = xstrdup(kernel_name);
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT;

	for (char *c = path; *c; c++)
		if (*c == '!')
			*c = '/'; /* how sysfs spells a slash */
	strbuf_add_file_name(&name, path);
	sync_symlink(update, update->tree->devices, strbuf_text(&name),
		find_folder(update->manager, device));
}

/* The kernel has moved the entry already. */
static void rename_link(const struct update *update, char *const paths[2])
{
	struct node *node = find_link(update, paths[0]), *over = find_link(update, paths[1]);
	struct deltas *deltas = update->deltas;

	if (!node || strcmp(paths[0], paths[1]) == 0)
		return;
	if (over && over != node) {
		if (over->lead->target)
			deltas_add_link(
				deltas, EVENT_LINK_DELETED, update->tree, over, over->lead->target);
		tree_remove_name(update->tree, over);
	}
	if (node->lead->target)
		deltas_add_link(deltas, EVENT_LINK_DELETED, update->tree, node, node->lead->target);
	tree_change_listing(node->parent, update->now);
	node = tree_move(update->tree, node, link_name_get_base(paths[1]), needs_volume(paths[1]),
		update->now);
	if (node->lead->target)
		deltas_add_link(deltas, EVENT_LINK_CREATED, update->tree, node, node->lead->target);
}

void tree_update(struct tree *tree, const struct manager *manager, struct touched *touched,
	uint64_t now, struct deltas *deltas)
{
	const struct update update = { tree, manager, now, deltas };

	if (deltas && touched->renamed[0])
		rename_link(&update, touched->renamed);
	for (size_t i = 0; i < touched->device_count; i++)
		sync_device(&update, touched->devices[i]);
	for (size_t i = 0; i < touched->link_count; i++)
		remove_former(&update, touched->links[i]);
	for (size_t i = 0; i < touched->dropped_count; i++)
		drop_links(&update, touched->dropped[i]);
	for (size_t i = 0; i < touched->id_count; i++) {
		bool is_elsewhere = sync_volume(&update, touched->ids[i]);
		const struct device *holder =
			volumes_find_holder(&manager->volumes, touched->ids[i]);

		if (holder && !holder->id)
			sync_device(&update, holder->name);
		sync_links(&update, touched->ids[i], touched->is_moved[i], is_elsewhere);
	}
	for (size_t i = 0; i < touched->linked_count; i++)
		touch_links(&update, touched->linked[i]);
	for (size_t i = 0; i < touched->link_count; i++)
		add_present(&update, touched->links[i]);
	for (size_t i = 0; touched->has_changed && i < ARRAY_SIZE(tree->views); i++)
		tree->views[i]->changed = now;
	if (!deltas)
		return;
	deltas->has_views = touched->has_changed;
	events_move(&deltas->events, &touched->events);
	if (deltas->is_unheard)
		events_forget(&deltas->events);
	for (size_t i = 0; touched->host && i < deltas->events.count; i++)
		deltas->events.list[i].host = xstrdup(touched->host);
	events_sort(&deltas->events);
}

void tree_update_absent(struct tree *tree, const struct manager *manager, uint64_t now)
{
	const struct update update = { tree, manager, now, NULL };

	map_for_each (&manager->names.records, node, next) {
		const char *id = container_of(node, struct record, by_id)->id;
		bool has_others = lead_find(&tree->leads, id, false);
		bool has_those_of_volume = lead_find(&tree->leads, id, true);

		if (!has_others || !has_those_of_volume)
			add_links(&update, id, !has_others, !has_those_of_volume);
	}
}
