/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/device.h"

/* How the block device with this folder in sysfs, or the disk of a partition, is attached. */
enum attachment attachment_find(const char *syspath);
