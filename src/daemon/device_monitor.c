/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells machines/discovery what happens, and does what it wants done. Owns the descriptors; no rule
 * about devices is here but the order in which they are read.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/device_monitor.h"
#include "daemon/limits.h"
#include "io/probe/probe.h"
#include "io/udev/udev.h"
#include "io/udev/udevd.h"
#include "io/udev/watch.h"
#include "machines/drain.h"

#define EVENTS_PER_TURN 128 /* of each channel: a storm must not keep others waiting */
#define QUEUE_PAUSE 20000 /* µs, between two looks at udevd's queue while somebody waits for it */

enum { CHANNEL_WATCH = UDEV_CHANNELS, CHANNELS };
_Static_assert(CHANNELS == DRAIN_CHANNELS, "one for each");

struct device_monitor {
	struct device_monitor_options options;
	struct discovery *discovery;
	struct udev_source *udev;
	struct watch *watch; /* NULL: there is no inotify instance left */
	struct probe *probe; /* NULL: there was no process left, or it has died */
	struct loop *loop;
	struct timer timer;
	struct timer again;	/* there is more to do, of which no descriptor tells */
	struct drain drain;	/* for who waits until all is known */
	struct udev_event held; /* of udevd, behind what the kernel has said before; or empty */
	int udevd;		/* descriptor that tells of its end, or negative */
	bool is_blind;		/* there are more devices than can be watched */
	void (*has_news)(void *data);
	void *data;
};

static int list(void *data, char ***ret_names, size_t *ret_count)
{
	struct device_monitor *source = data;

	return udev_list(source->udev, ret_names, ret_count);
}

static int describe(void *data, const char *name, const void *event, bool use_udevd,
	struct device_report *ret_report)
{
	struct device_monitor *source = data;

	if (event)
		return udev_event_describe(event, use_udevd, ret_report);
	return udev_describe(source->udev, name, use_udevd, ret_report);
}

static bool is_udevd_busy(void *data)
{
	return udevd_is_busy();
}

static void watch(void *data, const char *name, const char *node)
{
	struct device_monitor *source = data;
	int r;

	if (!source->watch)
		return;
	if (!node) {
		watch_remove(source->watch, name);
		return;
	}
	r = watch_add(source->watch, name, node);
	if (r != -ENOSPC || source->is_blind)
		return;
	source->is_blind = true;
	limits_warn(LIMIT_INOTIFY_WATCH, r, "some writes are noticed only where udevd does");
}

static void set_timer(void *data, uint64_t at)
{
	struct device_monitor *source = data;

	loop_set_timer(source->loop, &source->timer, at);
}

static void say(void *data, enum discovery_message message, const char *text)
{
	static const enum log_level levels[] = {
		[DISCOVERY_DEBUG] = LOG_LEVEL_DEBUG,
		[DISCOVERY_WARNING] = LOG_LEVEL_WARNING,
		[DISCOVERY_ERROR] = LOG_LEVEL_ERROR,
	};

	log_write(levels[message], "%s", text);
}

static int begin_probe(void *data, uint64_t ticket, const struct device_report *report)
{
	struct device_monitor *source = data;
	const struct probe_request request = {
		.ticket = ticket,
		.node = report->device->node,
		.number = report->device->number,
		.disk_node = report->disk_node,
		.disk_number = report->disk_number,
		.start = report->start,
		.asks_backing = report->may_be_above,
	};

	return source->probe ? probe_submit(source->probe, &request) : -EPIPE;
}

static void abandon_probe(void *data, uint64_t ticket)
{
	struct device_monitor *source = data;

	if (source->probe)
		probe_abandon(source->probe, ticket);
}

/* Takes an event, as long as there are some left of this turn's. False: there is none. */
static bool take(struct device_monitor *source, enum udev_channel channel, size_t *left,
	struct udev_event *ret_event)
{
	while (*left) {
		int r = udev_take_event(source->udev, channel, ret_event);

		if (r == 0) {
			drain_note_empty(&source->drain, channel);
			return false;
		}
		--*left;
		drain_note_read(&source->drain, channel);
		if (r > 0)
			return true;
		discovery_handle_overrun(source->discovery, clock_get_monotonic());
	}
	return false;
}

static void handle(
	struct device_monitor *source, enum udev_channel channel, struct udev_event *event)
{
	const struct discovery_event news = {
		.name = event->name,
		.is_gone = event->is_gone,
		.is_empty = event->is_empty,
		.diskseq = event->diskseq,
		.sequence = event->sequence,
		.source = event,
	};

