/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/device_monitor.h"
#include "daemon/keeper_link.h"
#include "io/fuse/fuse.h"

#define EXPIRE_DAYS 400 /* unless told otherwise */

struct mmfs_options {
	struct fuse_options fuse;
	struct device_monitor_options devices;
	struct id_order order;
	bool gives_letters;
	bool suggests_label;
	enum follow follow;
	enum strangers strangers;
	uint32_t expire_days;
	enum replicate replicate;
	bool mounts_registered;
	bool publishes; /* names to udevd */
	bool may_hide;	/* what is in the folder that is mounted on */
	const char *database;
	const char *cluster; /* name, or NULL: none */
	const char *cluster_socket;
	enum share share;
	const char *share_globs;
	struct keeper_link *keeper; /* outlives the daemon */
	const struct heirloom *heirloom;
};

/* The daemon: joins all parts and is the one door through which anything changes. */
struct mmfs;

/*
 * Opens the database, finds the devices, decides, mounts. When it returns 0 the tree is there and
 * complete. On error a negative errno and a sentence in `why`.
 */
int mmfs_start(const struct mmfs_options *options, struct mmfs **ret_mmfs, struct strbuf *why);
/* Serves until unmounted or told to stop by SIGTERM or SIGINT. */
int mmfs_run(struct mmfs *mmfs);
/*
 * Has the tree unmounted, and ends. False: a client or the disk of the database holds a thread up,
 * and with it the process, until it lets go. NULL is fine.
 */
bool mmfs_stop(struct mmfs *mmfs);
