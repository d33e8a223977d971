/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The inside of struct mmfs, for mmfs.c, shared.c and show.c. */

#include "daemon/freed.h"
#include "daemon/elsewhere_source.h"
#include "daemon/heir.h"
#include "daemon/job_source.h"
#include "daemon/mmfs.h"
#include "daemon/upkeep.h"
#include "daemon/watchdog.h"
#include "io/fuse/kept_failures.h"

struct mmfs {
	struct loop *loop;
	struct manager manager;
	struct tree tree;
	struct store *store;
	struct ledger *ledger; /* in front of it */
	struct device_monitor *monitor;
	struct mount_source *mounts;
	struct kept *kept; /* of `fuse`, once there is one */
	void *spare;	   /* beside it, see memory_open() */
	struct heir heir;
	struct fuse_server *fuse; /* NULL until mounted */
	struct timer fuse_timer;
	struct watchdog watchdog;
	struct workers *workers;
	struct error_log error_log;
	struct kept_failures failures; /* what of it outlives us */
	struct event_stream stream;
	struct strbuf volume_info; /* of metrics, as of … */
	uint64_t volume_info_at;   /* … this many changes of tree and events */
	int signals;
	bool must_stop;
	struct keeper_link *keeper;
	struct mount_agent *agent;
	struct teller *tellers[TELLERS];
	char *mountpoint; /* as mountinfo has it */
	bool is_gone;	  /* what is mounted there by now is another's */

	struct change_queue *queue;
	/* What is joined to it. */
	struct mount_table mount_table;
	struct elsewhere_source elsewhere;
	struct change_follower cluster_follower;
	struct device_source devices;
	struct host_jobs hosts;
	struct mount_orders mount_orders;
	struct publisher *publisher; /* NULL: publish=off */
	struct job_source jobs;
	struct upkeep upkeep;
	struct freed freed;
};
