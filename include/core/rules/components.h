/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/manager.h"

/* Whether a device comes before one that it is made of. */
bool components_yield(const struct volumes *volumes, const struct mounts *mounts,
	const struct device *device, const struct device *component);
/* Puts into the change what its devices are made of: these claim their IDs anew. */
void components_put(const struct manager *manager, struct volumes_change *change);
/* The ID of a device under which one that is made of it is present, which may be going; or NULL. */
const char *components_find_lent(
	const struct volumes *volumes, const struct device *device, const struct id_order *order);
