/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in a text of JSON something stands. json-c tells what a text says, and not where.
 *
 * What is looked for is in a text that json-c has taken; any other is read without harm, and
 * something may be found there or not.
 */

#include <string.h>

#include "base/utf.h"
#include "ctl/json_place.h"

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* `at` is its first quote. */
static const char *skip_string(const char *at)
{
	for (at++; *at && *at != '"'; at++)
		if (*at == '\\' && at[1])
			at++;
	return at + (*at == '"');
}

static const char *skip_value(const char *at)
{
	size_t depth = 0;

	do {
		if (*at == '"') {
			at = skip_string(at);
		} else if (*at == '{' || *at == '[') {
			depth++;
			at++;
		} else if (depth && (*at == '}' || *at == ']')) {
			depth--;
			at++;
		} else {
			size_t len = strcspn(at, "\"{[}],");

			at += depth ? len + (at[len] == ',') : len;
		}
	} while (depth && *at);
	return at;
}

/* The value of a member; of two of that name json-c takes the last. */
static const char *find_member(const char *at, const char *key, size_t len)
{
	const char *found = NULL;

	while (at = skip_space(at + 1), *at == '"') {
		const char *name = at + 1, *end = skip_string(at);
		bool is_it = (size_t)(end - name) == len + 1 && strncmp(name, key, len) == 0;

		at = skip_space(end);
		at = skip_space(at + (*at == ':'));
		if (is_it)
			found = at;
		at = skip_space(skip_value(at));
		if (*at != ',')
			break;
	}
	return found;
}

static const char *find_item(const char *at, size_t number)
{
	at = skip_space(at + 1);
	for (; number; number--) {
		at = skip_space(skip_value(at));
		if (*at != ',')
			return NULL;
		at = skip_space(at + 1);
	}
	return *at && *at != ']' ? at : NULL;
}

static const char *find_value(const char *text, const char *path)
{
	const char *found = skip_space(text);

	while (*path) {
		size_t len = strcspn(path, "/");
		const char *at = NULL;

		if (*found == '{')
			at = find_member(found, path, len);
		else if (*found == '[')
			at = find_item(found, strtoul(path, NULL, 10));
		if (!at)
			break;
		found = at;
		path += len + (path[len] == '/');
	}
	return found;
}

size_t json_count_lines(const char *text, size_t len)
{
	size_t count = 1;

	for (size_t i = 0; i < len; i++)
		count += text[i] == '\n';
	return count;
}

size_t json_find_line(const char *text, const char *path)
{
	return json_count_lines(text, (size_t)(find_value(text, path) - text));
}

size_t json_find_fault(const struct strbuf *text)
{
	bool is_in_string = false;

	for (size_t at = 0, len; at < text->len; at += len) {
		char c = text->data[at];

		len = utf8_sequence_len(text->data + at, text->len - at);
		if (!len ||
			((unsigned char)c < ' ' && (is_in_string || !c || !strchr("\t\r\n", c))))
			return at;
		if (is_in_string && c == '\\' && at + 1 < text->len &&
			strchr("\"\\", text->data[at + 1]))
			len = 2;
		else if (c == '"')
			is_in_string = !is_in_string;
	}
	return text->len;
}
