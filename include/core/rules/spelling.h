/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"

/*
 * Names that wait for an ID of a device that the change brings, but with digits in the other case,
 * are filed under the ID as the device has it.
 */
void spelling_decide(
	const struct manager *manager, const struct manager_env *env, struct change *change);
