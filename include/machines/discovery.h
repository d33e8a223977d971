/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/device_report.h"
#include "machines/pending.h"
#include "machines/probing.h"

/*
 * Finds out what block devices there are and what they hold: joins the events of kernel, udevd and
 * inotify with the answers of the prober, and hands over devices when all is known of them.
 *
 * Times are µs of the monotonic clock. Whoever drives it tells what has happened and what time it
 * is; what it wants done it has done by struct discovery_world.
 */
struct discovery;

/* A device, from its name until it is gone. */
enum discovery_state {
	DISCOVERY_IDLE,		/* all is known that can be */
	DISCOVERY_AWAITS_UDEVD, /* udevd is at it, or will be */
	DISCOVERY_AWAITS_PROBE,
	DISCOVERY_IS_SLOW, /* the same, and nobody waits for it any more */
};

enum discovery_message { DISCOVERY_DEBUG, DISCOVERY_WARNING, DISCOVERY_ERROR };

struct discovery_event {
	const char *name; /* kernel name */
	bool is_gone;
	bool is_empty;	    /* the kernel's: by now there is no medium, nothing is attached */
	uint64_t diskseq;   /* the kernel's: of the medium that is there by now; 0: unknown */
	uint64_t sequence;  /* the kernel's number of the event, the same from udevd */
	const void *source; /* for `describe` */
};

struct discovery_world {
	/* Kernel names of all devices, each and the list to be freed; or a negative errno. */
	int (*list)(void *data, char ***ret_names, size_t *ret_count);
	/*
	 * Describes a device, from an event of it (`source`) or as it is now (NULL), with or
	 * without what udevd knows. A negative errno: there is none.
	 */
	int (*describe)(void *data, const char *name, const void *source, bool use_udevd,
		struct device_report *ret_report);
	/* Whether udevd has events to process, as far as can be told. */
	bool (*is_udevd_busy)(void *data);
	/* Watches a device's node for writes; NULL: no more. */
	void (*watch)(void *data, const char *name, const char *node);
	/* When discovery_handle_time() is to be called; 0: not at all. */
	void (*set_timer)(void *data, uint64_t at);
	void (*say)(void *data, enum discovery_message message, const char *text);
	struct probing_world prober;
	void *data;
};

struct discovery_counters {
	uint64_t events;   /* of devices, on both channels */
	uint64_t overruns; /* times that events were lost */
	uint64_t probes;
	uint64_t faults; /* probes that found no answer */
};

/* `globs` (owned by the caller): which devices, by kernel name. */
struct discovery *discovery_new(const struct discovery_world *world, const char *globs);
void discovery_free(struct discovery *discovery);

/*
 * Whose word counts: udevd's, or that of kernel and prober alone. `is_running`: udevd is there. To
 * be told before anything else, and when it changes.
 */
void discovery_set_udevd(
	struct discovery *discovery, bool uses_udevd, bool is_running, uint64_t now);
/* Looks at all devices for the first time. What udevd has not dealt with is left to it. */
void discovery_start(struct discovery *discovery, uint64_t now);
/* Looks at all devices again, and reads each, whatever udevd knows of them. */
void discovery_rescan(struct discovery *discovery, uint64_t now);
/* Looks at one device again. */
void discovery_look(struct discovery *discovery, const char *name, uint64_t now);
/*
 * The same, and reads it, whatever udevd knows of it: that may be old, as long as udevd tells of
 * nothing newer.
 */
void discovery_read(struct discovery *discovery, const char *name, uint64_t now);

/* An event as the kernel tells it, and as udevd does when it has processed it. */
void discovery_handle_kernel(
	struct discovery *discovery, const struct discovery_event *event, uint64_t now);
void discovery_handle_udevd(
	struct discovery *discovery, const struct discovery_event *event, uint64_t now);
/* Events were lost. */
void discovery_handle_overrun(struct discovery *discovery, uint64_t now);
/* Somebody has closed a device after writing. */
void discovery_handle_written(struct discovery *discovery, const char *name, uint64_t now);
/* Takes the texts of the answer. */
void discovery_handle_answer(
	struct discovery *discovery, struct probe_answer *answer, uint64_t now);
/* The prober may have room again. */
void discovery_handle_room(struct discovery *discovery, uint64_t now);
/* There is no prober, from now on. */
void discovery_handle_prober_end(struct discovery *discovery, uint64_t now);
void discovery_handle_time(struct discovery *discovery, uint64_t now);

/* Tells of what is known by now, without taking it: `device` is NULL of one that is gone. */
void discovery_peek(const struct discovery *discovery,
	void (*look)(void *data, const char *name, const struct device *device), void *data);
/* Moves what is known by now into `change`. */
void discovery_take(struct discovery *discovery, struct volumes_change *change);
/*
 * Whether all devices are known as well as they can be for now: udevd has processed every event
 * that the kernel has announced, every probe has come back or takes long, and so does what has
 * failed.
 */
bool discovery_is_enumerated(const struct discovery *discovery);
/* The same, and there is nothing to take. */
bool discovery_is_settled(const struct discovery *discovery);
/*
 * Whether udevd, which was behind when we began, gets on towards devices that it has never dealt
 * with: it told of something in the last three seconds. Else a disk that hangs may hold it up.
 */
bool discovery_awaits_udevd(const struct discovery *discovery, uint64_t now);
/*
 * At the start: whether all that was there before we began to listen is known. udevd is waited for,
 * for three seconds and then as long as discovery_awaits_udevd().
 */
bool discovery_has_begun(const struct discovery *discovery, uint64_t now);
const struct discovery_counters *discovery_get_counters(struct discovery *discovery);
