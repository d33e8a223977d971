/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/decision.h"

/* One volume of a saved database, and one mount point: brought back. */
int saved_decide_volume(struct decision *decision);
int saved_decide_mount_point(struct decision *decision);
