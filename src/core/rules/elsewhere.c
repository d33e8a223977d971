/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other hosts have written becomes a change like any other. Its rows are put in the order of
 * their references, as the database wants them. It was committed where it was made, so no rule of
 * this machine can refuse it any more; only a row that cannot be true on any host is left out, and
 * with it what refers to it. What is in the same change stays: it has happened, and the names here
 * are to be those that the same rows make where all of them are read. Of a volume's row it is noted
 * in any case that it was written: who did not know that could write nothing about the volume.
 *
 * Where an older copy of all there is was decided for, or another database, nothing is gone with
 * what that lacks. Until it is shared anew, by whatever host, volumes have no revision, links have
 * a shadow, and mount points have no time.
 *
 * If this machine has a volume of its own with the same ID, that may well be another one: what the
 * others write about theirs is left out.
 */

#include <stdio.h>
#include <string.h>

#include "core/model/mount_points.h"
#include "core/model/shadows.h"
#include "core/rules/elsewhere.h"
#include "core/rules/elsewhere_fault.h"
#include "core/rules/elsewhere_text.h"
#include "core/syntax/link_name.h"

/* The identities of a fingerprint that are the same on each host. */
static const enum id_scheme shared_schemes[] = { ID_PARTUUID, ID_WWN, ID_SERIAL };

static bool is_own(const struct names *names, const char *id)
{
	const struct record *record = names_find_record(names, id);

	return record && !record->is_shared;
}

/* When all is read again most of it is known. */
static bool has_record(const struct elsewhere *elsewhere, const struct elsewhere_row *row,
	const struct change *change)
{
	const struct record *record = names_find_record(&change->names, row->id);

	return elsewhere->is_all && !elsewhere->is_decided && record && row->revision &&
		record->revision == row->revision;
}

static void note_written(
	const struct elsewhere *elsewhere, const struct elsewhere_row *row, struct change *change)
{
	bool is_new = !names_find_record(&change->names, row->id);
	struct record *record = is_new ? names_edit_record(&change->names, row->id)
				       : names_edit_hint(&change->names, row->id);

	record->is_shared |= is_new;
	record->revision = row->revision ? row->revision : elsewhere->revision;
}

static void put_record(
	const struct elsewhere *elsewhere, const struct elsewhere_row *row, struct change *change)
{
	struct record *record;

	if (has_record(elsewhere, row, change))
		return;
	note_written(elsewhere, row, change);
	if (is_own(&change->names, row->id)) /* it is not only this machine's */
		return;
	record = names_edit_record(&change->names, row->id);
	record->keep_links = row->keep_links;
	for (size_t i = 0; i < ARRAY_SIZE(shared_schemes); i++) {
		char **value = &record->fingerprint.value[shared_schemes[i]];

		free(*value);
		*value = row->value[shared_schemes[i]] ? xstrdup(row->value[shared_schemes[i]])
						       : NULL;
	}
	record->fingerprint.size = row->size;
	record->fingerprint.start = row->start;
}

/* A volume that is here, and that all others know nothing of any more, is this machine's own. */
static void keep_record(struct change *change, const char *id)
{
	struct record *own = names_edit_record(&change->names, id);

	shadows_drop(&change->names, id);
	own->is_shared = false;
	own->revision = 0;
}

/* It may have come here just before another host has forgotten it. */
static void remove_record(
	const struct manager *manager, const struct elsewhere_row *row, struct change *change)
{
	if (!names_find_record(&change->names, row->id))
		return;
	if (is_own(&change->names, row->id))
		names_edit_hint(&change->names, row->id)->revision = 0;
	else if (volumes_find_id(&manager->volumes, row->id))
		keep_record(change, row->id);
	else
		names_remove_record(&change->names, row->id);
}

/* Whether the name here gives way to what all hosts have. */
static bool gives_way(const struct elsewhere *elsewhere, const struct elsewhere_row *row,
	const struct names *names)
{
	const struct link *link = names_find_link(names, row->path);

	if (!link || strcmp(link->record->id, row->id) == 0)
		return true;
	return names_is_shared(link) && !elsewhere->is_decided && !shadows_find(names, row->path);
}

