/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an earlier server knew of devices, as the state of the next one. */

#include <string.h>

#include "core/rules/apply.h"
#include "core/rules/holdings.h"
#include "core/rules/recall.h"

struct recall {
	const struct manager *manager;
	struct change change;
	struct index ids; /* that are somebody's */
};

static bool is_id(const void *object, const void *key)
{
	return strcmp(object, key) == 0;
}

/* The ID that it was present under, unless another device claims that, too; NULL: none. */
static const char *take_id(
	struct recall *recall, struct device *device, const struct recalled *recalled)
{
	const char *id = NULL;

	device_list_identities(device);
	if (recalled->had_id)
		id = device_get_identity(device, recalled->scheme);
	if (!id || !names_find_record(&recall->manager->names, id) ||
		volumes_find_id(&recall->manager->volumes, id) ||
		index_find(&recall->ids, map_hash_text(id), is_id, id))
		return NULL;
	index_add(&recall->ids, (void *)id, map_hash_text(id));
	return id;
}

/* It may be here all the same: then it is what it was. */
static void dismiss(struct manager *manager, const struct recalled *recalled)
{
	const char *former = recalled->device->former;
	struct device *device = device_copy(recalled->device);

	device->had_names = true;
	if (former && names_find_record(&manager->names, former))
		device->former = xstrdup(former);
	volumes_dismiss(&manager->volumes, device);
}

static void add(struct recall *recall, const struct recalled *recalled)
{
	struct device *device = device_copy(recalled->device);
	const char *former = recalled->device->former, *reason;
	const char *id = take_id(recall, device, recalled);
	struct assignment assignment = {
		.device = device,
		.kind = device_get_kind(device, &reason),
		.is_unwritten = true, /* so it is decided about, whatever is found now */
		.is_founder = recalled->is_founder,
	};

	if (former && names_find_record(&recall->manager->names, former))
		device->former = xstrdup(former);
	if (!id && !device->former && assignment.kind != DEVICE_DISK &&
		assignment.kind != DEVICE_MEMBER) {
		device_free(device);
		return;
	}
	assignment.id = id ? xstrdup(id) : NULL;
	volumes_change_put(&recall->change.volumes, device);
	volumes_change_assign(&recall->change.volumes, assignment);
}

void recall_devices(struct manager *manager, const struct recalled *list, size_t count,
	struct touched *ret_touched)
{
	struct recall recall = { .manager = manager };
	struct change *change = &recall.change;

	change_init(change, manager);
	for (size_t i = 0; i < count; i++)
		if (list[i].is_dismissed)
			dismiss(manager, &list[i]);
		else
			add(&recall, &list[i]);
	index_fini(&recall.ids);
	volumes_change_list_identities(&change->volumes);
	holdings_decide(manager, &change->names, &change->volumes);
	apply_change(manager, change, ret_touched);
	change_fini(change);
}
