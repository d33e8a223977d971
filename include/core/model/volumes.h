/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/index.h"
#include "core/model/device.h"
#include "core/model/names.h"

/*
 * Another identity of a device than its unique ID: what is filed under it belongs to the device,
 * among all that have it.
 */
struct holding {
	struct map_node by_id; /* volumes::holdings, volumes_change::holdings */
	struct device *device; /* NULL in a change: nobody's any more */
	struct holding *next;  /* device::holdings */
	char id[];
};

/* The devices present, and which unique ID each is present under: at most one device per ID. */
struct volumes {
	struct map by_name;
	struct map dismissed; /* by name: that these are gone is what clients said */
	struct index by_number;
	struct map by_id;
	struct index by_filesystem; /* by UUID, those of which a filesystem may have several */
	struct index identities;    /* of all devices */
	struct map holdings;	    /* by ID; not of those in by_id; those alike have one hash */
	size_t awaiting;	    /* how many may get an ID yet: device_awaits_id() */
	size_t losers;		    /* how many have device::is_displaced */
	size_t unwritten;	    /* … and device::is_unwritten */
	size_t doubts;		    /* … and device::doubt */
	size_t formers;		    /* … and device::former */
	size_t barred;		    /* … and device::is_barred */
	uint64_t member_changes;    /* of descriptions of devices that were in `by_filesystem` */
};

/* What becomes of one device: its ID, or why it has none, or neither (it has no size). */
struct assignment {
	struct device *device; /* one of volumes_change::put, or one present */
	enum device_kind kind;
	char *id;
	char *reason;
	bool is_displaced; /* as in the device */
	bool is_unwritten;
	bool is_unshared;
	bool is_arriving;
	bool is_barred;
	bool is_founder;
};

/* Devices that appear, change or go, and what follows from that for the ownership of IDs. */
struct volumes_change {
	struct device **put; /* owned; replaces the one of the same name */
	size_t puts;
	char **gone; /* names, owned */
	size_t gones;
	bool dismisses; /* that these are gone is what a client says */
	char **claim;	/* names, owned: who claims the first of its IDs, the last of them first */
	size_t claims;
	struct assignment *assignments; /* owned */
	size_t assignment_count;
	struct index identities; /* of `put`, once decided about */
	struct map holdings;	 /* what was decided about these, and those before; owned */
};

void volumes_fini(struct volumes *volumes);

/* Whether a device that is present may come to an ID, if others lose theirs. */
bool device_awaits_id(const struct device *device);

const struct device *volumes_find_name(const struct volumes *volumes, const char *name);
/*
 * The device that was known by that name last: also one that a client said to be gone. That does
 * not make it another device, if it turns out to be here.
 */
const struct device *volumes_find_before(const struct volumes *volumes, const char *name);
const struct device *volumes_find_number(const struct volumes *volumes, uint64_t number);
/* The device present under a unique ID, or NULL. */
const struct device *volumes_find_id(const struct volumes *volumes, const char *id);
/* Of the other devices of a device's filesystem the one behind `member` (NULL: the first). */
const struct device *volumes_next_member(
	const struct volumes *volumes, const struct device *device, const struct device *member);

/* The device that has what is filed under an identity, be it its unique ID or not, or NULL. */
const struct device *volumes_find_holder(const struct volumes *volumes, const char *id);
/*
 * The one identity like that (unique_id_is_alike) of a device that is here, but for unique IDs.
 * NULL: there is none, or there are several.
 */
const char *volumes_find_alike(const struct volumes *volumes, const char *id);
/* Makes the identities of all that is put known to the change. */
void volumes_change_list_identities(struct volumes_change *change);
/* What was decided of an identity, or NULL. */
struct holding *volumes_change_find_holding(const struct volumes_change *change, const char *id);
/* The next of all in one map that have an identity; first call with `identity` NULL. */
const struct identity *identity_next(
	const struct index *identities, const char *id, const struct identity *identity);

/* A change holds each device once: put or removed. */
void volumes_change_fini(struct volumes_change *change);
void volumes_change_put(struct volumes_change *change, struct device *device);
void volumes_change_remove(struct volumes_change *change, const char *name);
/* Adds what becomes of a device. Takes over the texts. */
void volumes_change_assign(struct volumes_change *change, struct assignment assignment);
/* Somebody says that a device put into the change is what it claims to be. */
void volumes_change_claim(struct volumes_change *change, const char *name);
/* 0: nobody said so of the device; of two the greater counts. */
size_t volumes_change_get_claim(const struct volumes_change *change, const char *name);

/* Whether the change says something of a device, by its name. */
bool volumes_change_concerns(const struct volumes_change *change, const char *name);

/* The device that will be there under a name once the change is applied, or NULL. */
const struct device *volumes_change_find_name(
	const struct volumes *volumes, const struct volumes_change *change, const char *name);

/* The device that will be present under an ID once the change is applied, or NULL. */
const struct device *volumes_change_find_id(
	const struct volumes *volumes, const struct volumes_change *change, const char *id);

/*
 * Notes that a device is not what it was any more, or not there: `now` (NULL: nothing) is. What
 * follows from that is for a change to say. Returns the device if that is news, and it has IDs.
 */
const struct device *volumes_note_gone(
	struct volumes *volumes, const char *name, const struct device *now);

/* Takes over a device to volumes::dismissed; none of that name may be there. */
void volumes_dismiss(struct volumes *volumes, struct device *device);
/* Takes over the devices of the change. Cannot fail. */
void volumes_apply(struct volumes *volumes, struct volumes_change *change);
