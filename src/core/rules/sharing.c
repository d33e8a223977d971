/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rows of a change are those of all hosts, and what they must be compared with.
 *
 * A volume's row is written by every change that touches the volume, or any name of it: so it must
 * be as it is known here. A name that nobody is known to have must be nobody's. Whoever loses a
 * name because it is absent must be seen by no other host, and so must what is remembered as
 * another disk than before. Any two changes about one volume or one name exclude each other by
 * that, and all others can happen side by side.
 *
 * Names that the host has for itself, and marks of volumes, are written here alone. Where a change
 * has both, those are in the host's log, too, so that a host that dies between the two finds them
 * there.
 */

#include <string.h>
#include <strings.h>

#include "core/model/mount_points.h"
#include "core/model/shadows.h"
#include "core/rules/elsewhere.h"
#include "core/rules/mounted.h"
#include "core/rules/sharing.h"
#include "core/syntax/cluster_line.h"
#include "core/syntax/link_name.h"

static const enum id_scheme schemes[] = { ID_PARTUUID, ID_WWN, ID_SERIAL };
static const char *const scheme_keys[] = { "partuuid", "wwn", "serial" };

/* One of sharing::volumes. */
struct listed {
	struct map_node by_id;
	const char *id;
};

struct writer {
	struct sharing *sharing;
	struct map listed;
	const struct manager *manager;
	struct change *change;
	const char *host;
	struct strbuf local;
};

static void begin_item(struct strbuf *list)
{
	if (list->len)
		strbuf_add_char(list, ',');
}

static void compare_revision(struct writer *writer, const struct strbuf *key, uint64_t revision)
{
	struct sharing *sharing = writer->sharing;

	begin_item(&sharing->compare);
	strbuf_add_text(&sharing->compare, "{\"key\":");
	strbuf_add_json(&sharing->compare, strbuf_text(key));
	strbuf_add_format(&sharing->compare, ",\"revision\":%llu}", (unsigned long long)revision);
	sharing->compares++;
	sharing->bytes += key->len;
}

/* No other host sees the volume. */
static void compare_unseen(struct writer *writer, const char *id)
{
	struct sharing *sharing = writer->sharing;
	_cleanup_free_ char *below = xasprintf("seen/%s/", id);
	_cleanup_free_ char *but = xasprintf("seen/%s/%s", id, writer->host);

	begin_item(&sharing->compare);
	strbuf_add_text(&sharing->compare, "{\"below\":");
	strbuf_add_json(&sharing->compare, below);
	strbuf_add_text(&sharing->compare, ",\"but\":");
	strbuf_add_json(&sharing->compare, but);
	strbuf_add_char(&sharing->compare, '}');
	sharing->compares += 2;
	sharing->bytes += strlen(below) + strlen(but);
}

static void put(struct writer *writer, const struct strbuf *key, const struct strbuf *value)
{
	struct sharing *sharing = writer->sharing;

	begin_item(&sharing->put);
	strbuf_add_text(&sharing->put, "{\"key\":");
	strbuf_add_json(&sharing->put, strbuf_text(key));
	strbuf_add_text(&sharing->put, ",\"value\":");
	strbuf_add_json(&sharing->put, strbuf_text(value));
	strbuf_add_char(&sharing->put, '}');
	sharing->puts++;
	sharing->bytes += key->len + value->len;
}

static void delete_row(struct writer *writer, const struct strbuf *key)
{
	struct sharing *sharing = writer->sharing;

	begin_item(&sharing->gone);
	strbuf_add_json(&sharing->gone, strbuf_text(key));
	sharing->puts += 2;
	sharing->bytes += 2 * key->len;
}

static void add_text(struct strbuf *value, const char *key, const char *text)
{
	if (!text)
		return;
	if (value->data[value->len - 1] != '{')
		strbuf_add_char(value, ',');
	strbuf_add_format(value, "\"%s\":", key);
	strbuf_add_json(value, text);
}

static void add_number(struct strbuf *value, const char *key, uint64_t number)
{
	strbuf_add_format(value, "%s\"%s\":%llu", value->data[value->len - 1] == '{' ? "" : ",",
		key, (unsigned long long)number);
}

/* --- volumes ---------------------------------------------------------------------------------- */

static bool has_id(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct listed, by_id)->id, key) == 0;
}