	if (channel == UDEV_CHANNEL_UDEVD)
		discovery_handle_udevd(source->discovery, &news, clock_get_monotonic());
	else
		discovery_handle_kernel(source->discovery, &news, clock_get_monotonic());
	udev_event_fini(event);
}

/*
 * The kernel's word comes first: else what udevd says of a device that is back is taken for a twin
 * of the one that the kernel said is gone. What udevd has said waits for that, until another turn
 * if it must.
 */
static void read_channels(struct device_monitor *source)
{
	size_t kernel = EVENTS_PER_TURN, udevd = EVENTS_PER_TURN;
	struct udev_event event;

	for (;;) {
		while (take(source, UDEV_CHANNEL_KERNEL, &kernel, &event))
			handle(source, UDEV_CHANNEL_KERNEL, &event);
		if (!kernel)
			break;
		if (source->held.name)
			handle(source, UDEV_CHANNEL_UDEVD, &source->held);
		if (!take(source, UDEV_CHANNEL_UDEVD, &udevd, &source->held))
			break;
	}
	if (source->held.name)
		loop_set_timer(source->loop, &source->again, clock_get_monotonic());
}

static void on_udevd_end(void *data, uint32_t events);

/* Finds out whether udevd runs, and listens for its end. */
static void check_udevd(struct device_monitor *source)
{
	enum monitor_mode monitor = source->options.monitor;

	if (monitor == MONITOR_KERNEL || source->udevd >= 0)
		return;
	source->udevd = udevd_open();
	if (source->udevd >= 0 && loop_add(source->loop, source->udevd, on_udevd_end, source) < 0) {
		close(source->udevd); /* its end would not be told: as if there were none */
		source->udevd = -1;
	}
	if (source->udevd < 0 && monitor == MONITOR_UDEV)
		log_warning("monitor=udev, and udevd is not running: devices show late (start it)");
	discovery_set_udevd(source->discovery, monitor == MONITOR_UDEV || source->udevd >= 0,
		source->udevd >= 0, clock_get_monotonic());
}

static void on_udevd_end(void *data, uint32_t events)
{
	struct device_monitor *source = data;

	loop_remove(source->loop, source->udevd);
	close(source->udevd);
	source->udevd = -1;
	check_udevd(source);
	source->has_news(source->data);
}

/* What has been read from the kernel has to be dealt with in any case: it tells of the rest. */
static void read_watch(struct device_monitor *source)
{
	size_t limit = EVENTS_PER_TURN;
	struct watch_event event;

	while (source->watch && (limit || watch_has_event(source->watch))) {
		if (watch_take_event(source->watch, &event) <= 0) {
			drain_note_empty(&source->drain, CHANNEL_WATCH);
			return;
		}
		limit -= limit > 0;
		drain_note_read(&source->drain, CHANNEL_WATCH);
		switch (event.kind) {
		case WATCH_WRITTEN:
			discovery_handle_written(
				source->discovery, event.name, clock_get_monotonic());
			break;
		case WATCH_UDEVD:
			check_udevd(source);
			break;
		case WATCH_LOST:
			discovery_handle_overrun(source->discovery, clock_get_monotonic());
			break;
		}
		free(event.name);
	}
}

/* It cannot be forked anew from a process with threads. */
static void end_prober(struct device_monitor *source)
{
	log_error("the prober has died: only udevd can tell of devices from now on");
	loop_remove(source->loop, probe_get_fd(source->probe));
	probe_stop(steal_ptr(source->probe));
	discovery_handle_prober_end(source->discovery, clock_get_monotonic());
}

static void read_probe(struct device_monitor *source)
{
	struct probe_answer answer;
	int r = 0;

	while (source->probe && (r = probe_take_answer(source->probe, &answer)) > 0) {
		if (answer.backing)
			answer.below = udev_find_below(
				source->udev, answer.backing, &answer.below_attachment);
		discovery_handle_answer(source->discovery, &answer, clock_get_monotonic());
	}
	if (source->probe && r < 0)
		end_prober(source);
	else /* answers that nobody waited for have made room, too */
		discovery_handle_room(source->discovery, clock_get_monotonic());
}

static void on_udev(void *data, uint32_t events)
{
	struct device_monitor *source = data;

	read_channels(source);
	source->has_news(source->data);
}

static void on_more(void *data, uint64_t now)
{
	on_udev(data, 0);
}

static void on_watch(void *data, uint32_t events)
{
	struct device_monitor *source = data;

	read_watch(source);
	source->has_news(source->data);
}

