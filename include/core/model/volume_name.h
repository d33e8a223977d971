/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/names.h"

/* The volume name that an ID has had for longest, one in the database before others, or NULL. */
const struct link *volume_name_find(const struct names *names, const char *id);
