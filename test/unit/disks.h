/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machines/discovery.h"

/*
 * A made-up world for machines/discovery: disks, a prober, udevd and a clock, all of which do only
 * what the test says. Its time is `now`.
 */

#define DISKS 80
#define SECOND UINT64_C(1000000)

struct disk {
	char name[16];
	bool is_present;
	bool is_empty; /* has no medium */
	bool is_known_to_udevd;
	bool is_outdated_for_udevd; /* it knows the medium before this one */
	unsigned int content;	    /* what is on it now: its UUID */
	unsigned int udevd_content; /* what udevd found when it last looked */
	uint64_t diskseq;
	bool must_not_read;
	bool is_unwatched; /* by udevd: what it found may be old */
	bool is_watched;
};

struct disks {
	struct disk list[DISKS];
	struct discovery *discovery;
	uint64_t now;
	uint64_t timer;
	bool is_udevd_busy;
	int list_error;	 /* of the next lists */
	int begin_error; /* of the prober */
	unsigned int lists, timers;
	struct {
		uint64_t ticket, began;
		struct disk *disk;
		unsigned int content; /* as it was read */
	} probes[DISKS];	      /* under way */
	size_t probe_count;
	char said[4096];
	struct volumes volumes; /* as the core has them */
};

extern struct disks disks;

void disks_init(const char *globs, bool uses_udevd);
void disks_fini(void);
/* What happens to a disk; the kernel says so. */
void disk_plug(size_t i, unsigned int content);
void disk_eject(size_t i);
void disk_unplug(size_t i);
void disk_write(size_t i, unsigned int content);
/* udevd looks at it, and says so. */
void disk_udevd(size_t i, uint64_t sequence);
/* The prober reads the first probe that is under way, or that of a disk, and answers. */
bool disks_answer(size_t n, const char *fault);
size_t disks_find_probe(size_t i);
/* Time passes; the timer fires whenever it is due. */
void disks_wait(uint64_t time);
/*
 * Takes what is pending into `volumes`. Of a disk then: its content, 0: none, -1: fault, -2: not
 * there.
 */
void disks_take(void);
int disk_get(size_t i);
const struct device *disk_find(size_t i);
/* What the core is shown of a disk from now on, or what its fault is. */
void disk_expect(size_t i, int content);
void disk_expect_fault(size_t i, const char *fault);
/* The probe of a disk, which must be under way, ends well. */
void disk_answer(size_t i);
