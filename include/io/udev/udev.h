/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/device_report.h"

/*
 * Block devices as udev and sysfs know them. Two channels tell of events: the kernel's own, and
 * udevd's, which come later but carry what its rules found out.
 */
struct udev_source;

enum udev_channel { UDEV_CHANNEL_KERNEL, UDEV_CHANNEL_UDEVD, UDEV_CHANNELS };

struct udev_event {
	char *name; /* kernel name */
	bool is_gone;
	bool is_empty;	   /* on the kernel's channel: by now its size is 0 */
	uint64_t diskseq;  /* on the kernel's channel: by now, 0: unknown, or of a partition */
	uint64_t sequence; /* the kernel's number of the event, the same on both channels */
	void *device;	   /* private */
};

/*
 * Starts listening on both channels, or on the kernel's alone: of the other there is no descriptor
 * and no event then. `buffer` is the size of the sockets' buffers in bytes, 0: as large as a storm
 * needs.
 */
int udev_open(size_t buffer, bool hears_udevd, struct udev_source **ret_source);
/* The same without listening: for who wants to know of devices once. It takes no event. */
int udev_open_silent(struct udev_source **ret_source);
void udev_close(struct udev_source *source);
/* -1: the channel is not listened on. */
int udev_get_fd(const struct udev_source *source, enum udev_channel channel);
/* 1 with an event, 0: none now, -ENOBUFS: events were lost. */
int udev_take_event(
	struct udev_source *source, enum udev_channel channel, struct udev_event *ret_event);
void udev_event_fini(struct udev_event *event);
/*
 * Describes the device of an event, one on udevd's channel with what udevd found out. -ENODEV: it
 * is gone meanwhile.
 */
int udev_event_describe(
	const struct udev_event *event, bool use_udevd, struct device_report *ret_report);

/* Kernel names of all block devices there are; the caller frees each and the array. */
int udev_list(struct udev_source *source, char ***ret_names, size_t *ret_count);
/* The kernel name of the block device with this number, owned by the caller, or NULL. */
char *udev_find_name(struct udev_source *source, uint64_t number);
/* Likewise, of a device that another one is on; and how that is attached. */
char *udev_find_below(struct udev_source *source, uint64_t number, enum attachment *ret_attachment);
/* Whether a device cannot be written now: a change of that is no event. */
int udev_is_read_only(uint64_t number, bool *ret_is_read_only);
/*
 * Describes a device, with or without what udevd found out. -ENODEV: there is no such device.
 */
int udev_describe(struct udev_source *source, const char *name, bool use_udevd,
	struct device_report *ret_report);
