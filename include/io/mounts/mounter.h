/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

/* Mounting and unmounting. Both may wait for a sick disk. Errors come with a sentence in `why`. */

struct mounter_volume {
	const char *node;
	const char *fstype;
	const char *options; /* as of mount(8), behind nosuid,nodev; NULL: none */
};

/* Mounts on the directory that `folder` (O_PATH) is. */
int mounter_mount(int folder, const struct mounter_volume *volume, struct strbuf *why);
/*
 * Unmounts what is mounted at `path`, if that has the id. -ESTALE: it has another. With `is_lazy` also
 * while it is in use.
 */
int mounter_unmount(const char *path, int id, bool is_lazy, struct strbuf *why);
