/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"

/* Makes disks known to have partitions, or none any more, with those that come and go. */
void partitions_decide(const struct manager *manager, struct change *change);
/* Tells partitions in the change what they are made of, if their disk is made of others. */
void partitions_stack(const struct manager *manager, struct change *change);
