/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the links of each volume lead.
 */

#include <string.h>

#include "core/views/lead.h"

static bool is_meant(const struct map_node *node, const void *key)
{
	const struct lead *lead = container_of(node, struct lead, by_id), *wanted = key;

	return lead->needs_volume == wanted->needs_volume && strcmp(lead->id, wanted->id) == 0;
}

struct lead *lead_find(const struct map *leads, const char *id, bool needs_volume)
{
	struct lead wanted = { .id = id, .needs_volume = needs_volume };
	struct map_node *node = map_find(leads, map_hash_text(id), is_meant, &wanted);

	return node ? container_of(node, struct lead, by_id) : NULL;
}

struct lead *lead_hold(struct map *leads, struct texts *texts, const char *id, bool needs_volume)
{
	struct lead *lead = lead_find(leads, id, needs_volume);

	if (!lead) {
		lead = xcalloc(1, sizeof(*lead));
		lead->id = texts_hold(texts, id);
		lead->needs_volume = needs_volume;
		map_add(leads, &lead->by_id, map_hash_text(id));
	}
	lead->links++;
	return lead;
}

void lead_drop(struct map *leads, struct texts *texts, struct lead *lead)
{
	map_remove(leads, &lead->by_id);
	texts_release(texts, lead->target);
	lead->target = NULL;
	lead->is_dropped = true;
}

void lead_release(struct map *leads, struct texts *texts, struct lead *lead)
{
	if (--lead->links)
		return;
	if (!lead->is_dropped)
		map_remove(leads, &lead->by_id);
	texts_release(texts, lead->id);
	texts_release(texts, lead->target);
	free(lead);
}
