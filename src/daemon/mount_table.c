/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where volumes are mounted now: not decided by anybody here, so it is put in place without a turn.
 */

#include <string.h>

#include "base/log.h"
#include "core/rules/apply.h"
#include "daemon/mount_table.h"
#include "io/udev/dev_path.h"

void mount_table_read(struct mount_table *table)
{
	struct touched touched;
	struct mounts mounts;
	int r = mount_source_load(table->source, dev_path_find_number, &mounts);

	if (r < 0) {
		log_warning("cannot read /proc/self/mountinfo: %s", strerror(-r));
		return;
	}
	apply_mounts(table->manager, &mounts, &touched);
	change_queue_show(table->queue, &touched);
	table->has_changed(table->data);
	if (mount_source_has_ended(table->source))
		table->has_ended(table->data);
}
