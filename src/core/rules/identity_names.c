/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered of names that were given to an identity as such.
 *
 * The names of such a record lead to whatever device has the identity, volume or not. Those of a
 * volume show only while the ID is its unique ID: what a volume has left behind does not come back
 * because the partition below still has the ID that it once had. When such an identity is named
 * anew, the rest of the volume goes.
 */

#include <errno.h>
#include <string.h>

#include "core/rules/identity_names.h"
#include "core/syntax/link_name.h"

/* What only volumes have: letters and volume names. */
static void drop_volume(struct names *names, const char *id)
{
	const struct link *link = NULL, *next;

	for (link = names_next_link(names, id, NULL); link; link = next) {
		_cleanup_free_ char *path = xstrdup(link->path);

		next = names_next_link(names, id, link);
		if (link_name_is_volume(path) || link_name_is_letter(path))
			names_remove_link(names, path);
	}
}

int identity_names_prepare(struct decision *decision, const char *id)
{
	const struct device *holder = volumes_find_holder(&decision->manager->volumes, id);
	struct names *names = &decision->change->names;
	const struct record *record = names_find_record(names, id);

	if (!holder || is_same_text(holder->id, id) || !record || !record->fingerprint.size)
		return 0;
	if (manager_env_has_seen(decision->env, names, id))
		return decision_fail(decision, -EEXIST, "%s is a volume on another host", id);
	drop_volume(names, id);
	names_edit_record(names, id)->fingerprint.size = 0;
	return 0;
}
