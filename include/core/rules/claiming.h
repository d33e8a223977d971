/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/decision.h"

/* CLAIM_UNIQUE_ID: the device is the owner of the first of its identities, whoever is it now. */
int claiming_decide(struct decision *decision);
