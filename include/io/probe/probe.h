/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/device_report.h"

/*
 * Reading what a device holds, off the main loop and out of the daemon's address space: a helper
 * process has one child per probe, which opens the device read-only, locks itself into a sandbox
 * and only then lets libblkid look at the bytes. A device that hangs or crashes its probe concerns
 * nobody else.
 */
struct probe;

/* One device to be read. Borrowed texts. */
struct probe_request {
	uint64_t ticket;       /* chosen by the caller, comes back with the answer */
	const char *node;      /* "/dev/sda2" */
	uint64_t number;       /* dev_t it must have */
	const char *disk_node; /* partitions: the whole disk, else NULL */
	uint64_t disk_number;
	uint64_t start;	   /* partitions: first sector, in units of 512 bytes */
	bool asks_backing; /* whether it may be a loop device on another device: see probe_answer */
};

/* Starts the helper process. Must come before any thread is started. */
int probe_start(struct probe **ret_probe);
/* Ends the helper; probes stuck in a dead device are left behind. NULL is fine. */
void probe_stop(struct probe *probe);

/* 0, or -EAGAIN when too many are under way: try again after an answer. Never blocks. */
int probe_submit(struct probe *probe, const struct probe_request *request);
/* Gives up on a probe: no answer will come for the ticket. Never blocks. */
void probe_abandon(struct probe *probe, uint64_t ticket);
/* Becomes readable when answers are there, and when the helper has died. */
int probe_get_fd(const struct probe *probe);
/* 1 with the next answer, 0 when there is none now, -EPIPE when the helper is gone. */
int probe_take_answer(struct probe *probe, struct probe_answer *ret_answer);
