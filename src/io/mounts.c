/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/self/mountinfo through libmount.
 */

#include <errno.h>
#include <libmount.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "io/mounts.h"

struct mount_source {
	struct libmnt_monitor *monitor;
};

int mount_source_open(struct mount_source **ret_source)
{
	struct mount_source *source = xcalloc(1, sizeof(*source));
	int r = -ENOMEM;

	source->monitor = mnt_new_monitor();
	if (source->monitor)
		r = mnt_monitor_enable_kernel(source->monitor, 1);
	if (r >= 0)
		r = mnt_monitor_get_fd(source->monitor);
	if (r < 0) {
		mount_source_close(source);
		return r;
	}
	*ret_source = source;
	return 0;
}

void mount_source_close(struct mount_source *source)
{
	if (!source)
		return;
	mnt_unref_monitor(source->monitor);
	free(source);
}

int mount_source_get_fd(const struct mount_source *source)
{
	return mnt_monitor_get_fd(source->monitor);
}

static void add_mount(
	struct mounts *mounts, struct libmnt_fs *fs, uint64_t (*find_number)(const char *path))
{
	const char *source = mnt_fs_get_source(fs), *root = mnt_fs_get_root(fs);
	uint64_t number = mnt_fs_get_devno(fs);

	if (major(number) == 0)
		number = source && strncmp(source, "/dev/", 5) == 0 ? find_number(source) : 0;
	if (number && mnt_fs_get_target(fs))
		mounts_add(mounts, number, mnt_fs_get_target(fs), is_same_text(root, "/"));
}

int mount_source_load(struct mount_source *source, uint64_t (*find_number)(const char *path),
	struct mounts *ret_mounts)
{
	struct libmnt_table *table = mnt_new_table();
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int r = -ENOMEM;

	while (mnt_monitor_next_change(source->monitor, NULL, NULL) == 0)
		; /* acknowledges the events, before reading what they are about */
	if (table && iter)
		r = mnt_table_parse_file(table, "/proc/self/mountinfo");
	*ret_mounts = (struct mounts){ 0 };
	while (r == 0 && mnt_table_next_fs(table, iter, &fs) == 0)
		add_mount(ret_mounts, fs, find_number);
	mnt_free_iter(iter);
	mnt_unref_table(table);
	return r > 0 ? -EIO : r;
}
