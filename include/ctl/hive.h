/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

/*
 * Reads the values of the MountedDevices key of a SYSTEM hive, or of the one in the folder where a
 * disk with Windows is mounted, as windows_take() wants them. A ctl_exit, with a message.
 */
int hive_read(const char *path, struct strbuf *ret_values);
