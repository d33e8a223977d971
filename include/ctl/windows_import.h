/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/database.h"

/*
 * What Windows calls the volumes, in the form that export writes: see hive_read() for the path.
 * Says of each name that cannot be taken why. A ctl_exit.
 */
int windows_import(const struct ctl *ctl, const char *path, struct json_object **ret_database);
