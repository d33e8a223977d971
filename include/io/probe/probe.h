/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

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
	uint64_t start; /* partitions: first sector, in units of 512 bytes */
};

/* What was found; owned texts, NULL where there is nothing. */
struct probe_answer {
	uint64_t ticket;
	uint64_t began; /* µs of CLOCK_MONOTONIC, before anything was read; 0: nothing was */
	char *fault;	/* why it could not be read, else NULL */
	char *uuid;
	char *uuid_sub; /* of the device, where a filesystem has several */
	char *fstype;
	char *usage;
	char *label;
	char *table;		  /* type of the partition table on the device */
	char *partuuid;		  /* of the device's entry in its disk's table */
	char *partition_type;	  /* "0x83" or a GUID */
	char *partition_name;	  /* in that entry */
	uint64_t partition_flags; /* attributes of a GPT entry; 0 in other tables */
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
void probe_answer_fini(struct probe_answer *answer);
