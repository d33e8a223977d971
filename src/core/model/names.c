/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database in memory: which link belongs to which unique ID, and what is remembered of each ID.
 *
 * Owns its records and links. Every link is in exactly one record's list; `letter` and
 * `volume_names` of a record are always those of its links. In a layer the scalars of a record
 * speak for the whole view, while `links` holds only what the layer added; a link with record NULL
 * says "deleted". A layer's base must not change while the layer is in use.
 *
 * An unrecorded link (DELETE_POINTS_DBONLY) is in memory alone: its path has no row, and its record
 * does not count it. In a layer, a deleted link is called unrecorded if the base's was.
 */

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "core/model/dropped.h"
#include "core/model/mount_points.h"
#include "core/model/names.h"
#include "core/model/shadows.h"
#include "core/syntax/link_name.h"

#define FIRST_LINKS 8 /* that come before all others of their record */

static bool link_has_path(const void *object, const void *key)
{
	const struct link *link = object;

	return strcasecmp(link->path, key) == 0 && !(link->record && link->record->is_dropped);
}

static bool record_has_id(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct record, by_id)->id, key) == 0;
}

/* Most layers have few links or none. */
static struct link *find_own_link(const struct names *names, const char *path)
{
	return names->links.count
		? index_find(&names->links, map_hash_text_ignoring_case(path), link_has_path, path)
		: NULL;
}

static struct record *find_own_record(const struct names *names, const char *id)
{
	struct map_node *node = names->records.count
		? map_find(&names->records, map_hash_text_ignoring_case(id), record_has_id, id)
		: NULL;

	return node ? container_of(node, struct record, by_id) : NULL;
}

static void record_free(struct record *record)
{
	fingerprint_fini(&record->fingerprint);
	free(record);
}

/* Where the database of all hosts stands. */
static void copy_position(struct names *to, const struct names *from)
{
	to->revision = from->revision;
	to->head = from->head;
	to->own_change = from->own_change;
	memcpy(to->cluster, from->cluster, sizeof(to->cluster));
}

void names_init(struct names *names, const struct names *base)
{
	*names = (struct names){ .base = base };
	if (base)
		copy_position(names, base);
}

void names_fini(struct names *names)
{
	index_for_each (&names->links, struct link, link)
		free(link);
	map_for_each (&names->records, node, next)
		record_free(container_of(node, struct record, by_id));
	dropped_fini(names);
	index_fini(&names->links);
	map_fini(&names->records);
	mount_points_fini(names);
	shadows_fini(names);
}

/* Whether the links of a record of the base are none of the view. */
static bool is_dropped(const struct names *layer, const struct record *record)
{
	const struct record *own = layer->drops_links ? find_own_record(layer, record->id) : NULL;

	return own && own != record && own->drops_links;
}

const struct link *names_find_link(const struct names *names, const char *path)
{
	const struct link *link = find_own_link(names, path);

	if (!link && names->base)
		link = find_own_link(names->base, path);
	return link && link->record && !is_dropped(names, link->record) ? link : NULL;
}

const struct record *names_find_record(const struct names *names, const char *id)
{
	const struct record *record = find_own_record(names, id);

	if (!record && names->base)
		record = find_own_record(names->base, id);
	return record && !record->is_removed ? record : NULL;
}

static bool record_is_alike(const struct map_node *node, const void *key)
{
	return unique_id_is_alike(container_of(node, struct record, by_id)->id, key);
}

static const struct record *next_own_alike(
	const struct names *names, const char *id, const struct record *record)
{
	const struct map_node *node = record
		? map_find_next(&record->by_id, record_is_alike, id)
		: map_find(&names->records, map_hash_text_ignoring_case(id), record_is_alike, id);

	return node ? container_of(node, struct record, by_id) : NULL;
}

const struct record *names_next_alike(
	const struct names *names, const char *id, const struct record *record)
{
	bool is_in_base = record && find_own_record(names, record->id) != record;

	do {
		record = next_own_alike(is_in_base ? names->base : names, id, record);
		if (!record && !is_in_base && names->base) {
			is_in_base = true;
			record = next_own_alike(names->base, id, NULL);
		}
		/* A layer has its own word on what it has. */
	} while (record &&
		(record->is_removed || (is_in_base && find_own_record(names, record->id))));
	return record;
}

