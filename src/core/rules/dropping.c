/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a great many links go at once, or one by one.
 *
 * Other hosts, if there are any, are told of each. What a shadow was behind is looked at, too; and
 * the database cannot be told in one word of links of which some are not in it.
 */

#include "core/rules/dropping.h"

size_t dropping_count(const struct names *names, const char *id, size_t most)
{
	const struct link *link = NULL;
	size_t count = 0;

	while (count < most && (link = names_next_link(names, id, link)))
		count++;
	return count;
}

bool dropping_is_possible(const struct manager *manager, const struct manager_env *env,
	const struct names *names, const char *id)
{
	const struct record *record = names_find_record(names, id);

	return record && !record->is_shared && !env->is_seen_elsewhere &&
		!manager->names.shadows.count && !names_has_unrecorded(names, id);
}

void dropping_remove_record(const struct manager *manager, const struct manager_env *env,
	struct names *names, const char *id)
{
	size_t most = (size_t)manager->links_told + 1;

	if (dropping_is_possible(manager, env, names, id) &&
		dropping_count(names, id, most) == most)
		names_drop_links(names, id);
	names_remove_record(names, id);
}
