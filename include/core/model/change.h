/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/event.h"
#include "core/model/manager.h"

/* What the rules may know of the world beside the state. */
struct manager_env {
	uint64_t now; /* µs since 1970 */
	void (*get_random)(void *to, size_t len);
	uint32_t uid; /* who asks; mmfs itself for events of devices */
	uint32_t pid;
	const char *command;
	const char *host; /* where that was, NULL: here */
	/*
	 * Whether another host says that it has the volume, and names of it are thus nobody's to
	 * take. NULL: there are no other hosts.
	 */
	bool (*is_seen_elsewhere)(const void *elsewhere, const char *id);
	/* Whether all hosts have a row of that link that is not used here, and why not: or NULL. */
	bool (*is_taken)(const void *elsewhere, const char *path, struct strbuf *ret_why);
	/*
	 * Whether a device is mounted where our mounts do not show it, in another mount namespace
	 * or without a path, as far as can be told; by kernel name. NULL: nobody can tell.
	 */
	bool (*is_mounted_elsewhere)(const char *name);
	/*
	 * Whether the kernel has a filesystem of several devices in use, by UUID, and there a
	 * device, by kernel name; `name` NULL: whichever. NULL: nobody can tell.
	 */
	bool (*has_member)(const char *uuid, const char *name);
	bool cannot_share; /* names of all hosts cannot be written now … */
	void (*explain)(const void *elsewhere, struct strbuf *ret_why); /* … and why not */
	const void *elsewhere;
	size_t most_sharing; /* how many volumes may be in one change with such names; 0: any */
};

/* The same, of a volume that is shared. */
bool manager_env_has_seen(const struct manager_env *env, const struct names *view, const char *id);
/* Whether no link of a shared volume can have the path for that, and why not. */
bool manager_env_is_taken(const struct manager_env *env, const char *path, struct strbuf *ret_why);

/* Whether the kernel has the filesystem of that UUID in use, and there not that device. */
bool manager_env_has_without(const struct manager_env *env, const char *uuid, const char *name);

/* Of a volume about to be deleted, or after all not. */
struct deletion_mark {
	char *id;
	bool is_prepared;
};

/*
 * Which commit of which mount, for another process that asks what has become of it. Numbers rise
 * within a mount; `mount` is random. 0: nobody will ask.
 */
struct commit_number {
	uint64_t mount;
	uint64_t number;
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
	size_t ended_entries; /* those of steps that have ended … */
	uint32_t steps;	      /* … each of which is a change of the database by itself */
	size_t clients;	      /* whose requests are in it, */
	size_t requests;      /* and how many requests there are */
	char *renamed[2];     /* by the only request: from and to, paths; else NULL */
	struct events events; /* of what does not show otherwise */
	char *host;	      /* where it has been committed already; NULL: it is of this machine */
	bool gives_letters;   /* from now on */
	bool is_refusal;      /* something was refused, or left as it was */
	size_t sharing;	      /* of the volumes that have come, how many all hosts hear of */
	bool has_devices;     /* was decided about them … */
	bool is_unwritten;    /* … while nothing can be written */
	bool awaits_others;   /* … and something has to wait for what other hosts see */
	struct deletion_mark *marks;
	size_t mark_count;
	struct commit_number commit; /* that it is to be */
};

void change_init(struct change *change, const struct manager *manager);
void change_fini(struct change *change);
/*
 * What was decided since the last call is a change of the database of its own, with an epic number
 * of its own, if it has history.
 */
void change_end_step(struct change *change);
/*
 * Whether there is anything to commit, and whether that counts as a change of the database: as all
 * does that the history tells, where it has an epic number.
 */
bool change_has_rows(const struct change *change);
bool change_is_counted(const struct change *change);

/* The epic number, once the change is applied. */
uint32_t change_get_epic(const struct change *change, const struct manager *manager);

/*
 * Whether the change was decided by more than the rows that it writes, as a refusal is, or a name
 * that comes and goes within it. Where others write the database, too, such a change may be
 * committed only if it was decided from the newest state.
 */
bool change_needs_newest(const struct change *change);

/* As manager_find_device(), once the change is applied. */
const struct device *change_find_device(
	const struct manager *manager, const struct change *change, const char *id);
/* Whether the link will show, as its volume is present or kept, once the change is applied. */
bool change_shows_link(
	const struct manager *manager, const struct change *change, const struct link *link);

/*
 * Records who changed what. Of a change with more entries than history keeps, only its newest are:
 * the first of these has the index that change_get_first_entry() tells, those before it are NULL.
 */
void change_add_entry(struct change *change, const struct manager *manager,
	const struct manager_env *env, const char *operation, const struct triple *triple);
size_t change_get_first_entry(const struct change *change);
