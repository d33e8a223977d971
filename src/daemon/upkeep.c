/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is written down without being asked for: behind each change which volumes went in it, a
 * little later on which medium others came, and from time to time which are here still, and which
 * are forgotten. When a commit of it fails, the
 * next one says as much.
 */

#include "base/clock.h"
#include "core/rules/forgetting.h"
#include "daemon/asking.h"
#include "daemon/upkeep.h"

#define PAUSE UINT64_C(3600000000) /* µs */
#define GATHERING 200000u	   /* µs */
#define NEW_RECORDS 512		   /* make it due earlier */

static void gather(struct upkeep *upkeep)
{
	if (upkeep->manager->arrival_count && !upkeep->is_gathered && !upkeep->gathering.at)
		loop_set_timer(upkeep->loop, &upkeep->gathering, clock_get_monotonic() + GATHERING);
}

static bool begin(void *data, struct change *change)
{
	struct upkeep *upkeep = data;
	struct manager_env env = asking_get_env(NULL);
	size_t records = upkeep->manager->names.records.count;
	bool is_due = upkeep->is_due || records >= upkeep->records + NEW_RECORDS;

	if (upkeep->is_paused)
		return false;
	gather(upkeep);
	if (!is_due && !upkeep->manager->departure_count && !upkeep->is_gathered)
		return false;
	upkeep->is_gathered = false;
	loop_set_timer(upkeep->loop, &upkeep->gathering, 0);
	forgetting_decide_upkeep(upkeep->manager, &env, is_due, change);
	manager_forget_moves(upkeep->manager);
	if (is_due) {
		upkeep->is_due = false;
		upkeep->records = records;
		loop_set_timer(upkeep->loop, &upkeep->timer, clock_get_monotonic() + PAUSE);
	}
	return change_has_rows(change);
}

static void end(void *data, int error, const char *why, struct deltas *deltas)
{
}

static void on_time(void *data, uint64_t now)
{
	struct upkeep *upkeep = data;

	upkeep->is_due = true;
	change_queue_work(upkeep->queue);
}

static void on_gathered(void *data, uint64_t now)
{
	struct upkeep *upkeep = data;

	upkeep->is_gathered = true;
	change_queue_work(upkeep->queue);
}

void upkeep_flush(struct upkeep *upkeep)
{
	if (upkeep->queue && upkeep->manager->arrival_count)
		on_gathered(upkeep, 0);
}

void upkeep_init(struct upkeep *upkeep, struct manager *manager, struct loop *loop,
	struct change_queue *queue)
{
	*upkeep = (struct upkeep){
		.source = { .begin = begin, .end = end, .data = upkeep },
		.manager = manager,
		.loop = loop,
		.queue = queue,
		.timer = { .fn = on_time, .data = upkeep },
		.gathering = { .fn = on_gathered, .data = upkeep },
		.is_paused = true,
		.is_due = true,
	};
	change_queue_add_source(queue, &upkeep->source);
}
