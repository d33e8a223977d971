/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/change_queue.h"
#include "daemon/device_monitor.h"
#include "daemon/loop.h"

/*
 * publish=udev: the names of devices that are here, below /dev/mm. NULL, where it is off, is fine.
 */
struct publisher;

/* What it is joined to. */
struct publisher_joints {
	const struct manager *manager;
	struct device_monitor *monitor;
	struct loop *loop;
	struct change_queue *queue;
};

/*
 * Finds what was left by a daemon before. `devices` are the globs of those it is about; what others
 * have is left alone. Follows the queue. On error a sentence in `why`.
 */
int publisher_new(const struct publisher_joints *joints, const char *devices,
	struct publisher **ret_publisher, struct strbuf *why);
/* What udevd shows stays. */
void publisher_free(struct publisher *publisher);
/* All devices are known that can be: from now on links follow the names. */
int publisher_start(struct publisher *publisher);
/* Whether udevd has made all links that it can make now. */
bool publisher_is_settled(const struct publisher *publisher);
