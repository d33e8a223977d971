/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From events to devices.
 *
 * Every device there is has an entry. An entry is idle, waits for udevd to process an event that
 * the kernel has announced, or waits for the prober. When it has all it can get, its description is
 * put on the ready list. An event that comes after the prober has begun makes it start over then.
 *
 * With udevd, its word counts and the prober reads only what udevd has nothing to say about;
 * without (monitor=kernel, or udevd not running), the prober reads everything. A probe that does
 * not answer is reported as a fault of its device after SLOW_AFTER, and goes on in the background.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/discovery.h"
#include "daemon/limits.h"
#include "daemon/probing.h"
#include "daemon/ready.h"
#include "io/udev/udev.h"
#include "io/udev/watch.h"

#define SECOND 1000000u		  /* µs */
#define UDEVD_LIMIT (10 * SECOND) /* for udevd to process an event */
#define WATCH_LIMIT (SECOND / 2)  /* for udevd to notice a write, */
#define BUSY_LIMIT (3 * SECOND)	  /* and to come to it when it has a lot to do */
#define SLOW_AFTER (3 * SECOND)	  /* a probe is then no longer waited for */
#define PROBE_LIMIT (120 * SECOND)
#define QUIET (SECOND / 10) /* after lost events, before looking at everything */
#define EVENTS_PER_TURN 128
#define EVENTS_PER_DRAIN 100000 /* more than a socket's buffer holds */

enum entry_state { ENTRY_IDLE, ENTRY_AWAITS_UDEVD, ENTRY_AWAITS_PROBE };

struct entry {
	struct map_node by_name;
	struct probing_job *job; /* while it waits for the prober */
	uint64_t sequence; /* of the kernel's last event: what udevd says of earlier ones is old */
	uint64_t deadline;
	enum entry_state state : 8;
	bool is_slow : 1;   /* its probe is not waited for */
	bool is_seen : 1;   /* while rescanning */
	bool must_read : 1; /* whatever udevd knows of its content */
	uint8_t rounds;	    /* how often WATCH_LIMIT may pass while udevd is busy */
	char name[];
};

struct discovery {
	struct discovery_options options;
	struct udev_source *udev;
	struct watch *watch;
	struct probing probing;
	struct ready ready;
	struct loop *loop;
	int udevd; /* descriptor that tells of its end, or negative */
	bool uses_udevd;
	bool is_blind; /* there are more devices than can be watched */
	struct map entries;
	size_t waiting;	    /* entries that are not idle */
	size_t slow;	    /* of these, those that nobody waits for */
	struct timer timer; /* none of them has an earlier deadline */
	struct timer rescan;
	void (*has_news)(void *data);
	void *data;
	struct discovery_counters counters;
};

static bool entry_has_name(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct entry, by_name)->name, key) == 0;
}

static struct entry *find_entry(const struct discovery *discovery, const char *name)
{
	struct map_node *node =
		map_find(&discovery->entries, map_hash_text(name), entry_has_name, name);

	return node ? container_of(node, struct entry, by_name) : NULL;
}

static bool is_wanted(const struct discovery *discovery, const char *name)
{
	return device_name_matches(name, discovery->options.devices);
}

static struct entry *get_entry(struct discovery *discovery, const char *name)
{
	struct entry *entry = find_entry(discovery, name);

	if (!entry) {
		entry = xcalloc(1, offsetof(struct entry, name) + strlen(name) + 1);
		strcpy(entry->name, name);
		map_add(&discovery->entries, &entry->by_name, map_hash_text(name));
	}
	return entry;
}

static void note_deadline(struct discovery *discovery, uint64_t deadline)
{
	if (deadline && (!discovery->timer.at || deadline < discovery->timer.at))
		loop_set_timer(discovery->loop, &discovery->timer, deadline);
}

/* Every change of what is waited for goes through here. */
static void entry_set_state(struct discovery *discovery, struct entry *entry,
	enum entry_state state, bool is_slow, uint64_t deadline)
{
	discovery->waiting -= entry->state != ENTRY_IDLE;
	discovery->slow -= entry->is_slow;
	entry->state = state;
	entry->is_slow = is_slow;
	entry->deadline = deadline;
	discovery->waiting += entry->state != ENTRY_IDLE;
	discovery->slow += entry->is_slow;
	note_deadline(discovery, deadline);
}

