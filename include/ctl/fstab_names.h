/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/foreign_names.h"

/* The mount points of an fstab: /srv/data is called srv-data, and / root. */
void fstab_names_add(
	struct foreign_names *names, const char *text, const struct foreign_devices *devices);
