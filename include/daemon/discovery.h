/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/volumes.h"
#include "daemon/loop.h"

/*
 * Finds out what block devices there are and what they hold: joins the events of kernel, udevd and
 * inotify with the answers of the prober, and hands over devices when all is known of them.
 */
struct discovery;

enum monitor_mode { MONITOR_AUTO, MONITOR_UDEV, MONITOR_KERNEL };

struct discovery_options {
	const char *devices; /* globs, separated by colons; `!` excludes */
	enum monitor_mode monitor;
	size_t buffer; /* of the event sockets, bytes; 0: the default */
};

struct discovery_counters {
	uint64_t events;   /* of devices, on both channels */
	uint64_t overruns; /* times that events were lost */
	uint64_t probes;
	uint64_t faults; /* probes that found no answer */
};

/*
 * Starts the helper process: before any thread. What of its means cannot be had it does without, and
 * warns of.
 */
struct discovery *discovery_new(const struct discovery_options *options);
void discovery_free(struct discovery *discovery);

/*
 * Listens, then enumerates. `has_news` is called whenever discovery_take() has something, or
 * discovery_is_settled() may have changed.
 */
int discovery_start(
	struct discovery *discovery, struct loop *loop, void (*has_news)(void *data), void *data);
/* Looks at one device again, by its number; at none if there is no such device. */
void discovery_look(struct discovery *discovery, uint64_t number);
/* Looks at all devices again; `must_read`: reads each, whatever udevd knows of them. */
void discovery_rescan(struct discovery *discovery, bool must_read);

/* Moves what is known by now into `change`. */
void discovery_take(struct discovery *discovery, struct volumes_change *change);
/* Reads what is waiting on the event descriptors: all that happened before now is then known of. */
void discovery_drain(struct discovery *discovery);
/*
 * Whether all devices found at start are known as well as they can be: udevd has processed every
 * event that the kernel has announced, and every probe has come back or takes long.
 */
bool discovery_is_enumerated(const struct discovery *discovery);
/* Whether nothing is under way but probes of devices that do not answer. */
bool discovery_is_settled(const struct discovery *discovery);

const struct discovery_counters *discovery_get_counters(struct discovery *discovery);
