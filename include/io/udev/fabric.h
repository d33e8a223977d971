/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * Whether other machines may reach the block device with this folder in sysfs, or the disk of a
 * partition: iSCSI, Fibre Channel, SAS behind multipath, NVMe over fabrics, nbd, rbd, and what is
 * made of nothing but these.
 */
bool fabric_is(const char *syspath);
/* From now on devices are described with it: who shares no names need not know. */
void fabric_want(void);
/* The same, false unless it is wanted. */
bool fabric_is_known(const char *syspath);
