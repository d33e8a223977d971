/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes that are about to be deleted: with the volume, all that is remembered of it goes.
 *
 * In memory only, as what prepares the deletion is a program that runs now. A volume stays marked
 * until it goes, whatever happens to its device meanwhile.
 */

#include <errno.h>
#include <string.h>

#include "core/manager_private.h"

static size_t find_mark(const struct manager *manager, const char *id)
{
	size_t i = 0;

	while (i < manager->leaving_count && strcmp(manager->leaving[i], id) != 0)
		i++;
	return i;
}

int decide_leaving(struct context *context, bool is_leaving)
{
	struct change *change = context->change;
	const char *id;
	int r = context_select_volume(context, &id);

	if (r < 0)
		return r;
	if (!volumes_find_id(&context->manager->volumes, id))
		return context_fail(context, -ENOENT, "%s is offline", id);
	change->marks = xrealloc(change->marks, change->mark_count + 1, sizeof(*change->marks));
	change->marks[change->mark_count++] =
		(struct leaving_mark){ .id = xstrdup(id), .is_leaving = is_leaving };
	return 0;
}

void leaving_decide(
	const struct manager *manager, const struct manager_env *env, struct change *change)
{
	for (size_t i = 0; i < manager->leaving_count; i++) {
		const char *id = manager->leaving[i];
		struct triple triple = { .id = id };

		if (volumes_change_find_id(&manager->volumes, &change->volumes, id) ||
			!names_find_record(&change->names, id))
			continue;
		change_add_entry(change, manager, env, "prepare_volume_delete", &triple);
		names_remove_record(&change->names, id);
	}
}

static void remove_mark(struct manager *manager, size_t i)
{
	free(manager->leaving[i]);
	manager->leaving[i] = manager->leaving[--manager->leaving_count];
}

void leaving_apply(struct manager *manager, struct change *change)
{
	for (size_t i = 0; i < change->mark_count; i++) {
		struct leaving_mark *mark = &change->marks[i];
		size_t at = find_mark(manager, mark->id);

		if (!mark->is_leaving && at < manager->leaving_count) {
			remove_mark(manager, at);
		} else if (mark->is_leaving && at == manager->leaving_count) {
			manager->leaving =
				xrealloc(manager->leaving, at + 1, sizeof(*manager->leaving));
			manager->leaving[manager->leaving_count++] = steal_ptr(mark->id);
		}
	}
	for (size_t i = manager->leaving_count; i-- > 0;)
		if (!volumes_find_id(&manager->volumes, manager->leaving[i]))
			remove_mark(manager, i);
}
