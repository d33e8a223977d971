/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers of operations, before they are text or bytes. One buffer per answer: a list of all links
 * is as long as it is.
 */

#include <string.h>

#include "core/syntax/reply.h"

#define TRIPLE_LEN 128 /* of most */

void reply_fini(struct reply *reply)
{
	strbuf_fini(&reply->items);
	*reply = (struct reply){ 0 };
}

void reply_reserve(struct reply *reply, size_t triples)
{
	if (reply->is_unread)
		return;
	strbuf_reserve(
		&reply->items, size_add(reply->items.len, size_multiply(triples, TRIPLE_LEN)));
}

static void add_text(struct reply *reply, const char *text)
{
	strbuf_add(&reply->items, text, strlen(text) + 1);
}

void reply_add_triple(struct reply *reply, const struct triple *triple)
{
	if (reply->is_unread)
		return;
	strbuf_add_char(&reply->items, ITEM_TRIPLE);
	add_text(reply, triple->link);
	add_text(reply, triple->id);
	add_text(reply, triple->node);
	reply->triples++;
}

void reply_add_path(struct reply *reply, const char *path)
{
	strbuf_add_char(&reply->items, ITEM_PATH);
	add_text(reply, path);
}

void reply_add_volume_path(struct reply *reply, const char *link)
{
	strbuf_add_char(&reply->items, ITEM_VOLUME_PATH);
	add_text(reply, link);
}

void reply_add_letter(struct reply *reply, char letter, bool is_new)
{
	strbuf_add_char(&reply->items, ITEM_LETTER);
	strbuf_add_char(&reply->items, letter);
	strbuf_add_char(&reply->items, is_new ? 1 : 0);
}

void reply_add_volume(struct reply *reply, const struct reply_item *item)
{
	strbuf_add_char(&reply->items, ITEM_VOLUME);
	add_text(reply, item->link ? item->link : "");
	add_text(reply, item->id);
	add_text(reply, item->node ? item->node : "");
	add_text(reply, item->path ? item->path : "");
}

static const char *take_text(const struct reply *reply, size_t *at)
{
	const char *text = reply->items.data + *at;

	*at += strlen(text) + 1;
	return text;
}

bool reply_next(const struct reply *reply, size_t *at, struct reply_item *ret_item)
{
	struct reply_item item = { 0 };

	if (*at >= reply->items.len)
		return false;
	item.kind = (enum reply_item_kind)reply->items.data[(*at)++];
	switch (item.kind) {
	case ITEM_TRIPLE:
		item.link = take_text(reply, at);
		item.id = take_text(reply, at);
		item.node = take_text(reply, at);
		break;
	case ITEM_VOLUME:
		item.link = take_text(reply, at);
		item.id = take_text(reply, at);
		item.node = take_text(reply, at);
		item.path = take_text(reply, at);
		break;
	case ITEM_PATH:
	case ITEM_VOLUME_PATH:
		item.path = take_text(reply, at);
		break;
	case ITEM_LETTER:
		item.letter = reply->items.data[(*at)++];
		item.is_new = reply->items.data[(*at)++];
		break;
	}
	*ret_item = item;
	return true;
}

/* How many texts an item has; letters have two bytes instead. */
static size_t count_texts(char kind)
{
	switch (kind) {
	case ITEM_TRIPLE:
		return 3;
	case ITEM_VOLUME:
		return 4;
	case ITEM_PATH:
	case ITEM_VOLUME_PATH:
		return 1;
	}
	return 0;
}

bool reply_is_sound(const char *items, size_t len)
{
	const char *end = items + len;

	while (items < end) {
		size_t texts = count_texts(*items);

		if (!texts && (*items != ITEM_LETTER || end - items < 3))
			return false;
		items += texts ? 1 : 3;
		for (; texts; texts--) {
			items = items < end ? memchr(items, '\0', (size_t)(end - items)) : NULL;
			if (!items)
				return false;
			items++;
		}
	}
	return true;
}

void reply_format(const struct reply *reply, struct strbuf *ret_text)
{
	struct reply_item item;
	size_t at = 0;

	while (reply_next(reply, &at, &item)) {
		switch (item.kind) {
		case ITEM_TRIPLE:
			triple_format(&(struct triple){ item.link, item.id, item.node }, ret_text);
			continue;
		case ITEM_VOLUME:
			continue; /* in the binary interface only */
		case ITEM_PATH:
		case ITEM_VOLUME_PATH:
			strbuf_add_pair(ret_text, "PATH", item.path);
			break;
		case ITEM_LETTER:
			strbuf_add_pair(ret_text, "LETTER", (char[]){ item.letter, '\0' });
			strbuf_add_pair(ret_text, "ASSIGNED", item.is_new ? "1" : "0");
			break;
		}
		strbuf_add_char(ret_text, '\n');
	}
}
