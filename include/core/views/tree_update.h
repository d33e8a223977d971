/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/manager.h"
#include "core/views/tree.h"

/*
 * Makes the tree show the state again, and says what became different. Notices of one update are in
 * a fixed order: what ends before what begins, a link before its volume where they end, and after
 * it where they begin. `touched` hands its events over. `deltas` is NULL while nobody listens.
 */
void tree_update(struct tree *tree, const struct manager *manager, struct touched *touched,
	uint64_t now, struct deltas *deltas);
/*
 * Adds the links of volumes that are absent, too, which do not show: so nothing has to be added
 * when one of them comes.
 */
void tree_update_absent(struct tree *tree, const struct manager *manager, uint64_t now);
