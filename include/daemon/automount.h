/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

struct mmfs;

/*
 * Mounts volumes at their registered mount points while both they and their hosts are there, and
 * unmounts what it has mounted; nothing else. Each mount point is tried once per mount of its host.
 */
struct automount;

struct automount *automount_new(struct mmfs *mmfs);
/* Leaves mounted what is. NULL is fine. */
void automount_free(struct automount *automount);
/* Anything is different: mounts, devices, or mount points. */
void automount_update(struct automount *automount);
/* Whether nothing is under way but what takes long. */
bool automount_is_settled(const struct automount *automount);
