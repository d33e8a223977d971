/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of the engine, keys and values in JSON, become rows of elsewhere.h. What they say is judged
 * there; here only that they say it in these forms, and under the key that belongs to it. The forms
 * themselves are written by sharing.c.
 */

#include <errno.h>
#include <string.h>

#include "base/hex.h"
#include "core/rules/elsewhere_text.h"
#include "core/syntax/link_name.h"

#define ENTRIES_MAX 1024
#define VALUE_MAX 65536 /* bytes: no host writes longer ones but logs */

#define ROOM (2 * sizeof(void *)) /* of a text, beside its bytes */

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static size_t measure(const char *text)
{
	return text ? strlen(text) + 1 + ROOM : 0;
}

struct elsewhere_change *elsewhere_change_new(const char *host, uint64_t revision, uint64_t head)
{
	struct elsewhere_change *change = xcalloc(1, sizeof(*change));

	change->elsewhere.host = xstrdup(host);
	change->texts = measure(host);
	change->elsewhere.revision = revision;
	change->elsewhere.head = head;
	return change;
}

static void free_text(const char *text)
{
	free((char *)text);
}

static void row_fini(struct elsewhere_row *row)
{
	free_text(row->id);
	free_text(row->path);
	free_text(row->volume);
	free_text(row->options);
	for (size_t i = 0; i < ID_SCHEMES; i++)
		free_text(row->value[i]);
}

static size_t measure_row(const struct elsewhere_row *row)
{
	size_t bytes = measure(row->id) + measure(row->path) + measure(row->volume) +
		measure(row->options);

	for (size_t i = 0; i < ID_SCHEMES; i++)
		bytes += measure(row->value[i]);
	return bytes;
}

static size_t measure_entry(const struct history_entry *entry)
{
	return measure(entry->operation) + measure(entry->link) + measure(entry->id) +
		measure(entry->device) + measure(entry->command);
}

/* For how many items xgrow() has made room. */
static size_t get_room(size_t count)
{
	size_t room = count ? 1 : 0;

	while (room < count)
		room *= 2;
	return room;
}

size_t elsewhere_change_measure(const struct elsewhere_change *change)
{
	return sizeof(*change) + ROOM + change->texts +
		get_room(change->elsewhere.count) * sizeof(struct elsewhere_row) +
		get_room(change->elsewhere.entry_count) * sizeof(struct history_entry);
}

static void entry_fini(struct history_entry *entry)
{
	free_text(entry->operation);
	free_text(entry->link);
	free_text(entry->id);
	free_text(entry->device);
	free_text(entry->command);
}

void elsewhere_change_free(struct elsewhere_change *change)
{
	if (!change)
		return;
	for (size_t i = 0; i < change->elsewhere.count; i++)
		row_fini(&change->elsewhere.rows[i]);
	for (size_t i = 0; i < change->elsewhere.entry_count; i++)
		entry_fini((struct history_entry *)&change->elsewhere.entries[i]);
	free(change->elsewhere.rows);
	free((struct history_entry *)change->elsewhere.entries);
	free_text(change->elsewhere.host);
	free(change);
}

static struct elsewhere_row *add_row(struct elsewhere_change *change, enum elsewhere_kind kind)
{
	struct elsewhere *elsewhere = &change->elsewhere;
	struct elsewhere_row *row;

	elsewhere->rows = xgrow(elsewhere->rows, elsewhere->count, sizeof(*row));
	row = &elsewhere->rows[elsewhere->count++];
	*row = (struct elsewhere_row){ .kind = kind };
	return row;
}

static void take_record(struct elsewhere_row *row, const struct json *json)
{
	static const struct {
		enum id_scheme scheme;
		const char *key;
	} schemes[] = { { ID_PARTUUID, "partuuid" }, { ID_WWN, "wwn" }, { ID_SERIAL, "serial" } };

	row->keep_links = json_is_true(json, json->list, "keep");
	row->no_drive_letter = json_is_true(json, json->list, "no_letter");
	row->size = json_get_number(json, json->list, "size");
	row->start = json_get_number(json, json->list, "start");
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		row->value[schemes[i].scheme] =
			copy(json_get_text(json, json->list, schemes[i].key));
}

/* A key has the link in lower case, the value as it is spelled. */
static void take_link(struct elsewhere_row *row, const struct json *json, const char *key)
{
	struct link_name name;
	const char *fault;

	row->id = copy(json_get_text(json, json->list, "id"));
	row->path = copy(json_get_text(json, json->list, "path"));
	row->changed = json_get_number(json, json->list, "changed");
	if (row->is_gone && link_name_parse_sought(key, strlen(key), &name, &fault) == 0)
		row->path = xstrdup(name.path);
}

/* What strbuf_add_file_name() has made of it. */
static char *decode(const char *text, size_t len)
{
	struct strbuf result = STRBUF_INIT;

	for (size_t i = 0; i < len; i++) {
		int high = i + 3 < len ? hex_get_value(text[i + 2]) : -1;
		int low = i + 3 < len ? hex_get_value(text[i + 3]) : -1;

		if (text[i] == '\\' && high >= 0 && low >= 0) {
			strbuf_add_char(&result, (char)(high << 4 | low));
			i += 3;
		} else {
			strbuf_add_char(&result, text[i]);
		}
	}
	return strbuf_take(&result);
}

static void take_point(struct elsewhere_row *row, const struct json *json, const char *key)
{
	size_t len = strcspn(key, "/");

	row->id = decode(key, len);
	row->path = copy(key[len] ? key + len + 1 : NULL);
	row->volume = copy(json_get_text(json, json->list, "volume"));
	row->options = copy(json_get_text(json, json->list, "options"));
	row->changed = json_get_number(json, json->list, "changed");
}

