/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where volumes are mounted now: not decided by anybody here, so it is put in place without a turn.
 */

#include <string.h>

#include "base/log.h"
#include "core/model/filesystem.h"
#include "core/rules/apply.h"
#include "core/rules/mounted.h"
#include "daemon/mount_table.h"
#include "io/udev/dev_path.h"

/* Of volumes that are no block device there is nothing to be read. */
static void tell_remounted(const struct mount_table *table, const struct mounts *now)
{
	const struct volumes *volumes = &table->manager->volumes;

	map_for_each (&volumes->by_name, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		if (!mounted_is_device(device) &&
			filesystem_is_remounted(volumes, &table->manager->mounts, now, device))
			table->is_remounted(
				table->data, device, filesystem_is_mounted(volumes, now, device));
	}
}

void mount_table_read(struct mount_table *table)
{
	struct touched touched;
	struct mounts mounts;
	int r = mount_source_load(table->source, dev_path_find_number, &mounts);

	if (r < 0) {
		log_warning("cannot read /proc/self/mountinfo: %s", strerror(-r));
		return;
	}
	tell_remounted(table, &mounts);
	apply_mounts(table->manager, &mounts, &touched);
	change_queue_show(table->queue, &touched);
	table->has_changed(table->data);
	if (mount_source_has_ended(table->source))
		table->has_ended(table->data);
}
