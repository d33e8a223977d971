/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change: decided from the state, which stays as it is; committed by whoever calls; put in place
 * by apply_change().
 */

#include "core/model/change.h"

bool manager_env_has_seen(const struct manager_env *env, const struct names *view, const char *id)
{
	const struct record *record = names_find_record(view, id);

	return record && record->is_shared && env->is_seen_elsewhere &&
		env->is_seen_elsewhere(env->elsewhere, id);
}

bool manager_env_has_without(const struct manager_env *env, const char *uuid, const char *name)
{
	return env->has_member && env->has_member(uuid, NULL) && !env->has_member(uuid, name);
}

bool manager_env_is_taken(const struct manager_env *env, const char *path, struct strbuf *ret_why)
{
	return env->is_taken && env->is_taken(env->elsewhere, path, ret_why);
}

void change_init(struct change *change, const struct manager *manager)
{
	*change = (struct change){ 0 };
	names_init(&change->names, &manager->names);
}

void change_fini(struct change *change)
{
	names_fini(&change->names);
	volumes_change_fini(&change->volumes);
	for (size_t i = 0; i < change->entry_count; i++)
		free(change->entries[i]);
	free(change->entries);
	for (size_t i = 0; i < change->mark_count; i++)
		free(change->marks[i].id);
	free(change->marks);
	for (size_t i = 0; i < ARRAY_SIZE(change->renamed); i++)
		free(change->renamed[i]);
	events_fini(&change->events);
	free(change->host);
	*change = (struct change){ 0 };
}

void change_end_step(struct change *change)
{
	change->steps += change->entry_count > change->ended_entries;
	change->ended_entries = change->entry_count;
}

bool change_has_rows(const struct change *change)
{
	return names_has_rows(&change->names) || change->entry_count;
}

bool change_is_counted(const struct change *change)
{
	return names_has_changes(&change->names) || change->entry_count;
}

uint32_t change_get_epic(const struct change *change, const struct manager *manager)
{
	return manager->epic + (change->steps ? change->steps : change_is_counted(change));
}

bool change_needs_newest(const struct change *change)
{
	size_t first = change_get_first_entry(change);

	if (change->is_refusal || first)
		return true;
	for (size_t i = first; i < change->entry_count; i++) {
		const char *link = change->entries[i]->link;

		if (link && !names_has_word(&change->names, link))
			return true;
	}
	return false;
}

void change_add_entry(struct change *change, const struct manager *manager,
	const struct manager_env *env, const char *operation, const struct triple *triple)
{
	struct history_entry entry = {
		.sequence = manager->history.next_sequence + change->entry_count,
		.time = env->now,
		.epic = manager->epic + change->steps + 1,
		.uid = env->uid,
		.pid = env->pid,
		.operation = operation,
		.link = triple->link,
		.id = triple->id,
		.device = triple->node,
		.command = env->command,
		.host = env->host,
	};

	change->entries = xgrow(change->entries, change->entry_count, sizeof(*change->entries));
	if (change->entry_count >= HISTORY_MAX)
		free(steal_ptr(change->entries[change->entry_count - HISTORY_MAX]));
	change->entries[change->entry_count++] = history_entry_new(&entry);
}

size_t change_get_first_entry(const struct change *change)
{
	return change->entry_count > HISTORY_MAX ? change->entry_count - HISTORY_MAX : 0;
}

/* The device that has an identity as one beside its unique ID, once the change is applied. */
static const struct device *find_holder(
	const struct manager *manager, const struct change *change, const char *id)
{
	const struct volumes *volumes = &manager->volumes;
	const struct holding *holding = volumes_change_find_holding(&change->volumes, id);
	const struct device *holder = volumes_find_holder(volumes, id);

	if (holding)
		return holding->device;
	if (!holder || volumes_change_find_name(volumes, &change->volumes, holder->name) != holder)
		return NULL;
	return holder;
}

const struct device *change_find_device(
	const struct manager *manager, const struct change *change, const char *id)
{
	const struct device *device =
		volumes_change_find_id(&manager->volumes, &change->volumes, id);
	const struct record *record = names_find_record(&change->names, id);

	if (device || !record || !names_is_of_identity(&change->names, record))
		return device;
	return find_holder(manager, change, id);
}

bool change_shows_link(
	const struct manager *manager, const struct change *change, const struct link *link)
{
	const char *id = link->record->id;
	const struct device *device = change_find_device(manager, change, id);

	if (!device)
		return names_find_record(&change->names, id)->keep_links;
	return device == volumes_change_find_id(&manager->volumes, &change->volumes, id) ||
		manager_may_show(device, NULL, link->path);
}
