/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where volumes are mounted now. Replaced as a whole whenever mountinfo changes.
 */

#include "core/mounts.h"

void mounts_fini(struct mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		free(mounts->list[i].path);
	free(mounts->list);
	*mounts = (struct mounts){ 0 };
}

void mounts_add(struct mounts *mounts, uint64_t number, const char *path, bool is_whole)
{
	mounts->list = xrealloc(mounts->list, mounts->count + 1, sizeof(*mounts->list));
	mounts->list[mounts->count++] = (struct mount){ number, xstrdup(path), is_whole };
}

const struct mount *mounts_next(
	const struct mounts *mounts, uint64_t number, const struct mount *mount)
{
	const struct mount *end = mounts->list + mounts->count;

	for (mount = mount ? mount + 1 : mounts->list; mount < end; mount++)
		if (mount->number == number)
			return mount;
	return NULL;
}
