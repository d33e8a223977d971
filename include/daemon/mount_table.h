/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/change_queue.h"
#include "io/mounts/mounts.h"

/* Where volumes are mounted now, as the kernel says. */
struct mount_table {
	struct mount_source *source;
	struct manager *manager;
	struct change_queue *queue;
	/* The filesystem of a device was mounted, went, or has another source. */
	void (*is_remounted)(void *data, const struct device *device, bool is_mounted);
	void (*has_changed)(void *data); /* the mounts have been read anew */
	void (*has_ended)(void *data);	 /* the tree itself is mounted nowhere any more */
	void *data;
};

/* Reads where volumes are mounted now, and shows it. */
void mount_table_read(struct mount_table *table);