static const char *put_link(
	const struct elsewhere *elsewhere, const struct elsewhere_row *row, struct change *change)
{
	struct names *names = &change->names;
	struct event event = { .kind = EVENT_LINK_SHADOWED };

	if (is_own(names, row->id))
		return NULL;
	if (!names_find_record(names, row->id))
		return "a name of a volume that is not there";
	if (gives_way(elsewhere, row, names)) {
		shadows_remove(names, row->path);
		names_set_link(names, row->path, row->id, row->changed);
		return NULL;
	}
	if (!shadows_find(names, row->path) || elsewhere_is_lacking(names, row->path)) {
		event.link = (char *)row->path;
		event.id = (char *)row->id;
		events_add(&change->events, &event);
	}
	shadows_set(names, row->path, row->id, row->changed);
	return NULL;
}

/* It is here, and nobody has it elsewhere. */
static void note_lacking(struct names *names, const struct link *link)
{
	shadows_set(names, link->path, link->record->id, link->changed);
}

static void remove_link(const struct elsewhere_row *row, struct change *change)
{
	const struct link *link = names_find_link(&change->names, row->path);

	if (!link || !names_is_shared(link) || is_own(&change->names, link->record->id))
		shadows_remove(&change->names, row->path);
	else if (shadows_find(&change->names, row->path))
		note_lacking(&change->names, link);
	else
		names_remove_link(&change->names, row->path);
}

/* Marks that a volume has on this machine. */
static void take_marks(const struct elsewhere_row *row, struct change *change)
{
	struct record *record = names_edit_record(&change->names, row->id);

	record->no_drive_letter = row->no_drive_letter;
	if (!record->is_shared)
		record->keep_links = row->keep_links;
}

/* The drive letter that a volume has, if a link is another one. */
static const struct link *find_other_letter(
	const struct names *names, const struct record *record, const char *path)
{
	char other[LINK_PATH_MAX];

	if (!record->letter || !link_name_is_letter(path))
		return NULL;
	snprintf(other, sizeof(other), LINK_FOLDER_DOS_DEVICES "%c:", record->letter);
	return strcmp(other, path) != 0 ? names_find_link(names, other) : NULL;
}

/*
 * This machine's own name, which it has had written nowhere but in its log. What it has written
 * since is newer, and stays; a name of all hosts becomes a shadow.
 */
static void put_own_link(const struct elsewhere_row *row, struct names *names)
{
	const struct link *link = names_find_link(names, row->path), *letter;
	const struct record *record = names_find_record(names, row->id);
	bool is_over = link && names_is_shared(link) && strcmp(link->record->id, row->id) != 0;

	if (!record || (link && !names_is_shared(link) && link->changed > row->changed))
		return;
	letter = find_other_letter(names, record, row->path);
	if (letter && letter->changed > row->changed)
		return;
	if (is_over)
		shadows_set(names, row->path, link->record->id, link->changed);
	if (letter)
		names_remove_link(names, letter->path);
	names_set_link(names, row->path, row->id, row->changed);
}

static void take_own_link(const struct elsewhere_row *row, struct change *change)
{
	const struct link *link = names_find_link(&change->names, row->path);

	if (!row->is_gone)
		put_own_link(row, &change->names);
	else if (link && !names_is_shared(link))
		names_remove_link(&change->names, row->path);
}

static void take_local(const struct elsewhere_row *row, struct change *change)
{
	if (row->kind == ELSEWHERE_LINK)
		take_own_link(row, change);
	else if (row->kind == ELSEWHERE_RECORD && !row->is_gone)
		take_marks(row, change);
}

static const char *put_point(const struct elsewhere_row *row, struct change *change)
{
	struct mount_point point = {
		.host = (char *)row->id,
		.path = (char *)row->path,
		.volume = (char *)row->volume,
		.options = (char *)row->options,
		.changed = row->changed,
	};
	const struct link *link = names_find_link(&change->names, row->volume);

	if (is_own(&change->names, row->id))
		return NULL;
	if (!names_find_record(&change->names, row->id) || !link || link->is_unrecorded)
		return "a mount point of volumes that are not there";
	mount_points_set(&change->names, &point);
	return NULL;
}