const struct link *names_next_link(
	const struct names *names, const char *id, const struct link *link)
{
	const struct record *own;
	bool is_in_base = false;

	if (link && !names->base)
		return link->next;
	own = find_own_record(names, id);
	if (link) {
		is_in_base = names->base && link->record != own;
		link = link->next;
	} else if (own) {
		link = own->links;
	}
	if (!link && !is_in_base && names->base &&
		!(own && (own->is_removed || own->drops_links))) {
		const struct record *below = find_own_record(names->base, id);

		link = below ? below->links : NULL;
		is_in_base = true;
	}
	while (link && is_in_base && find_own_link(names, link->path))
		link = link->next; /* the layer has its own word on this one */
	return link;
}

bool names_is_shared(const struct link *link)
{
	return link->record && link->record->is_shared && !link->is_unrecorded &&
		!link_name_is_letter(link->path);
}

bool names_is_of_identity(const struct names *names, const struct record *record)
{
	return !record->fingerprint.size && !record->volume_names &&
		(record->keep_links || names_next_link(names, record->id, NULL));
}

bool names_has_identity(const struct names *names, const struct record *record)
{
	const struct link *link = NULL;

	if (!names_is_of_identity(names, record))
		return false;
	while ((link = names_next_link(names, record->id, link)) && link->is_unrecorded)
		;
	return link || record->keep_links;
}

bool names_has_unrecorded(const struct names *names, const char *id)
{
	bool may_have = names->has_unrecorded || (names->base && names->base->has_unrecorded);
	const struct link *link = NULL;

	while (may_have && (link = names_next_link(names, id, link)))
		if (link->is_unrecorded)
			return true;
	return false;
}

static bool needs_volume(const struct link *link)
{
	return link_name_is_letter(link->path) || link_name_is_volume(link->path);
}

/* Letters and volume names are few and asked for often: unless there are many, they come first. */
static void link_attach(struct link *link, struct record *record)
{
	struct link **place = &record->links;

	if (!needs_volume(link))
		for (int i = 0; i < FIRST_LINKS && *place && needs_volume(*place); i++)
			place = &(*place)->next;
	link->record = record;
	link->next = *place;
	link->previous = place;
	if (link->next)
		link->next->previous = &link->next;
	*place = link;
}

static void link_detach(struct link *link)
{
	if (!link->record)
		return;
	*link->previous = link->next;
	if (link->next)
		link->next->previous = link->previous;
	link->record = NULL;
}

/* Keeps the counters of a record true when it gains (+1) or loses (-1) a link. */
static void record_count_link(struct record *record, const char *path, int change)
{
	if (link_name_is_letter(path))
		record->letter = change > 0 ? link_name_get_base(path)[0] : 0;
	else if (link_name_is_volume(path))
		record->volume_names += (uint32_t)change;
}

/* The links of `names` itself, but for those that a layer has its own word on. */
static size_t get_own_links(
	const struct names *names, const struct names *layer, const struct link **ret_links)
{
	size_t count = 0;

	map_for_each (&names->records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);
		const struct link *link = layer && is_dropped(layer, record) ? NULL : record->links;

		for (; link; link = link->next)
			if (!layer || !layer->links.count || !find_own_link(layer, link->path))
				ret_links[count++] = link;
	}
	return count;
}

size_t names_get_links(const struct names *names, const struct link ***ret_links)
{
	size_t count = names->links.count + (names->base ? names->base->links.count : 0);
	const struct link **links = xcalloc(count, sizeof(*links));

	count = get_own_links(names, NULL, links);
	if (names->base)
		count += get_own_links(names->base, names, links + count);
	*ret_links = links;
	return count;
}

/* The record of this layer, for its links: those alone are no reason to write it. */
static struct record *hold_record(struct names *layer, const char *id)
{
	const struct record *below = layer->base ? find_own_record(layer->base, id) : NULL;
	struct record *record = find_own_record(layer, id);

	if (!record) {
		record = xcalloc(1, sizeof(*record) + strlen(id) + 1);
		strcpy(record->id, id);
		map_add(&layer->records, &record->by_id, map_hash_text_ignoring_case(id));
		record->is_edited = !below;
		if (below) {
			record->volume_names = below->volume_names;
			record->letter = below->letter;
			record->no_drive_letter = below->no_drive_letter;
			record->keep_links = below->keep_links;
			record->last_seen = below->last_seen;
			record->is_shared = below->is_shared;
			record->revision = below->revision;
			fingerprint_copy(&record->fingerprint, &below->fingerprint);
		}
	}
	record->is_removed = false;
	record->is_hint = false;
	return record;
}

