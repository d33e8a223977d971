/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of KEY="value" pairs, as the files of the tree have them, and their escapes. The pieces
 * stay in the text that they are read from. Whatever the text is, nothing outside of it is touched.
 */

#include <string.h>

#include "base/hex.h"
#include "ctl/pairs.h"

/* Undoes escapes in place, up to `end` or the end of the text; returns where it stopped. */
static char *unescape(char *c, char end)
{
	char *out = c += strcspn(c, (const char[]){ '\\', end, '\0' });

	while (*c && *c != end) {
		int high = c[0] == '\\' && c[1] == 'x' ? hex_get_value(c[2]) : -1;
		int low = high >= 0 ? hex_get_value(c[3]) : -1;

		*out++ = low >= 0 ? (char)(high << 4 | low) : *c;
		c += low >= 0 ? 4 : 1;
	}
	if (out < c)
		*out = '\0';
	return c;
}

char *text_unescape(const char *text)
{
	char *copy = xstrdup(text);

	unescape(copy, '\0');
	return copy;
}

char *pairs_take(char **at, const char *key)
{
	char *c = *at, *end;
	size_t len = strlen(key);

	if (*c == ' ')
		c++;
	if (strncmp(c, key, len) != 0 || c[len] != '=' || c[len + 1] != '"')
		return NULL;
	c += len + 2;
	end = unescape(c, '"');
	*at = *end ? end + 1 : end;
	*end = '\0';
	return c;
}

bool pairs_take_line(char **at, const char *const keys[], char *values[], size_t count)
{
	if (!*at || !**at)
		return false;
	for (size_t i = 0; i < count; i++)
		values[i] = NULL;
	while (**at && **at != '\n') {
		char *key = *at + strspn(*at, " "), *value = key + strcspn(key, "=\n");

		if (*value != '=' || value[1] != '"') {
			*at += strcspn(*at, "\n");
			break;
		}
		*value = '\0';
		value += 2;
		*at = unescape(value, '"');
		if (**at)
			*(*at)++ = '\0';
		for (size_t i = 0; i < count; i++)
			if (strcmp(keys[i], key) == 0)
				values[i] = value;
	}
	*at += **at == '\n';
	return true;
}

void points_fini(struct shown_points *points)
{
	free(points->text);
	free(points->list);
	*points = (struct shown_points){ 0 };
}

void points_parse(char *text, struct shown_points *ret_points)
{
	struct shown_points points = { .text = text };
	char *at = text;

	while (*at) {
		struct shown_point point;

		point.link = pairs_take(&at, "LINK");
		point.id = pairs_take(&at, "ID");
		point.device = pairs_take(&at, "DEVICE");
		if (point.link && point.id && point.device) {
			points.list = xgrow(points.list, points.count, sizeof(*points.list));
			points.list[points.count++] = point;
		}
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	*ret_points = points;
}
