/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What devices bring. They are what they are, written down or not: a commit that fails is decided
 * again without writing, and tried again when another has succeeded, when somebody asks, and after
 * a pause that doubles from try to try. One that lost a race is decided again before the monitor is
 * asked for more; where it loses each time, what all hosts are to know waits, and the rest does
 * not. What waits for other hosts to see something no more is decided again when that was asked
 * for anew.
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
	volumes_change_fini(&devices->lost);
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

static void try_later(struct device_source *devices)
{
	devices->pause = devices->pause ? 2 * devices->pause : RETRY_FIRST;
	if (devices->pause > RETRY_MAX)
		devices->pause = RETRY_MAX;
	loop_set_timer(devices->loop, &devices->timer, clock_get_monotonic() + devices->pause);
}

static void retry(void *data, struct change *change)
{
	struct device_source *devices = data;

	engine_retry(devices->manager, change);
	try_later(devices);
}

/* Takes what the monitor has. False: nothing is new. */
static bool take_news(struct device_source *devices, struct change *change)
{
	device_monitor_take(devices->monitor, &change->volumes);
	serials_decide(&devices->serials, &devices->manager->volumes, &change->volumes);
	if (devices->has_new_mounts)
		mounted_decide_departures(devices->manager, change);
	devices->has_new_mounts = false;
	return devices->must_retry || change->volumes.puts || change->volumes.gones;
}

static void take_lost(struct device_source *devices, struct change *change)
{
	change->volumes = devices->lost;
	devices->lost = (struct volumes_change){ 0 };
}

static bool decide(struct device_source *devices, struct change *change)
{
	struct manager_env env = asking_get_env(NULL);

	env.cannot_share |= devices->races == ENGINE_RACES_MAX;
	devices->must_retry = false;
	return engine_decide_devices(devices->manager, &env, change);
}

static bool begin(void *data, struct change *change)
{
	struct device_source *devices = data;

	if (devices->is_paused)
		return false;
	if (devices->successes != change_queue_get_successes(devices->queue) ||
		devices->looks != change_queue_get_looks(devices->queue)) {
		devices->successes = change_queue_get_successes(devices->queue);
		devices->looks = change_queue_get_looks(devices->queue);
		device_source_retry(devices);
	}
	if (devices->races)
		take_lost(devices, change);
	else if (!take_news(devices, change) && devices->has_started)
		return false;
	devices->is_starting = !devices->has_started;
	if (devices->is_starting)
		mounted_decide_return(devices->manager, change);
	devices->has_started = true;
	if (!decide(devices, change)) {
		if (devices->races) /* nothing is left of what lost, but there may be news */
			change_queue_work(devices->queue);
		devices->races = 0;
		return false;
	}
	if (devices->races == ENGINE_RACES_MAX)
		try_later(devices);
	else if (devices->races > ENGINE_RACES_MAX)
		retry(devices, change);
	return true;
}

/* Keeps the devices, to decide about them alone: `serials` has taken them in already. */
static void again(void *data, struct change *change)
{
	struct device_source *devices = data;

	devices->races++;
	devices->lost.put = steal_ptr(change->volumes.put);
	devices->lost.puts = change->volumes.puts;
	devices->lost.gone = steal_ptr(change->volumes.gone);
	devices->lost.gones = change->volumes.gones;
	change->volumes.puts = change->volumes.gones = 0;
	if (devices->is_starting)
		devices->has_started = false;
}

static void end(void *data, int error, const char *why, struct deltas *deltas)
{
	struct device_source *devices = data;

	devices->races = 0;
}

static void rest(void *data)
{
	struct device_source *devices = data;

	if (devices->manager->awaits_others && !devices->timer.at)
		loop_set_timer(devices->loop, &devices->timer, clock_get_monotonic() + RETRY_FIRST);
}

static void on_time(void *data, uint64_t now)
{
	struct device_source *devices = data;

	if (devices->manager->awaits_others)
		change_queue_look(devices->queue);
	devices->must_retry = true;
	change_queue_work(devices->queue);
}

void device_source_init(struct device_source *devices, struct manager *manager,
	struct device_monitor *monitor, struct loop *loop, struct change_queue *queue)
{
	*devices = (struct device_source){
		.source = { .begin = begin,
			.end = end,
			.again = again,
			.retry = retry,
			.amend = amend,
			.rest = rest,
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
