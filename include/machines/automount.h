/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/manager.h"
#include "core/model/mount_attempt.h"

#define AUTOMOUNT_PATIENCE 5000000u /* µs; after that, nobody waits for an attempt to settle */

/*
 * Registered mount points that are mounted by themselves, and unmounted when the volume or its host
 * goes. A mount point is tried once per mount of its host.
 */
struct automount;

/* Something to mount or unmount, by who may wait for it. Texts are its own. */
struct mount_order {
	void *attempt; /* whose it is; nothing for who does it */
	bool is_unmount, is_lazy;
	char *host_path;
	int host_mount;
	uint64_t host_number; /* st_dev of the host's root, 0: any */
	char *path;	      /* below it */
	char *mount_path;
	char *node, *fstype, *options;
	uint64_t number, diskseq; /* of the node; diskseq 0: unknown */
	int mount;		  /* id: of what was mounted, or is to be unmounted */
	int error;
	struct strbuf why;
};

void mount_order_free(struct mount_order *order);

struct automount_world {
	/* Takes the order over; it comes back through automount_take(), at some time, or never. */
	void (*begin)(void *data, struct mount_order *order);
	/* An order is done, or (negative errno and a sentence) has failed. */
	void (*report)(void *data, const struct mount_order *order);
	/* What the next server is to know of a mount point, or no more. */
	void (*note)(void *data, const struct mount_attempt *attempt);
	void (*forget)(void *data, const char *host, const char *path);
	/* When automount_handle_time() is to be called; 0: not at all. */
	void (*set_timer)(void *data, uint64_t at);
	void *data;
};

/* Borrows both. */
struct automount *automount_new(const struct manager *manager, const struct automount_world *world);
/* Leaves mounted what is. NULL is fine. */
void automount_free(struct automount *automount);
/*
 * What an earlier server has noted, before the first automount_update(). It is passed over unless
 * it is about the same volumes, mounted in the same way: all that is known by now.
 */
void automount_recall(struct automount *automount, const struct mount_attempt *noted);
/* Anything is different: mounts, devices, or mount points. `now` as in host.h. */
void automount_update(struct automount *automount, uint64_t now);
/* An order is done or has failed. Takes it over. automount_update() comes next. */
void automount_take(struct automount *automount, struct mount_order *order);
/* True when all attempts that began less than AUTOMOUNT_PATIENCE ago have ended. */
bool automount_is_settled(const struct automount *automount);
/* The timer has fired. */
void automount_handle_time(struct automount *automount, uint64_t now);
