/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/history.h"
#include "core/model/mounts.h"
#include "core/model/names.h"
#include "core/model/volumes.h"
#include "core/syntax/triple.h"

/* Which volumes may carry a file about the mount points on them. */
enum replicate {
	REPLICATE_FIXED,
	REPLICATE_OFF,
	REPLICATE_ALL, /* removable ones, too */
};

/* Whose names follow when the content of a device changes its unique ID. */
enum follow {
	FOLLOW_ON,
	FOLLOW_OFF,
	FOLLOW_PARTUUID, /* those of partitions, by their PARTUUID */
};

/* Which devices do not get the names of an absent volume, see core/rules/stranger.h. */
enum strangers {
	STRANGERS_CLASS,    /* those that are attached in a way easier to forge than its own */
	STRANGERS_IDENTITY, /* and those with another WWN or serial number, or none */
	STRANGERS_ACCEPT,   /* none */
};

/* The names of which volumes are those of all hosts. */
enum share {
	SHARE_OFF,
	SHARE_FABRIC, /* which several hosts can reach: device::is_fabric */
	SHARE_ALL,
	SHARE_NAMED, /* those whose kernel names match manager::share_globs */
};

/* A volume that has gone, until that is written down. */
struct departure {
	char *id;
	char *node;
	char *name;
};

/*
 * Of a volume with more links than that nobody is told which have come and gone with it, or were
 * all deleted: readers of `events` would not get so many lines, and the kernel looks up all names
 * anew.
 */
#define LINKS_TOLD 4096

/* The whole state of the mount manager. */
struct manager {
	struct names names;
	struct volumes volumes;
	struct mounts mounts;
	struct history history;
	struct id_order order;
	char **deletions; /* unique IDs of volumes whose names go with them */
	size_t deletion_count;
	struct departure *departures;
	size_t departure_count;
	char **arrivals; /* unique IDs whose devices may be others than those written down */
	size_t arrival_count;
	uint64_t boot;	    /* tells this run of the machine from others; 0: unknown */
	uint32_t epic;	    /* changes of the database since start, from 1 */
	bool owes_holders;  /* who has which identity may have yet to be written */
	bool awaits_others; /* other hosts see what names are about to leave */
	bool gives_letters; /* to volumes that arrive: AUTO_DL_ASSIGNMENTS was asked for */
	enum follow follow;
	enum strangers strangers;
	enum share share;
	const char *share_globs; /* borrowed */
	bool suggests_label;	 /* a label is the suggested link of its volume */
	enum replicate replicate;
	uint32_t links_told;  /* LINKS_TOLD, but for tests */
	uint32_t expire_days; /* volumes that nobody named are forgotten then; 0: never */
};

void manager_init(struct manager *manager, const struct id_order *order);
void manager_fini(struct manager *manager);
/* Who went and who came is written down. */
void manager_forget_moves(struct manager *manager);

/*
 * Questions that readers ask of the state, through `view`: manager::names, or a layer on it.
 */

/*
 * The device that the names of an ID lead to, or NULL: that which is present under it, or which
 * has it among its identities, if the names were given to that.
 */
const struct device *manager_find_device(
	const struct manager *manager, const struct names *view, const char *id);
/* Its node "/dev/sda2", or NULL: the names of what is absent lead nowhere. */
const char *manager_get_node(
	const struct manager *manager, const struct names *view, const char *id);
/* The node of what is here, else the last one, as far as that is known. */
const char *manager_get_last_node(const struct manager *manager, const char *id);
/* Whether the names of a unique ID show: its volume is present, or kept. */
bool manager_shows(const struct manager *manager, const struct names *view, const char *id);
/*
 * Whether a link of an ID may show where its names lead to `device`, or (NULL) nowhere: only
 * volumes have drive letters and volume names. One that was given in advance to what turns out to
 * be none waits.
 */
bool manager_may_show(const struct device *device, const char *id, const char *path);
/* The same of any drive letter or volume name. */
bool manager_may_show_volume(const struct device *device, const char *id);
/* The link, if it shows. */
const struct link *manager_find_link(
	const struct manager *manager, const struct names *view, const char *path);
/* The triples of one unique ID, or all (`id` NULL), ordered by link; the caller frees the array. */
size_t manager_get_triples(const struct manager *manager, const struct names *view, const char *id,
	struct triple **ret_triples);
