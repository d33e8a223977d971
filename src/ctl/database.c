/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database as far as the tree shows it, as JSON, and the command export. The links of volumes
 * that are absent and not kept show nowhere: these stay behind.
 */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/syntax/unique_id.h"
#include "ctl/database.h"
#include "ctl/output.h"

static void add_text(struct json_object *array, const char *text, size_t len)
{
	json_object_array_add(array, json_object_new_string_len(text, (int)len));
}

/* An array of the lines of a file. */
static struct json_object *read_lines(const struct ctl *ctl, const char *folder, const char *file)
{
	_cleanup_free_ char *name = xasprintf("ids/%s/%s", folder, file);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct json_object *array = json_object_new_array();
	const char *line;

	tree_read(ctl, name, &text);
	for (line = strbuf_text(&text); *line; line += strcspn(line, "\n") + 1)
		add_text(array, line, strcspn(line, "\n"));
	return array;
}

static struct json_object *read_flag(const struct ctl *ctl, const char *folder, const char *file)
{
	_cleanup_free_ char *text = tree_read_line(ctl, "ids/%s/%s", folder, file);

	return json_object_new_boolean(strcmp(text, "1") == 0);
}

struct json_object *database_read(const struct ctl *ctl)
{
	_cleanup_(texts_free_p) char **folders = tree_list_names(ctl, "ids");
	_cleanup_free_ char *automatic = tree_read_line(ctl, "control/auto_mount");
	struct json_object *database = json_object_new_object();
	struct json_object *volumes = json_object_new_array();

	json_object_object_add(database, "format", json_object_new_string(DATABASE_FORMAT));
	json_object_object_add(database, "version", json_object_new_int(DATABASE_VERSION));
	json_object_object_add(
		database, "auto_mount", json_object_new_boolean(strcmp(automatic, "on") == 0));
	json_object_object_add(database, "volumes", volumes);
	for (size_t i = 0; folders[i]; i++) {
		_cleanup_free_ char *id = text_unescape(folders[i]);
		struct json_object *volume = json_object_new_object();

		json_object_object_add(volume, "id", json_object_new_string(id));
		json_object_object_add(volume, "links", read_lines(ctl, folders[i], "links"));
		json_object_object_add(
			volume, "no_drive_letter", read_flag(ctl, folders[i], "no_drive_letter"));
		json_object_object_add(
			volume, "keep_links", read_flag(ctl, folders[i], "keep_links"));
		json_object_array_add(volumes, volume);
	}
	return database;
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

bool json_get_flag(struct json_object *object, const char *key)
{
	struct json_object *value = get(object, key, json_type_boolean);

	return value && json_object_get_boolean(value);
}

const char *volume_get_id(struct json_object *volume)
{
	return json_object_get_string(get(volume, "id", json_type_string));
}

const char *volume_get_link(struct json_object *volume, size_t number)
{
	struct json_object *links = get(volume, "links", json_type_array);

	if (!links || number >= json_object_array_length(links))
		return NULL;
	return json_object_get_string(json_object_array_get_idx(links, number));
}

bool volume_has_link(struct json_object *volume, const char *link)
{
	const char *other;

	for (size_t i = 0; (other = volume_get_link(volume, i)); i++)
		if (strcasecmp(other, link) == 0)
			return true;
	return false;
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

static char *check_links(struct json_object *links)
{
	for (size_t i = 0; i < json_object_array_length(links); i++) {
		struct json_object *text = json_object_array_get_idx(links, i);
		struct link_name link;
		const char *why;

		if (!json_object_is_type(text, json_type_string))
			return xstrdup("a link is no text");
		if (link_name_parse(json_object_get_string(text),
			    (size_t)json_object_get_string_len(text), &link, &why) < 0)
			return xasprintf("'%s': %s", json_object_get_string(text), why);
		json_object_array_put_idx(links, i, json_object_new_string(link.path));
	}
	return NULL;
}

static char *check_volume(struct json_object *database, struct json_object *volume)
{
	struct json_object *links = get(volume, "links", json_type_array);
	const char *id = volume_get_id(volume);

	if (!id || !unique_id_is_valid(id))
		return xasprintf("'%s' is no unique ID", id ? id : "");
	if (database_find(database, id) != volume)
		return xasprintf("%s is there twice", id);
	if (!links)
		return xasprintf("%s has no array of links", id);
	return check_links(links);
}

void json_print(struct json_object *object, int flags)
{
	output_print_json(
		json_object_to_json_string_ext(object, flags | JSON_C_TO_STRING_NOSLASHESCAPE));
	putchar('\n');
}

char *database_check(struct json_object *database)
{
	struct json_object *format = get(database, "format", json_type_string);
	struct json_object *version = get(database, "version", json_type_int);
	struct json_object *volumes = get(database, "volumes", json_type_array);

	if (!is_same_text(json_object_get_string(format), DATABASE_FORMAT) || !version || !volumes)
		return xstrdup("this is not what mmctl export writes");
	if (json_object_get_int(version) != DATABASE_VERSION)
		return xasprintf("it is of version %d, and this mmctl knows version %d (take that "
				 "of the mmfs it is from)",
			json_object_get_int(version), DATABASE_VERSION);
	for (size_t i = 0; i < json_object_array_length(volumes); i++) {
		char *why = check_volume(database, json_object_array_get_idx(volumes, i));

		if (why)
			return why;
	}
	return NULL;
}

int cmd_export(struct ctl *ctl, int count, char **words)
{
	_cleanup_json_ struct json_object *database = database_read(ctl);

	json_print(database, JSON_C_TO_STRING_PRETTY);
	return CTL_OK;
}
