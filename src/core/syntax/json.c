/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON that comes from outside, in place: a text never means more bytes than it is written with.
 * The text may be hostile: its depth and the number of its values are bounded.
 */

#include <errno.h>
#include <string.h>

#include "base/hex.h"
#include "base/utf.h"
#include "core/syntax/json.h"

struct reader {
	char *at, *end;
	struct json *json;
	unsigned int depth;
};

static int parse_value(struct reader *reader);

static void skip_space(struct reader *reader)
{
	while (reader->at < reader->end && memchr(" \t\r\n", *reader->at, 4))
		reader->at++;
}

static bool take_char(struct reader *reader, char c)
{
	skip_space(reader);
	if (reader->at == reader->end || *reader->at != c)
		return false;
	reader->at++;
	return true;
}

static bool take_word(struct reader *reader, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(reader->end - reader->at) < len || memcmp(reader->at, word, len) != 0)
		return false;
	reader->at += len;
	return true;
}

/* Four hexadecimal digits, or -1. */
static int take_unit(struct reader *reader)
{
	int unit = 0;

	if (reader->end - reader->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_get_value(reader->at[i]);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	reader->at += 4;
	return unit;
}

static char *put_code(char *to, uint32_t code)
{
	if (code < 0x80) {
		*to++ = (char)code;
	} else if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	} else {
		*to++ = (char)(0xf0 | code >> 18);
		*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	}
	return to;
}

/* Behind \u: one unit of UTF-16, or two. A text has no NUL. */
static char *take_code(struct reader *reader, char *to)
{
	int unit = take_unit(reader), low;

	if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff))
		return NULL;
	if (unit < 0xd800 || unit > 0xdfff)
		return put_code(to, (uint32_t)unit);
	if (!take_word(reader, "\\u"))
		return NULL;
	low = take_unit(reader);
	if (low < 0xdc00 || low > 0xdfff)
		return NULL;
	return put_code(to, 0x10000 + (((uint32_t)unit & 0x3ff) << 10 | ((uint32_t)low & 0x3ff)));
}

