/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

/*
 * The file about mount points on a hosting volume: .mmfs/remote-database at its root. Every
 * function may wait for a sick disk, and works below a descriptor of the root; no symlink, no other
 * mount and no file but root's own is ever followed, read or written. Errors are negative errnos
 * with a sentence in `why`.
 */

/* A mount of the volume, as mountinfo lists it. */
struct replica_mount {
	const char *path;
	int id;
	uint64_t number; /* st_dev that its root must have, 0: any */
};

/*
 * Whether there may be a file on the volume, told without holding anything open. False is certain,
 * but for what is mounted there.
 */
bool replica_file_may_exist(const struct replica_mount *mount);
/* Opens the root (O_PATH). -ESTALE: what is at the path is another mount by now. */
int replica_file_open_root(const struct replica_mount *mount, int *ret_root, struct strbuf *why);
/*
 * Reads the file. -ENOENT: there is none; -EBADMSG: what is there is not what mmfs writes (see
 * replica_file_set_aside()); else it cannot be told.
 */
int replica_file_read(int root, struct strbuf *ret_text, struct strbuf *why);
/* Puts `text` in its place, on stable storage, or nothing (NULL); the old file, or the new one. */
int replica_file_write(int root, const struct strbuf *text, struct strbuf *why);
/* Gives what is in its place another name, which the caller frees. */
int replica_file_set_aside(int root, char **ret_name, struct strbuf *why);
/*
 * Opens a directory (O_PATH) by its path from the root, without following symlinks. What is mounted
 * on it is opened instead if that is wanted, else it is -EXDEV.
 */
int replica_file_open_folder(int root, const char *path, bool also_mounted);
/*
 * Looks for a directory at a path from the root: 0 if there is one, -ENOENT, -ENOTDIR, -ELOOP if
 * there is none, -EXDEV if another mount hides it. What is mounted on the directory itself does not
 * count.
 */
int replica_file_look(int root, const char *path);
