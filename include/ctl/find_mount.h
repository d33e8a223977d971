/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * Where mmfs is mounted in this namespace by the calling user, or else by root: -ENOENT when
 * nowhere, -ENOTUNIQ with two of them in `ret_path` and `ret_other` when in several places.
 */
int find_mount(char **ret_path, char **ret_other);
