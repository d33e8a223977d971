/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

struct udev_device;

/*
 * Events of devices that are asked for, so that udevd looks at them again: the kernel sends one
 * with a UUID of ours on it, and with MMFS=1, by which udevd's rule knows it.
 */
struct synth_events;

/*
 * Starts listening to udevd's answers. `run` is a random number, which tells our events from those
 * of another mmfs. 0 or a negative errno.
 */
int synth_events_open(uint64_t run, struct synth_events **ret_events);
/* NULL is fine. */
void synth_events_close(struct synth_events *events);
int synth_events_get_fd(const struct synth_events *events);
/*
 * The next event of ours that udevd has dealt with: 1, with the kernel name, which the caller
 * frees, and the number. 0: none now. -ENOBUFS: some were lost.
 */
int synth_events_take(struct synth_events *events, char **ret_name, uint64_t *ret_number);
/*
 * Asks for a `change` event of a device. `number` is below 2^48. -ENODEV: there is no such device;
 * -ESTALE: its disk is another than `diskseq`.
 */
int synth_events_ask(
	struct synth_events *events, const char *name, uint64_t diskseq, uint64_t number);

/* Whether any mmfs has asked for the event: it tells nothing new. */
bool synth_event_is_own(struct udev_device *device);
/* The number of the disk that the node with this kernel name belongs to now; 0: there is none. */
uint64_t synth_event_get_diskseq(const char *name);
