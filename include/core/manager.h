/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/history.h"
#include "core/mounts.h"
#include "core/names.h"
#include "core/notice.h"
#include "core/reply.h"
#include "core/request.h"
#include "core/volumes.h"

/* Which volumes may carry a file about the mount points on them. */
enum replicate {
	REPLICATE_FIXED,
	REPLICATE_OFF,
	REPLICATE_ALL, /* removable ones, too */
};

/* The whole state of the mount manager. */
struct manager {
	struct names names;
	struct volumes volumes;
	struct mounts mounts;
	struct history history;
	struct id_order order;
	char **leaving; /* unique IDs whose names go with them */
	size_t leaving_count;
	uint32_t epic;	       /* changes of the database since start, from 1 */
	bool gives_letters;    /* to volumes that arrive: AUTO_DL_ASSIGNMENTS was asked for */
	bool follows_partuuid; /* names follow a partition to a new ID */
	bool suggests_label;   /* a label is the suggested link of its volume */
	enum replicate replicate;
};

/* What the rules may know of the world beside the state. */
struct manager_env {
	uint64_t now; /* µs since 1970 */
	void (*get_random)(void *to, size_t len);
	uint32_t uid; /* who asks; mmfs itself for events of devices */
	uint32_t pid;
	const char *command;
	bool cannot_write; /* devices: decide without writing anything */
};

/* Of a volume about to be deleted, or after all not. */
struct leaving_mark {
	char *id;
	bool is_leaving;
};

/*
 * A decided change: everything that has to be written (the layer of names, the new history
 * entries) and everything that has to be put in place afterwards. Any number of requests can be
 * decided into one change; each sees the ones before it.
 */
struct change {
	struct names names; /* a layer on manager::names */
	struct volumes_change volumes;
	struct history_entry **entries;
	size_t entry_count;
	size_t ended_entries;	/* those of steps that have ended … */
	uint32_t steps;		/* … each of which is a change of the database by itself */
	struct notices notices; /* of what does not show otherwise */
	bool gives_letters;	/* from now on */
	struct leaving_mark *marks;
	size_t mark_count;
};

/* What a change touched, for those who show the state. Names of things that may be gone. */
struct touched {
	char **links; /* paths */
	size_t link_count;
	char **ids;	/* unique IDs about which something changed */
	bool *is_moved; /* per ID: its device is another, so all its links are touched */
	size_t id_count;
	char **devices; /* kernel names */
	size_t device_count;
	struct notices notices; /* what the tree does not show */
	bool has_changed;	/* whether anything a reader could see has changed at all */
};

/* One (link, unique ID, device) of an answer; borrowed from the state. */
struct triple {
	const char *link;
	const char *id;
	const char *node;
};

void manager_init(struct manager *manager, const struct id_order *order);
void manager_fini(struct manager *manager);

void change_init(struct change *change, const struct manager *manager);
void change_fini(struct change *change);
/*
 * What was decided since the last call is a change of the database of its own, with an epic number
 * of its own, if it has history.
 */
void change_end_step(struct change *change);
/* Whether there is anything to commit, and whether that counts as a change of the database. */
bool change_has_rows(const struct change *change);
bool change_is_counted(const struct change *change);

/*
 * Decides one request on top of what `change` holds already. Pure. Returns 0, with the
 * answer added to `reply`; or -EINVAL, -ENOENT, -EEXIST, -EPERM, with a sentence added to `why`, and `change` as
 * it was.
 */
int manager_decide_request(const struct manager *manager, const struct manager_env *env,
	const struct request *request, struct change *change, struct reply *reply,
	struct strbuf *why);

/* Decides what follows from the devices put into and removed from `change->volumes`. Pure. */
void manager_decide_devices(
	const struct manager *manager, const struct manager_env *env, struct change *change);

/* Puts a committed change in place. Cannot fail. `ret_touched` is the caller's. */
void manager_apply(struct manager *manager, struct change *change, struct touched *ret_touched);
/* At start: what shows of the database alone, the links of volumes that are kept. */
void manager_touch_kept(const struct manager *manager, struct touched *ret_touched);
void touched_fini(struct touched *touched);
/* Replaces the list of mounts, taking over `mounts`. The volumes whose mounts differ are touched. */
void manager_apply_mounts(
	struct manager *manager, struct mounts *mounts, struct touched *ret_touched);

/*
 * Questions that readers ask of the state, through `view`: manager::names, or a layer on it.
 */

/* "/dev/sda2" of a volume present or kept, else NULL. */
const char *manager_get_node(
	const struct manager *manager, const struct names *view, const char *id);
/* The link, if it shows. */
const struct link *manager_find_link(
	const struct manager *manager, const struct names *view, const char *path);
/* The triples of one unique ID, or all (`id` NULL), ordered by link; the caller frees the array. */
size_t manager_get_triples(const struct manager *manager, const struct names *view, const char *id,
	struct triple **ret_triples);

/* Whether the volume will be present, or kept, once the change is applied. */
bool change_shows_volume(
	const struct manager *manager, const struct change *change, const char *id);

/* For the parts of the manager: records who changed what. */
void change_add_entry(struct change *change, const struct manager *manager,
	const struct manager_env *env, const char *operation, const struct triple *triple);
