/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the volume names of an ID is told, where it has several. */

#include <string.h>

#include "core/model/volume_name.h"
#include "core/syntax/link_name.h"

/* Whether a volume name speaks for its volume rather than another. */
static bool is_better_name(const struct link *link, const struct link *other)
{
	if (link->is_unrecorded != other->is_unrecorded)
		return other->is_unrecorded;
	if (link->changed != other->changed)
		return link->changed < other->changed;
	return strcmp(link->path, other->path) < 0;
}

const struct link *volume_name_find(const struct names *names, const char *id)
{
	const struct record *record = names_find_record(names, id);
	bool has_unrecorded = names_has_unrecorded(names, id);
	const struct link *link = NULL, *found = NULL;
	size_t left = record ? record->volume_names : 0;

	while ((has_unrecorded || left) && (link = names_next_link(names, id, link)))
		if (link_name_is_volume(link->path)) {
			left -= !link->is_unrecorded;
			found = !found || is_better_name(link, found) ? link : found;
		}
	return found;
}
