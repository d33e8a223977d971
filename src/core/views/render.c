/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of the readable files, made from the state alone. Whatever came from a disk or a client is
 * escaped on its way out.
 */

#include <string.h>

#include "core/model/filesystem.h"
#include "core/model/hosting.h"
#include "core/model/volume_name.h"
#include "core/syntax/link_name.h"
#include "core/views/render.h"

void render_points(const struct manager *manager, struct strbuf *ret_text)
{
	_cleanup_free_ struct triple *triples = NULL;
	size_t count = manager_get_triples(manager, &manager->names, NULL, &triples);

	for (size_t i = 0; i < count; i++)
		triple_format(&triples[i], ret_text);
}

static void add_member(struct strbuf *text, const char *key, const char *value)
{
	strbuf_add_format(text, "\"%s\":", key);
	if (value)
		strbuf_add_json(text, value);
	else
		strbuf_add_text(text, "null");
}

void render_points_json(const struct manager *manager, struct strbuf *ret_text)
{
	_cleanup_free_ struct triple *triples = NULL;
	size_t count = manager_get_triples(manager, &manager->names, NULL, &triples);

	strbuf_add_text(ret_text, "[");
	for (size_t i = 0; i < count; i++) {
		strbuf_add_text(ret_text, i ? ",\n{" : "\n{");
		add_member(ret_text, "link", triples[i].link);
		strbuf_add_char(ret_text, ',');
		add_member(ret_text, "id", triples[i].id);
		strbuf_add_char(ret_text, ',');
		add_member(ret_text, "device", triples[i].node);
		strbuf_add_char(ret_text, '}');
	}
	strbuf_add_text(ret_text, "\n]\n");
}

void render_history(const struct manager *manager, struct strbuf *ret_text)
{
	for (size_t i = 0; i < manager->history.count; i++) {
		const struct history_entry *entry = manager->history.entries[i];

		strbuf_add_format(
			ret_text, "{\"seq\":%llu,\"time\":\"", (unsigned long long)entry->sequence);
		strbuf_add_time(ret_text, entry->time);
		strbuf_add_format(ret_text, "\",\"epic\":%u,", entry->epic);
		add_member(ret_text, "operation", entry->operation);
		strbuf_add_char(ret_text, ',');
		add_member(ret_text, "link", entry->link);
		strbuf_add_char(ret_text, ',');
		add_member(ret_text, "id", entry->id);
		strbuf_add_char(ret_text, ',');
		add_member(ret_text, "device", entry->device);
		strbuf_add_format(ret_text, ",\"uid\":%u,\"pid\":%u,", entry->uid, entry->pid);
		add_member(ret_text, "command", entry->command);
		if (entry->host) {
			strbuf_add_char(ret_text, ',');
			add_member(ret_text, "host", entry->host);
		}
		strbuf_add_text(ret_text, "}\n");
	}
}

static int compare_devices(const void *a, const void *b)
{
	const struct device *const *device_a = a, *const *device_b = b;

	return strcmp((*device_a)->node, (*device_b)->node);
}

/* Of what might be a volume it tells why it is none. */
static const char *get_kind_word(const struct device *device)
{
	if (device->is_barred)
		return "stranger";
	return device->is_displaced ? "duplicate" : device_kind_get_word(device->kind);
}

void render_unprocessed(const struct manager *manager, struct strbuf *ret_text)
{
	const struct map *devices = &manager->volumes.by_name;
	_cleanup_free_ const struct device **list = xcalloc(devices->count, sizeof(*list));
	size_t count = 0;

	map_for_each (devices, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		if (device->reason)
			list[count++] = device;
	}
	if (count)
		qsort(list, count, sizeof(*list), compare_devices);
	for (size_t i = 0; i < count; i++) {
		strbuf_add_pair(ret_text, "DEVICE", list[i]->node);
		strbuf_add_pair(ret_text, "REASON", list[i]->reason);
		strbuf_add_pair(ret_text, "KIND", get_kind_word(list[i]));
		strbuf_add_char(ret_text, '\n');
	}
}

