/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links that went all at once.
 *
 * To take half a million links out of the maps one by one takes as long as it takes to make them.
 * Where all of a record go, that record leaves its place with them, which is one step, and another
 * comes there. The links stay in names::links, where look-ups pass them over, until they are swept.
 */

#include "core/model/dropped.h"

void dropped_add(struct names *names, struct record *record)
{
	map_remove(&names->records, &record->by_id);
	fingerprint_fini(&record->fingerprint);
	record->is_dropped = true;
	record->is_shared = false;
	record->next = names->dropped;
	names->dropped = record;
}

void dropped_sweep(struct names *names, size_t count,
	void (*fn)(void *data, const struct link *link), void *data)
{
	struct record *record;

	while (count-- && (record = names->dropped)) {
		struct link *link = record->links;

		if (!link) {
			names->dropped = record->next;
			free(record);
			continue;
		}
		if (fn)
			fn(data, link);
		record->links = link->next;
		index_remove(&names->links, link, map_hash_text_ignoring_case(link->path));
		free(link);
	}
}

void dropped_fini(struct names *names)
{
	for (struct record *record = names->dropped, *next; record; record = next) {
		next = record->next;
		free(record);
	}
	names->dropped = NULL;
}
