/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mount manager for C programs: mmfs_device_io_control() with names in UTF-8, and with links
 * as the tree has them, `/DosDevices/X:` and `/Volumes/Volume{…}`. On input every form of a link
 * does that mmfs knows, if it is a full path.
 *
 * All functions return 0 or a negative errno: -ENOENT for an unknown link or volume, -EEXIST for a
 * name in use, -EINVAL for one that cannot be, -EACCES where the descriptor or the user may not,
 * -EPROTO for an answer that makes no sense, whatever a hostile server thinks of.
 */
#ifndef MMFS_CLIENT_H
#define MMFS_CLIENT_H

#include <mmfs/mountmgr.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* A triple. In a question, what is NULL is not asked for. */
struct mmfs_point {
	const char *link;
	const char *id;	    /* `UUID=…` */
	const char *device; /* `/dev/…`; in a question anything that names the volume */
};

/*
 * Opens the mount manager: `path` is its mount point, or the file itself, or NULL for the first
 * mount that the calling user has made, or else root: those of others are not believed. `flags` is
 * O_RDONLY to ask, O_RDWR to change something, and may have O_NONBLOCK. Returns a descriptor,
 * closed on exec. -ENODEV: there is no such mount.
 */
int mmfs_open(const char *path, int flags);

/*
 * The triples that match all that `like` gives; NULL: all. Stores an array which the caller frees
 * with one free(3); it may be empty.
 */
int mmfs_query_points(
	int fd, const struct mmfs_point *like, struct mmfs_point **ret_points, size_t *ret_count);

/*
 * Deletes them, and stores what they were unless `ret_points` is NULL. `like` must give something:
 * -EINVAL.
 */
int mmfs_delete_points(
	int fd, const struct mmfs_point *like, struct mmfs_point **ret_points, size_t *ret_count);

/* Gives the volume one more link. */
int mmfs_create_point(int fd, const char *link, const char *volume);

/* Gives the volume a drive letter unless it has one. Stores the letter, or '\0' if it gets none. */
int mmfs_next_drive_letter(int fd, const char *volume, char *ret_letter);

/*
 * The paths of a volume, drive letter first: each ends in '\0', and one more is behind the last.
 * The caller frees them with free(3).
 */
int mmfs_query_paths(int fd, const char *volume, char **ret_paths);

/*
 * Waits until the number of changes is another than `*epic`, and stores it there; 0 is none yet.
 * -EINTR: a signal handler was run. -EINPROGRESS: it would wait, but for O_NONBLOCK; poll(2) does.
 */
int mmfs_wait_change(int fd, uint32_t *epic);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