static void stop_probe(struct discovery *discovery, struct entry *entry)
{
	if (entry->state != ENTRY_AWAITS_PROBE)
		return;
	probing_remove(&discovery->probing, steal_ptr(entry->job));
	entry_set_state(discovery, entry, ENTRY_IDLE, false, 0);
}

/* The device is gone, and so is its entry. */
static void entry_remove(struct discovery *discovery, struct entry *entry)
{
	stop_probe(discovery, entry);
	entry_set_state(discovery, entry, ENTRY_IDLE, false, 0);
	ready_add(&discovery->ready, entry->name, NULL);
	if (discovery->watch)
		watch_remove(discovery->watch, entry->name);
	map_remove(&discovery->entries, &entry->by_name);
	free(entry);
}

/* The device is known as well as it can be for now. */
static void entry_finish(struct discovery *discovery, struct entry *entry, struct device *device)
{
	entry_set_state(discovery, entry, ENTRY_IDLE, false, 0);
	ready_add(&discovery->ready, entry->name, device);
}

static void watch_node(struct discovery *discovery, const struct entry *entry, const char *node)
{
	int r = discovery->watch ? watch_add(discovery->watch, entry->name, node) : 0;
	if (r != -ENOSPC || discovery->is_blind)
		return;
	discovery->is_blind = true;
	limits_warn(LIMIT_INOTIFY_WATCH, r, "some writes are noticed only where udevd does");
}

/* Takes over a description; what it does not tell is asked of the prober. */
static void entry_take_report(
	struct discovery *discovery, struct entry *entry, struct device_report *report)
{
	watch_node(discovery, entry, report->device->node);
	if (!report->wants_probe) {
		entry_finish(discovery, entry, steal_ptr(report->device));
		device_report_fini(report);
		return;
	}
	entry_set_state(
		discovery, entry, ENTRY_AWAITS_PROBE, false, clock_get_monotonic() + SLOW_AFTER);
	entry->job = probing_add(&discovery->probing, report, entry);
}

static bool entry_is_awaited(const struct entry *entry)
{
	return entry->state == ENTRY_AWAITS_PROBE && !entry->is_slow;
}

/* Describes the device anew; of an event, which has found it, if there is one. */
static void entry_look(struct discovery *discovery, struct entry *entry,
	const struct udev_event *event, bool use_udevd)
{
	struct device_report report;
	int r;

	if (entry_is_awaited(entry)) {
		probing_note_news(entry->job, clock_get_monotonic());
		return;
	}
	stop_probe(discovery, entry);
	r = event ? udev_event_describe(event, use_udevd, &report)
		  : udev_describe(discovery->udev, entry->name, use_udevd, &report);
	if (r == 0 && entry->must_read)
		device_report_decide_probe(&report, true);
	entry->must_read = false;
	if (r < 0)
		entry_remove(discovery, entry);
	else
		entry_take_report(discovery, entry, &report);
}

/* After news during a probe: what was before the prober began it has read, if the device is the same. */
static void entry_look_again(struct discovery *discovery, struct entry *entry,
	const struct probing_job *job, uint64_t began)
{
	struct device_report report;

	if (udev_describe(discovery->udev, entry->name, discovery->uses_udevd, &report) < 0)
		entry_remove(discovery, entry);
	else if (job->news_at > began || !device_report_is_equal(&report, &job->report))
		entry_take_report(discovery, entry, &report);
	else
		device_report_fini(&report);
}

static void await_udevd(struct discovery *discovery, struct entry *entry, uint64_t limit)
{
	stop_probe(discovery, entry); /* what it reads may be half old, half new */
	entry->rounds = BUSY_LIMIT / limit;
	entry_set_state(discovery, entry, ENTRY_AWAITS_UDEVD, false, clock_get_monotonic() + limit);
}

static void handle_kernel_event(struct discovery *discovery, const struct udev_event *event)
{
	struct entry *entry = find_entry(discovery, event->name);

	if (event->is_gone) {
		if (entry)
			entry_remove(discovery, entry);
		return;
	}
	entry = get_entry(discovery, event->name);
	entry->sequence = event->sequence;
	if (discovery->uses_udevd)
		await_udevd(discovery, entry, UDEVD_LIMIT);
	else
		entry_look(discovery, entry, event, false);
}

