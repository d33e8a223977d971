/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device holds that is in use does not count until it is free, and nothing happens to a
 * device when it becomes that: who used it is gone (an event of another device), it is mounted
 * nowhere (mountinfo), or no swap (/proc/swaps). So after each of these the devices are looked at
 * again that are kept as they were for that reason. There are hardly ever any. Of those that are in
 * use where we do not see it, in another mount namespace, nobody tells at all: as long as there is
 * one it is looked at from time to time.
 *
 * What a mounted filesystem itself writes to its devices, as another label, nobody tells, either:
 * see machines/unmounted.
 */

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/rules/doubt.h"
#include "daemon/freed.h"
#include "io/udev/superblock.h"

#define PAUSE 2000000u /* µs */

/* Has those looked at that wait, if `is_looking`. Whether there are any. */
static bool find(struct freed *freed, bool is_looking)
{
	bool is_any = false;

	if (!freed->manager->volumes.doubts)
		return false;
	map_for_each (&freed->manager->volumes.by_name, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		if (!doubt_awaits_reading(freed->manager, device))
			continue;
		is_any = true;
		if (is_looking)
			device_monitor_look(freed->monitor, device->number);
	}
	return is_any;
}

static bool is_held(void *data, const char *name)
{
	return superblock_is_there(name);
}

static void read_device(void *data, const char *name)
{
	struct freed *freed = data;

	device_monitor_read(freed->monitor, name);
}

static void look_at_unmounted(struct freed *freed, bool all)
{
	unmounted_look(&freed->unmounted, all, clock_get_monotonic());
	loop_set_timer(
		freed->loop, &freed->unmounted_timer, unmounted_get_deadline(&freed->unmounted));
}

void freed_note_mount(struct freed *freed, const struct device *device, bool is_mounted)
{
	unmounted_note(&freed->unmounted, device->name, is_mounted, clock_get_monotonic());
}

void freed_look(struct freed *freed)
{
	find(freed, true);
	look_at_unmounted(freed, true);
}

static bool begin(void *data, struct change *change)
{
	return false;
}

static void end(void *data, int error, const char *why, struct deltas *deltas)
{
}

/* The kernel has it in a filesystem, and we have not seen it there. */
static void look_at_member(void *data, const char *name)
{
	const struct freed *freed = data;
	const struct device *device = volumes_find_name(&freed->manager->volumes, name);

	if (device && !device->uuid_sub)
		device_monitor_read(freed->monitor, name);
}

/*
 * Of what is added to a mounted filesystem of several devices nobody tells. It matters once another
 * one may have been taken out: that has another content, and the mounts may be under this one.
 */
static void look_at_members(struct freed *freed)
{
	uint64_t changes = freed->manager->volumes.member_changes;

	if (freed->member_changes == changes)
		return;
	freed->member_changes = changes;
	superblock_list_members(look_at_member, freed);
	mount_table_read(freed->mounts);
	change_queue_work(freed->queue);
}

/* An event of any device, also of one that is none of ours, may be of one that held another. */
static void rest(void *data)
{
	struct freed *freed = data;
	uint64_t events = device_monitor_get_counters(freed->monitor)->events;

	look_at_members(freed);
	if (!freed->timer.at && find(freed, false))
		loop_set_timer(freed->loop, &freed->timer, clock_get_monotonic() + PAUSE);
	if (events == freed->events)
		return;
	freed->events = events;
	if (!freed->manager->volumes.doubts)
		return;
	freed_look(freed);
	change_queue_work(freed->queue);
}

static void on_time(void *data, uint64_t now)
{
	struct freed *freed = data;

	freed_look(freed);
	change_queue_work(freed->queue);
}

/* epoll asks the file for news before it calls this, and that takes them: nothing is to be read. */
static void on_swaps(void *data, uint32_t events)
{
	struct freed *freed = data;

	freed_look(freed);
	change_queue_work(freed->queue);
}

static void on_unmounted_time(void *data, uint64_t now)
{
	struct freed *freed = data;

	look_at_unmounted(freed, false);
	change_queue_work(freed->queue);
}

/* The file can always be read; what is new it says as an exception. */
static int open_swaps(void)
{
	struct epoll_event event = { .events = EPOLLPRI | EPOLLET };
	int swaps = open("/proc/swaps", O_RDONLY | O_CLOEXEC);
	int fd = swaps < 0 ? -1 : epoll_create1(EPOLL_CLOEXEC);

	event.data.fd = swaps;
	if (fd >= 0 && epoll_ctl(fd, EPOLL_CTL_ADD, swaps, &event) == 0)
		return fd; /* and `swaps` stays open with it */
	if (fd >= 0)
		close(fd);
	if (swaps >= 0)
		close(swaps);
	return -1;
}

void freed_init(struct freed *freed, const struct manager *manager, struct device_monitor *monitor,
	struct change_queue *queue, struct loop *loop, struct mount_table *mounts)
{
	*freed = (struct freed){
		.source = { .begin = begin, .end = end, .rest = rest, .data = freed },
		.manager = manager,
		.monitor = monitor,
		.queue = queue,
		.loop = loop,
		.mounts = mounts,
		.timer = { .fn = on_time, .data = freed },
		.unmounted = { .effects = { is_held, read_device, freed } },
		.unmounted_timer = { .fn = on_unmounted_time, .data = freed },
		.swaps = open_swaps(),
	};
	change_queue_add_source(queue, &freed->source);
	if (freed->swaps >= 0 && loop_add(loop, freed->swaps, on_swaps, freed) < 0) {
		close(freed->swaps);
		freed->swaps = -1;
	}
}

void freed_fini(struct freed *freed)
{
	unmounted_fini(&freed->unmounted);
}
