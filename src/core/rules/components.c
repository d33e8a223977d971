/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is stacked on others takes IDs from them when it comes, and gives them back when it goes.
 *
 * A map or array holds its components, so that they are in use through it alone. What is over a
 * device without holding it does not: that may be mounted itself, and keeps its names then.
 */

#include <string.h>

#include "core/model/filesystem.h"
#include "core/rules/components.h"

bool components_yield(const struct volumes *volumes, const struct mounts *mounts,
	const struct device *device, const struct device *component)
{
	return device->is_virtual || !filesystem_is_mounted(volumes, mounts, component);
}

/* Unless the change is about them anyway. */
static void put_slaves(
	const struct manager *manager, const struct device *device, struct volumes_change *change)
{
	_cleanup_free_ char *slaves = device->slaves ? xstrdup(device->slaves) : NULL;
	char *rest = slaves, *name;

	while (rest && (name = strsep(&rest, " "))) {
		const struct device *slave = volumes_find_name(&manager->volumes, name);

		if (slave && slave->id &&
			components_yield(&manager->volumes, &manager->mounts, device, slave) &&
			!volumes_change_concerns(change, name))
			volumes_change_put(change, device_copy(slave));
	}
}

void components_put(const struct manager *manager, struct volumes_change *change)
{
	for (size_t i = 0; i < change->puts; i++)
		put_slaves(manager, change->put[i], change);
	for (size_t i = 0; i < change->gones; i++) {
		const struct device *device = volumes_find_name(&manager->volumes, change->gone[i]);

		if (device)
			put_slaves(manager, device, change);
	}
}

const char *components_find_lent(
	const struct volumes *volumes, const struct device *device, const struct id_order *order)
{
	for (size_t i = 0; i < order->count; i++) {
		enum id_scheme scheme = order->scheme[i];
		const struct device *owner;
		char id[UNIQUE_ID_MAX + 1];

		if (!unique_id_format(scheme, device->identity[scheme], device->partition, id))
			continue;
		owner = volumes_find_id(volumes, id);
		if (owner && device_has_slave(owner, device->name))
			return owner->id;
	}
	return NULL;
}
