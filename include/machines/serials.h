/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/volumes.h"

/*
 * Serial numbers that several disks have are those of nobody: of a bridge chip, or made up by who
 * sells them. Each device of such a disk is told without.
 */
struct serials {
	struct map by_name;
	struct map by_id; /* "SERIAL=…" */
	struct map disks, units;
	struct number *touched; /* during a change */
	uint64_t round;
};

void serials_fini(struct serials *serials);
/*
 * Takes them out of the devices in the change, as they were found; and puts into it those among
 * `volumes` that lose or regain theirs by it. Once for each change, which then has to be applied.
 */
void serials_decide(
	struct serials *serials, const struct volumes *volumes, struct volumes_change *change);
