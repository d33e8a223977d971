/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that is remembered, as one JSON document: also of volumes that are absent. It is of one
 * moment, ordered, and has a line for each volume, so that two of them can be compared.
 */

#include <stdlib.h>
#include <string.h>

#include "core/model/mount_points.h"
#include "core/model/triples.h"
#include "core/views/document.h"

static const struct {
	const char *name;
	enum id_scheme scheme;
} identities[] = { { "partuuid", ID_PARTUUID }, { "dm_uuid", ID_DM_UUID },
	{ "md_uuid", ID_MD_UUID }, { "wwn", ID_WWN }, { "serial", ID_SERIAL } };

static void add_text(struct strbuf *text, const char *key, const char *value)
{
	if (!value)
		return;
	strbuf_add_format(text, ",\"%s\":", key);
	strbuf_add_json(text, value);
}

static void add_flag(struct strbuf *text, const char *key, bool flag)
{
	strbuf_add_format(text, ",\"%s\":%s", key, flag ? "true" : "false");
}

static void add_links(struct strbuf *text, const struct record *record)
{
	_cleanup_free_ struct triple *links = NULL;
	size_t count = 0;

	for (const struct link *link = record->links; link; link = link->next) {
		if (link->is_unrecorded)
			continue;
		links = xgrow(links, count, sizeof(*links));
		links[count++] = (struct triple){ .link = link->path };
	}
	triples_sort(links, count);
	strbuf_add_text(text, ",\"links\":[");
	for (size_t i = 0; i < count; i++) {
		strbuf_add_text(text, i ? "," : "");
		strbuf_add_json(text, links[i].link);
	}
	strbuf_add_char(text, ']');
}

static void add_fingerprint(struct strbuf *text, const struct fingerprint *known)
{
	strbuf_add_format(text, ",\"fingerprint\":{\"size\":%llu", (unsigned long long)known->size);
	if (known->start)
		strbuf_add_format(text, ",\"start\":%llu", (unsigned long long)known->start);
	for (size_t i = 0; i < ARRAY_SIZE(identities); i++)
		add_text(text, identities[i].name, known->value[identities[i].scheme]);
	add_text(text, "attachment", attachment_get_name(known->attachment));
	strbuf_add_char(text, '}');
}

/* Those on one host, of which `*at` is the first that may be. They are ordered by host. */
static void add_mount_points(struct strbuf *text, const char *host,
	const struct mount_point *const *points, size_t count, size_t *at)
{
	const char *between = "";

	strbuf_add_text(text, ",\"mount_points\":[");
	while (*at < count && strcmp(points[*at]->host, host) < 0)
		(*at)++;
	for (; *at < count && strcmp(points[*at]->host, host) == 0; (*at)++) {
		strbuf_add_format(text, "%s{\"path\":", between);
		strbuf_add_json(text, points[*at]->path);
		add_text(text, "volume", points[*at]->volume);
		add_text(text, "options", points[*at]->options);
		if (points[*at]->is_found)
			add_flag(text, "found", true);
		strbuf_add_char(text, '}');
		between = ",";
	}
	strbuf_add_char(text, ']');
}

static int compare_records(const void *a, const void *b)
{
	const struct record *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

static size_t get_records(const struct names *names, const struct record ***ret_list)
{
	const struct record **list = xcalloc(names->records.count, sizeof(*list));
	size_t count = 0;

	map_for_each (&names->records, node, next)
		list[count++] = container_of(node, struct record, by_id);
	if (count)
		qsort(list, count, sizeof(*list), compare_records);
	*ret_list = list;
	return count;
}

void document_render(const struct manager *manager, struct strbuf *ret_text)
{
	const struct names *names = &manager->names;
	_cleanup_free_ const struct mount_point **points = NULL;
	_cleanup_free_ const struct record **records = NULL;
	size_t count = get_records(names, &records), at = 0;
	size_t point_count = mount_points_get(names, &points);

	strbuf_add_format(
		ret_text, "{\"format\":\"%s\",\"version\":%d", DOCUMENT_FORMAT, DOCUMENT_VERSION);
	add_flag(ret_text, "auto_mount", !names_is_auto_mount_off(names));
	strbuf_add_text(ret_text, ",\"volumes\":[");
	for (size_t i = 0; i < count; i++) {
		strbuf_add_text(ret_text, i ? ",\n{\"id\":" : "\n{\"id\":");
		strbuf_add_json(ret_text, records[i]->id);
		add_links(ret_text, records[i]);
		add_flag(ret_text, "no_drive_letter", records[i]->no_drive_letter);
		add_flag(ret_text, "keep_links", records[i]->keep_links);
		if (records[i]->last_seen) {
			strbuf_add_text(ret_text, ",\"last_seen\":\"");
			strbuf_add_time(ret_text, records[i]->last_seen);
			strbuf_add_char(ret_text, '"');
		}
		add_text(ret_text, "last_device", manager_get_last_node(manager, records[i]->id));
		add_fingerprint(ret_text, &records[i]->fingerprint);
		add_mount_points(ret_text, records[i]->id, points, point_count, &at);
		strbuf_add_char(ret_text, '}');
	}
	strbuf_add_text(ret_text, "\n]}\n");
}
