/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"

/* Decides what follows from the devices put into and removed from `change->volumes`. Pure. */
void devices_decide(
	const struct manager *manager, const struct manager_env *env, struct change *change);
