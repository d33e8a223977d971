/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"
#include "core/syntax/unique_id.h"

/*
 * What the file on a hosting volume says of the mount points there. The file belongs to whoever had
 * the disk: what is read is judged as hostile, and bounded.
 *
 *	mmfs-remote-database 1
 *	path="data/photos" volume="Volume{3e6be9de-…}" id="UUID=…"
 *	crc32c=1a2b3c4d
 *
 * One line per mount point, by rising path, values quoted as in control files; the last line is the
 * CRC-32C of all before it.
 */

#define REPLICA_SIZE_MAX (1024 * 1024) /* bytes of the file */
#define REPLICA_ENTRIES_MAX 1000       /* mount points of one hosting volume */
#define REPLICA_PATH_MAX 1023	       /* bytes of a path on it */

struct replica_entry {
	char *path;   /* from the root of the volume, see replica_check_path() */
	char *volume; /* "/Volumes/Volume{…}" */
	char *id;     /* unique ID that the name stands for */
	int error;    /* of the look for the directory at `path`, for whoever looked */
};

struct replica {
	struct replica_entry *list;
	size_t count;
};

/* NULL, or what is wrong with a path from the root of a volume to a mount point on it. */
const char *replica_check_path(const char *path);

/*
 * Reads a whole file. -EBADMSG: it is damaged; -ENOTSUP: it is of a newer version. Then with the
 * reason added to `why` and nothing to free.
 */
int replica_parse(const char *text, size_t len, struct replica *ret_replica, struct strbuf *why);
/*
 * Writes what replica_parse() reads. -ENOSPC: more than a file may hold, with the reason in `why`.
 */
int replica_format(const struct replica *replica, struct strbuf *ret_text, struct strbuf *why);

void replica_fini(struct replica *replica);
/* The entry with exactly this path, or NULL. */
struct replica_entry *replica_find(const struct replica *replica, const char *path);
/* Adds copies, or replaces the entry of that path: `volume` and `id` may be NULL. */
void replica_set(struct replica *replica, const char *path, const char *volume, const char *id);
void replica_remove(struct replica *replica, const char *path);

#define _cleanup_replica_ _cleanup_(replica_fini)
