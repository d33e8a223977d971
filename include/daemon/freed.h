/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/change_queue.h"
#include "daemon/device_monitor.h"
#include "daemon/loop.h"
#include "daemon/mount_table.h"
#include "machines/unmounted.h"

/*
 * Has devices read again that were in use when their content changed, once they are free, and those
 * whose mounts change.
 */
struct freed {
	struct change_source source;
	const struct manager *manager;
	struct device_monitor *monitor;
	struct change_queue *queue;
	struct loop *loop;
	struct mount_table *mounts;
	struct timer timer;
	struct unmounted unmounted;
	struct timer unmounted_timer;
	uint64_t events;	 /* of devices, when it was last looked */
	uint64_t member_changes; /* volumes::member_changes then */
	int swaps;		 /* descriptor that tells of other swap devices, or negative */
};

/* Borrows all of it. A machine whose swaps cannot be followed has less, and no error. */
void freed_init(struct freed *freed, const struct manager *manager, struct device_monitor *monitor,
	struct change_queue *queue, struct loop *loop, struct mount_table *mounts);
void freed_fini(struct freed *freed);
/* The filesystem of a device was mounted, went, or has another source. */
void freed_note_mount(struct freed *freed, const struct device *device, bool is_mounted);
/* Looks at those that we see nobody use any more. To be called when mounts have changed. */
void freed_look(struct freed *freed);
