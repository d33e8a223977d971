/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/loop.h"
#include "machines/discovery.h"

/*
 * What drives machines/discovery: the descriptors of kernel, udevd, inotify and prober, and the
 * clock.
 */
struct device_monitor;

enum monitor_mode { MONITOR_AUTO, MONITOR_UDEV, MONITOR_KERNEL };

struct device_monitor_options {
	const char *devices; /* globs, separated by colons; `!` excludes */
	enum monitor_mode monitor;
	size_t buffer; /* of the event sockets, bytes; 0: the default */
};

/*
 * Starts the helper process: before any thread. What of its means cannot be had it does without,
 * and warns of.
 */
struct device_monitor *device_monitor_new(const struct device_monitor_options *options);
void device_monitor_free(struct device_monitor *source);

/*
 * Listens, then enumerates. `has_news` is called whenever there may be something to take, or
 * device_monitor_is_settled() may have changed.
 */
int device_monitor_start(
	struct device_monitor *source, struct loop *loop, void (*has_news)(void *data), void *data);
/* Looks at one device again, by its number; at none if there is no such device. */
void device_monitor_look(struct device_monitor *source, uint64_t number);
/* discovery_read() */
void device_monitor_read(struct device_monitor *source, const char *name);
/* discovery_rescan() */
void device_monitor_rescan(struct device_monitor *source);
/*
 * From now on device_monitor_drain() says when all that has happened before is known of. Who begins
 * anew before that is over does so for all.
 */
void device_monitor_begin_drain(struct device_monitor *source);
/* Reads as much as may be read in one turn of the main loop. False: there is more from before. */
bool device_monitor_drain(struct device_monitor *source);
/* Who asks is told by `has_news` when it is time to ask again. */
bool device_monitor_is_settled(struct device_monitor *source);
/* discovery_peek(), …_take(), …_has_begun(), …_get_counters() */
void device_monitor_peek(const struct device_monitor *source,
	void (*look)(void *data, const char *name, const struct device *device), void *data);
void device_monitor_take(struct device_monitor *source, struct volumes_change *change);
bool device_monitor_has_begun(const struct device_monitor *source, uint64_t now);
const struct discovery_counters *device_monitor_get_counters(struct device_monitor *source);
