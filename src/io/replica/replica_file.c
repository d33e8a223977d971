/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file about mount points on a hosting volume.
 *
 * The disk may have been prepared by anybody. So everything is opened below a descriptor of the
 * root, which is known to be that of the right mount, with openat2(2) (Linux 5.6), and only what
 * cannot block or do something by being opened: a file is first opened as a path, looked at, and
 * opened for reading only then. It must be regular, have one name, belong to root, and nobody else
 * may write it or its folder; so between look and use only root can change anything, and every name
 * is resolved within a folder that is held open.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/crash_point.h"
#include "core/syntax/replica.h"
#include "io/replica/replica_file.h"

#define FOLDER ".mmfs"
#define FILE_NAME "remote-database"
#define NEW_NAME FILE_NAME ".new"
#define DAMAGED_MAX 100 /* files set aside on one volume */

static void close_p(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _cleanup_close_ _cleanup_(close_p)

static int fail_to(struct strbuf *why, int error, const char *what)
{
	strbuf_add_format(why, "cannot %s: %s", what, strerror(error));
	return -error;
}

static int open_below(int folder, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = flags | O_NOFOLLOW | O_CLOEXEC,
		.resolve = resolve | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do
		fd = syscall(SYS_openat2, folder, path, &how, sizeof(how));
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : (int)fd;
}

static int open_beneath(int folder, const char *path, uint64_t flags)
{
	return open_below(folder, path, flags, RESOLVE_BENEATH | RESOLVE_NO_XDEV);
}

int replica_file_open_root(const struct replica_mount *mount, int *ret_root, struct strbuf *why)
{
	_cleanup_close_ int root = open_below(AT_FDCWD, mount->path, O_PATH | O_DIRECTORY, 0);
	struct statx found;

	if (root < 0) {
		strbuf_add_format(why, "cannot open %s: %s", mount->path, strerror(-root));
		return root;
	}
	if (statx(root, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &found) < 0)
		return fail_to(why, errno, "look at the root of the volume");
	if (!(found.stx_mask & STATX_MNT_ID))
		return fail_to(why, ENOSYS, "tell mounts apart");
	if (found.stx_mnt_id != (uint64_t)mount->id ||
		(mount->number &&
			makedev(found.stx_dev_major, found.stx_dev_minor) != mount->number)) {
		strbuf_add_format(why, "something else is mounted at %s by now", mount->path);
		return -ESTALE;
	}
	*ret_root = root;
	root = -1;
	return 0;
}

bool replica_file_may_exist(const struct replica_mount *mount)
{
	_cleanup_free_ char *path = xasprintf("%s/" FOLDER, mount->path);
	struct statx found;

	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &found) ==
		0 ||
		errno != ENOENT;
}

/* Whether root alone can have put it there, on this very filesystem. */
static const char *find_fault(const struct stat *found, dev_t device)
{
	if (found->st_dev != device)
		return "is on another filesystem";
	if (found->st_uid != 0)
		return "does not belong to root";
	if (found->st_mode & (S_IWGRP | S_IWOTH))
		return "can be written by others";
	return NULL;
}

static int make_folder(int root, struct strbuf *why)
{
	_cleanup_close_ int readable = -1;

	crash_point("replica:before-folder");
	if (mkdirat(root, FOLDER, 0700) < 0)
		return fail_to(why, errno, "make the folder " FOLDER);
	crash_point("replica:after-folder");
	readable = open_beneath(root, ".", O_RDONLY | O_DIRECTORY);
	if (readable < 0 || fsync(readable) < 0)
		return fail_to(
			why, readable < 0 ? -readable : errno, "sync the root of the volume");
	return 0;
}

/* Opens the folder, -ENOENT (without a sentence) if there is none and it is not to be made. */
static int open_folder(int root, bool is_made, int *ret_folder, struct strbuf *why)
{
	_cleanup_close_ int folder = open_beneath(root, FOLDER, O_RDONLY | O_DIRECTORY);
	struct stat found, top;
	const char *fault;

	if (folder == -ENOENT && is_made) {
		int r = make_folder(root, why);

		if (r < 0)
			return r;
		folder = open_beneath(root, FOLDER, O_RDONLY | O_DIRECTORY);
	}
	if (folder == -ENOENT)
		return folder;
	if (folder < 0)
		return fail_to(why, -folder, "open the folder " FOLDER);
	if (fstat(folder, &found) < 0 || fstat(root, &top) < 0)
		return fail_to(why, errno, "look at the folder " FOLDER);
	fault = find_fault(&found, top.st_dev);
	if (fault) {
		strbuf_add_format(why, "the folder " FOLDER " %s", fault);
		return -EPERM;
	}
	*ret_folder = folder;
	folder = -1;
	return 0;
}

