/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

/*
 * For a process of its own: writes the values of the MountedDevices key of the hive that is the
 * sealed file `fd`, of `size` bytes, to `out`, for windows_take(). Gives up what the process may do
 * before it looks at them. 0, or an errno as the status to exit with: ENOENT: there is no such key;
 * EBADMSG: that is no hive, or a damaged one; E2BIG: it has too many values.
 */
int hive_child_run(int fd, size_t size, int out);