static void remove_point(const struct elsewhere_row *row, struct change *change)
{
	if (!is_own(&change->names, row->id) &&
		mount_points_find(&change->names, row->id, row->path))
		mount_points_remove(&change->names, row->id, row->path, NULL);
}

static const char *put_row(
	const struct elsewhere *elsewhere, const struct elsewhere_row *row, struct change *change)
{
	switch (row->kind) {
	case ELSEWHERE_RECORD:
		put_record(elsewhere, row, change);
		return NULL;
	case ELSEWHERE_LINK:
		return put_link(elsewhere, row, change);
	case ELSEWHERE_POINT:
		return put_point(row, change);
	}
	return NULL;
}

static void remove_row(
	const struct manager *manager, const struct elsewhere_row *row, struct change *change)
{
	switch (row->kind) {
	case ELSEWHERE_RECORD:
		remove_record(manager, row, change);
		break;
	case ELSEWHERE_LINK:
		remove_link(row, change);
		break;
	case ELSEWHERE_POINT:
		remove_point(row, change);
		break;
	}
}

/* Who did what on the other host, in the order in which it came here. */
static void add_entries(
	const struct manager *manager, const struct elsewhere *elsewhere, struct change *change)
{
	for (size_t i = 0; i < elsewhere->entry_count; i++) {
		const struct history_entry *entry = &elsewhere->entries[i];
		struct triple triple = { entry->link, entry->id, entry->device };
		struct manager_env env = {
			.now = entry->time,
			.uid = entry->uid,
			.pid = entry->pid,
			.command = entry->command,
			.host = elsewhere->host,
		};

		change_add_entry(change, manager, &env, entry->operation, &triple);
	}
}

/* In the order of what rows refer to. */
enum step { STEP_KEPT, STEP_GONE, STEP_RECORDS, STEP_LINKS, STEP_POINTS, STEP_LAST, STEPS };

static enum step get_step(const struct manager *manager, const struct elsewhere_row *row)
{
	if (row->is_local || row->kind > ELSEWHERE_POINT)
		return STEP_LAST;
	if (!row->is_gone)
		return STEP_RECORDS + (enum step)row->kind;
	if (row->kind != ELSEWHERE_RECORD)
		return STEP_GONE;
	return row->id && volumes_find_id(&manager->volumes, row->id) ? STEP_KEPT : STEP_LAST;
}

/* NULL, or why it is left out. */
static const char *decide_row(const struct manager *manager, const struct elsewhere *elsewhere,
	const struct elsewhere_row *row, struct change *change)
{
	const char *fault;

	if (row->is_local && elsewhere->number <= manager->names.own_change)
		return NULL; /* another host's, or known */
	fault = elsewhere_find_fault(row);
	if (fault && row->kind == ELSEWHERE_RECORD && !row->is_gone && !row->is_local && row->id &&
		unique_id_is_valid(row->id))
		note_written(elsewhere, row, change);
	if (fault)
		return fault;
	if (elsewhere_is_outdated(elsewhere, row, &change->names))
		return NULL;
	if (row->is_local)
		take_local(row, change);
	else if (row->is_gone)
		remove_row(manager, row, change);
	else
		fault = put_row(elsewhere, row, change);
	return fault;
}

/* Marks are taken up before links: whoever has a letter behind all of them wants one. */
static void clear_mark(const struct elsewhere_row *row, struct change *change)
{
	const struct record *record = row->id ? names_find_record(&change->names, row->id) : NULL;

	if (record && record->letter && record->no_drive_letter)
		names_edit_record(&change->names, row->id)->no_drive_letter = false;
}

/* The first that is left out is said by name. */
static void decide_rows(const struct manager *manager, const struct elsewhere *elsewhere,
	struct change *change, struct strbuf *why)
{
	size_t faults = 0;

