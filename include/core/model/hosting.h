/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/manager.h"
#include "core/model/mount_points.h"
#include "core/syntax/replica.h"
#include "core/syntax/request.h"

/* A directory on a hosting volume: where mount points are registered. Borrowed from the state. */
struct hosting {
	const char *host; /* unique ID */
	const struct mount *mount;
	const char *path; /* from the root of the volume; part of the source */
};

/*
 * Which volume holds the directory `source`, and by which mount, told from the list of mounts.
 * -ENOTSUP or -EROFS where none may be registered, -EINVAL for the root of a volume, with a
 * sentence in `why`.
 */
int hosting_find(const struct manager *manager, const char *source, struct hosting *ret_hosting,
	struct strbuf *why);
/*
 * The same for the source of a request. One that is below a link becomes the path that it is now;
 * -ENOENT: there is no such link, or its volume is not mounted as a whole.
 */
int hosting_place(const struct manager *manager, struct request *request,
	struct hosting *ret_hosting, struct strbuf *why);
/*
 * The mount by which a volume can be written as a host, NULL: it is not mounted, or may not be one.
 */
const struct mount *hosting_get_mount(const struct manager *manager, const char *host);
/* The mount below which a host's mount points are, NULL: it is not mounted as a whole. */
const struct mount *hosting_get_whole_mount(const struct manager *manager, const char *host);

/*
 * Where a mount point is now, NULL while its host is not mounted as a whole. The caller frees it.
 */
char *hosting_get_path(const struct manager *manager, const struct mount_point *point);
/* The same, or "UUID=…:/data/photos". */
char *hosting_describe(const struct manager *manager, const struct mount_point *point);

/* Texts that the caller frees with paths_fini(). */
struct paths {
	char **list;
	size_t count;
};

void paths_fini(struct paths *paths);
/*
 * The registered mount points of a volume in the order of their paths. `also_hidden`: with those
 * whose host is not mounted as a whole, as HOST:/PATH.
 */
void hosting_get_mount_points(const struct manager *manager, const struct names *view,
	const char *id, bool also_hidden, struct paths *ret_paths);
/* These, then where the volume is mounted now. No path twice. */
void hosting_get_paths(const struct manager *manager, const struct names *view, const char *id,
	struct paths *ret_paths);

#define _cleanup_paths_ _cleanup_(paths_fini)
