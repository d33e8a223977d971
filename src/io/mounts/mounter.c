/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounting by descriptor: libmount takes options apart, and mount(2) gets the directory by its
 * descriptor, so that no path is walked a second time.
 */

#include <errno.h>
#include <fcntl.h>
#include <libmount.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/mounts/mounter.h"

#define DEFAULT_OPTIONS "nosuid,nodev"

/* The flags of mount(2), and what is left for the filesystem (the caller frees it). */
static int parse_options(const char *text, unsigned long *ret_flags, char **ret_rest)
{
	_cleanup_free_ char *vfs = NULL;
	int r = mnt_split_optstr(text, NULL, &vfs, ret_rest, 0, 0);

	*ret_flags = 0;
	if (r == 0 && vfs)
		r = mnt_optstr_get_flags(vfs, ret_flags, mnt_get_builtin_optmap(MNT_LINUX_MAP));
	return r;
}

int mounter_mount(int folder, const struct mounter_volume *volume, struct strbuf *why)
{
	_cleanup_free_ char *options = xasprintf(DEFAULT_OPTIONS "%s%s", volume->options ? "," : "",
		volume->options ? volume->options : "");
	_cleanup_free_ char *target = xasprintf("/proc/self/fd/%d", folder), *rest = NULL;
	const unsigned long forbidden = MS_REMOUNT | MS_BIND | MS_MOVE | MS_SHARED | MS_PRIVATE |
		MS_SLAVE | MS_UNBINDABLE | MS_REC;
	unsigned long flags;

	if (parse_options(options, &flags, &rest) < 0 || flags & forbidden) {
		strbuf_add_format(
			why, "cannot mount %s: its options are '%s'", volume->node, options);
		return -EINVAL;
	}
	if (mount(volume->node, target, volume->fstype, flags, rest) < 0) {
		int error = errno;

		strbuf_add_format(why, "cannot mount %s: %s", volume->node, strerror(error));
		return -error;
	}
	return 0;
}

static int get_id(const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	struct statx found;
	int r;

	if (fd < 0)
		return -errno;
	r = statx((int)fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &found) < 0 ? -errno
									: (int)found.stx_mnt_id;
	close((int)fd);
	return r;
}

int mounter_unmount(const char *path, int id, bool is_lazy, struct strbuf *why)
{
	int found = get_id(path), error;

	if (found != id) {
		strbuf_add_format(why, "something else is mounted at %s by now", path);
		return found < 0 ? found : -ESTALE;
	}
	if (umount2(path, UMOUNT_NOFOLLOW | (is_lazy ? MNT_DETACH : 0)) == 0)
		return 0;
	error = errno;
	strbuf_add_format(why, "cannot unmount %s: %s", path, strerror(error));
	return -error;
}
