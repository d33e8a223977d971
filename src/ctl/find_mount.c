/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where mmfs is mounted, by libmount. Further mounts of the same tree (bind mounts) do not count,
 * nor do mounts of which only a part shows.
 */

#include <errno.h>
#include <libmount/libmount.h>
#include <string.h>

#include "ctl/find_mount.h"

static void table_unref_p(struct libmnt_table **table)
{
	mnt_unref_table(*table);
}

static void iter_free_p(struct libmnt_iter **iter)
{
	mnt_free_iter(*iter);
}

static bool is_mmfs(struct libmnt_fs *fs)
{
	const char *type = mnt_fs_get_fstype(fs), *root = mnt_fs_get_root(fs);

	return is_same_text(type, "fuse.mmfs") && is_same_text(root, "/");
}

int find_mount(char **ret_path, char **ret_other)
{
	_cleanup_(table_unref_p) struct libmnt_table *table =
		mnt_new_table_from_file("/proc/self/mountinfo");
	_cleanup_(iter_free_p) struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs, *found = NULL;

	if (!table || !iter)
		return errno ? -errno : -EIO;
	while (mnt_table_next_fs(table, iter, &fs) == 0) {
		if (!is_mmfs(fs))
			continue;
		if (!found) {
			found = fs;
		} else if (mnt_fs_get_devno(fs) != mnt_fs_get_devno(found)) {
			*ret_path = xstrdup(mnt_fs_get_target(found));
			*ret_other = xstrdup(mnt_fs_get_target(fs));
			return -ENOTUNIQ;
		}
	}
	if (!found)
		return -ENOENT;
	*ret_path = xstrdup(mnt_fs_get_target(found));
	return 0;
}
