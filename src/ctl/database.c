/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that is remembered, as JSON: reading it from the tree, making such documents, and the command
 * export.
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

void json_print(struct json_object *object, int flags)
{
	output_print_json(
		json_object_to_json_string_ext(object, flags | JSON_C_TO_STRING_NOSLASHESCAPE));
	putchar('\n');
}

bool database_is_text(struct json_object *object, const char *key)
{
	struct json_object *text = get(object, key, json_type_string);

	return text &&
		strlen(json_object_get_string(text)) == (size_t)json_object_get_string_len(text);
}

char *database_check_members(struct json_object *object, const struct database_member *members,
	size_t count, const char *of, struct strbuf *place)
{
	size_t len = place->len;

	for (size_t i = 0; i < count; i++) {
		struct json_object *value;

		strbuf_resize(place, len);
		strbuf_add_format(place, "%s%s", len ? "/" : "", members[i].key);
		if (json_object_object_get_ex(object, members[i].key, &value) &&
			(!json_object_is_type(value, members[i].type) ||
				(members[i].type == json_type_string &&
					!database_is_text(object, members[i].key))))
			return xasprintf("%s of %s is no %s", members[i].key, of, members[i].word);
	}
	return NULL;
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
