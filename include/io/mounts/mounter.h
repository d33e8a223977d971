/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

/* Mounting and unmounting. Both may wait for a sick disk. Errors come with a sentence in `why`. */

struct mounter_volume {
	const char *node;
	const char *fstype;
	const char *options; /* as of mount(8), behind nosuid,nodev; NULL: none */
	uint64_t number;     /* dev_t that the node must be */
	uint64_t diskseq;    /* and its device's; 0: unknown */
};

/*
 * Whether the node is that device. -ESTALE: it is another by now. The device can change as long as
 * nobody holds it, as a mount does.
 */
int mounter_check_node(const struct mounter_volume *volume, struct strbuf *why);
/*
 * Whether mount(8) would try the type by itself: /etc/filesystems lists it or, where there is no
 * such file or it ends in `*`, /proc/filesystems does. In both, types without a device do not
 * count. -EPERM.
 */
int mounter_check_type(const char *fstype, struct strbuf *why);
/* Mounts on the directory that `folder` (O_PATH) is, if both of the above allow it. */
int mounter_mount(int folder, const struct mounter_volume *volume, struct strbuf *why);
/*
 * Unmounts what is mounted at `path`, if that has the id. -ESTALE: it has another. With `is_lazy`
 * also while it is in use. The path is walked once, without following symlinks.
 */
int mounter_unmount(const char *path, int id, bool is_lazy, struct strbuf *why);

/*
 * For mounter_check_type(): looks for a type in the text of such a file. `ret_goes_on`: it ends in
 * `*`.
 */
bool mounter_find_type(const char *text, const char *fstype, bool *ret_goes_on);
