/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/self/mountinfo: libmount says when it is another, and the lines are taken apart by the
 * core, since libmount cuts " (deleted)" off a mount point that is really called so.
 */

#include <errno.h>
#include <libmount.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "io/mounts/mounts.h"

struct mount_source {
	struct libmnt_monitor *monitor;
	char *path;	     /* where the followed filesystem was mounted, NULL: none is followed */
	const char *subtype; /* of "fuse." */
	uint64_t number;     /* its dev_t, 0: not seen yet */
	bool has_ended;
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
	free(source->path);
	free(source);
}

int mount_source_get_fd(const struct mount_source *source)
{
	return mnt_monitor_get_fd(source->monitor);
}

void mount_source_follow(struct mount_source *source, const char *path, const char *subtype)
{
	free(source->path);
	source->path = xstrdup(path);
	source->subtype = subtype;
	source->number = 0;
	source->has_ended = false;
}

uint64_t mount_source_get_number(const struct mount_source *source)
{
	return source->number;
}

bool mount_source_has_ended(const struct mount_source *source)
{
	return source->has_ended;
}

/*
 * The number is that of the superblock. Some filesystems have one that is no device's, and tell
 * their device by name only; of others the name may be anything, and a user's choice.
 */
static uint64_t find_member(const char *source, uint64_t (*find_number)(const char *path))
{
	_cleanup_free_ char *copy = xstrdup(source);
	char *rest = copy, *member;
	uint64_t number = find_number(source);

	while (!number && (member = strsep(&rest, ":")))
		number = find_number(member);
	return number;
}

static uint64_t get_number(const struct mount_line *line, uint64_t (*find_number)(const char *path))
{
	if (line->major)
		return makedev(line->major, line->minor);
	if (strcmp(line->fstype, "btrfs") == 0 || strcmp(line->fstype, "bcachefs") == 0)
		return find_member(line->source, find_number);
	return makedev(0, line->minor);
}

/* The followed filesystem: what was found of it in one reading. */
struct sighting {
	uint64_t number; /* last mount of its type at its path */
	bool is_there;	 /* anywhere */
};

static bool is_type(const struct mount_source *source, const char *fstype)
{
	const char *dot = strchr(fstype, '.');

	return source->path && strncmp(fstype, "fuse", 4) == 0 && dot &&
		strcmp(dot + 1, source->subtype) == 0;
}

static void look_at(
	const struct mount_source *source, const struct mount_line *line, struct sighting *sighting)
{
	uint64_t number = makedev(line->major, line->minor);

	if (!is_type(source, line->fstype))
		return;
	if (strcmp(line->path, source->path) == 0)
		sighting->number = number;
	sighting->is_there |= number == source->number;
}

static int read_lines(FILE *file, uint64_t (*find_number)(const char *path),
	struct mount_source *source, struct mounts *mounts)
{
	_cleanup_free_ char *text = NULL;
	struct sighting sighting = { 0 };
	struct mount_line line;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&text, &size, file)) > 0) {
		if (text[len - 1] == '\n')
			text[len - 1] = '\0';
		if (mount_line_parse(text, &line) < 0)
			return -EBADMSG;
		look_at(source, &line, &sighting);
		mounts_add(mounts,
			&(struct mount){
				.number = get_number(&line, find_number),
				.super = makedev(line.major, line.minor),
				.path = (char *)line.path,
				.fstype = (char *)line.fstype,
				.origin = mounts_hash_origin(line.source, line.fstype),
				.is_read_only = line.is_read_only,
				.is_whole = strcmp(line.root, "/") == 0,
				.id = line.id,
				.parent = line.parent,
			});
	}
	if (ferror(file))
		return -EIO;
	source->has_ended = source->number && !sighting.is_there;
	if (!source->number)
		source->number = sighting.number;
	return 0;
}

int mount_source_load(struct mount_source *source, uint64_t (*find_number)(const char *path),
	struct mounts *ret_mounts)
{
	struct mounts mounts = { 0 };
	FILE *file;
	int r;

	while (mnt_monitor_next_change(source->monitor, NULL, NULL) == 0)
		; /* acknowledges the events, before reading what they are about */
	file = fopen("/proc/self/mountinfo", "re");
	if (!file)
		return -errno;
	r = read_lines(file, find_number, source, &mounts);
	fclose(file);
	if (r < 0) {
		mounts_fini(&mounts);
		return r;
	}
	mounts_finish(&mounts);
	*ret_mounts = mounts;
	return 0;
}
