/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of lines that only a saved database has: what is known of a volume beside its names. */

#include <errno.h>
#include <string.h>

#include "base/utf.h"
#include "core/syntax/number.h"
#include "core/syntax/request_known.h"

static const enum id_scheme schemes[KEYS] = {
	[KEY_PARTUUID] = ID_PARTUUID,
	[KEY_DM_UUID] = ID_DM_UUID,
	[KEY_MD_UUID] = ID_MD_UUID,
	[KEY_WWN] = ID_WWN,
	[KEY_SERIAL] = ID_SERIAL,
};

void request_known_fini(struct request_known *known)
{
	free(known->node);
	free(known->attachment);
	for (size_t i = 0; i < ID_SCHEMES; i++)
		free(known->identity[i]);
	*known = (struct request_known){ 0 };
}

static int parse_text(const char *text, char **ret_text, struct strbuf *why)
{
	size_t len = strlen(text);

	if (len == 0 || len > UNIQUE_ID_MAX || !utf8_is_plain(text)) {
		strbuf_add_format(why,
			"what is known of a volume has 1 to %d bytes of UTF-8 without control "
			"characters",
			UNIQUE_ID_MAX);
		return -EINVAL;
	}
	*ret_text = xstrdup(text);
	return 0;
}

int request_known_parse(
	struct request_known *known, enum request_key key, const char *text, struct strbuf *why)
{
	int r;

	if (key == KEY_NODE)
		return parse_text(text, &known->node, why);
	if (key == KEY_ATTACHMENT)
		return parse_text(text, &known->attachment, why);
	if (key != KEY_SEEN && key != KEY_SIZE && key != KEY_START)
		return parse_text(text, &known->identity[schemes[key]], why);
	if (key == KEY_SEEN)
		r = number_parse(text, INT64_MAX, &known->seen);
	else if (key == KEY_START)
		r = number_parse(text, INT64_MAX, &known->start);
	else
		r = number_parse(text, UINT64_MAX, &known->size);
	if (r < 0)
		strbuf_add_format(why, "%s= takes a number", request_key_names[key]);
	return r;
}
