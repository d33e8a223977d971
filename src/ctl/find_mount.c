/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where mmfs is mounted, of the mounts that are to be believed. Further mounts of the same tree
 * (bind mounts) do not count, nor do mounts of which only a part shows. One whose daemon has died
 * counts if there is no other, so that this can be said.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/trusted_mount.h"
#include "ctl/find_mount.h"

/* A mount that may be the one. */
struct candidate {
	char *path; /* NULL: none */
	dev_t device;
	bool is_dead;
};

static void candidate_set(struct candidate *candidate, const char *path, dev_t device, bool is_dead)
{
	free(candidate->path);
	*candidate = (struct candidate){ xstrdup(path), device, is_dead };
}

/* True: there is a second one, other than the first. */
static bool consider(struct candidate *first, const char *path, char **ret_other)
{
	_cleanup_free_ char *file = xasprintf("%s/control/version", path);
	struct stat status = { 0 };
	bool is_dead = stat(file, &status) < 0;

	if (is_dead && (errno == ENOENT || errno == ENOTDIR))
		return false; /* a part of a tree */
	if (!first->path || (first->is_dead && !is_dead)) {
		candidate_set(first, path, status.st_dev, is_dead);
		return false;
	}
	if (is_dead || status.st_dev == first->device)
		return false;
	*ret_other = xstrdup(path);
	return true;
}

static int find_of(uid_t owner, char **ret_path, char **ret_other)
{
	FILE *table = fopen(TRUSTED_MOUNT_TABLE, "re");
	struct candidate first = { 0 };
	char path[PATH_MAX];
	bool is_ambiguous = false;

	if (!table)
		return -errno;
	while (!is_ambiguous && trusted_mount_take(table, owner, path))
		is_ambiguous = consider(&first, path, ret_other);
	fclose(table);
	if (!first.path)
		return -ENOENT;
	*ret_path = first.path;
	return is_ambiguous ? -ENOTUNIQ : 0;
}

int find_mount(char **ret_path, char **ret_other)
{
	int r = find_of(geteuid(), ret_path, ret_other);

	return r == -ENOENT && geteuid() != 0 ? find_of(0, ret_path, ret_other) : r;
}
