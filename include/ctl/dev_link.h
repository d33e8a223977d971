/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/syntax/unique_id.h"

/*
 * The identity that a link of udev's below /dev/disk says by its name, be its device here or not.
 * `path` is the whole path, or the name alone as vdev_id.conf has it. False: it says none.
 */
bool dev_link_get_id(const char *path, char ret_id[UNIQUE_ID_MAX + 1]);
