/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The inside of struct discovery, for discovery.c and discovery_entry.c. */

#include "machines/discovery.h"

struct discovery {
	struct discovery_world world;
	const char *globs;
	struct probing probing;
	struct pending pending;
	bool uses_udevd;
	bool is_udevd_running;
	uint64_t start; /* when we began to listen */
	uint64_t heard; /* when udevd has told of anything last, or we began to listen */
	struct map entries;
	size_t waiting;	   /* entries that are not idle */
	size_t slow;	   /* of these, those that nobody waits for */
	uint64_t deadline; /* none of them has an earlier one; 0: none */
	uint64_t rescan_at;
	uint64_t rescan_limit; /* it is not put off any longer */
	uint64_t rescan_pause; /* after the last failure; 0: it did not fail */
	bool rescan_must_read;
	char **listed; /* names of all devices, to be looked at; NULL: they have been */
	size_t listed_count;
	size_t listed_next;
	uint64_t look_at; /* when the next of them are due */
	bool is_starting;
	uint64_t timer; /* what it is set for */
	struct discovery_counters counters;
};

/* Tells the world, in a sentence. */
void discovery_say(struct discovery *discovery, enum discovery_message message, const char *format,
	...) _printf_(3, 4);
/* Some entry has something to do at `deadline`. */
void discovery_note_deadline(struct discovery *discovery, uint64_t deadline);