	for (enum step step = STEP_KEPT; step < STEPS; step++) {
		for (size_t i = 0; i < elsewhere->count; i++) {
			const struct elsewhere_row *row = &elsewhere->rows[i];
			const char *fault = NULL;

			if (get_step(manager, row) == step)
				fault = decide_row(manager, elsewhere, row, change);
			if (!fault || faults++)
				continue;
			strbuf_add_format(why,
				"host %s has sent %s, which is left out: ", elsewhere->host, fault);
			strbuf_add_printable(why, row->path ? row->path : row->id ? row->id : "");
		}
	}
	for (size_t i = 0; i < elsewhere->count; i++)
		if (elsewhere->rows[i].is_local)
			clear_mark(&elsewhere->rows[i], change);
	if (faults > 1)
		strbuf_add_format(why, "; and %zu more rows", faults - 1);
}

/* --- when all is read ------------------------------------------------------------------------- */

struct row_key {
	struct map_node by_text;
	char text[];
};

static bool has_text(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct row_key, by_text)->text, key) == 0;
}

static bool is_listed(const struct map *keys, const struct elsewhere_row *row)
{
	_cleanup_strbuf_ struct strbuf key = STRBUF_INIT;

	elsewhere_row_add_key(row, &key);
	return map_find(keys, map_hash_text(strbuf_text(&key)), has_text, strbuf_text(&key)) !=
		NULL;
}

static void list_keys(const struct elsewhere *elsewhere, struct map *ret_keys)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < elsewhere->count; i++) {
		struct row_key *key;

		if (elsewhere->rows[i].is_local)
			continue;
		strbuf_reset(&text);
		elsewhere_row_add_key(&elsewhere->rows[i], &text);
		key = xcalloc(1, sizeof(*key) + text.len + 1);
		memcpy(key->text, text.data, text.len);
		map_add(ret_keys, &key->by_text, map_hash_text(key->text));
	}
}

static void free_keys(struct map *keys)
{
	map_for_each (keys, node, next)
		free(container_of(node, struct row_key, by_text));
	map_fini(keys);
}

static void drop_links(const struct manager *manager, const struct elsewhere *elsewhere,
	const struct map *keys, struct change *change)
{
	index_for_each (&manager->names.links, const struct link, link) {
		struct elsewhere_row row = { .kind = ELSEWHERE_LINK, .path = link->path };

		if (!names_is_shared(link) || is_listed(keys, &row) ||
			elsewhere_is_outdated(elsewhere, &row, &change->names) ||
			is_own(&change->names, link->record->id))
			continue;
		if (!names_find_link(&change->names, link->path))
			continue; /* with its volume */
		if (elsewhere->is_decided || shadows_find(&manager->names, link->path))
			note_lacking(&change->names, link);
		else
			remove_link(&row, change);
	}
	map_for_each (&manager->names.shadows, node, next) {
		const struct shadow *shadow = container_of(node, struct shadow, by_path);
		struct elsewhere_row row = { .kind = ELSEWHERE_LINK, .path = shadow->path };

		if (shadow->id && !is_listed(keys, &row) &&
			!elsewhere_is_lacking(&change->names, shadow->path))
			shadows_remove(&change->names, shadow->path);
	}
}

static void drop_points(const struct manager *manager, const struct elsewhere *elsewhere,
	const struct map *keys, struct change *change)
{
	map_for_each (&manager->names.mount_points, node, next) {
		const struct mount_point *point = container_of(node, struct mount_point, by_place);
		struct elsewhere_row row = {
			.kind = ELSEWHERE_POINT, .id = point->host, .path = point->path
		};
		struct mount_point lacking = *point;

		if (is_listed(keys, &row) || is_own(&change->names, point->host) || !point->changed)
			continue;
		lacking.changed = 0;
		if (elsewhere->is_decided)
			mount_points_set(&change->names, &lacking);
		else
			remove_point(&row, change);
	}
}

static void drop_records(const struct manager *manager, const struct elsewhere *elsewhere,
	const struct map *keys, struct change *change)
{
	map_for_each (&manager->names.records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);
		struct elsewhere_row row = { .kind = ELSEWHERE_RECORD, .id = record->id };

		if (is_listed(keys, &row) || elsewhere_is_outdated(elsewhere, &row, &change->names))
			continue;
		if (!record->is_shared) {
			if (record->revision)
				names_edit_hint(&change->names, record->id)->revision = 0;
			continue;
		}
		if (elsewhere->is_decided)
			names_edit_hint(&change->names, record->id)->revision = 0;
		if (!record->revision || elsewhere->is_decided)
			continue;
		if (volumes_find_id(&manager->volumes, record->id))
			keep_record(change, record->id);
		else
			names_remove_record(&change->names, record->id);
	}
}