void elsewhere_row_add_key(const struct elsewhere_row *row, struct strbuf *key)
{
	switch (row->kind) {
	case ELSEWHERE_RECORD:
		cluster_key_add_volume(key, row->id);
		break;
	case ELSEWHERE_LINK:
		if (row->path)
			cluster_key_add_link(key, row->path);
		break;
	case ELSEWHERE_POINT:
		if (row->path)
			cluster_key_add_point(key, row->id, row->path);
		break;
	}
}

static bool has_key(const struct elsewhere_row *row, const char *key)
{
	_cleanup_strbuf_ struct strbuf own = STRBUF_INIT;

	elsewhere_row_add_key(row, &own);
	return strcmp(strbuf_text(&own), key) == 0;
}

static bool begins_with(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* Rows that are names; true if it is one. */
static bool find_kind(const char *key, enum elsewhere_kind *ret_kind)
{
	static const char *const kinds[] = {
		[ELSEWHERE_RECORD] = "volumes/",
		[ELSEWHERE_LINK] = "links/",
		[ELSEWHERE_POINT] = "points/",
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!begins_with(key, kinds[i]))
			continue;
		*ret_kind = (enum elsewhere_kind)i;
		return true;
	}
	return false;
}

static int fail(struct strbuf *why, const char *key)
{
	strbuf_add_text(why, "a row that cannot be read: ");
	strbuf_add_printable(why, key);
	return -EBADMSG;
}

static int add_name(struct elsewhere_change *change, enum elsewhere_kind kind,
	const struct cluster_row *from, bool is_local, struct strbuf *why)
{
	_cleanup_json_ struct json json = { 0 };
	struct elsewhere_row *row;
	bool is_unread = from->value &&
		(strlen(from->value) > VALUE_MAX ||
			json_parse(from->value, strlen(from->value), &json) < 0);

	if (is_unread && kind != ELSEWHERE_RECORD)
		return fail(why, from->key);
	if ((is_unread || !from->value) && json_parse((char[]){ "{}" }, 2, &json) < 0)
		return fail(why, from->key);
	row = add_row(change, kind);
	row->is_gone = !from->value;
	row->is_unread = is_unread;
	row->is_local = is_local;
	row->revision = from->revision;
	switch (kind) {
	case ELSEWHERE_RECORD:
		row->id = xstrdup(from->key + strlen("volumes/"));
		take_record(row, &json);
		break;
	case ELSEWHERE_LINK:
		take_link(row, &json, from->key + strlen("links"));
		break;
	case ELSEWHERE_POINT:
		take_point(row, &json, from->key + strlen("points/"));
		break;
	}
	if (has_key(row, from->key)) {
		change->texts += measure_row(row);
		return 0;
	}
	row_fini(row);
	change->elsewhere.count--;
	return fail(why, from->key);
}

static void add_entry(
	struct elsewhere_change *change, const struct json *json, const struct json_value *value)
{
	struct elsewhere *elsewhere = &change->elsewhere;
	struct history_entry *entries = (struct history_entry *)elsewhere->entries;

	entries = xgrow(entries, elsewhere->entry_count, sizeof(*entries));
	entries[elsewhere->entry_count++] = (struct history_entry){
		.time = json_get_number(json, value, "time"),
		.uid = (uint32_t)json_get_number(json, value, "uid"),
		.pid = (uint32_t)json_get_number(json, value, "pid"),
		.operation = copy(json_get_text(json, value, "operation")),
		.link = copy(json_get_text(json, value, "link")),
		.id = copy(json_get_text(json, value, "id")),
		.device = copy(json_get_text(json, value, "device")),
		.command = copy(json_get_text(json, value, "command")),
	};
	elsewhere->entries = entries;
	change->texts += measure_entry(&entries[elsewhere->entry_count - 1]);
}

static int add_local(struct elsewhere_change *change, const struct json *json,
	const struct json_value *value, struct strbuf *why)
{
	struct cluster_row row = {
		.key = json_get_text(json, value, "key"),
		.value = json_get_text(json, value, "value"),
	};
	enum elsewhere_kind kind;

	if (!row.key || !find_kind(row.key, &kind) || kind == ELSEWHERE_POINT)
		return fail(why, "log");
	return add_name(change, kind, &row, true, why);
}

/* What the host says of its own change, which is the only thing that tells of its own names. */
static int add_log(struct elsewhere_change *change, uint64_t number, struct cluster_row *row,
	struct strbuf *why)
{
	_cleanup_json_ struct json json = { 0 };
	const struct json_value *list, *value;
	int r = 0;

	if (!row->value)
		return 0;
	if (json_parse(row->value, strlen(row->value), &json) < 0)
		return fail(why, row->key);
	if (json_is_true(&json, json.list, "void"))
		return 0;
	change->elsewhere.number = number;
	list = json_find(&json, json.list, "entries");
	for (value = json_first(&json, list); value; value = json_next(&json, list, value))
		if (change->elsewhere.entry_count < ENTRIES_MAX)
			add_entry(change, &json, value);
	list = json_find(&json, json.list, "local");
	for (value = json_first(&json, list); value && r == 0;
		value = json_next(&json, list, value))
		r = add_local(change, &json, value, why);
	return r;
}

int elsewhere_change_add(
	struct elsewhere_change *change, struct cluster_row *row, struct strbuf *why)
{
	enum elsewhere_kind kind;

	if (find_kind(row->key, &kind))
		return add_name(change, kind, row, false, why);
	if (begins_with(row->key, "log/") && !change->elsewhere.is_all)
		return add_log(change, change->elsewhere.number, row, why);
	return 0;
}

int elsewhere_change_add_own(struct elsewhere_change *change, uint64_t number,
	struct cluster_row *row, struct strbuf *why)
{
	return add_log(change, number, row, why);
}