/* The kernel has announced every device before, so one without an entry is gone. */
static void handle_udevd_event(struct discovery *discovery, const struct udev_event *event)
{
	struct entry *entry = find_entry(discovery, event->name);

	if (!discovery->uses_udevd || !entry || event->sequence < entry->sequence)
		return; /* a newer word is on its way, or has been taken */
	if (event->is_gone)
		entry_remove(discovery, entry);
	else
		entry_look(discovery, entry, event, true);
}

/* Events were lost: look at everything once it is quiet. */
static void handle_overrun(struct discovery *discovery)
{
	discovery->counters.overruns++;
	if (!discovery->rescan.at)
		log_warning("events of devices were lost: looking at all of them again");
	loop_set_timer(discovery->loop, &discovery->rescan, clock_get_monotonic() + QUIET);
}

/* Reads at most `limit` events: a storm must not keep the main loop from everything else. */
static void read_channel(struct discovery *discovery, enum udev_channel channel, size_t limit)
{
	struct udev_event event;
	int r;

	while (limit-- && (r = udev_take_event(discovery->udev, channel, &event)) != 0) {
		if (r < 0) {
			handle_overrun(discovery);
			continue;
		}
		discovery->counters.events++;
		if (discovery->rescan.at)
			loop_set_timer(
				discovery->loop, &discovery->rescan, clock_get_monotonic() + QUIET);
		/* The kernel's word comes first: else what udevd says of a device that is back
		 * is taken for a twin of the one that the kernel has said to be gone. */
		if (channel == UDEV_CHANNEL_UDEVD)
			read_channel(discovery, UDEV_CHANNEL_KERNEL, EVENTS_PER_DRAIN);
		if (is_wanted(discovery, event.name)) {
			if (channel == UDEV_CHANNEL_KERNEL)
				handle_kernel_event(discovery, &event);
			else
				handle_udevd_event(discovery, &event);
		}
		udev_event_fini(&event);
	}
}

/* udevd has come or gone: from now on its word counts, or does not. */
static void switch_source(struct discovery *discovery, bool uses_udevd)
{
	if (discovery->uses_udevd == uses_udevd)
		return;
	discovery->uses_udevd = uses_udevd;
	log_debug("taking events from %s", uses_udevd ? "udevd" : "the kernel");
	if (uses_udevd) {
		loop_set_timer(discovery->loop, &discovery->rescan, clock_get_monotonic() + QUIET);
		return;
	}
	map_for_each (&discovery->entries, node, next) {
		struct entry *entry = container_of(node, struct entry, by_name);

		if (entry->state == ENTRY_AWAITS_UDEVD)
			entry_look(discovery, entry, NULL, false);
	}
}

static void on_udevd_end(void *data, uint32_t events);
/* Finds out whether udevd runs, and listens for its end. */
static void check_udevd(struct discovery *discovery)
{
	if (discovery->options.monitor == MONITOR_KERNEL || discovery->udevd >= 0)
		return;
	discovery->udevd = udev_open_udevd();
	if (discovery->udevd >= 0)
		loop_add(discovery->loop, discovery->udevd, on_udevd_end, discovery);
	else if (discovery->options.monitor == MONITOR_UDEV)
		log_warning("monitor=udev, and udevd is not running: devices show late (start it)");
	switch_source(
		discovery, discovery->options.monitor == MONITOR_UDEV || discovery->udevd >= 0);
}

static void on_udevd_end(void *data, uint32_t events)
{
	struct discovery *discovery = data;

	loop_remove(discovery->loop, discovery->udevd);
	close(discovery->udevd);
	discovery->udevd = -1;
	check_udevd(discovery);
	discovery->has_news(discovery->data);
}

/* Without udevd, which would say so: who writes to a disk may have written its partition table. */
static void look_at_partitions(struct discovery *discovery, const char *disk)
{
	map_for_each (&discovery->entries, node, next) {
		struct entry *entry = container_of(node, struct entry, by_name);
		bool is_on_it = device_is_partition_of(entry->name, disk);

		if (is_on_it && entry_is_awaited(entry)) /* the disk's cache is flushed later */
			probing_note_news(entry->job, UINT64_MAX);
		else if (is_on_it)
			entry_look(discovery, entry, NULL, false);
	}
}

