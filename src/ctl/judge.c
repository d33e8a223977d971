/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a document is one of all that is remembered. It may come from anybody. */

#include <string.h>

#include "core/syntax/unique_id.h"
#include "ctl/judge.h"
#include "ctl/known.h"

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

/* Without the slashes that separate nothing. The caller's. */
static char *spell_path(const char *path)
{
	_cleanup_strbuf_ struct strbuf spelled = STRBUF_INIT;

	while (*(path += strspn(path, "/"))) {
		size_t len = strcspn(path, "/");

		strbuf_add_text(&spelled, spelled.len ? "/" : "");
		strbuf_add(&spelled, path, len);
		path += len;
	}
	return xstrdup(strbuf_text(&spelled));
}

/* The same mount point as an export has it: `options` and `found` only where they say something. */
static struct json_object *spell_mount_point(
	struct json_object *point, const char *path, const char *volume)
{
	struct json_object *spelled = json_object_new_object();
	const char *options = database_get_text(point, "options");

	json_object_object_add(spelled, "path", json_object_new_string(path));
	json_object_object_add(spelled, "volume", json_object_new_string(volume));
	if (options && *options)
		json_object_object_add(spelled, "options", json_object_new_string(options));
	if (database_get_flag(point, "found"))
		json_object_object_add(spelled, "found", json_object_new_boolean(true));
	return spelled;
}

/* Paths that the volume has so far are in `seen`. */
static char *check_mount_point(struct json_object *seen, struct json_object *point, const char *id,
	struct strbuf *place, struct json_object **ret_spelled)
{
	static const struct database_member members[] = {
		{ "options", json_type_string, "text" },
		{ "found", json_type_boolean, "boolean" },
	};
	_cleanup_free_ char *path = NULL, *of = NULL;
	const char *volume, *fault;
	struct link_name name;
	char *why;

	if (!database_is_text(point, "path") || !database_is_text(point, "volume"))
		return xasprintf("a mount point on %s has no path, or no volume", id);
	path = spell_path(database_get_text(point, "path"));
	of = xasprintf("the mount point /%s on %s", path, id);
	why = database_check_members(point, members, ARRAY_SIZE(members), of, place);
	if (why)
		return why;
	volume = database_get_text(point, "volume");
	if (link_name_parse_sought(volume, strlen(volume), &name, &fault) < 0 ||
		name.kind != LINK_VOLUME)
		return xasprintf("%s has a volume '%s', which is no volume name", of, volume);
	if (json_object_object_get_ex(seen, path, NULL))
		return xasprintf("%s is there twice", of);
	json_object_object_add(seen, path, NULL);
	*ret_spelled = spell_mount_point(point, path, name.path);
	return NULL;
}

static char *check_mount_points(struct json_object *volume, struct strbuf *place)
{
	struct json_object *points = database_get_array(volume, "mount_points");
	_cleanup_json_ struct json_object *seen = json_object_new_object();

	for (size_t i = 0; points && i < json_object_array_length(points); i++) {
		struct json_object *spelled = NULL;
		char *why;

		set_place(place, "mount_points", i);
		why = check_mount_point(seen, json_object_array_get_idx(points, i),
			volume_get_id(volume), place, &spelled);
		if (why)
			return why;
		json_object_array_put_idx(points, i, spelled);
	}
	return NULL;
}

static char *check_marks(struct json_object *volume, struct strbuf *place)
{
	static const struct database_member members[] = {
		{ "no_drive_letter", json_type_boolean, "boolean" },
		{ "keep_links", json_type_boolean, "boolean" },
		{ "mount_points", json_type_array, "array" },
	};

	strbuf_reset(place);
	return database_check_members(
		volume, members, ARRAY_SIZE(members), volume_get_id(volume), place);
}

static char *check_volume(struct json_object *seen, struct json_object *seen_links,
	struct json_object *volume, struct strbuf *place)
{
	struct json_object *links = database_get_array(volume, "links");
	const char *id = volume_get_id(volume);
	char spelled[UNIQUE_ID_MAX + 1], *why;

	strbuf_reset(place);
	strbuf_add_text(place, "id");
	if (!id || !database_is_text(volume, "id") || !unique_id_is_valid(id))
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
		why = known_check(volume, place);
	if (!why)
		why = check_marks(volume, place);
	return why ? why : check_mount_points(volume, place);
}

char *judge_document(struct json_object *database, struct strbuf *place)
{
	const char *format = database_get_text(database, "format");
	struct json_object *version = json_object_object_get(database, "version");
	struct json_object *volumes = database_get_array(database, "volumes");
	_cleanup_json_ struct json_object *seen = json_object_new_object();
	_cleanup_json_ struct json_object *seen_links = json_object_new_object();
	static const struct database_member setting = { "auto_mount", json_type_boolean,
		"boolean" };

	if (!is_same_text(format, DATABASE_FORMAT) ||
		!json_object_is_type(version, json_type_int) || !volumes)
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
	return database_check_members(database, &setting, 1, "the document", place);
}
