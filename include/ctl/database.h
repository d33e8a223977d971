/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-c/json.h>

#include "ctl/mounted_tree.h"

/*
 * What the tree shows of the database, as JSON:
 *
 *	{"format": "mmfs-names", "version": 1, "auto_mount": true, "volumes": [
 *		{"id": "UUID=…", "links": ["/DosDevices/X:", …],
 *		 "no_drive_letter": false, "keep_links": false}, …]}
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

struct json_object *database_read(const struct ctl *ctl);
/* Why this is no such object; NULL if it is one. All links become canonical. */
char *database_check(struct json_object *database);
struct json_object *database_find(struct json_object *database, const char *id);

const char *volume_get_id(struct json_object *volume);
/* NULL: the volume has fewer links. */
const char *volume_get_link(struct json_object *volume, size_t number);
bool volume_has_link(struct json_object *volume, const char *link);
const char *volume_get_letter(struct json_object *volume);
bool json_get_flag(struct json_object *object, const char *key);