/* A label value of OpenMetrics: \\, \" and \n are its only escapes. */
static void add_metric_label(
	struct strbuf *text, const char *key, const char *value, const char *separator)
{
	_cleanup_strbuf_ struct strbuf safe = STRBUF_INIT;

	strbuf_add_printable(&safe, value);
	strbuf_add_format(text, "%s=\"", key);
	for (const char *c = strbuf_text(&safe); *c; c++) {
		if (*c == '"' || *c == '\\')
			strbuf_add_char(text, '\\');
		strbuf_add_char(text, *c);
	}
	strbuf_add_format(text, "\"%s", separator);
}

static const struct device *find_device(const struct manager *manager, const char *id)
{
	return manager_find_device(manager, &manager->names, id);
}

static const char *get_state(const struct manager *manager, const char *id)
{
	const struct device *device = find_device(manager, id);

	if (!device || device->is_gone)
		return "offline";
	return filesystem_is_incomplete(&manager->volumes, device) ? "incomplete" : "online";
}

void render_volume_info(const struct manager *manager, struct strbuf *ret_text)
{
	_cleanup_free_ struct triple *triples = NULL;
	size_t count = manager_get_triples(manager, &manager->names, NULL, &triples);

	/* A gauge: node_exporter refuses a whole file for one of OpenMetrics' own types. */
	strbuf_add_text(ret_text,
		"# TYPE mmfs_volume_info gauge\n"
		"# HELP mmfs_volume_info Links of volumes, and the devices they lead to.\n");
	for (size_t i = 0; i < count; i++) {
		strbuf_add_text(ret_text, "mmfs_volume_info{");
		add_metric_label(ret_text, "link", triples[i].link, ",");
		add_metric_label(ret_text, "id", triples[i].id, ",");
		add_metric_label(ret_text, "device", triples[i].node, ",");
		add_metric_label(ret_text, "state", get_state(manager, triples[i].id), "} 1\n");
	}
}

/* One value per file. */

static void add_line(struct strbuf *text, const char *value)
{
	strbuf_add_printable(text, value ? value : "");
	strbuf_add_char(text, '\n');
}

static void render_unique_id(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	add_line(ret_text, id);
}

static void render_guid(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	const struct link *link = volume_name_find(&manager->names, id);

	if (link)
		strbuf_add(ret_text, link_name_get_base(link->path) + strlen("Volume{"), 36);
	strbuf_add_char(ret_text, '\n');
}

/* Where it was last, while it is absent. */
static void render_last_device(
	const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	add_line(ret_text, manager_get_last_node(manager, id));
}

static void render_links(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	_cleanup_free_ struct triple *triples = NULL;
	size_t count = manager_get_triples(manager, &manager->names, id, &triples);

	for (size_t i = 0; i < count; i++)
		add_line(ret_text, triples[i].link);
}

static void render_mount_points(
	const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	const struct device *device = find_device(manager, id);
	const struct mount *mount = NULL;

	while (device &&
		(mount = filesystem_next_mount(&manager->volumes, &manager->mounts, device, mount)))
		add_line(ret_text, mount->path);
}

static void render_dos_paths(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	const struct record *record = names_find_record(&manager->names, id);
	_cleanup_paths_ struct paths paths = { 0 };

	if (record && record->letter)
		strbuf_add_format(ret_text, "%c:\n", record->letter);
	hosting_get_paths(manager, &manager->names, id, &paths);
	for (size_t i = 0; i < paths.count; i++)
		add_line(ret_text, paths.list[i]);
}

static void render_registered(
	const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	_cleanup_paths_ struct paths paths = { 0 };

	hosting_get_mount_points(manager, &manager->names, id, true, &paths);
	for (size_t i = 0; i < paths.count; i++)
		add_line(ret_text, paths.list[i]);
}

static void render_state(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	add_line(ret_text, get_state(manager, id));
}

