/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"

/* Files names anew that were given to IDs which devices put into the change spell otherwise. */
void spelling_decide(
	const struct manager *manager, const struct manager_env *env, struct change *change);
