/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/change_queue.h"
#include "daemon/device_monitor.h"
#include "daemon/loop.h"
#include "machines/serials.h"

/* The source of changes that devices bring. */
struct device_source {
	struct change_source source;
	struct manager *manager;
	struct device_monitor *monitor;
	struct loop *loop;
	struct change_queue *queue;
	struct timer timer; /* for what could not be written */
	uint64_t pause;	    /* µs, before it is tried again */
	uint64_t successes; /* of the queue, as of the last turn */
	uint64_t looks;	    /* the same of what other hosts see */
	struct serials serials;
	struct volumes_change lost; /* of changes that lost a race: what they were made of */
	unsigned int races;	    /* how many in a row */
	bool is_paused;		    /* devices are only gathered */
	bool is_starting;	    /* the change under way has taken up … */
	bool has_started;    /* what is no device was taken up where the former daemon left it */
	bool has_new_mounts; /* since the volumes that are no device were looked at */
	bool must_retry;     /* what could not be written is looked at in the next turn */
};

/* Borrows all; adds itself to the queue. Devices are only gathered until `is_paused` ends. */
void device_source_init(struct device_source *devices, struct manager *manager,
	struct device_monitor *monitor, struct loop *loop, struct change_queue *queue);
void device_source_fini(struct device_source *devices);
/* Looks at what could not be written: the database can be written again, or somebody asks. */
void device_source_retry(struct device_source *devices);
