/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/map.h"

/*
 * Which links in /dev each device is to have, and what is still to be done for that: a file from
 * which udevd's rule reads them, and an event that lets it look. Times are µs of one clock that
 * never goes back. Texts of files are opaque here.
 */

enum publish_trouble {
	PUBLISH_NO_FILE,   /* the file could not be written or removed */
	PUBLISH_NO_EVENT,  /* the event could not be asked for */
	PUBLISH_NO_ANSWER, /* udevd runs, has nothing to do, and did not deal with the event */
};

/* How things are done, and looked at, outside. None of these may call the machine. */
struct publish_effects {
	/*
	 * Makes the file of a device hold `text`, or not be there (NULL); a file that is not there
	 * is gone. 0 or a negative errno.
	 */
	int (*write)(void *data, const char *name, uint64_t diskseq, const char *text);
	/*
	 * Asks the kernel for one event of the device. udevd's answer has `number` on it. -ENODEV:
	 * it is not there any more; -ESTALE: its node is another disk's, or this disk has another
	 * number by now.
	 */
	int (*ask)(void *data, const char *name, uint64_t diskseq, uint64_t number);
	bool (*is_udevd_running)(void *data);
	/* Whether links of a file with this text are there and lead to the node of the device. */
	bool (*has_links)(void *data, const char *name, const char *text);
	/* Whether udevd has events to deal with; asked of one that runs. */
	bool (*is_udevd_busy)(void *data);
	/* What is known of this device is not so any more. */
	void (*look)(void *data, const char *name);
	/* Tells once, until it has worked again, that something does not work for a device. */
	void (*complain)(void *data, const char *name, enum publish_trouble trouble, int error);
	/* When publish_handle_time() is to be called, which may be early; 0: not at all. */
	void (*set_timer)(void *data, uint64_t at);
};

struct publish {
	const struct publish_effects *effects;
	void *data;
	struct map targets;
	uint64_t deadline; /* no target has an earlier one; 0: none has any */
	uint64_t timer;	   /* what it is set for */
	uint64_t number;   /* of the event asked for last */
	size_t awaited;	   /* how many targets are not as they are to be, and may soon be */
	bool is_started;
	uint64_t absent_until; /* udevd was not running, and is not looked for before that */
	uint64_t absence;      /* how long it is not looked for */
};

void publish_init(struct publish *publish, const struct publish_effects *effects, void *data);
void publish_fini(struct publish *publish);
/*
 * Before the start: what somebody before us has left for a device that is here. NULL: no file.
 * `is_shown`: udevd has made exactly the links of the file. It stays as it is until publish_set()
 * is called for the device: who is being looked at may turn out to be who it was.
 */
void publish_adopt(struct publish *publish, const char *name, uint64_t diskseq, const char *text,
	bool is_shown);
/*
 * What the file of a device is to hold from now on; NULL: it is to have no links. `diskseq` 0: the
 * device is not there any more. Nothing is done before the start.
 */
void publish_set(struct publish *publish, const char *name, uint64_t diskseq, const char *text,
	uint64_t now);
/* All devices have been set that are known by now. */
void publish_start(struct publish *publish, uint64_t now);
/* udevd has dealt with the event that has this number. */
void publish_handle_answer(
	struct publish *publish, const char *name, uint64_t number, uint64_t now);
/* The udevd that was running has ended: events may be lost. */
void publish_handle_udevd_end(struct publish *publish, uint64_t now);
/* The timer has fired. */
void publish_handle_time(struct publish *publish, uint64_t now);
/* Whether nothing is under way that could be waited for. */
bool publish_is_settled(const struct publish *publish);
