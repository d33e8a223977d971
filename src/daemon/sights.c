/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which shared volumes this machine sees, and where they are mounted, as other hosts are told.
 */

#include <string.h>

#include "base/strbuf.h"
#include "core/model/filesystem.h"
#include "daemon/sights.h"

static void add_mounts(
	const struct manager *manager, const struct device *device, struct strbuf *list)
{
	const struct mount *mount = NULL;
	bool is_first = true;

	while ((mount = filesystem_next_mount(
			&manager->volumes, &manager->mounts, device, mount))) {
		if (!is_first)
			strbuf_add_char(list, ',');
		is_first = false;
		strbuf_add_json(list, mount->path);
	}
}

static void add_seen(
	const struct manager *manager, const struct device *device, struct strbuf *list)
{
	const struct record *record = names_find_record(&manager->names, device->id);

	if (!record || !record->is_shared)
		return;
	strbuf_add_text(list, list->len ? ",{\"id\":" : "{\"id\":");
	strbuf_add_json(list, device->id);
	strbuf_add_text(list, ",\"device\":");
	strbuf_add_json(list, device->node);
	strbuf_add_text(list, ",\"state\":\"online\",\"mounts\":[");
	add_mounts(manager, device, list);
	strbuf_add_text(list, "]}");
}

static int compare_ids(const void *a, const void *b)
{
	const struct device *const *device_a = a, *const *device_b = b;

	return strcmp((*device_a)->id, (*device_b)->id);
}

char *sights_list(const struct manager *manager)
{
	const struct map *by_id = &manager->volumes.by_id;
	_cleanup_free_ const struct device **devices = xcalloc(by_id->count + 1, sizeof(*devices));
	struct strbuf list = STRBUF_INIT;
	size_t count = 0;

	map_for_each (by_id, node, next)
		devices[count++] = container_of(node, struct device, by_id);
	qsort(devices, count, sizeof(*devices), compare_ids);
	for (size_t i = 0; i < count; i++)
		add_seen(manager, devices[i], &list);
	return strbuf_take(&list);
}
