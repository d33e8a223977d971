/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

/* What became different, as told to people and programs: one line of `events` each. */
enum notice_kind {
	NOTICE_VOLUME_ARRIVED,	    /* id, device */
	NOTICE_VOLUME_REMOVED,	    /* id, device */
	NOTICE_VOLUME_CHANGED,	    /* id, device: another node, size, label, … */
	NOTICE_LINK_CREATED,	    /* link, id, device: it shows from now on */
	NOTICE_LINK_DELETED,	    /* link, id, device: it shows no more */
	NOTICE_VOLUME_UNPROCESSED,  /* device, reason */
	NOTICE_DUPLICATE,	    /* device, reason or the id it has instead */
	NOTICE_MOUNTED,		    /* id, device, path */
	NOTICE_UNMOUNTED,	    /* id, device, path */
	NOTICE_MOUNT_POINT_CREATED, /* link, id, path, reason if nobody asked for it here */
	NOTICE_MOUNT_POINT_DELETED, /* the same */
	NOTICE_MOUNT_POINT_REFUSED, /* link, id, path, reason: found on a hosting volume */
	NOTICE_KINDS,
};

/* Texts that do not apply are NULL. */
struct notice {
	enum notice_kind kind;
	char *link; /* canonical path */
	char *id;   /* unique ID */
	char *device;
	char *path; /* mount point */
	char *reason;
};

struct notices {
	struct notice *list;
	size_t count;
};

/* Takes copies of the texts. */
void notices_add(struct notices *notices, const struct notice *notice);
/* Moves all of `from` to the end of `to`. */
void notices_move(struct notices *to, struct notices *from);
void notices_fini(struct notices *notices);
