/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What readers of `events` were told of volumes, and of devices that are none. Of links it follows
 * from the database, but for those that are in memory alone: they end with the process.
 */

#include <string.h>

#include "io/fuse/kept_told.h"

/* Texts follow, each with its NUL: ID, node or "", mounts. */
struct kept_volume {
	uint64_t diskseq;
	uint64_t description;
	uint64_t changed, links_changed;
	uint32_t is_online;
	uint32_t mounts;
};

#define MOUNTS_MAX 65536

/* Of a device. Its kernel name and the reason or "" follow. */
struct kept_device {
	uint64_t is_duplicate;
};

/* --- reading ---------------------------------------------------------------------------------- */

static bool load(const struct kept *kept, uint32_t record, struct told *told)
{
	const struct kept_volume *head = kept_get(kept, record);
	size_t len = kept_get_len(kept, record);
	const char *at = (const char *)(head + 1), *end = (const char *)head + len;
	_cleanup_free_ const char **mounts = NULL;
	const char *id, *node;
	struct told_volume volume;

	if (len < sizeof(*head) || head->mounts > MOUNTS_MAX || head->changed > INT64_MAX ||
		head->links_changed > INT64_MAX)
		return false;
	id = kept_notes_take_text(&at, end);
	node = kept_notes_take_text(&at, end);
	if (!id || !*id || !node)
		return false;
	volume = (struct told_volume){
		.id = id,
		.node = *node ? node : NULL,
		.is_online = head->is_online,
		.diskseq = head->diskseq,
		.description = head->description,
		.changed = head->changed,
		.links_changed = head->links_changed,
		.mount_count = head->mounts,
	};
	volume.mounts = mounts = xcalloc(head->mounts + 1, sizeof(*mounts));
	for (size_t i = 0; i < head->mounts; i++)
		if (!(mounts[i] = kept_notes_take_text(&at, end)))
			return false;
	told_add_volume(told, &volume);
	return true;
}

static bool load_device(const struct kept *kept, uint32_t record, struct told *told)
{
	const struct kept_device *head = kept_get(kept, record);
	size_t len = kept_get_len(kept, record);
	const char *at = (const char *)(head + 1), *end = (const char *)head + len;
	struct told_device device;

	if (len < sizeof(*head))
		return false;
	device.is_duplicate = head->is_duplicate;
	device.name = kept_notes_take_text(&at, end);
	device.reason = kept_notes_take_text(&at, end);
	if (!device.name || !device.reason)
		return false;
	if (!*device.reason)
		device.reason = NULL;
	told_add_device(told, &device);
	return true;
}

void kept_told_load(struct kept *kept, struct told *told)
{
	for (uint32_t record = 0; (record = kept_next(kept, KEPT_VOLUME, record));)
		if (!load(kept, record, told))
			kept_remove(kept, record);
	for (uint32_t record = 0; (record = kept_next(kept, KEPT_DEVICE, record));)
		if (!load_device(kept, record, told))
			kept_remove(kept, record);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void format(const struct told_volume *volume, struct strbuf *bytes)
{
	struct kept_volume head = {
		.diskseq = volume->diskseq,
		.description = volume->description,
		.changed = volume->changed,
		.links_changed = volume->links_changed,
		.is_online = volume->is_online,
		.mounts = (uint32_t)volume->mount_count,
	};

	strbuf_add(bytes, &head, sizeof(head));
	kept_notes_add_text(bytes, volume->id);
	kept_notes_add_text(bytes, volume->node ? volume->node : "");
	for (size_t i = 0; i < volume->mount_count; i++)
		kept_notes_add_text(bytes, volume->mounts[i]);
}

void kept_told_note(struct kept_told *noted, const struct tree *tree, const char *id)
{
	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT;
	struct told_volume volume;

	if (!noted->kept)
		return;
	if (told_get_volume(tree, id, &volume))
		format(&volume, &bytes);
	kept_notes_put(&noted->volumes, id, &bytes);
}

void kept_told_note_device(struct kept_told *noted, const struct volumes *volumes, const char *name)
{
	const struct device *device = noted->kept ? volumes_find_name(volumes, name) : NULL;
	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT;
	struct told_device told;

	if (!noted->kept)
		return;
	if (device && told_get_device(device, &told)) {
		strbuf_add(&bytes, &(struct kept_device){ told.is_duplicate },
			sizeof(struct kept_device));
		kept_notes_add_text(&bytes, name);
		kept_notes_add_text(&bytes, told.reason ? told.reason : "");
	}
	kept_notes_put(&noted->devices, name, &bytes);
	kept_known_note(&noted->known, volumes_find_before(volumes, name), name);
}

void kept_told_start(struct kept_told *noted, struct kept *kept, const struct tree *tree,
	const struct volumes *volumes)
{
	kept_notes_init(&noted->volumes, kept, KEPT_VOLUME, sizeof(struct kept_volume));
	kept_notes_init(&noted->devices, kept, KEPT_DEVICE, sizeof(struct kept_device));
	kept_known_init(&noted->known, kept);
	noted->kept = kept;
	for (const struct node *folder = tree->ids->content->first; folder; folder = folder->next)
		kept_told_note(noted, tree, folder->content->id);
	map_for_each (&volumes->by_name, node, next)
		kept_told_note_device(
			noted, volumes, container_of(node, struct device, by_name)->name);
	map_for_each (&volumes->dismissed, node, next)
		kept_told_note_device(
			noted, volumes, container_of(node, struct device, by_name)->name);
}

void kept_told_fini(struct kept_told *noted)
{
	kept_notes_fini(&noted->volumes);
	kept_notes_fini(&noted->devices);
	kept_notes_fini(&noted->known);
}
