/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/decision.h"

int id_change_decide(struct decision *decision);
/*
 * The only volume known to have been on the partition of `device` that will be absent once the
 * change is applied. -ENOENT: there is none; -EINVAL: there are several.
 */
int id_change_find(const struct manager *manager, const struct change *change,
	const struct device *device, const char **ret_id);
/*
 * The ID whose names follow a device to `id`, under which nothing is known, or NULL: that which it
 * had here before its content changed; else that of what was on the same partition when it was here
 * last. Of all devices of a change the first is asked for before the second is of any.
 */
const char *id_change_follow_in_place(const struct manager *manager, const struct manager_env *env,
	const struct change *change, const struct device *device, const char *id);
const char *id_change_follow_entry(const struct manager *manager, const struct manager_env *env,
	const struct change *change, const struct device *device, const char *id);
/*
 * The ID whose names follow a device that has become part of a filesystem that is just being made,
 * which another device stands for and of which nothing was known; or NULL. Sets that filesystem's.
 */
const char *id_change_follow_filesystem(const struct manager *manager,
	const struct manager_env *env, const struct change *change, const struct device *device,
	const char **ret_id);
/* Whether the owner of a filesystem's ID is the first to have it, and still the one that was. */
bool id_change_is_founder(
	const struct manager *manager, const struct device *owner, const char *id);
/* For the history and readers of `events`. */
void id_change_note(const struct manager *manager, struct change *change,
	const struct manager_env *env, const struct device *device, const char *from,
	const char *to);
/* Moves all that is remembered under one ID to another; one letter at most between them. */
void id_change_move(
	struct change *change, const struct manager_env *env, const char *from, const char *to);
