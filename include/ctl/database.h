/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-c/json.h>

#include "ctl/mounted_tree.h"

/*
 * All that is remembered, as JSON. Beside `format`, `version`, `id` and `links` all may be
 * missing: then nothing is said of it.
 *
 *	{"format": "mmfs-names", "version": 1, "auto_mount": true, "volumes": [
 *		{"id": "UUID=…", "links": ["/DosDevices/X:", …],
 *		 "no_drive_letter": false, "keep_links": false,
 *		 "last_seen": "2026-01-31T12:00:00.000000Z", "last_device": "/dev/sda2",
 *		 "fingerprint": {"size": 4096, "partuuid": "…", "dm_uuid": "…", "md_uuid": "…",
 *			"wwn": "…", "serial": "…"},
 *		 "mount_points": [{"path": "data", "volume": "/Volumes/Volume{…}",
 *			"options": "ro", "found": true}, …]}, …]}
 */
#define DATABASE_FORMAT "mmfs-names"
#define DATABASE_VERSION 1

static inline void json_put_p(struct json_object **object)
{
	json_object_put(*object);
}

#define _cleanup_json_ _cleanup_(json_put_p)

/* Prints it and a newline. The flags are those of json_object_to_json_string_ext(). */
void json_print(struct json_object *object, int flags);

/* What is here, for `what` is to be done: an exit code; a failure has been told. */
int database_read(const struct ctl *ctl, const char *what, struct json_object **ret_database);
/* One without volumes, and its volume of this ID, which is added if it is not there. */
struct json_object *database_new(void);
struct json_object *database_add(struct json_object *database, const char *id);
void database_add_link(struct json_object *database, const char *id, const char *link);
struct json_object *database_find(struct json_object *database, const char *id);
/*
 * Spells IDs of a document, which somebody has typed, as the database `here` does, or else as a
 * device would.
 */
void database_spell_ids(struct json_object *database, struct json_object *here);
/* Equal for links that are the same: they are whatever the case of ASCII letters. The caller's. */
char *text_fold(const char *text);

/* Whether there is a text that a request can say: without a NUL in it. */
bool database_is_text(struct json_object *object, const char *key);

/* What may be missing, but is nothing else. */
struct database_member {
	const char *key;
	enum json_type type;
	const char *word;
};

/* Why a member of an object, `of` something, is of another type; `place` grows by its key. */
char *database_check_members(struct json_object *object, const struct database_member *members,
	size_t count, const char *of, struct strbuf *place);

const char *volume_get_id(struct json_object *volume);
/* NULL: the volume has fewer links. */
const char *volume_get_link(struct json_object *volume, size_t number);
const char *volume_get_letter(struct json_object *volume);

/* Members of an object; NULL or false where there is none of this type. */
bool database_get_flag(struct json_object *object, const char *key);
bool database_has_flag(struct json_object *object, const char *key);
const char *database_get_text(struct json_object *object, const char *key);
struct json_object *database_get_array(struct json_object *object, const char *key);
struct json_object *database_get_object(struct json_object *object, const char *key);
