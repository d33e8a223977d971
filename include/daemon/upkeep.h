/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/change_queue.h"
#include "daemon/loop.h"

/* The source of changes that nobody asked for. */
struct upkeep {
	struct change_source source;
	struct manager *manager;
	struct loop *loop;
	struct change_queue *queue;
	struct timer timer;
	struct timer gathering; /* of those that came: a thousand at once are one commit */
	size_t records;		/* how many there were when all was done last */
	bool is_paused;		/* before devices are known, and at the end */
	bool is_due;		/* not only what went */
	bool is_gathered;
};

/* Borrows all; adds itself to the queue, and waits until `is_paused` ends. */
void upkeep_init(struct upkeep *upkeep, struct manager *manager, struct loop *loop,
	struct change_queue *queue);
/* Before a stop: who came is written down, if that began before it. */
void upkeep_flush(struct upkeep *upkeep);
