/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that is remembered, as JSON: reading it from the tree, making and judging such documents,
 * and the command export. What is judged may come from anybody.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/syntax/unique_id.h"
#include "ctl/database.h"
#include "ctl/output.h"

static struct json_object *make_empty(void)
{
	struct json_object *database = json_object_new_object();

	json_object_object_add(database, "volumes", json_object_new_array());
	return database;
}

struct json_object *database_new(void)
{
	struct json_object *database = make_empty();

	json_object_object_add(database, "format", json_object_new_string(DATABASE_FORMAT));
	json_object_object_add(database, "version", json_object_new_int(DATABASE_VERSION));
	return database;
}

struct json_object *database_add(struct json_object *database, const char *id)
{
	struct json_object *volume = database_find(database, id);

	if (volume)
		return volume;
	volume = json_object_new_object();
	json_object_object_add(volume, "id", json_object_new_string(id));
	json_object_object_add(volume, "links", json_object_new_array());
	json_object_array_add(json_object_object_get(database, "volumes"), volume);
	return volume;
}

void database_add_link(struct json_object *database, const char *id, const char *link)
{
	struct json_object *volume = database_add(database, id);

	json_object_array_add(
		json_object_object_get(volume, "links"), json_object_new_string(link));
}

/* NULL if there is no member of that type. */
static struct json_object *get(struct json_object *object, const char *key, enum json_type type)
{
	struct json_object *value;

	if (!json_object_is_type(object, json_type_object) ||
		!json_object_object_get_ex(object, key, &value))
		return NULL;
	return json_object_is_type(value, type) ? value : NULL;
}

bool database_get_flag(struct json_object *object, const char *key)
{
	struct json_object *value = get(object, key, json_type_boolean);

	return value && json_object_get_boolean(value);
}

bool database_has_flag(struct json_object *object, const char *key)
{
	return get(object, key, json_type_boolean);
}

const char *database_get_text(struct json_object *object, const char *key)
{
	return json_object_get_string(get(object, key, json_type_string));
}

struct json_object *database_get_array(struct json_object *object, const char *key)
{
	return get(object, key, json_type_array);
}

struct json_object *database_get_object(struct json_object *object, const char *key)
{
	return get(object, key, json_type_object);
}

int database_read(const struct ctl *ctl, const char *what, struct json_object **ret_database)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_json_ struct json_object *database = NULL;
	int r = tree_read(ctl, "control/database", &text);

	if (r == -ENOENT)
		return ctl_fail("cannot %s: this mmfs has no control/database (restart it: it is "
				"older than mmctl)",
			what);
	if (r < 0)
		return tree_report(ctl, r, "", what);
	database = json_tokener_parse(strbuf_text(&text));
	if (!database_get_array(database, "volumes"))
		return ctl_fail("cannot %s: control/database makes no sense", what);
	*ret_database = steal_ptr(database);
	return CTL_OK;
}

const char *volume_get_id(struct json_object *volume)
{
	return database_get_text(volume, "id");
}

const char *volume_get_link(struct json_object *volume, size_t number)
{
	struct json_object *links = get(volume, "links", json_type_array);

	if (!links || number >= json_object_array_length(links))
		return NULL;
	return json_object_get_string(json_object_array_get_idx(links, number));
}

const char *volume_get_letter(struct json_object *volume)
{
	const char *link;

	for (size_t i = 0; (link = volume_get_link(volume, i)); i++)
		if (link_name_is_letter(link))
			return link;
	return NULL;
}

struct json_object *database_find(struct json_object *database, const char *id)
{
	struct json_object *volumes = get(database, "volumes", json_type_array);

	for (size_t i = 0; i < json_object_array_length(volumes); i++) {
		struct json_object *volume = json_object_array_get_idx(volumes, i);

		if (is_same_text(volume_get_id(volume), id))
			return volume;
	}
	return NULL;
}

