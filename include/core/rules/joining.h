/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/decision.h"

/* cluster_join: a volume that is this machine's own is one of all hosts from now on. */
int joining_decide(struct decision *decision);
/*
 * Under the ID of a volume of all hosts is one here that is this machine's own from now on: it has
 * none of their names, and they keep them. It is noted that they have one, too.
 */
void joining_leave(struct change *change, const char *id);
