/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that were given to an ID before its device came, with hexadecimal digits in another case
 * than the device has them. Where all IDs of a kind are spelled alike, the ID was spelled so when
 * it was given (unique_id_canonize). How a serial number or a UUID of 16 digits is spelled only the
 * device tells: NTFS has capitals, UDF has not. When the device comes these names are filed under
 * its spelling: a request that is made while it is here may use either case, too.
 *
 * Not so for DM_UUID=: two UUIDs of LVM may differ in case alone.
 */

#include "core/rules/id_change.h"
#include "core/rules/spelling.h"

static bool is_here(
	const struct manager *manager, const struct volumes_change *change, const char *id)
{
	return volumes_find_holder(&manager->volumes, id) ||
		identity_next(&change->identities, id, NULL);
}

/*
 * The only record whose ID differs from this in case alone, if no device ever had it; or NULL. What
 * all hosts know of is of a volume that one of them had.
 */
static const struct record *find_awaited(
	const struct manager *manager, const struct change *change, const char *id)
{
	const struct names *view = &change->names;
	const struct record *record = names_next_alike(view, id, NULL);

	if (!record || names_next_alike(view, id, record) || record->last_seen ||
		record->is_shared || is_here(manager, &change->volumes, record->id))
		return NULL;
	return record;
}

void spelling_decide(
	const struct manager *manager, const struct manager_env *env, struct change *change)
{
	struct volumes_change *volumes = &change->volumes;

	volumes_change_list_identities(volumes);
	index_for_each (&volumes->identities, const struct identity, identity) {
		const struct record *record = find_awaited(manager, change, identity->text);
		_cleanup_free_ char *typed = NULL;

		if (!record || identity->scheme == ID_DM_UUID ||
			is_same_text(record->id, identity->text))
			continue;
		typed = xstrdup(record->id);
		id_change_note(manager, change, env, identity->device, typed, identity->text);
		id_change_move(change, env, typed, identity->text);
	}
}