static bool is_listed(const struct writer *writer, const char *id)
{
	return map_find(&writer->listed, map_hash_text(id), has_id, id);
}

static void list(struct writer *writer, const char *id)
{
	struct sharing *sharing = writer->sharing;
	struct listed *listed = xcalloc(1, sizeof(*listed));

	sharing->volumes = xgrow(sharing->volumes, sharing->volume_count, sizeof(char *));
	listed->id = sharing->volumes[sharing->volume_count++] = xstrdup(id);
	map_add(&writer->listed, &listed->by_id, map_hash_text(id));
}

static void forget_list(struct writer *writer)
{
	map_for_each (&writer->listed, node, next)
		free(container_of(node, struct listed, by_id));
	map_fini(&writer->listed);
}

static void touch(struct writer *writer, const char *id)
{
	if (is_listed(writer, id))
		return;
	names_edit_hint(&writer->change->names, id);
	list(writer, id);
}

static bool has_same_identities(const struct record *a, const struct record *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (!is_same_text(
			    a->fingerprint.value[schemes[i]], b->fingerprint.value[schemes[i]]))
			return false;
	return a->fingerprint.size == b->fingerprint.size &&
		a->fingerprint.start == b->fingerprint.start;
}

static bool is_same_record(const struct record *a, const struct record *b)
{
	return a->keep_links == b->keep_links && has_same_identities(a, b);
}

/* Whether what all hosts know of it is different by the change. */
static bool is_changed(const struct writer *writer, const struct record *record)
{
	const struct record *before = names_find_record(writer->change->names.base, record->id);

	if (!record->is_shared || (!before && record->is_removed))
		return false;
	return !before || !before->is_shared || record->is_removed ||
		!is_same_record(before, record);
}

static void put_record(struct writer *writer, const struct strbuf *key, const struct record *record)
{
	_cleanup_strbuf_ struct strbuf value = STRBUF_INIT;

	strbuf_add_char(&value, '{');
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		add_text(&value, scheme_keys[i], record->fingerprint.value[schemes[i]]);
	add_number(&value, "size", record->fingerprint.size);
	add_number(&value, "start", record->fingerprint.start);
	if (record->keep_links)
		strbuf_add_text(&value, ",\"keep\":true");
	strbuf_add_char(&value, '}');
	put(writer, key, &value);
}

static void add_record(struct writer *writer, const char *id)
{
	const struct record *record = names_find_record(&writer->change->names, id);
	const struct record *before = names_find_record(writer->change->names.base, id);
	_cleanup_strbuf_ struct strbuf key = STRBUF_INIT;

	cluster_key_add_volume(&key, id);
	compare_revision(writer, &key, before && before->is_shared ? before->revision : 0);
	if (record && before && before->is_shared && !has_same_identities(before, record))
		compare_unseen(writer, id);
	if (record) {
		put_record(writer, &key, record);
	} else {
		compare_unseen(writer, id);
		delete_row(writer, &key);
	}
}

/* It was that of all hosts and is the machine's own by the change: others keep theirs. */
static bool is_parted(const struct names *layer, const char *id)
{
	const struct record *before = names_find_record(layer->base, id);
	const struct record *now = names_find_record(layer, id);

	return before && before->is_shared && now && !now->is_shared;
}

/* --- links ------------------------------------------------------------------------------------ */

static void format_link(struct strbuf *value, const char *path, const char *id, uint64_t changed)
{
	strbuf_add_char(value, '{');
	add_text(value, "path", path);
	add_text(value, "id", id);
	add_number(value, "changed", changed);
	strbuf_add_char(value, '}');
}

/* Who loses the name to another volume, and is not here, must be nowhere. */
static void compare_loser(
	struct writer *writer, const char *path, const struct elsewhere_link *before)
{
	const struct link *now = names_find_link(&writer->change->names, path);

	if (now && strcmp(now->record->id, before->id) != 0 &&
		!manager_find_device(writer->manager, &writer->change->names, before->id))
		compare_unseen(writer, before->id);
}

