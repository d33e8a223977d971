/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/decision.h"

/* cluster_join: a volume that is this machine's own is one of all hosts from now on. */
int joining_decide(struct decision *decision);
