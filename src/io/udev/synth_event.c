/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks for events through sysfs, and hears from udevd that they were dealt with. The rule puts a
 * tag on our events; the socket's filter lets only such devices through, so that nobody is woken by
 * a storm of others.
 */

#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/udev/synth_event.h"

#define TAG "mmfs"	       /* as in the rule */
#define UUID_START "6d6d6673-" /* of all events of any mmfs */
#define BUFFER_SIZE (16 << 20)

struct synth_events {
	struct udev *udev;
	struct udev_monitor *monitor;
	char start[32]; /* of the UUIDs of our events */
};

int synth_events_open(uint64_t run, struct synth_events **ret_events)
{
	struct synth_events *events = xcalloc(1, sizeof(*events));
	struct udev_monitor *monitor;

	snprintf(events->start, sizeof(events->start), UUID_START "%04x-4%03x-8%03x-",
		(unsigned int)(run & 0xffff), (unsigned int)(run >> 16 & 0xfff),
		(unsigned int)(run >> 28 & 0xfff));
	events->udev = udev_new();
	monitor = events->udev ? udev_monitor_new_from_netlink(events->udev, "udev") : NULL;
	events->monitor = monitor;
	if (!monitor ||
		udev_monitor_filter_add_match_subsystem_devtype(monitor, "block", NULL) < 0 ||
		udev_monitor_filter_add_match_tag(monitor, TAG) < 0 ||
		udev_monitor_enable_receiving(monitor) < 0) {
		synth_events_close(events);
		return -EIO;
	}
	/* What gets lost is asked for again. */
	udev_monitor_set_receive_buffer_size(monitor, BUFFER_SIZE);
	*ret_events = events;
	return 0;
}

void synth_events_close(struct synth_events *events)
{
	if (!events)
		return;
	udev_monitor_unref(events->monitor);
	udev_unref(events->udev);
	free(events);
}

int synth_events_get_fd(const struct synth_events *events)
{
	return udev_monitor_get_fd(events->monitor);
}

bool synth_event_is_own(struct udev_device *device)
{
	const char *uuid = udev_device_get_property_value(device, "SYNTH_UUID");

	return uuid && strncmp(uuid, UUID_START, strlen(UUID_START)) == 0;
}

/* 0: it is no event of ours. */
static uint64_t get_number(const struct synth_events *events, struct udev_device *device)
{
	const char *uuid = udev_device_get_property_value(device, "SYNTH_UUID");
	size_t len = strlen(events->start);

	return uuid && strncmp(uuid, events->start, len) == 0 ? strtoull(uuid + len, NULL, 16) : 0;
}

int synth_events_take(struct synth_events *events, char **ret_name, uint64_t *ret_number)
{
	for (;;) {
		struct udev_device *device;
		uint64_t number;

		errno = 0;
		device = udev_monitor_receive_device(events->monitor);
		if (!device && errno == 0)
			continue; /* the filter is coarse */
		if (!device)
			return errno == ENOBUFS ? -ENOBUFS : 0;
		number = get_number(events, device);
		if (number) {
			*ret_name = xstrdup(udev_device_get_sysname(device));
			*ret_number = number;
		}
		udev_device_unref(device);
		if (number)
			return 1;
	}
}

/* sysfs has `!` for the slashes of a name. */
static char *get_sysfs_path(const char *name, const char *attribute)
{
	_cleanup_free_ char *folder = xstrdup(name);

	for (char *c = folder; *c; c++)
		if (*c == '/')
			*c = '!';
	return xasprintf("/sys/class/block/%s/%s", folder, attribute);
}

uint64_t synth_event_get_diskseq(const char *name)
{
	/* A partition has none, but is in the folder of its disk. */
	static const char *const attributes[] = { "diskseq", "../diskseq" };

	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		_cleanup_free_ char *path = get_sysfs_path(name, attributes[i]);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		char text[32] = "";
		ssize_t n;

		if (fd < 0)
			continue;
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		return n > 0 ? strtoull(text, NULL, 10) : 0;
	}
	return 0;
}

int synth_events_ask(
	struct synth_events *events, const char *name, uint64_t diskseq, uint64_t number)
{
	_cleanup_free_ char *path = get_sysfs_path(name, "uevent");
	uint64_t now = synth_event_get_diskseq(name);
	char line[80];
	int fd, len, r = 0;

	if (now != diskseq)
		return now ? -ESTALE : -ENODEV;
	len = snprintf(line, sizeof(line), "change %s%012llx MMFS=1", events->start,
		(unsigned long long)number);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	if (write(fd, line, (size_t)len) != len)
		r = errno ? -errno : -EIO;
	close(fd);
	return r;
}