struct record *names_edit_record(struct names *layer, const char *id)
{
	struct record *record = hold_record(layer, id);

	record->is_edited = true;
	return record;
}

struct record *names_edit_hint(struct names *layer, const char *id)
{
	const struct record *own = find_own_record(layer, id);
	bool is_hint = !own || own->is_hint;
	struct record *record = names_edit_record(layer, id);

	record->is_hint = is_hint;
	return record;
}

/* Takes the link out of the view, leaving a mark where it hides one of the base. */
static void remove_link(struct names *layer, const char *path)
{
	const struct link *visible = names_find_link(layer, path);
	struct link *own = find_own_link(layer, path);
	const struct link *below = layer->base ? find_own_link(layer->base, path) : NULL;

	if (!visible)
		return;
	if (!visible->is_unrecorded)
		record_count_link(hold_record(layer, visible->record->id), visible->path, -1);
	if (own) {
		link_detach(own);
		if (below) {
			strcpy(own->path, below->path); /* the same but for case */
			own->is_unrecorded = below->is_unrecorded;
		} else {
			index_remove(&layer->links, own, map_hash_text_ignoring_case(path));
			free(own);
		}
	} else {
		own = xcalloc(1, sizeof(*own) + strlen(path) + 1);
		strcpy(own->path, below->path);
		own->is_unrecorded = below->is_unrecorded;
		index_add(&layer->links, own, map_hash_text_ignoring_case(path));
	}
}

void names_remove_link(struct names *layer, const char *path)
{
	_cleanup_free_ char *volume = link_name_is_volume(path) ? xstrdup(path) : NULL;

	remove_link(layer, path);
	if (volume)
		mount_points_drop(layer, NULL, volume);
}

void names_set_link(struct names *layer, const char *path, const char *id, uint64_t changed)
{
	const struct link *visible = names_find_link(layer, path);
	struct record *record;
	struct link *own;

	if (visible && !visible->is_unrecorded && strcmp(visible->record->id, id) == 0 &&
		strcmp(visible->path, path) == 0)
		return;
	if (visible)
		remove_link(layer, path);
	own = visible || layer->base ? find_own_link(layer, path) : NULL;
	if (!own) {
		own = xcalloc(1, sizeof(*own) + strlen(path) + 1);
		strcpy(own->path, path);
		index_add(&layer->links, own, map_hash_text_ignoring_case(path));
	}
	strcpy(own->path, path); /* the same but for case */
	own->changed = changed;
	own->is_unrecorded = false;
	record = hold_record(layer, id);
	link_attach(own, record);
	record_count_link(record, path, 1);
}

struct record *names_get_record(struct names *names, const char *id)
{
	return find_own_record(names, id);
}

void names_add_link(struct names *names, struct record *record, const char *path, uint64_t changed)
{
	struct link *link = xcalloc(1, sizeof(*link) + strlen(path) + 1);

	strcpy(link->path, path);
	link->changed = changed;
	index_add(&names->links, link, map_hash_text_ignoring_case(path));
	link_attach(link, record);
	record_count_link(record, path, 1);
}

void names_unrecord_link(struct names *layer, const char *path)
{
	const struct link *visible = names_find_link(layer, path);
	_cleanup_free_ char *own_path = NULL, *id = NULL;
	uint64_t changed;
	struct link *own;

	if (!visible || visible->is_unrecorded)
		return;
	own_path = xstrdup(visible->path);
	id = xstrdup(visible->record->id);
	changed = visible->changed;
	names_remove_link(layer, own_path);
	names_set_link(layer, own_path, id, changed);
	own = find_own_link(layer, own_path);
	own->is_unrecorded = true;
	layer->has_unrecorded = true;
	record_count_link(own->record, own_path, -1);
}

void names_remove_unrecorded(struct names *layer, const char *id)
{
	const struct link *link = names_next_link(layer, id, NULL);

	while (link) {
		const struct link *next = names_next_link(layer, id, link);

		if (link->is_unrecorded)
			names_remove_link(layer, link->path);
		link = next;
	}
}

void names_drop_links(struct names *layer, const char *id)
{
	struct record *own = names_edit_record(layer, id);
	const struct link *link = names_next_link(layer, id, NULL);

	while (link && (link->record == own || own->volume_names || own->letter)) {
		const struct link *next = names_next_link(layer, id, link);

		if (link->record == own || needs_volume(link))
			names_remove_link(layer, link->path);
		link = next;
	}
	own->drops_links = layer->drops_links = true;
}

