/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

/* What became different, as told to people and programs: one line of `events` each. */
enum event_kind {
	EVENT_VOLUME_ARRIVED,	   /* id, device */
	EVENT_VOLUME_REMOVED,	   /* id, device */
	EVENT_VOLUME_CHANGED,	   /* id, device: another node, size, label, … */
	EVENT_LINK_CREATED,	   /* link, id, device: it shows from now on */
	EVENT_LINK_DELETED,	   /* link, id, where it led: it shows no more */
	EVENT_VOLUME_UNPROCESSED,  /* device, reason */
	EVENT_DUPLICATE,	   /* device, reason or the id it has instead */
	EVENT_UNIQUE_ID_CHANGED,   /* id, device, reason: its names have followed it there */
	EVENT_MOUNTED,		   /* id, device, path */
	EVENT_UNMOUNTED,	   /* id, device, path */
	EVENT_MOUNT_POINT_CREATED, /* link, id, path, reason if nobody asked for it here */
	EVENT_MOUNT_POINT_DELETED, /* the same */
	EVENT_MOUNT_POINT_REFUSED, /* link, id, path, reason: found on a hosting volume */
	EVENT_LINK_SHADOWED,	   /* link, id: all hosts have it, here another has its place */
	EVENT_CLUSTER_LOST,	   /* reason: names of all hosts cannot be changed */
	EVENT_CLUSTER_BACK,	   /* they can be, again */
	EVENT_KINDS,
};

/* As readers of `events` know it; members in brackets are not always there. */
struct event_type {
	const char *name;
	const char *members; /* "link id device": beside `seq`, `epic`, `time` and `event` */
};

/* By event_kind, and at last the one of readers who have lost some. */
extern const struct event_type event_types[EVENT_KINDS + 1];

/* Texts that do not apply are NULL. */
struct event {
	enum event_kind kind;
	char *link; /* canonical path */
	char *id;   /* unique ID */
	char *device;
	char *path; /* mount point */
	char *reason;
	char *host; /* where it was changed, if not here */
};

struct events {
	struct event *list;
	size_t count;
	size_t untold; /* events before these of which nobody is told but how many they are */
};

/* Takes copies of the texts. */
void events_add(struct events *events, const struct event *event);
/* Moves all of `from` to the end of `to`. */
void events_move(struct events *to, struct events *from);
/* In the order in which readers are told: what goes before what comes. */
void events_sort(struct events *events);
/* Nobody is to be told of them but how many they are. */
void events_forget(struct events *events);
void events_fini(struct events *events);
/* To tell whether they say the same; 0: there are none. */
uint64_t events_get_hash(const struct events *events);
