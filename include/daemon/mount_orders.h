/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/views/error_log.h"
#include "daemon/change_queue.h"
#include "daemon/loop.h"
#include "daemon/mount_agent.h"
#include "daemon/mount_table.h"
#include "daemon/workers.h"
#include "io/fuse/kept_attempts.h"
#include "machines/automount.h"

/* Mounting what is registered: the daemon's side of machines/automount. */
struct mount_orders {
	struct change_follower follower;
	struct automount *automount; /* NULL: automount=off */
	struct automount_world world;
	struct change_queue *queue;
	struct workers *workers;
	struct loop *loop;
	struct mount_table *mounts;
	struct mount_agent *agent;
	struct error_log *error_log;
	struct timer timer;
	struct kept *kept;
	struct kept_notes attempts;
	bool has_begun;
};

/*
 * Adds itself to the queue. `queue`, `workers`, `loop`, `mounts`, `agent`, `error_log` and
 * `kept` are set.
 */
void mount_orders_init(struct mount_orders *orders, const struct manager *manager);
/* Mounts and devices are known, or are what the earlier server knew: goes on from what that did. */
void mount_orders_begin(struct mount_orders *orders);
void mount_orders_fini(struct mount_orders *orders);
/* The mounts have been read anew. */
void mount_orders_handle_mounts(struct mount_orders *orders);
bool mount_orders_is_settled(const struct mount_orders *orders);
