/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/change_queue.h"
#include "daemon/complaints.h"
#include "daemon/loop.h"

/* The source of changes that other hosts have made. */
struct elsewhere_source {
	struct change_source source;
	const struct manager *manager;
	struct ledger *ledger;
	struct loop *loop;
	struct change_queue *queue;
	struct timer timer;	      /* armed: what could not be written here waits for it */
	size_t taken;		      /* how many are in the change that is under way */
	struct complaints complaints; /* about rows that are left out */
};

/*
 * Borrows all; adds itself to the queue, before all others: they decide from what is known.
 * `manager`, `loop` and `queue` are set, and `ledger` before the first change.
 */
void elsewhere_source_init(struct elsewhere_source *source);
