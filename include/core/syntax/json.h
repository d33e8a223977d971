/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

#define JSON_DEPTH_MAX 8
#define JSON_VALUES_MAX (1u << 20) /* in one text */

enum json_kind {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER, /* an integer, not negative */
	JSON_OTHER,  /* another number */
	JSON_TEXT,
	JSON_ARRAY,
	JSON_OBJECT, /* of a text and a value in turns */
};

struct json_value {
	enum json_kind kind;
	size_t end;	 /* index of the value behind it and all that is in it */
	char *text;	 /* of JSON_TEXT: within what was parsed */
	uint64_t number; /* of JSON_NUMBER */
};

/* A text as its values, in their order: the first is the whole. */
struct json {
	struct json_value *list;
	size_t count;
};

/*
 * Reads a text, which is changed: texts in it become what they mean, each with a NUL behind. It
 * must stay as long as `ret_json`. -EBADMSG: it is no JSON, or has more than is good.
 */
int json_parse(char *text, size_t len, struct json *ret_json);
void json_fini(struct json *json);

/* The member of an object, NULL: there is none, or `object` is none, or NULL. */
const struct json_value *json_find(
	const struct json *json, const struct json_value *object, const char *key);
/* The first in an array, and the next one; NULL: there is none. */
const struct json_value *json_first(const struct json *json, const struct json_value *array);
const struct json_value *json_next(
	const struct json *json, const struct json_value *array, const struct json_value *value);

/* Members of a kind; NULL, 0, false if there is none. */
char *json_get_text(const struct json *json, const struct json_value *object, const char *key);
uint64_t json_get_number(const struct json *json, const struct json_value *object, const char *key);
bool json_is_true(const struct json *json, const struct json_value *object, const char *key);

#define _cleanup_json_ _cleanup_(json_fini)
