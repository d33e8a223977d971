/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mountinfo: what is kept of it can be told apart and stands in order, whatever the lines say.
 */

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "core/model/mounts.h"
#include "fuzz.h"

static void check_order(const struct mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->list[i], *next = mount + 1;

		FUZZ_ASSERT(mount->path[0] == '/' && mount->fstype);
		FUZZ_ASSERT(strlen(mount->path) < PATH_MAX);
		FUZZ_ASSERT(mounts_next(mounts, mount->number, NULL) <= mount);
		if (i + 1 == mounts->count)
			continue;
		FUZZ_ASSERT(mount->number <= next->number);
		if (mount->number == next->number)
			FUZZ_ASSERT(mount->is_whole > next->is_whole ||
				(mount->is_whole == next->is_whole && mount->order < next->order));
	}
}

/* No path leads to two mounts. */
static void check_paths(const struct mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		for (size_t j = 0; j < i; j++)
			FUZZ_ASSERT(mounts->list[i].id == mounts->list[j].id ||
				strcmp(mounts->list[i].path, mounts->list[j].path) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xstrndup((const char *)data, size < 20000 ? size : 20000);
	struct mounts mounts = { 0 };
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		struct mount_line parsed;
		int r = mount_line_parse(line, &parsed);

		FUZZ_ASSERT(r == 0 || r == -EINVAL);
		if (r < 0)
			continue;
		mounts_add(&mounts,
			&(struct mount){
				.number = parsed.major,
				.path = (char *)parsed.path,
				.fstype = (char *)parsed.fstype,
				.is_read_only = parsed.is_read_only,
				.is_whole = strcmp(parsed.root, "/") == 0,
				.id = parsed.id,
				.parent = parsed.parent,
			});
	}
	mounts_finish(&mounts);
	check_order(&mounts);
	check_paths(&mounts);
	mounts_fini(&mounts);
	return 0;
}
