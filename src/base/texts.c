/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts that many hold, each in one block behind the number of its holders. The block is found from
 * the text, so that holders keep no more than a pointer; it goes with the last of them.
 */

#include <assert.h>
#include <string.h>

#include "base/texts.h"

struct held_text {
	struct map_node by_text;
	size_t holders;
	char text[];
};

static bool is_text(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct held_text, by_text)->text, key) == 0;
}

void texts_fini(struct texts *texts)
{
	assert(texts->by_text.count == 0);
	map_fini(&texts->by_text);
}

const char *texts_hold(struct texts *texts, const char *text)
{
	uint64_t hash = text ? map_hash_text(text) : 0;
	struct map_node *node = text ? map_find(&texts->by_text, hash, is_text, text) : NULL;
	struct held_text *held = node ? container_of(node, struct held_text, by_text) : NULL;

	if (!text)
		return NULL;
	if (!held) {
		held = xcalloc(1, sizeof(*held) + strlen(text) + 1);
		strcpy(held->text, text);
		map_add(&texts->by_text, &held->by_text, hash);
	}
	held->holders++;
	return held->text;
}

void texts_release(struct texts *texts, const char *text)
{
	struct held_text *held;

	if (!text)
		return;
	held = (struct held_text *)(text - offsetof(struct held_text, text));
	if (--held->holders)
		return;
	map_remove(&texts->by_text, &held->by_text);
	free(held);
}
