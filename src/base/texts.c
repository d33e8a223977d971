/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts that many hold, each in one block behind the number of its holders. The block is found from
 * the text, so that holders keep no more than a pointer; it goes with the last of them.
 */

#include <assert.h>
#include <string.h>

#include "base/map.h"
#include "base/texts.h"

struct held_text {
	uint32_t holders;
	char text[];
};

static bool is_text(const void *object, const void *key)
{
	return strcmp(((const struct held_text *)object)->text, key) == 0;
}

void texts_fini(struct texts *texts)
{
	assert(texts->by_text.count == 0);
	index_fini(&texts->by_text);
}

const char *texts_hold(struct texts *texts, const char *text)
{
	uint64_t hash = text ? map_hash_text(text) : 0;
	struct held_text *held = text ? index_find(&texts->by_text, hash, is_text, text) : NULL;

	if (!text)
		return NULL;
	if (!held) {
		held = xcalloc(1, sizeof(*held) + strlen(text) + 1);
		strcpy(held->text, text);
		index_add(&texts->by_text, held, hash);
	}
	held->holders++;
	return held->text;
}

static struct held_text *get_held(const char *text)
{
	return (struct held_text *)(text - offsetof(struct held_text, text));
}

const char *texts_hold_again(const char *text)
{
	if (text)
		get_held(text)->holders++;
	return text;
}

void texts_release(struct texts *texts, const char *text)
{
	struct held_text *held;

	if (!text)
		return;
	held = get_held(text);
	if (--held->holders)
		return;
	index_remove(&texts->by_text, held, map_hash_text(text));
	free(held);
}