static void handle_written(struct discovery *discovery, const char *name)
{
	struct entry *entry = find_entry(discovery, name);

	if (entry && !discovery->uses_udevd) {
		entry_look(discovery, entry, NULL, false);
		look_at_partitions(discovery, name);
	} else if (entry && entry->state != ENTRY_AWAITS_UDEVD) {
		await_udevd(discovery, entry, WATCH_LIMIT);
	}
}

/* As read_channel(), but what has been read from the kernel has to be dealt with: it tells of the rest. */
static void read_watch(struct discovery *discovery, size_t limit)
{
	struct watch_event event;

	while (discovery->watch && (limit || watch_has_event(discovery->watch)) &&
		watch_take_event(discovery->watch, &event) > 0) {
		limit -= limit > 0;
		switch (event.kind) {
		case WATCH_WRITTEN:
			handle_written(discovery, event.name);
			break;
		case WATCH_UDEVD:
			check_udevd(discovery);
			break;
		case WATCH_LOST:
			handle_overrun(discovery);
			break;
		}
		free(event.name);
	}
}

static void read_probe(struct discovery *discovery)
{
	struct probe_answer answer;
	struct probing_job *job;

	while ((job = probing_take(&discovery->probing, &answer))) {
		struct entry *entry = job->data;
		struct device *device = device_copy(job->report.device);

		entry->job = NULL;
		discovery->counters.faults += answer.fault != NULL;
		device_fill(device, &answer);
		entry_finish(discovery, entry, device);
		if (job->news_at)
			entry_look_again(discovery, entry, job, answer.began);
		probing_job_free(job);
		probe_answer_fini(&answer);
	}
}

void discovery_look(struct discovery *discovery, uint64_t number)
{
	_cleanup_free_ char *name = number ? udev_find_name(discovery->udev, number) : NULL;

	if (name && is_wanted(discovery, name))
		entry_look(discovery, get_entry(discovery, name), NULL, discovery->uses_udevd);
}

void discovery_rescan(struct discovery *discovery, bool must_read)
{
	char **names = NULL;
	size_t count = 0;
	int r = udev_list(discovery->udev, &names, &count);

	loop_set_timer(discovery->loop, &discovery->rescan, 0);
	if (r < 0) {
		log_error("cannot list block devices: %s", strerror(-r));
		return;
	}
	map_for_each (&discovery->entries, node, next)
		container_of(node, struct entry, by_name)->is_seen = false;
	for (size_t i = 0; i < count; i++) {
		if (is_wanted(discovery, names[i])) {
			struct entry *entry = get_entry(discovery, names[i]);

			entry->is_seen = true;
			entry->must_read |= must_read;
			entry_look(discovery, entry, NULL, discovery->uses_udevd);
		}
		free(names[i]);
	}
	free(names);
	map_for_each (&discovery->entries, node, next) {
		struct entry *entry = container_of(node, struct entry, by_name);

		if (!entry->is_seen)
			entry_remove(discovery, entry);
	}
}

static void on_udev(void *data, uint32_t events)
{
	struct discovery *discovery = data;

	read_channel(discovery, UDEV_CHANNEL_KERNEL, EVENTS_PER_TURN);
	read_channel(discovery, UDEV_CHANNEL_UDEVD, EVENTS_PER_TURN);
	discovery->has_news(discovery->data);
}

static void on_watch_or_probe(void *data, uint32_t events)
{
	struct discovery *discovery = data;

	read_watch(discovery, EVENTS_PER_TURN);
	read_probe(discovery);
	discovery->has_news(discovery->data);
}

void discovery_drain(struct discovery *discovery)
{
	read_watch(discovery, EVENTS_PER_DRAIN);
	read_channel(discovery, UDEV_CHANNEL_KERNEL, EVENTS_PER_DRAIN);
	read_channel(discovery, UDEV_CHANNEL_UDEVD, EVENTS_PER_DRAIN);
	read_probe(discovery);
}

bool discovery_is_enumerated(const struct discovery *discovery)
{
	return discovery->waiting == discovery->slow && !discovery->rescan.at;
}

bool discovery_is_settled(const struct discovery *discovery)
{
	return discovery_is_enumerated(discovery) && ready_is_empty(&discovery->ready);
}