static char *take_escape(struct reader *reader, char *to)
{
	static const char written[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *which;
	char c;

	if (reader->at == reader->end)
		return NULL;
	c = *reader->at++;
	if (c == 'u')
		return take_code(reader, to);
	which = c ? strchr(written, c) : NULL;
	if (!which)
		return NULL;
	*to++ = meant[which - written];
	return to;
}

/* Behind the quotation mark that it begins with. */
static int parse_text(struct reader *reader, char **ret_text)
{
	char *start = reader->at, *to = start;

	while (reader->at < reader->end && *reader->at != '"') {
		char c = *reader->at++;

		if ((unsigned char)c < ' ')
			return -EBADMSG;
		if (c != '\\') {
			*to++ = c;
			continue;
		}
		to = take_escape(reader, to);
		if (!to)
			return -EBADMSG;
	}
	if (reader->at == reader->end)
		return -EBADMSG;
	reader->at++;
	*to = '\0';
	*ret_text = start;
	return 0;
}

/* Its index, as the list may move. */
static int add_value(struct reader *reader, enum json_kind kind, size_t *ret_index)
{
	struct json *json = reader->json;

	if (json->count == JSON_VALUES_MAX)
		return -EBADMSG;
	json->list = xgrow(json->list, json->count, sizeof(*json->list));
	*ret_index = json->count++;
	json->list[*ret_index] = (struct json_value){ .kind = kind, .end = json->count };
	return 0;
}

static int add_text(struct reader *reader)
{
	char *text;
	size_t index;
	int r = parse_text(reader, &text);

	if (r == 0)
		r = add_value(reader, JSON_TEXT, &index);
	if (r == 0)
		reader->json->list[index].text = text;
	return r;
}

static int parse_number(struct reader *reader)
{
	const char *start = reader->at;
	bool is_plain = true;
	uint64_t number = 0;
	size_t index;
	int r;

	for (; reader->at < reader->end && memchr("0123456789+-.eE", *reader->at, 15);
		reader->at++) {
		unsigned int digit = (unsigned int)(*reader->at - '0');

		is_plain = is_plain && digit <= 9 && number <= (UINT64_MAX - digit) / 10;
		number = is_plain ? number * 10 + digit : 0;
	}
	if (reader->at == start)
		return -EBADMSG;
	r = add_value(reader, is_plain ? JSON_NUMBER : JSON_OTHER, &index);
	if (r == 0)
		reader->json->list[index].number = number;
	return r;
}

static int parse_member(struct reader *reader)
{
	int r;

	if (!take_char(reader, '"'))
		return -EBADMSG;
	r = add_text(reader);
	if (r == 0 && !take_char(reader, ':'))
		r = -EBADMSG;
	return r;
}

/* Behind its first bracket. */
static int parse_list(struct reader *reader, enum json_kind kind, char last)
{
	size_t index;
	int r = add_value(reader, kind, &index);
	bool is_first = true;

	if (r == 0 && ++reader->depth > JSON_DEPTH_MAX)
		r = -EBADMSG;
	while (r == 0 && !take_char(reader, last)) {
		if (!is_first && !take_char(reader, ','))
			return -EBADMSG;
		is_first = false;
		if (kind == JSON_OBJECT)
			r = parse_member(reader);
		if (r == 0)
			r = parse_value(reader);
	}
	reader->depth--;
	if (r == 0)
		reader->json->list[index].end = reader->json->count;
	return r;
}

static int parse_value(struct reader *reader)
{
	size_t index;

	if (take_char(reader, '{'))
		return parse_list(reader, JSON_OBJECT, '}');
	if (take_char(reader, '['))
		return parse_list(reader, JSON_ARRAY, ']');
	if (take_char(reader, '"'))
		return add_text(reader);
	if (take_word(reader, "null"))
		return add_value(reader, JSON_NULL, &index);
	if (take_word(reader, "true"))
		return add_value(reader, JSON_TRUE, &index);
	if (take_word(reader, "false"))
		return add_value(reader, JSON_FALSE, &index);
	return parse_number(reader);
}

int json_parse(char *text, size_t len, struct json *ret_json)
{
	struct json json = { 0 };
	struct reader reader = { .at = text, .end = text + len, .json = &json };
	int r = parse_value(&reader);

	skip_space(&reader);
	if (r == 0 && reader.at != reader.end)
		r = -EBADMSG;
	if (r < 0) {
		json_fini(&json);
		return r;
	}
	*ret_json = json;
	return 0;
}

void json_fini(struct json *json)
{
	free(json->list);
	*json = (struct json){ 0 };
}

const struct json_value *json_find(
	const struct json *json, const struct json_value *object, const char *key)
{
	size_t i;

	if (!object || object->kind != JSON_OBJECT)
		return NULL;
	for (i = (size_t)(object - json->list) + 1; i < object->end; i = json->list[i + 1].end)
		if (strcmp(json->list[i].text, key) == 0)
			return &json->list[i + 1];
	return NULL;
}

const struct json_value *json_first(const struct json *json, const struct json_value *array)
{
	if (!array || array->kind != JSON_ARRAY || (size_t)(array - json->list) + 1 == array->end)
		return NULL;
	return array + 1;
}

const struct json_value *json_next(
	const struct json *json, const struct json_value *array, const struct json_value *value)
{
	return value->end < array->end ? &json->list[value->end] : NULL;
}

char *json_get_text(const struct json *json, const struct json_value *object, const char *key)
{
	const struct json_value *value = json_find(json, object, key);

	return value && value->kind == JSON_TEXT ? value->text : NULL;
}

uint64_t json_get_number(const struct json *json, const struct json_value *object, const char *key)
{
	const struct json_value *value = json_find(json, object, key);

	return value && value->kind == JSON_NUMBER ? value->number : 0;
}

bool json_is_true(const struct json *json, const struct json_value *object, const char *key)
{
	const struct json_value *value = json_find(json, object, key);

	return value && value->kind == JSON_TRUE;
}