char *text_fold(const char *text)
{
	char *folded = xstrdup(text);

	for (char *c = folded; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return folded;
}

static bool add_link_to(struct json_object *seen, const char *link)
{
	_cleanup_free_ char *key = text_fold(link);

	return !json_object_object_get_ex(seen, key, NULL) &&
		json_object_object_add(seen, key, NULL) == 0;
}

/* Says where it is, below a volume. */
static void set_place(struct strbuf *place, const char *member, size_t item)
{
	strbuf_reset(place);
	strbuf_add_format(place, "%s/%zu", member, item);
}

/* Links that the document has so far are in `seen`. */
static char *check_links(struct json_object *seen, struct json_object *links, struct strbuf *place)
{
	for (size_t i = 0; i < json_object_array_length(links); i++) {
		struct json_object *text = json_object_array_get_idx(links, i);
		struct link_name link;
		const char *why;

		set_place(place, "links", i);
		if (!json_object_is_type(text, json_type_string))
			return xstrdup("a link is no text");
		if (link_name_parse(json_object_get_string(text),
			    (size_t)json_object_get_string_len(text), &link, &why) < 0)
			return xasprintf("'%s': %s", json_object_get_string(text), why);
		if (!add_link_to(seen, link.path))
			return xasprintf("the link '%s' is there twice", link.path);
		json_object_array_put_idx(links, i, json_object_new_string(link.path));
	}
	return NULL;
}

/* Texts that a request can say: without a NUL in them. */
static bool is_text(struct json_object *object, const char *key)
{
	struct json_object *text = get(object, key, json_type_string);

	return text &&
		strlen(json_object_get_string(text)) == (size_t)json_object_get_string_len(text);
}

static char *check_mount_points(struct json_object *volume, struct strbuf *place)
{
	struct json_object *points = database_get_array(volume, "mount_points");

	for (size_t i = 0; points && i < json_object_array_length(points); i++) {
		struct json_object *point = json_object_array_get_idx(points, i);

		set_place(place, "mount_points", i);
		if (!is_text(point, "path") || !is_text(point, "volume"))
			return xasprintf("a mount point on %s has no path, or no volume",
				volume_get_id(volume));
	}
	return NULL;
}

/* What may be missing, but is nothing else. */
struct member {
	const char *key;
	enum json_type type;
	const char *word;
};

static char *check_members(struct json_object *object, const struct member *members, size_t count,
	const char *of, struct strbuf *place)
{
	size_t len = place->len;

	for (size_t i = 0; i < count; i++) {
		struct json_object *value;

		strbuf_resize(place, len);
		strbuf_add_format(place, "%s%s", len ? "/" : "", members[i].key);
		if (json_object_object_get_ex(object, members[i].key, &value) &&
			!json_object_is_type(value, members[i].type))
			return xasprintf("%s of %s is no %s", members[i].key, of, members[i].word);
	}
	return NULL;
}

static char *check_known(struct json_object *volume, struct strbuf *place)
{
	static const struct member members[] = {
		{ "no_drive_letter", json_type_boolean, "boolean" },
		{ "keep_links", json_type_boolean, "boolean" },
		{ "last_seen", json_type_string, "text" },
		{ "last_device", json_type_string, "text" },
		{ "fingerprint", json_type_object, "object" },
		{ "mount_points", json_type_array, "array" },
	};
	static const struct member known[] = {
		{ "size", json_type_int, "number" },
		{ "start", json_type_int, "number" },
		{ "partuuid", json_type_string, "text" },
		{ "dm_uuid", json_type_string, "text" },
		{ "md_uuid", json_type_string, "text" },
		{ "wwn", json_type_string, "text" },
		{ "serial", json_type_string, "text" },
		{ "attachment", json_type_string, "text" },
	};
	const char *id = volume_get_id(volume);
	char *why;

	strbuf_reset(place);
	why = check_members(volume, members, ARRAY_SIZE(members), id, place);
	if (why)
		return why;
	strbuf_reset(place);
	strbuf_add_text(place, "fingerprint");
	return check_members(
		database_get_object(volume, "fingerprint"), known, ARRAY_SIZE(known), id, place);
}

static char *check_volume(struct json_object *seen, struct json_object *seen_links,
	struct json_object *volume, struct strbuf *place)
{
	struct json_object *links = get(volume, "links", json_type_array);
	const char *id = volume_get_id(volume);
	char spelled[UNIQUE_ID_MAX + 1], *why;

	strbuf_reset(place);
	strbuf_add_text(place, "id");
	if (!id || !is_text(volume, "id") || !unique_id_is_valid(id))
		return xasprintf("'%s' is no unique ID", id ? id : "");
	unique_id_canonize(id, spelled);
	if (json_object_object_get_ex(seen, spelled, NULL))
		return xasprintf("%s is there twice", id);
	json_object_object_add(seen, spelled, NULL);
	strbuf_reset(place);
	strbuf_add_text(place, "links");
	if (!links)
		return xasprintf("%s has no array of links", id);
	why = check_links(seen_links, links, place);
	if (!why)
		why = check_known(volume, place);
	return why ? why : check_mount_points(volume, place);
}

void json_print(struct json_object *object, int flags)
{
	output_print_json(
		json_object_to_json_string_ext(object, flags | JSON_C_TO_STRING_NOSLASHESCAPE));
	putchar('\n');
}

char *database_check(struct json_object *database, struct strbuf *place)
{
	struct json_object *format = get(database, "format", json_type_string);
	struct json_object *version = get(database, "version", json_type_int);
	struct json_object *volumes = get(database, "volumes", json_type_array);
	_cleanup_json_ struct json_object *seen = json_object_new_object();
	_cleanup_json_ struct json_object *seen_links = json_object_new_object();
	static const struct member setting = { "auto_mount", json_type_boolean, "boolean" };

	if (!is_same_text(json_object_get_string(format), DATABASE_FORMAT) || !version || !volumes)
		return xstrdup("this is not what mmctl export writes");
	if (json_object_get_int(version) != DATABASE_VERSION)
		return xasprintf("it is of version %d, and this mmctl knows version %d (take that "
				 "of the mmfs it is from)",
			json_object_get_int(version), DATABASE_VERSION);
	for (size_t i = 0; i < json_object_array_length(volumes); i++) {
		struct json_object *volume = json_object_array_get_idx(volumes, i);
		_cleanup_strbuf_ struct strbuf below = STRBUF_INIT;
		_cleanup_free_ char *why = check_volume(seen, seen_links, volume, &below);

		if (why)
			strbuf_add_format(place, "volumes/%zu/%s", i, strbuf_text(&below));
		if (why)
			return volume_get_id(volume) ? steal_ptr(why)
						     : xasprintf("volume %zu: %s", i + 1, why);
	}
	return check_members(database, &setting, 1, "the document", place);
}

/* What is here under an ID that is like one of the document, which has not that one, too. */
static struct json_object *find_alike(
	struct json_object *by_folded, struct json_object *taken, const char *id)
{
	_cleanup_free_ char *key = text_fold(id);
	struct json_object *known = json_object_object_get(by_folded, key);
	const char *text = json_object_get_string(known);

	return known && unique_id_is_alike(text, id) &&
			!json_object_object_get_ex(taken, text, NULL)
		? known
		: NULL;
}

void database_spell_ids(struct json_object *database, struct json_object *here)
{
	struct json_object *volumes = database_get_array(here, "volumes"), *known;
	_cleanup_json_ struct json_object *by_folded = json_object_new_object();
	_cleanup_json_ struct json_object *taken = json_object_new_object();
	_cleanup_json_ struct json_object *here_ids = json_object_new_object();
	char id[UNIQUE_ID_MAX + 1];

	for (size_t i = 0; i < json_object_array_length(volumes); i++) {
		_cleanup_free_ char *key = NULL;

		known = json_object_object_get(json_object_array_get_idx(volumes, i), "id");
		key = text_fold(json_object_get_string(known));
		json_object_object_add(by_folded, key, json_object_get(known));
		json_object_object_add(here_ids, json_object_get_string(known), NULL);
	}
	volumes = database_get_array(database, "volumes");
	for (size_t i = 0; i < json_object_array_length(volumes); i++)
		json_object_object_add(
			taken, volume_get_id(json_object_array_get_idx(volumes, i)), NULL);
	for (size_t i = 0; i < json_object_array_length(volumes); i++) {
		struct json_object *volume = json_object_array_get_idx(volumes, i);

		if (json_object_object_get_ex(here_ids, volume_get_id(volume), NULL))
			continue;
		known = find_alike(by_folded, taken, volume_get_id(volume));
		unique_id_canonize(
			known ? json_object_get_string(known) : volume_get_id(volume), id);
		json_object_object_add(
			volume, "id", known ? json_object_get(known) : json_object_new_string(id));
	}
}

int cmd_export(struct ctl *ctl, int count, char **words)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int r = tree_read(ctl, "control/database", &text);

	if (r < 0)
		return tree_report(ctl, r, "", "export");
	output_print_json(strbuf_text(&text));
	return CTL_OK;
}
