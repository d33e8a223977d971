/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"
#include "core/syntax/unique_id.h"

/* A name that somebody's file gives to a device, and what becomes of it. */
struct foreign_name {
	char *path;   /* of the file, */
	size_t line;  /* from 1, */
	char *text;   /* and what it says there */
	char *link;   /* canonical; NULL: it cannot be taken */
	char *id;     /* the unique ID to file it under; NULL likewise */
	char *reason; /* why it cannot be taken; NULL: it can */
};

struct foreign_names {
	struct foreign_name *list;
	size_t count;
	const char *path; /* where whoever adds is reading just now */
	size_t line;
};

/*
 * How the devices that are here are known. `path` is below /dev, `tag` is LABEL=… or PARTLABEL=….
 * Each returns a unique ID, or NULL where there is none, or more than one.
 */
struct foreign_devices {
	const void *data;
	char *(*find_volume)(const void *data, const char *path);   /* what is on the device */
	char *(*find_hardware)(const void *data, const char *path); /* the device itself */
	char *(*find_label)(const void *data, const char *tag);
};

void foreign_names_fini(struct foreign_names *names);
/* One more name, which may be anything, for a unique ID. It is taken, or has a reason. */
void foreign_names_take(
	struct foreign_names *names, const char *text, const char *name, const char *id);
/* One more that cannot be taken. */
void foreign_names_refuse(struct foreign_names *names, const char *text, const char *format, ...)
	_printf_(3, 4);
/* When all are there: of equal names the first is taken, and an entry that repeats another goes. */
void foreign_names_finish(struct foreign_names *names);

/* Takes the next line, and what is behind its end; false: there is none. It has no newline. */
bool foreign_take_line(const char **text, char **ret_line);
