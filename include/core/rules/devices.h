/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"

/*
 * Notes of an identity that has names what the device is that they lead to, and whether others have
 * the identity, too: a restart must find the same one.
 */
void devices_decide_holder(const struct manager *manager, const struct manager_env *env,
	const char *id, struct change *change);
/* Decides what follows from the devices put into and removed from `change->volumes`. Pure. */
void devices_decide(
	const struct manager *manager, const struct manager_env *env, struct change *change);
/* The same while the database cannot be written: all that would have to be has to wait. */
void devices_decide_unwritten(const struct manager *manager, struct change *change);
