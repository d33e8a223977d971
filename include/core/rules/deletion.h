/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/decision.h"

int deletion_decide_mark(struct decision *decision);
/* Forgets the volumes among those leaving that are absent once the change is applied. */
void deletion_decide(
	const struct manager *manager, const struct manager_env *env, struct change *change);
/* Whether a volume has gone whose names could not be deleted with it. */
bool deletion_is_overdue(const struct manager *manager);
void deletion_apply(struct manager *manager, struct change *change);
