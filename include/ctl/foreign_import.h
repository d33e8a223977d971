/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/database.h"

/*
 * The names of devices in files of other programs, in the form that export writes. `path` is a file
 * or "-"; NULL: where the program has it. Says of each name that cannot be taken why. A ctl_exit.
 */
int multipath_import(const struct ctl *ctl, const char *path, struct json_object **ret_database);
int vdev_id_import(const struct ctl *ctl, const char *path, struct json_object **ret_database);
int fstab_import(const struct ctl *ctl, const char *path, struct json_object **ret_database);
