/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last changes of the database, as kept in it. Sequence numbers start at 1 and have no gaps.
 */

#include <string.h>

#include "core/model/history.h"

struct history_entry *history_entry_new(const struct history_entry *from)
{
	size_t size = text_get_size(from->operation) + text_get_size(from->link) +
		text_get_size(from->id) + text_get_size(from->device) +
		text_get_size(from->command) + text_get_size(from->host);
	struct history_entry *entry = xcalloc(1, sizeof(*entry) + size);
	char *room = (char *)(entry + 1);

	*entry = *from;
	entry->operation = text_put(&room, from->operation);
	entry->link = text_put(&room, from->link);
	entry->id = text_put(&room, from->id);
	entry->device = text_put(&room, from->device);
	entry->command = text_put(&room, from->command);
	entry->host = text_put(&room, from->host);
	return entry;
}

void history_init(struct history *history)
{
	*history = (struct history){ .next_sequence = 1 };
}

void history_fini(struct history *history)
{
	for (size_t i = 0; i < history->count; i++)
		free(history->entries[i]);
	free(history->room);
	*history = (struct history){ 0 };
}

void history_add(struct history *history, struct history_entry *entry)
{
	if (!history->room)
		history->entries = history->room = xcalloc(2 * HISTORY_MAX, sizeof(*history->room));
	if (history->count == HISTORY_MAX) {
		free(*history->entries++);
		history->count--;
	}
	if (history->entries + history->count == history->room + 2 * HISTORY_MAX) {
		memcpy(history->room, history->entries, history->count * sizeof(*history->room));
		history->entries = history->room;
	}
	history->entries[history->count++] = entry;
	history->next_sequence = entry->sequence + 1;
}
