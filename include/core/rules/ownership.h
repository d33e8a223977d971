/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"

/*
 * Fills in the assignments for the devices of `change` and for those present without an ID, and
 * puts the components of stacked devices into it. The result depends on what is present and
 * remembered, never on the order of arrival within one change, and a device that is present under
 * an ID does not lose it to another. `env` NULL: what other hosts see is not known.
 */
void ownership_decide(const struct manager *manager, const struct manager_env *env,
	const struct names *names, struct volumes_change *change);

/* Whether somebody was a stranger to what is forgotten by now, and may get an ID. */
bool ownership_is_overdue(const struct manager *manager);

/* Whether a device is made of `part`, directly or through others, as the change leaves it. */
bool ownership_is_part(const struct volumes *volumes, const struct volumes_change *change,
	const struct device *part, const struct device *whole);