static void add_shared_link(struct writer *writer, const char *path)
{
	const struct names *layer = &writer->change->names;
	_cleanup_strbuf_ struct strbuf key = STRBUF_INIT, value = STRBUF_INIT;
	struct elsewhere_link before, after;
	bool was_there = elsewhere_find_link(layer->base, path, &before);
	bool is_there = elsewhere_find_link(layer, path, &after);

	if (was_there && is_parted(layer, before.id))
		return;
	cluster_key_add_link(&key, path);
	if (was_there && names_find_record(layer, before.id))
		touch(writer, before.id);
	if (was_there)
		compare_loser(writer, path, &before);
	else
		compare_revision(writer, &key, 0);
	if (!is_there) {
		delete_row(writer, &key);
		return;
	}
	touch(writer, after.id);
	format_link(&value, after.path, after.id, after.changed);
	put(writer, &key, &value);
}

static void begin_local(struct writer *writer, const struct strbuf *key)
{
	begin_item(&writer->local);
	strbuf_add_text(&writer->local, "{\"key\":");
	strbuf_add_json(&writer->local, strbuf_text(key));
}

static void end_local(struct writer *writer, const struct strbuf *value)
{
	if (value->len) {
		strbuf_add_text(&writer->local, ",\"value\":");
		strbuf_add_json(&writer->local, strbuf_text(value));
	}
	strbuf_add_char(&writer->local, '}');
}

static bool has_other_marks(const struct record *before, const struct record *record)
{
	if (record->no_drive_letter != (before && before->no_drive_letter))
		return true;
	return !record->is_shared && record->keep_links != (before && before->keep_links);
}

/* Marks of volumes that the host has for itself; names of these follow. */
static void add_local_marks(struct writer *writer)
{
	const struct names *layer = &writer->change->names;

	map_for_each (&layer->records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);
		const struct record *before = names_find_record(layer->base, record->id);
		_cleanup_strbuf_ struct strbuf key = STRBUF_INIT, value = STRBUF_INIT;
		bool is_new = !before && !record->is_shared;

		if (record->is_removed || (!is_new && !has_other_marks(before, record)))
			continue;
		cluster_key_add_volume(&key, record->id);
		begin_local(writer, &key);
		strbuf_add_format(&value, "{\"keep\":%s,\"no_letter\":%s}",
			record->keep_links ? "true" : "false",
			record->no_drive_letter ? "true" : "false");
		end_local(writer, &value);
	}
}

/* One that the host has for itself: before, now, or both. */
static void add_local_link(struct writer *writer, const struct link *link)
{
	const struct names *layer = &writer->change->names;
	const struct link *below = names_find_link(layer->base, link->path);
	bool is_there = link->record && !link->is_unrecorded && !names_is_shared(link);
	bool was_there = below && !below->is_unrecorded && !names_is_shared(below);
	_cleanup_strbuf_ struct strbuf key = STRBUF_INIT, value = STRBUF_INIT;

	if (!is_there && !was_there)
		return;
	cluster_key_add_link(&key, link->path);
	begin_local(writer, &key);
	if (is_there)
		format_link(&value, link->path, link->record->id, link->changed);
	end_local(writer, &value);
}

static void add_links(struct writer *writer)
{
	struct names *layer = &writer->change->names;

	index_for_each (&layer->links, const struct link, link) {
		if (elsewhere_is_row(layer, link->path))
			add_shared_link(writer, link->path);
		add_local_link(writer, link);
	}
}

/* --- mount points ----------------------------------------------------------------------------- */

/* The row of a mount point that all hosts have; NULL: none. */
static const struct mount_point *find_known(
	const struct names *base, const char *host, const char *path)
{
	const struct record *record = names_find_record(base, host);
	const struct mount_point *point = mount_points_find(base, host, path);

	return point && point->changed && record && record->is_shared &&
			!elsewhere_is_lacking(base, point->volume)
		? point
		: NULL;
}

static bool is_same_point(const struct mount_point *a, const struct mount_point *b)
{
	return is_same_text(a->volume, b->volume) && is_same_text(a->options, b->options) &&
		a->is_found == b->is_found;
}

static bool is_of_parted(const struct names *layer, const struct mount_point *before)
{
	const struct link *link = names_find_link(layer->base, before->volume);

	return link && is_parted(layer, link->record->id);
}