/* Opens the file for reading if it is what this file writes. */
static int open_file(int folder, int *ret_file, struct strbuf *why)
{
	_cleanup_close_ int path = open_beneath(folder, FILE_NAME, O_PATH);
	char name[sizeof("/proc/self/fd/") + 12];
	struct stat found, top;
	const char *fault;
	int file;

	if (path == -ENOENT)
		return path;
	if (path == -ELOOP || path == -EXDEV) {
		strbuf_add_text(why, path == -ELOOP ? "it is a symlink" : "it is a mount point");
		return -EBADMSG;
	}
	if (path < 0)
		return fail_to(why, -path, "open " FOLDER "/" FILE_NAME);
	if (fstat(path, &found) < 0 || fstat(folder, &top) < 0)
		return fail_to(why, errno, "look at " FOLDER "/" FILE_NAME);
	fault = find_fault(&found, top.st_dev);
	if (!S_ISREG(found.st_mode))
		fault = S_ISLNK(found.st_mode) ? "is a symlink" : "is no regular file";
	else if (found.st_nlink != 1)
		fault = "has other names";
	else if (!fault && found.st_size > REPLICA_SIZE_MAX)
		fault = "is too large";
	if (fault) {
		strbuf_add_format(why, "it %s", fault);
		return -EBADMSG;
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", path);
	file = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (file < 0)
		return fail_to(why, errno, "open " FOLDER "/" FILE_NAME);
	*ret_file = file;
	return 0;
}

int replica_file_read(int root, struct strbuf *ret_text, struct strbuf *why)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int folder = -1, file = -1;
	size_t len = 0;
	ssize_t n = 1;
	int r = open_folder(root, false, &folder, why);

	if (r == 0)
		r = open_file(folder, &file, why);
	if (r < 0)
		return r;
	text = xcalloc(1, REPLICA_SIZE_MAX + 1);
	while (n > 0 && len <= REPLICA_SIZE_MAX) {
		n = read(file, text + len, REPLICA_SIZE_MAX + 1 - len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			len += (size_t)n;
	}
	if (n < 0)
		return fail_to(why, errno, "read " FOLDER "/" FILE_NAME);
	strbuf_reset(ret_text);
	strbuf_add(ret_text, text, len);
	return 0;
}

static int write_all(int file, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(file, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Writes the new file beside the old one. One that a crash has left is nobody's. */
static int write_new(int folder, const struct strbuf *text)
{
	_cleanup_close_ int file = -1;
	size_t half = text->len / 2;
	int r;

	crash_point("replica:before-create");
	if (unlinkat(folder, NEW_NAME, 0) < 0 && errno != ENOENT)
		return -errno;
	file = openat(folder, NEW_NAME,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (file < 0)
		return -errno;
	crash_point("replica:created");
	r = write_all(file, text->data, half);
	crash_point("replica:half-written");
	if (r == 0)
		r = write_all(file, text->data + half, text->len - half);
	crash_point("replica:written");
	if (r == 0 && fsync(file) < 0)
		r = -errno;
	crash_point("replica:synced");
	return r;
}

int replica_file_write(int root, const struct strbuf *text, struct strbuf *why)
{
	_cleanup_close_ int folder = -1;
	int r = open_folder(root, text != NULL, &folder, why);

	if (r == -ENOENT && !text)
		return 0;
	if (r < 0)
		return r;
	if (text) {
		r = write_new(folder, text);
		if (r == 0 && renameat(folder, NEW_NAME, folder, FILE_NAME) < 0)
			r = -errno;
		if (r < 0)
			unlinkat(folder, NEW_NAME, 0);
	} else if (unlinkat(folder, FILE_NAME, 0) < 0 && errno != ENOENT) {
		r = -errno;
	}
	crash_point("replica:renamed");
	if (r == 0 && fsync(folder) < 0)
		r = -errno;
	crash_point("replica:folder-synced");
	return r < 0 ? fail_to(why, -r, "write " FOLDER "/" FILE_NAME) : 0;
}

int replica_file_set_aside(int root, char **ret_name, struct strbuf *why)
{
	_cleanup_close_ int folder = -1;
	int r = open_folder(root, false, &folder, why);

	if (r < 0)
		return r == -ENOENT ? fail_to(why, ENOENT, "open the folder " FOLDER) : r;
	for (int i = 1; i <= DAMAGED_MAX; i++) {
		_cleanup_free_ char *name = xasprintf(FILE_NAME ".damaged.%d", i);

		if (renameat2(folder, FILE_NAME, folder, name, RENAME_NOREPLACE) == 0) {
			fsync(folder);
			*ret_name = xasprintf(FOLDER "/%s", name);
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	return fail_to(why, errno, "set " FOLDER "/" FILE_NAME " aside");
}

int replica_file_open_folder(int root, const char *path, bool also_mounted)
{
	return open_below(root, path, O_PATH | O_DIRECTORY,
		RESOLVE_BENEATH | (also_mounted ? 0 : RESOLVE_NO_XDEV));
}

int replica_file_look(int root, const char *path)
{
	_cleanup_close_ int found = open_beneath(root, path, O_PATH | O_DIRECTORY), folder = -1;
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *above = NULL;

	if (found != -EXDEV)
		return found < 0 ? found : 0;
	above = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
	folder = open_beneath(root, above, O_PATH | O_DIRECTORY);
	return folder < 0 ? folder : 0;
}