static void render_kind(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	const struct device *device = find_device(manager, id);

	add_line(ret_text, device ? device_kind_get_word(device->kind) : NULL);
}

static void render_doubt(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	const struct device *device = find_device(manager, id);

	add_line(ret_text, device ? device->doubt : NULL);
}

static void render_fstype(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	const struct device *device = find_device(manager, id);

	add_line(ret_text, device ? device->fstype : NULL);
}

static void render_label(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	const struct device *device = find_device(manager, id);

	add_line(ret_text, device ? device->label : NULL);
}

static void render_uuid(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	const struct device *device = find_device(manager, id);

	add_line(ret_text, device ? device->identity[ID_UUID] : NULL);
}

static void render_partuuid(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	const struct device *device = find_device(manager, id);
	const struct record *record = names_find_record(&manager->names, id);

	if (device)
		add_line(ret_text, device->identity[ID_PARTUUID]);
	else
		add_line(ret_text, record ? record->fingerprint.value[ID_PARTUUID] : NULL);
}

/* As in PATH=, without the tag. */
static void render_path(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	const struct device *device = find_device(manager, id);
	char path[UNIQUE_ID_MAX + 1];

	if (device && unique_id_format(ID_PATH, device->identity[ID_PATH], device->partition, path))
		add_line(ret_text, strchr(path, '=') + 1);
	else
		add_line(ret_text, NULL);
}

static void render_size(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	const struct device *device = find_device(manager, id);
	const struct record *record = names_find_record(&manager->names, id);
	uint64_t size = device ? device->size : record ? record->fingerprint.size : 0;

	strbuf_add_format(ret_text, "%llu\n", (unsigned long long)size);
}

static void add_flag(struct strbuf *text, bool flag)
{
	strbuf_add_text(text, flag ? "1\n" : "0\n");
}

static void render_removable(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	const struct device *device = find_device(manager, id);

	add_flag(ret_text, device && device->is_removable);
}

static void render_read_only(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	const struct device *device = find_device(manager, id);

	add_flag(ret_text, device && device->is_read_only);
}

static void render_no_drive_letter(
	const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	const struct record *record = names_find_record(&manager->names, id);

	add_flag(ret_text, record && record->no_drive_letter);
}

static void render_keep_links(
	const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	const struct record *record = names_find_record(&manager->names, id);

	add_flag(ret_text, record && record->keep_links);
}

static void render_last_seen(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	const struct record *record = names_find_record(&manager->names, id);

	if (record && record->last_seen)
		strbuf_add_time(ret_text, record->last_seen);
	strbuf_add_char(ret_text, '\n');
}

const struct volume_file volume_files[] = {
	{ "unique_id", render_unique_id },
	{ "guid", render_guid, .is_of_links = true },
	{ "last_device", render_last_device },
	{ "kind", render_kind, .is_description = true },
	{ "links", render_links, .is_of_links = true },
	{ "mount_points", render_mount_points },
	{ "mount_points.registered", render_registered, .is_of_links = true },
	{ "dos_paths", render_dos_paths, .is_of_links = true },
	{ "state", render_state, .is_description = true },
	{ "doubt", render_doubt },
	{ "fstype", render_fstype, .is_description = true },
	{ "label", render_label, .is_description = true },
	{ "uuid", render_uuid, .is_description = true },
	{ "partuuid", render_partuuid, .is_description = true },
	{ "path", render_path, .is_description = true },
	{ "size", render_size, .is_description = true },
	{ "removable", render_removable, .is_description = true },
	{ "read_only", render_read_only, .is_description = true, .is_live = true },
	{ "no_drive_letter", render_no_drive_letter },
	{ "keep_links", render_keep_links },
	{ "last_seen", render_last_seen },
};

const size_t volume_file_count = ARRAY_SIZE(volume_files);

void render_description(const struct manager *manager, const char *id, struct strbuf *ret_text)
{
	for (size_t i = 0; i < volume_file_count; i++)
		if (volume_files[i].is_description)
			volume_files[i].render(manager, id, ret_text);
}