static void on_probe(void *data, uint32_t events)
{
	struct device_monitor *source = data;

	read_probe(source);
	source->has_news(source->data);
}

static void on_time(void *data, uint64_t now)
{
	struct device_monitor *source = data;

	discovery_handle_time(source->discovery, now);
	source->has_news(source->data);
}

void device_monitor_look(struct device_monitor *source, uint64_t number)
{
	_cleanup_free_ char *name = number ? udev_find_name(source->udev, number) : NULL;

	if (name)
		discovery_look(source->discovery, name, clock_get_monotonic());
}

void device_monitor_read(struct device_monitor *source, const char *name)
{
	discovery_read(source->discovery, name, clock_get_monotonic());
}

void device_monitor_rescan(struct device_monitor *source)
{
	discovery_rescan(source->discovery, clock_get_monotonic());
}

void device_monitor_begin_drain(struct device_monitor *source)
{
	drain_begin(&source->drain);
	if (!source->watch)
		drain_note_empty(&source->drain, CHANNEL_WATCH);
}

bool device_monitor_drain(struct device_monitor *source)
{
	read_watch(source);
	read_channels(source);
	read_probe(source);
	return drain_is_over(&source->drain) && !source->held.name;
}

void device_monitor_peek(const struct device_monitor *source,
	void (*look)(void *data, const char *name, const struct device *device), void *data)
{
	discovery_peek(source->discovery, look, data);
}

void device_monitor_take(struct device_monitor *source, struct volumes_change *change)
{
	discovery_take(source->discovery, change);
}

bool device_monitor_has_begun(const struct device_monitor *source, uint64_t now)
{
	return discovery_has_begun(source->discovery, now);
}

/* That its queue is empty udevd does not tell. */
bool device_monitor_is_settled(struct device_monitor *source)
{
	uint64_t now = clock_get_monotonic();

	if (!discovery_is_settled(source->discovery))
		return false;
	if (!discovery_awaits_udevd(source->discovery, now))
		return true;
	if (!source->again.at)
		loop_set_timer(source->loop, &source->again, now + QUEUE_PAUSE);
	return false;
}

const struct discovery_counters *device_monitor_get_counters(struct device_monitor *source)
{
	return discovery_get_counters(source->discovery);
}

struct device_monitor *device_monitor_new(const struct device_monitor_options *options)
{
	struct device_monitor *source = xcalloc(1, sizeof(*source));
	const struct discovery_world world = {
		.list = list,
		.describe = describe,
		.is_udevd_busy = is_udevd_busy,
		.watch = watch,
		.set_timer = set_timer,
		.say = say,
		.prober = { .begin = begin_probe, .abandon = abandon_probe, .data = source },
		.data = source,
	};
	int r = probe_start(&source->probe);

	if (r < 0)
		limits_warn(LIMIT_PROCESS, r, "only udevd can tell of devices");
	r = watch_open(&source->watch);
	if (r < 0)
		limits_warn(LIMIT_INOTIFY_INSTANCE, r, "writes are noticed only where udevd does");
	source->options = *options;
	source->udevd = -1;
	source->timer = (struct timer){ on_time, source };
	source->again = (struct timer){ on_more, source };
	source->discovery = discovery_new(&world, options->devices);
	return source;
}

int device_monitor_start(
	struct device_monitor *source, struct loop *loop, void (*has_news)(void *data), void *data)
{
	int r = udev_open(
		source->options.buffer, source->options.monitor != MONITOR_KERNEL, &source->udev);

	source->loop = loop;
	source->has_news = has_news;
	source->data = data;
	for (int channel = 0; r == 0 && channel < UDEV_CHANNELS; channel++) {
		int fd = udev_get_fd(source->udev, (enum udev_channel)channel);

		if (fd >= 0)
			r = loop_add(loop, fd, on_udev, source);
	}
	if (r == 0 && source->watch)
		r = loop_add(loop, watch_get_fd(source->watch), on_watch, source);
	if (r == 0 && source->probe)
		r = loop_add(loop, probe_get_fd(source->probe), on_probe, source);
	if (r < 0)
		return r;
	check_udevd(source);
	discovery_start(source->discovery, clock_get_monotonic());
	return 0;
}

void device_monitor_free(struct device_monitor *source)
{
	if (!source)
		return;
	discovery_free(source->discovery);
	udev_event_fini(&source->held);
	if (source->udevd >= 0)
		close(source->udevd);
	probe_stop(source->probe);
	watch_close(source->watch);
	udev_close(source->udev);
	free(source);
}
