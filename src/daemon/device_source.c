/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What devices bring. They are what they are, written down or not: a commit that fails is decided
 * again without writing, and tried again when another has succeeded, when somebody asks, and after
 * a pause that doubles from try to try.
 */

#include "base/clock.h"
#include "core/rules/apply.h"
#include "core/rules/engine.h"
#include "core/rules/mounted.h"
#include "daemon/asking.h"
#include "daemon/device_source.h"

#define RETRY_FIRST 5000000u /* µs */
#define RETRY_MAX 60000000u

void device_source_fini(struct device_source *devices)
{
	serials_fini(&devices->serials);
}

void device_source_retry(struct device_source *devices)
{
	devices->pause = 0;
	loop_set_timer(devices->loop, &devices->timer, 0);
	devices->must_retry = engine_is_overdue(devices->manager);
}

struct look {
	struct device_source *devices;
	struct touched *touched;
	bool has_news;
};

static void look_at(void *data, const char *name, const struct device *now)
{
	struct look *look = data;

	look->has_news |= apply_gone(look->devices->manager, name, now, look->touched);
}

static bool amend(void *data, struct touched *touched)
{
	struct look look = { .devices = data, .touched = touched };

	device_monitor_peek(look.devices->monitor, look_at, &look);
	return look.has_news;
}

static bool begin(void *data, struct change *change)
{
	struct device_source *devices = data;
	struct manager_env env = asking_get_env(NULL);

	if (devices->is_paused)
		return false;
	if (devices->successes != change_queue_get_successes(devices->queue)) {
		devices->successes = change_queue_get_successes(devices->queue);
		device_source_retry(devices);
	}
	device_monitor_take(devices->monitor, &change->volumes);
	serials_decide(&devices->serials, &devices->manager->volumes, &change->volumes);
	if (!devices->has_started)
		mounted_decide_return(devices->manager, change);
	devices->has_started = true;
	if (devices->has_new_mounts)
		mounted_decide_departures(devices->manager, change);
	devices->has_new_mounts = false;
	if (!devices->must_retry && !change->volumes.puts && !change->volumes.gones)
		return false;
	devices->must_retry = false;
	return engine_decide_devices(devices->manager, &env, change);
}

static void retry(void *data, struct change *change)
{
	struct device_source *devices = data;

	engine_retry(devices->manager, change);
	devices->pause = devices->pause ? 2 * devices->pause : RETRY_FIRST;
	if (devices->pause > RETRY_MAX)
		devices->pause = RETRY_MAX;
	loop_set_timer(devices->loop, &devices->timer, clock_get_monotonic() + devices->pause);
}

static void end(void *data, int error, const char *why, struct deltas *deltas)
{
}

static void on_time(void *data, uint64_t now)
{
	struct device_source *devices = data;

	devices->must_retry = true;
	change_queue_work(devices->queue);
}

void device_source_init(struct device_source *devices, struct manager *manager,
	struct device_monitor *monitor, struct loop *loop, struct change_queue *queue)
{
	*devices = (struct device_source){
		.source = { .begin = begin,
			.end = end,
			.retry = retry,
			.amend = amend,
			.data = devices },
		.manager = manager,
		.monitor = monitor,
		.loop = loop,
		.queue = queue,
		.timer = { .fn = on_time, .data = devices },
		.is_paused = true,
	};
	change_queue_add_source(queue, &devices->source);
}
