/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/foreign_names.h"

/* What is in a file of multipath: its bindings, or a multipath.conf. */
void multipath_names_add(struct foreign_names *names, const char *text);
