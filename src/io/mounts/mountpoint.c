/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folder to mount at. The kernel would mount over anything, a home with all its files or the
 * tree of another daemon: that is a slip more often than a wish.
 */

#include <dirent.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "core/model/mounts.h"
#include "io/mounts/mountpoint.h"

/* In the way that libfuse mounts: users do it through fusermount3. */
bool mountpoint_detach(const char *path)
{
	const char *const words[] = { "fusermount3", "-u", "-z", "--", path, NULL };
	int status = -1;
	pid_t pid;

	if (umount2(path, MNT_DETACH) == 0)
		return true;
	if (errno == EPERM &&
		posix_spawnp(&pid, words[0], NULL, NULL, (char *const *)words, environ) == 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	return status == 0;
}

void mountpoint_end(const char *path)
{
	umount2(path, MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW);
}

static int check_folder(const char *path, struct strbuf *why)
{
	struct stat found;
	int r = stat(path, &found) < 0 ? -errno : 0;

	if (r == -ENOENT)
		strbuf_add_format(why, "cannot mount on %s: there is no such folder (mkdir -p %s)",
			path, path);
	else if (r == -ENOTCONN)
		strbuf_add_format(why,
			"cannot mount on %s: the daemon that was mounted there has died (umount "
			"-l %s)",
			path, path);
	else if (r < 0)
		strbuf_add_format(why, "cannot mount on %s: %s (give it an empty folder)", path,
			strerror(-r));
	else if (!S_ISDIR(found.st_mode)) {
		strbuf_add_format(why,
			"cannot mount on %s: it is not a folder (give it an empty folder)", path);
		r = -ENOTDIR;
	}
	return r;
}

/* What is mounted at a path, the topmost: the line in the list of mounts, and its text. */
struct occupant {
	struct mount_line line;
	char *text;
};

static void occupant_fini(struct occupant *occupant)
{
	free(occupant->text);
}

static bool find_occupant(const char *path, struct occupant *occupant)
{
	_cleanup_free_ char *real = realpath(path, NULL), *text = NULL;
	FILE *file = fopen("/proc/self/mountinfo", "re");
	struct mount_line line;
	size_t size = 0;
	ssize_t len;

	while (file && (len = getline(&text, &size, file)) > 0) {
		if (text[len - 1] == '\n')
			text[len - 1] = '\0';
		if (mount_line_parse(text, &line) < 0 || !is_same_text(line.path, real))
			continue;
		free(occupant->text);
		occupant->line = line;
		occupant->text = steal_ptr(text);
		size = 0;
	}
	if (file)
		fclose(file);
	return occupant->text;
}

static bool is_mmfs(const struct occupant *occupant)
{
	return strcmp(occupant->line.fstype, "fuse.mmfs") == 0;
}

/*
 * A daemon that was killed leaves a mount behind on which every access fails: statfs(2), which the
 * kernel never answers from its caches, shows it for certain. What is not of this type may be of
 * somebody who knows what he does.
 */
static void detach_dead(const char *path)
{
	struct statfs filesystem;

	while (statfs(path, &filesystem) < 0 && errno == ENOTCONN) {
		_cleanup_(occupant_fini) struct occupant occupant = { 0 };

		if (!find_occupant(path, &occupant) || !is_mmfs(&occupant))
			return;
		log_info("%s is the mount of a daemon that died: detaching it", path);
		if (!mountpoint_detach(path))
			return;
	}
}

/* A folder of a filesystem that is mounted there, as containers have them, is like any folder. */
static bool is_filesystem(const struct mount_line *line)
{
	return strcmp(line->root, "/") == 0;
}

/* What cannot be read counts as empty. */
static bool is_empty(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int count = 0;

	while (folder && count <= 2 && (entry = readdir(folder)))
		count++; /* "." and ".." are there always */
	if (folder)
		closedir(folder);
	return count <= 2;
}

int mountpoint_prepare(const char *path, bool may_hide, struct strbuf *why)
{
	_cleanup_(occupant_fini) struct occupant occupant = { 0 };
	bool is_occupied;
	int r;

	detach_dead(path);
	r = check_folder(path, why);
	if (r < 0)
		return r;
	is_occupied = find_occupant(path, &occupant);
	if (is_occupied && is_mmfs(&occupant)) {
		strbuf_add_format(why,
			"cannot mount on %s: mmfs is mounted there already (to start it anew: "
			"umount %s)",
			path, path);
		return -EBUSY;
	}
	/* To look into it would ask for the very mount that it waits for. */
	if (may_hide || (is_occupied && strcmp(occupant.line.fstype, "autofs") == 0))
		return 0;
	if (is_occupied && is_filesystem(&occupant.line)) {
		strbuf_add_format(why,
			"cannot mount on %s: %s (%s) is mounted there already (umount %s, or give "
			"it another folder)",
			path, occupant.line.source, occupant.line.fstype, path);
		return -EBUSY;
	}
	if (!is_empty(path)) {
		strbuf_add_format(why,
			"cannot mount on %s: the folder is not empty (empty it, or hide what is in "
			"it with -o nonempty)",
			path);
		return -ENOTEMPTY;
	}
	return 0;
}
