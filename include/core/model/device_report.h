/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/device.h"

/*
 * What is known of one device without reading it, and what reading it adds: whose word counts for
 * what. udev and sysfs describe, the prober reads.
 */

struct device_report {
	struct device *device;
	bool wants_probe;   /* its content is to be read */
	bool awaits_udevd;  /* udevd runs and has not dealt with the device yet */
	bool is_outdated;   /* what udevd knows is about the medium before this one */
	bool must_not_read; /* and the device's `fault` says why */
	bool is_denied;	    /* we may not read it, and udevd has dealt with it */
	bool may_be_above;  /* on another device, which only the device itself tells for sure */
	char *disk_node;    /* partitions: the disk they are on */
	uint64_t disk_number;
	uint64_t start; /* partitions: first sector, in units of 512 bytes */
};

/* What was read; owned texts, NULL where there is nothing. */
struct probe_answer {
	uint64_t ticket;  /* of the request */
	uint64_t began;	  /* µs of CLOCK_MONOTONIC, before anything was read; 0: nothing was */
	char *fault;	  /* why it could not be read, else NULL */
	char *doubt;	  /* why its content cannot be told, though it could be read */
	uint64_t backing; /* dev_t of the device that it is on, as the kernel says; 0: none */
	char *below;	  /* kernel name of that one, */
	enum attachment below_attachment; /* and how that is attached */
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
	unsigned int members;	  /* devices that the filesystem has, 0: unknown */
};

void device_report_fini(struct device_report *report);
/* Whether both say the same of a device. */
bool device_report_is_equal(const struct device_report *a, const struct device_report *b);
/*
 * Decides whether the device is to be read. `must_read`: what is known of its content may be out of
 * date, or is to be looked at anew.
 */
void device_report_decide_probe(struct device_report *report, bool must_read);
/* Adds what was read, or why it could not, to what was known of a device. Takes the texts. */
void device_fill(struct device *device, struct probe_answer *answer);
void probe_answer_fini(struct probe_answer *answer);
