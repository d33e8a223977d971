/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"

/* Whether it is mounted, swapped on, or held by another device. */
bool doubt_is_in_use(const struct manager *manager, const struct device *device);
/* Whether a device that was in use has not been read since, and we see nobody use it. */
bool doubt_awaits_reading(const struct manager *manager, const struct device *device);
/* Puts what is known in the place of descriptions that say less, or come at the wrong time. */
void doubt_decide(
	const struct manager *manager, const struct manager_env *env, struct change *change);