static void drop_others(
	const struct manager *manager, const struct elsewhere *elsewhere, struct change *change)
{
	struct map keys = MAP_INIT;

	list_keys(elsewhere, &keys);
	drop_records(manager, elsewhere, &keys, change);
	drop_points(manager, elsewhere, &keys, change);
	drop_links(manager, elsewhere, &keys, change);
	free_keys(&keys);
}

static void note_position(const struct elsewhere *elsewhere, struct change *change)
{
	change->names.revision = elsewhere->revision;
	change->names.head = elsewhere->head;
	if (elsewhere->cluster[0] || elsewhere->cluster[1])
		memcpy(change->names.cluster, elsewhere->cluster, sizeof(elsewhere->cluster));
	if (elsewhere->number > change->names.own_change)
		change->names.own_change = elsewhere->number;
}

void elsewhere_decide(const struct manager *manager, const struct elsewhere *elsewhere,
	struct change *change, struct strbuf *why)
{
	bool is_known = elsewhere->number && elsewhere->number <= manager->names.own_change;

	if (is_known && !elsewhere->is_all) {
		note_position(elsewhere, change);
		return;
	}
	if (elsewhere->is_all)
		drop_others(manager, elsewhere, change);
	decide_rows(manager, elsewhere, change, why);
	if (!is_known)
		add_entries(manager, elsewhere, change);
	elsewhere_surface(change);
	note_position(elsewhere, change);
	if (!change->host)
		change->host = xstrdup(elsewhere->host);
}

bool elsewhere_is_lacking(const struct names *view, const char *path)
{
	const struct link *link = names_find_link(view, path);
	const struct shadow *shadow = shadows_find(view, path);

	return link && shadow && names_is_shared(link) &&
		names_find_record(view, shadow->id)->is_shared &&
		strcmp(link->record->id, shadow->id) == 0;
}

bool elsewhere_find_link(
	const struct names *view, const char *path, struct elsewhere_link *ret_link)
{
	const struct link *link = names_find_link(view, path);
	const struct shadow *shadow = shadows_find(view, path);

	if (link && names_is_shared(link) && !shadow)
		*ret_link = (struct elsewhere_link){ link->path, link->record->id, link->changed };
	else if (shadow && !elsewhere_is_lacking(view, path))
		*ret_link = (struct elsewhere_link){ shadow->path, shadow->id, shadow->changed };
	else
		return false;
	return true;
}

bool elsewhere_is_row(const struct names *layer, const char *path)
{
	struct elsewhere_link before, after;
	bool was_there = elsewhere_find_link(layer->base, path, &before);
	bool is_there = elsewhere_find_link(layer, path, &after);

	if (!was_there || !is_there)
		return was_there != is_there;
	return strcmp(before.path, after.path) != 0 || strcmp(before.id, after.id) != 0 ||
		before.changed != after.changed;
}

/* A link that the database of all hosts lacked is gone here, or another volume's. */
static bool is_made_good(const struct names *layer, const struct shadow *shadow)
{
	return elsewhere_is_lacking(layer->base, shadow->path) &&
		strcmp(shadows_find(layer->base, shadow->path)->id, shadow->id) == 0 &&
		!elsewhere_is_lacking(layer, shadow->path);
}

static void surface(void *data, const struct shadow *shadow)
{
	struct names *layer = data;
	_cleanup_free_ char *path = NULL, *id = NULL;
	uint64_t changed = shadow->changed;
	bool is_over = is_made_good(layer, shadow);

	if (!is_over && names_find_link(layer, shadow->path))
		return;
	path = xstrdup(shadow->path);
	id = xstrdup(shadow->id);
	shadows_remove(layer, path);
	if (is_over)
		return;
	names_set_link(layer, path, id, changed);
}

void elsewhere_surface(struct change *change)
{
	shadows_visit(&change->names, surface, &change->names);
}
