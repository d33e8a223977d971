/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"

/*
 * The device that is to have what is filed under an identity, among all that have it once the
 * change is applied, NULL if none has; and whether several have.
 */
const struct device *holdings_choose(const struct manager *manager,
	const struct volumes_change *change, const struct names *names, const char *id);
bool holdings_is_contested(
	const struct manager *manager, const struct change *change, const char *id);
/* Decides about the identities of all devices in the change; volumes have their unique IDs. */
void holdings_decide(
	const struct manager *manager, const struct names *names, struct volumes_change *change);
