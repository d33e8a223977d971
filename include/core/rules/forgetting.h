/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/decision.h"

int forgetting_decide_scrub(struct decision *decision);
int forgetting_decide_forget(struct decision *decision);
/*
 * Notes when the volumes that went were last here; with `is_whole` also of those that are present,
 * once a day, and forgets what nobody named and has not been seen for manager::expire_days, or is
 * more than is kept. Pure.
 */
void forgetting_decide_upkeep(const struct manager *manager, const struct manager_env *env,
	bool is_whole, struct change *change);
