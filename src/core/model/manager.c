/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of the mount manager: what is remembered (names, history) and what is present (volumes,
 * mounts). A link shows while the volume of its unique ID is present, or kept.
 */

#include "core/model/manager.h"
#include "core/model/triples.h"
#include "core/syntax/link_name.h"

void manager_init(struct manager *manager, const struct id_order *order)
{
	*manager = (struct manager){ .order = *order, .epic = 1, .links_told = LINKS_TOLD };
	names_init(&manager->names, NULL);
	history_init(&manager->history);
}

void manager_fini(struct manager *manager)
{
	names_fini(&manager->names);
	volumes_fini(&manager->volumes);
	mounts_fini(&manager->mounts);
	history_fini(&manager->history);
	for (size_t i = 0; i < manager->deletion_count; i++)
		free(manager->deletions[i]);
	free(manager->deletions);
	manager_forget_moves(manager);
}

void manager_forget_moves(struct manager *manager)
{
	for (size_t i = 0; i < manager->departure_count; i++) {
		free(manager->departures[i].id);
		free(manager->departures[i].node);
		free(manager->departures[i].name);
	}
	free(manager->departures);
	manager->departures = NULL;
	manager->departure_count = 0;
	for (size_t i = 0; i < manager->arrival_count; i++)
		free(manager->arrivals[i]);
	free(manager->arrivals);
	manager->arrivals = NULL;
	manager->arrival_count = 0;
}

const struct device *manager_find_device(
	const struct manager *manager, const struct names *view, const char *id)
{
	const struct device *holder = volumes_find_holder(&manager->volumes, id);
	const struct record *record;

	if (!holder || is_same_text(holder->id, id))
		return holder;
	record = names_find_record(view, id);
	return record && names_is_of_identity(view, record) ? holder : NULL;
}

const char *manager_get_node(
	const struct manager *manager, const struct names *view, const char *id)
{
	const struct device *device = manager_find_device(manager, view, id);

	return device && !device->is_gone ? device->node : NULL;
}

const char *manager_get_last_node(const struct manager *manager, const char *id)
{
	const struct device *device = manager_find_device(manager, &manager->names, id);
	const struct record *record = names_find_record(&manager->names, id);

	return device ? device->node : record ? record->fingerprint.node : NULL;
}

bool manager_shows(const struct manager *manager, const struct names *view, const char *id)
{
	const struct record *record;

	if (manager_find_device(manager, view, id))
		return true;
	record = names_find_record(view, id);
	return record && record->keep_links;
}

bool manager_may_show_volume(const struct device *device, const char *id)
{
	return !device || is_same_text(device->id, id);
}

bool manager_may_show(const struct device *device, const char *id, const char *path)
{
	return manager_may_show_volume(device, id) ||
		(!link_name_is_letter(path) && !link_name_is_volume(path));
}

const struct link *manager_find_link(
	const struct manager *manager, const struct names *view, const char *path)
{
	const struct link *link = names_find_link(view, path);
	const char *id = link ? link->record->id : NULL;

	return link && manager_shows(manager, view, id) &&
			manager_may_show(manager_find_device(manager, view, id), id, path)
		? link
		: NULL;
}

size_t manager_get_triples(const struct manager *manager, const struct names *view, const char *id,
	struct triple **ret_triples)
{
	_cleanup_free_ const struct link **links = NULL;
	const struct link *link = NULL;
	const struct device *device = NULL;
	const char *node = NULL;
	struct triple *triples;
	size_t count = 0, shown = 0;
	bool shows = false;

	if (!id) {
		count = names_get_links(view, &links);
	} else {
		while ((link = names_next_link(view, id, link))) {
			links = xgrow(links, count, sizeof(*links));
			links[count++] = link;
		}
	}
	triples = xcalloc(count, sizeof(*triples));
	for (size_t i = 0; i < count; i++) {
		const struct record *record = links[i]->record;

		if (i == 0 || record != links[i - 1]->record) {
			device = manager_find_device(manager, view, record->id);
			node = device && !device->is_gone ? device->node : NULL;
			shows = device || manager_shows(manager, view, record->id);
		}
		if (shows && manager_may_show(device, record->id, links[i]->path))
			triples[shown++] =
				(struct triple){ links[i]->path, record->id, node ? node : "" };
	}
	triples_sort(triples, shown);
	*ret_triples = triples;
	return shown;
}