void names_remove_record(struct names *layer, const char *id)
{
	const struct link *link = names_next_link(layer, id, NULL);
	struct record *record;

	while (link) {
		const struct link *next = names_next_link(layer, id, link);

		names_remove_link(layer, link->path);
		link = next;
	}
	mount_points_drop(layer, id, NULL);
	shadows_drop(layer, id);
	record = names_edit_record(layer, id);
	record->no_drive_letter = false;
	record->keep_links = false;
	record->last_seen = 0;
	record->is_removed = true;
	fingerprint_fini(&record->fingerprint);
}

bool names_is_auto_mount_off(const struct names *names)
{
	return names->has_settings || !names->base ? names->is_auto_mount_off
						   : names->base->is_auto_mount_off;
}

void names_set_auto_mount_off(struct names *layer, bool is_off)
{
	layer->has_settings = true;
	layer->is_auto_mount_off = is_off;
}

/* Whether a link of the layer has a row to write or to delete. */
static bool link_has_row(const struct names *layer, const struct link *link)
{
	const struct link *below = layer->base ? find_own_link(layer->base, link->path) : NULL;

	return (link->record && !link->is_unrecorded) || (below && !below->is_unrecorded);
}

static bool has_link_rows(const struct names *layer)
{
	index_for_each (&layer->links, const struct link, link)
		if (link_has_row(layer, link))
			return true;
	return false;
}

bool names_has_word(const struct names *layer, const char *path)
{
	return find_own_link(layer, path) != NULL;
}

bool names_has_rows(const struct names *layer)
{
	return layer->records.count || layer->mount_points.count || layer->shadows.count ||
		layer->has_settings || has_link_rows(layer);
}

bool names_has_changes(const struct names *layer)
{
	if (layer->has_settings || layer->shadows.count || has_link_rows(layer) ||
		mount_points_has_changes(layer))
		return true;
	map_for_each (&layer->records, node, next)
		if (!container_of(node, struct record, by_id)->is_hint)
			return true;
	return false;
}

static void merge_record(struct names *base, struct record *record)
{
	struct record *below = find_own_record(base, record->id);

	if (below && record->drops_links)
		dropped_add(base, steal_ptr(below));
	if (!below) {
		below = xcalloc(1, sizeof(*below) + strlen(record->id) + 1);
		strcpy(below->id, record->id);
		map_add(&base->records, &below->by_id, map_hash_text_ignoring_case(below->id));
	}
	below->volume_names = record->volume_names;
	below->letter = record->letter;
	below->no_drive_letter = record->no_drive_letter;
	below->keep_links = record->keep_links;
	below->last_seen = record->last_seen;
	below->is_shared = record->is_shared;
	below->revision = record->revision;
	below->is_removed = record->is_removed;
	fingerprint_fini(&below->fingerprint);
	below->fingerprint = record->fingerprint;
	record->fingerprint = (struct fingerprint){ 0 };
}

static void merge_link(struct names *base, struct link *link)
{
	struct link *below = find_own_link(base, link->path);
	struct record *owner = link->record ? find_own_record(base, link->record->id) : NULL;
	uint64_t hash = map_hash_text_ignoring_case(link->path);

	if (below) {
		link_detach(below);
		index_remove(&base->links, below, hash);
		free(below);
	}
	link_detach(link);
	if (owner) {
		link_attach(link, owner);
		index_add(&base->links, link, hash);
	} else {
		free(link);
	}
}

void names_merge(struct names *base, struct names *layer)
{
	assert(layer->base == base);
	if (layer->has_settings)
		base->is_auto_mount_off = layer->is_auto_mount_off;
	layer->has_settings = false;
	base->has_unrecorded |= layer->has_unrecorded;
	layer->drops_links = false;
	copy_position(base, layer);
	mount_points_merge(base, layer);
	shadows_merge(base, layer);
	map_for_each (&layer->records, node, next)
		merge_record(base, container_of(node, struct record, by_id));
	index_for_each (&layer->links, struct link, link)
		merge_link(base, link);
	index_fini(&layer->links);
	map_for_each (&layer->records, node, next) {
		struct record *record = container_of(node, struct record, by_id);

		if (record->is_removed) {
			struct record *below = find_own_record(base, record->id);

			assert(!below->links);
			map_remove(&base->records, &below->by_id);
			record_free(below);
		}
		map_remove(&layer->records, node);
		record_free(record);
	}
}
