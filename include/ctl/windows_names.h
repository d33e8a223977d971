/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"
#include "core/syntax/link_name.h"

#define WINDOWS_VALUES_MAX 4096 /* of one key; of each the name and the data have at most … */
#define WINDOWS_NAME_MAX 1024	/* bytes of UTF-8 */
#define WINDOWS_DATA_MAX 1024	/* bytes */

/* One value of the MountedDevices key. Whatever is in a registry: nothing is promised of it. */
struct windows_value {
	const char *name; /* NUL-terminated */
	uint32_t type;
	const uint8_t *data; /* NULL: it was longer than WINDOWS_DATA_MAX */
	size_t len;	     /* of the data, all of it */
};

/* What becomes of it. */
struct windows_name {
	char *value;	    /* its name there */
	char *link;	    /* canonical; NULL: it marks a volume that wants no drive letter */
	char *id;	    /* the unique ID to file it under; NULL: it cannot be taken */
	const char *reason; /* then why; static storage */
};

struct windows_names {
	struct windows_name *list;
	size_t count;
};

/* The partitions that are here. */
struct windows_disks {
	const void *data;
	/* The unique ID of the partition with this GUID, in lower case. NULL: it is not here. */
	char *(*find_guid)(const void *data, const char *guid);
	/* That of the one that starts at this byte of the disk with this signature. The same. */
	char *(*find_start)(const void *data, uint32_t signature, uint64_t start);
};

void windows_names_fini(struct windows_names *names);
/* Says of one value more what becomes of it. */
void windows_names_add(struct windows_names *names, const struct windows_value *value,
	const struct windows_disks *disks);
/* When all are there: of a volume's drive letters the first is taken, and it needs no mark then. */
void windows_names_finish(struct windows_names *names);

/*
 * Values on their way from the process that reads the hive, one behind the other. windows_take()
 * takes the next of the `*len` bytes at `*data`, and moves on; its name and data are in `room`.
 * False: there are no more, or what comes is damaged.
 */
struct windows_room {
	char name[WINDOWS_NAME_MAX + 1];
	uint8_t data[WINDOWS_DATA_MAX];
};

void windows_format(const struct windows_value *value, struct strbuf *ret_bytes);
bool windows_take(const uint8_t **data, size_t *len, struct windows_room *room,
	struct windows_value *ret_value);