static void add_point(struct writer *writer, const struct mount_point *point)
{
	const struct names *layer = &writer->change->names;
	const struct record *record = names_find_record(layer, point->host);
	const struct mount_point *before = find_known(layer->base, point->host, point->path);
	const struct link *link = point->is_removed ? NULL : names_find_link(layer, point->volume);
	_cleanup_strbuf_ struct strbuf key = STRBUF_INIT, value = STRBUF_INIT;

	if (!record)
		record = names_find_record(layer->base, point->host);
	if (!record || !record->is_shared || (point->is_removed && !before) ||
		(before && is_of_parted(layer, before)) ||
		(before && !point->is_removed && is_same_point(before, point)))
		return;
	cluster_key_add_point(&key, point->host, point->path);
	if (names_find_record(layer, point->host))
		touch(writer, point->host);
	if (link && link->record->is_shared)
		touch(writer, link->record->id);
	if (point->is_removed || !link || !link->record->is_shared ||
		elsewhere_is_lacking(layer, point->volume)) {
		if (before)
			delete_row(writer, &key);
		return;
	}
	strbuf_add_char(&value, '{');
	add_text(&value, "volume", point->volume);
	add_text(&value, "options", point->options);
	add_number(&value, "changed", point->changed);
	strbuf_add_char(&value, '}');
	put(writer, &key, &value);
}

/* --- all of it -------------------------------------------------------------------------------- */

static void add_entry(struct strbuf *log, const struct history_entry *entry)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	strbuf_add_char(&text, '{');
	add_number(&text, "time", entry->time);
	add_text(&text, "operation", entry->operation);
	add_text(&text, "link", entry->link);
	add_text(&text, "id", entry->id);
	add_text(&text, "device", entry->device);
	add_number(&text, "uid", entry->uid);
	add_number(&text, "pid", entry->pid);
	add_text(&text, "command", entry->command);
	strbuf_add_char(&text, '}');
	strbuf_add(log, text.data, text.len);
}

static void format_log(struct writer *writer)
{
	struct strbuf *log = &writer->sharing->log;
	const struct change *change = writer->change;

	strbuf_add_text(log, "{\"entries\":[");
	for (size_t i = change_get_first_entry(change); i < change->entry_count; i++) {
		if (i > change_get_first_entry(change))
			strbuf_add_char(log, ',');
		add_entry(log, change->entries[i]);
	}
	strbuf_add_char(log, ']');
	if (writer->local.len)
		strbuf_add_format(log, ",\"local\":[%s]", strbuf_text(&writer->local));
	strbuf_add_char(log, '}');
	writer->sharing->bytes += log->len;
}

bool sharing_is_meant(const struct manager *manager, const struct device *device)
{
	switch (manager->share) {
	case SHARE_OFF:
		return false;
	case SHARE_FABRIC:
		return device->is_fabric;
	case SHARE_ALL:
		return !mounted_is_device(device);
	case SHARE_NAMED:
		return !mounted_is_device(device) &&
			device_name_matches(device->name, manager->share_globs);
	}
	return false;
}

void sharing_init(struct sharing *sharing, const struct manager *manager, struct change *change,
	const char *host)
{
	struct writer writer = {
		.sharing = sharing, .manager = manager, .change = change, .host = host
	};

	*sharing = (struct sharing){ 0 };
	add_local_marks(&writer);
	add_links(&writer);
	map_for_each (&change->names.mount_points, node, next)
		add_point(&writer, container_of(node, struct mount_point, by_place));
	map_for_each (&change->names.records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);

		if (is_changed(&writer, record) && !is_listed(&writer, record->id))
			list(&writer, record->id);
	}
	forget_list(&writer);
	for (size_t i = 0; i < sharing->volume_count; i++)
		add_record(&writer, sharing->volumes[i]);
	sharing->has_rows = sharing->puts != 0;
	if (sharing->has_rows)
		format_log(&writer);
	strbuf_fini(&writer.local);
}

void sharing_fini(struct sharing *sharing)
{
	strbuf_fini(&sharing->compare);
	strbuf_fini(&sharing->put);
	strbuf_fini(&sharing->gone);
	strbuf_fini(&sharing->log);
	for (size_t i = 0; i < sharing->volume_count; i++)
		free(sharing->volumes[i]);
	free(sharing->volumes);
	*sharing = (struct sharing){ 0 };
}

void sharing_note_revision(const struct sharing *sharing, struct change *change, uint64_t revision)
{
	for (size_t i = 0; i < sharing->volume_count; i++)
		if (names_find_record(&change->names, sharing->volumes[i]))
			names_edit_hint(&change->names, sharing->volumes[i])->revision = revision;
}