/* A probe has taken long: its device is shown with that fault, and the answer may still come. */
static void handle_slow_probe(struct discovery *discovery, struct entry *entry, uint64_t now)
{
	struct device *device;

	if (entry->is_slow) {
		stop_probe(discovery, entry);
		log_warning("%s: gave up reading it", entry->name);
		return;
	}
	device = device_copy(entry->job->report.device);
	device->fault = xstrdup("reading it takes long");
	discovery->counters.faults++;
	log_warning("%s: %s", entry->name, device->fault);
	ready_add(&discovery->ready, entry->name, device);
	entry_set_state(discovery, entry, ENTRY_AWAITS_PROBE, true, now + PROBE_LIMIT);
}

static void on_deadline(void *data, uint64_t now)
{
	struct discovery *discovery = data;
	bool is_busy = discovery->uses_udevd && udev_is_busy();

	map_for_each (&discovery->entries, node, next) {
		struct entry *entry = container_of(node, struct entry, by_name);

		if (!entry->deadline || entry->deadline > now) {
			note_deadline(discovery, entry->deadline);
		} else if (entry->state == ENTRY_AWAITS_PROBE) {
			handle_slow_probe(discovery, entry, now);
		} else if (is_busy && entry->rounds > 1) {
			entry->rounds--;
			/* It will come to that write, and then we need not read the disk. */
			entry_set_state(
				discovery, entry, ENTRY_AWAITS_UDEVD, false, now + WATCH_LIMIT);
		} else {
			log_debug("%s: udevd says nothing: reading it", entry->name);
			entry_look(discovery, entry, NULL, false);
		}
	}
	discovery->has_news(discovery->data);
}

static void on_rescan(void *data, uint64_t now)
{
	struct discovery *discovery = data;

	discovery_rescan(discovery, false);
	discovery->has_news(discovery->data);
}

void discovery_take(struct discovery *discovery, struct volumes_change *change)
{
	ready_take(&discovery->ready, change);
}

const struct discovery_counters *discovery_get_counters(struct discovery *discovery)
{
	discovery->counters.probes = discovery->probing.count;
	return &discovery->counters;
}

struct discovery *discovery_new(const struct discovery_options *options)
{
	struct discovery *discovery = xcalloc(1, sizeof(*discovery));
	int r;

	discovery->options = *options;
	discovery->udevd = -1;
	discovery->timer = (struct timer){ on_deadline, discovery };
	discovery->rescan = (struct timer){ on_rescan, discovery };
	ready_init(&discovery->ready);
	r = probing_init(&discovery->probing);
	if (r < 0)
		limits_warn(LIMIT_PROCESS, r, "only udevd can tell of devices");
	r = watch_open(&discovery->watch);
	if (r < 0)
		limits_warn(LIMIT_INOTIFY_INSTANCE, r, "writes are noticed only where udevd does");
	return discovery;
}

int discovery_start(
	struct discovery *discovery, struct loop *loop, void (*has_news)(void *data), void *data)
{
	int r = udev_open(discovery->options.buffer, &discovery->udev);

	discovery->loop = loop;
	discovery->has_news = has_news;
	discovery->data = data;
	for (int channel = 0; r == 0 && channel < UDEV_CHANNELS; channel++)
		r = loop_add(loop, udev_get_fd(discovery->udev, (enum udev_channel)channel),
			on_udev, discovery);
	if (r == 0 && discovery->watch)
		r = loop_add(loop, watch_get_fd(discovery->watch), on_watch_or_probe, discovery);
	if (r == 0 && discovery->probing.probe)
		r = loop_add(
			loop, probing_get_fd(&discovery->probing), on_watch_or_probe, discovery);
	if (r < 0)
		return r;
	check_udevd(discovery);
	discovery_rescan(discovery, false);
	return 0;
}

void discovery_free(struct discovery *discovery)
{
	if (!discovery)
		return;
	map_for_each (&discovery->entries, node, next)
		free(container_of(node, struct entry, by_name));
	ready_fini(&discovery->ready);
	map_fini(&discovery->entries);
	if (discovery->udevd >= 0)
		close(discovery->udevd);
	probing_fini(&discovery->probing);
	watch_close(discovery->watch);
	udev_close(discovery->udev);
	free(discovery);
}
