/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last changes of the database, as kept in it. Sequence numbers start at 1 and have no gaps.
 */

#include <string.h>

#include "core/history.h"

void history_entry_fini(struct history_entry *entry)
{
	free(entry->operation);
	free(entry->link);
	free(entry->id);
	free(entry->device);
	free(entry->command);
	*entry = (struct history_entry){ 0 };
}

void history_init(struct history *history)
{
	*history = (struct history){ .next_sequence = 1 };
}

void history_fini(struct history *history)
{
	for (size_t i = 0; i < history->count; i++)
		history_entry_fini(&history->entries[i]);
	free(history->room);
	*history = (struct history){ 0 };
}

void history_add(struct history *history, struct history_entry *entry)
{
	if (!history->room)
		history->entries = history->room = xcalloc(2 * HISTORY_MAX, sizeof(*history->room));
	if (history->count == HISTORY_MAX) {
		history_entry_fini(history->entries++);
		history->count--;
	}
	if (history->entries + history->count == history->room + 2 * HISTORY_MAX) {
		memcpy(history->room, history->entries, history->count * sizeof(*history->room));
		history->entries = history->room;
	}
	history->entries[history->count++] = *entry;
	history->next_sequence = entry->sequence + 1;
	*entry = (struct history_entry){ 0 };
}
