/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes that are about to be deleted: with the volume, all that is remembered of it goes.
 *
 * In memory only, as what prepares the deletion is a program that runs now. A volume stays marked
 * until it goes, whatever happens to its device meanwhile, and until its names have been deleted.
 */

#include <errno.h>
#include <string.h>

#include "core/rules/deletion.h"
#include "core/rules/dropping.h"

static size_t find_mark(const struct manager *manager, const char *id)
{
	size_t i = 0;

	while (i < manager->deletion_count && strcmp(manager->deletions[i], id) != 0)
		i++;
	return i;
}

int deletion_decide_mark(struct decision *decision)
{
	bool is_prepared = decision->request->operation->kind == OP_PREPARE_VOLUME_DELETE;
	struct change *change = decision->change;
	const char *id;
	int r = decision_select_volume(decision, &id);

	if (r < 0)
		return r;
	if (!volumes_find_id(&decision->manager->volumes, id))
		return decision_fail(decision, -ENOENT, "%s is offline", id);
	change->marks = xgrow(change->marks, change->mark_count, sizeof(*change->marks));
	change->marks[change->mark_count++] =
		(struct deletion_mark){ .id = xstrdup(id), .is_prepared = is_prepared };
	return 0;
}

void deletion_decide(
	const struct manager *manager, const struct manager_env *env, struct change *change)
{
	for (size_t i = 0; i < manager->deletion_count; i++) {
		const char *id = manager->deletions[i];
		struct triple triple = { .id = id };

		if (volumes_change_find_id(&manager->volumes, &change->volumes, id) ||
			!names_find_record(&change->names, id))
			continue;
		if (manager_env_has_seen(env, &change->names, id)) {
			change->awaits_others = true;
			continue;
		}
		change_add_entry(change, manager, env, "prepare_volume_delete", &triple);
		dropping_remove_record(manager, env, &change->names, id);
	}
}

static bool is_overdue(const struct manager *manager, const char *id)
{
	return !volumes_find_id(&manager->volumes, id) && names_find_record(&manager->names, id);
}

bool deletion_is_overdue(const struct manager *manager)
{
	for (size_t i = 0; i < manager->deletion_count; i++)
		if (is_overdue(manager, manager->deletions[i]))
			return true;
	return false;
}

static void remove_mark(struct manager *manager, size_t i)
{
	free(manager->deletions[i]);
	manager->deletions[i] = manager->deletions[--manager->deletion_count];
}

void deletion_apply(struct manager *manager, struct change *change)
{
	for (size_t i = 0; i < change->mark_count; i++) {
		struct deletion_mark *mark = &change->marks[i];
		size_t at = find_mark(manager, mark->id);

		if (!mark->is_prepared && at < manager->deletion_count) {
			remove_mark(manager, at);
		} else if (mark->is_prepared && at == manager->deletion_count) {
			manager->deletions =
				xgrow(manager->deletions, at, sizeof(*manager->deletions));
			manager->deletions[manager->deletion_count++] = steal_ptr(mark->id);
		}
	}
	for (size_t i = manager->deletion_count; i-- > 0;)
		if (!names_find_record(&manager->names, manager->deletions[i]))
			remove_mark(manager, i);
}
