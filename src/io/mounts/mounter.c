/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounting by descriptor: libmount takes options apart, and mount(2) gets the directory by its
 * descriptor, so that no path is walked a second time. The device is looked at by a descriptor that
 * does not open it (O_PATH), but mounted by its node: a mount's source is what others know it by,
 * and btrfs goes on calling the device what it was last mounted as.
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
#include <sys/sysmacros.h>
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

/* What sysfs says of the number, or of the disk that it is a partition of; 0: it does not know. */
static uint64_t get_diskseq(dev_t number)
{
	static const char *const places[] = { "diskseq", "../diskseq" };
	uint64_t diskseq = 0;

	for (size_t i = 0; i < ARRAY_SIZE(places) && !diskseq; i++) {
		_cleanup_free_ char *path = xasprintf(
			"/sys/dev/block/%u:%u/%s", major(number), minor(number), places[i]);
		FILE *file = fopen(path, "re");
		unsigned long long value;

		if (file && fscanf(file, "%llu", &value) == 1)
			diskseq = value;
		if (file)
			fclose(file);
	}
	return diskseq;
}

int mounter_check_node(const struct mounter_volume *volume, struct strbuf *why)
{
	int fd = open(volume->node, O_PATH | O_CLOEXEC), r = fd < 0 ? -errno : 0;
	struct stat node;
	uint64_t diskseq;

	if (r == 0 && fstat(fd, &node) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	if (r < 0) {
		strbuf_add_format(why, "cannot look at %s: %s", volume->node, strerror(-r));
		return r;
	}
	diskseq = volume->diskseq ? get_diskseq(node.st_rdev) : 0;
	if (S_ISBLK(node.st_mode) && node.st_rdev == volume->number &&
		(!diskseq || diskseq == volume->diskseq))
		return 0;
	strbuf_add_format(why, "%s is another device by now", volume->node);
	return -ESTALE;
}

bool mounter_find_type(const char *text, const char *fstype, bool *ret_goes_on)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *rest = copy, *line;

	*ret_goes_on = false;
	while ((line = strsep(&rest, "\n"))) {
		char *words = line, *word;
		size_t len = strcspn(line, "#");

		line[len] = '\0';
		while ((word = strsep(&words, " \t")) && !*word)
			;
		if (!word || strcmp(word, "nodev") == 0)
			continue;
		*ret_goes_on = strcmp(word, "*") == 0;
		if (strcmp(word, fstype) == 0)
			return true;
	}
	return false;
}

/* False: the file is not there. */
static bool look_in(const char *path, const char *fstype, bool *ret_found, bool *ret_goes_on)
{
	char text[64 * 1024];
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file)
		return false;
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	*ret_found = mounter_find_type(text, fstype, ret_goes_on);
	return true;
}

int mounter_check_type(const char *fstype, struct strbuf *why)
{
	bool is_found = false, goes_on = true;

	if (!look_in("/etc/filesystems", fstype, &is_found, &goes_on))
		goes_on = true;
	if (!is_found && goes_on)
		look_in("/proc/filesystems", fstype, &is_found, &goes_on);
	if (is_found)
		return 0;
	strbuf_add_format(why,
		"mount(8) would not try the type %s by itself (/etc/filesystems, "
		"/proc/filesystems)",
		fstype);
	return -EPERM;
}

static int check_volume(const struct mounter_volume *volume, struct strbuf *why)
{
	_cleanup_strbuf_ struct strbuf fault = STRBUF_INIT;
	int r = mounter_check_type(volume->fstype, &fault);

	if (r == 0)
		return mounter_check_node(volume, why);
	strbuf_add_format(why, "cannot mount %s: %s", volume->node, strbuf_text(&fault));
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
	int r = check_volume(volume, why);

	if (r < 0)
		return r;
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

/* Opens the folder that something is mounted in, and makes sure that this is what has the id. */
static int open_parent(const char *path, const char *base, int id)
{
	_cleanup_free_ char *folder = xasprintf("%.*s", (int)(base - path), path);
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, AT_FDCWD, folder, &how, sizeof(how));
	struct statx found;
	int r;

	if (fd < 0)
		return -errno;
	if (statx((int)fd, base, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_MNT_ID, &found) < 0)
		r = -errno;
	else
		r = (int)found.stx_mnt_id == id ? 0 : -ESTALE;
	if (r == 0)
		return (int)fd;
	close((int)fd);
	return r;
}

int mounter_unmount(const char *path, int id, bool is_lazy, struct strbuf *why)
{
	const char *base = strrchr(path, '/') + 1;
	int parent = open_parent(path, base, id), error = 0;
	_cleanup_free_ char *place = xasprintf("/proc/self/fd/%d/%s", parent, base);

	if (parent < 0) {
		strbuf_add_format(why, "something else is mounted at %s by now", path);
		return parent;
	}
	if (umount2(place, UMOUNT_NOFOLLOW | (is_lazy ? MNT_DETACH : 0)) < 0)
		error = errno;
	close(parent);
	if (error)
		strbuf_add_format(why, "cannot unmount %s: %s", path, strerror(error));
	return -error;
}
