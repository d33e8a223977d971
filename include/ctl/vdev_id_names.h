/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/foreign_names.h"

/* The aliases of a vdev_id.conf. */
void vdev_id_names_add(
	struct foreign_names *names, const char *text, const struct foreign_devices *devices);
