/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * What the keeper does by the clock: signs of life for systemd, the end of a server that gives none
 * or that does not end as it said. Times are in µs of one clock, which a caller passes as `now`.
 * Zeros are one without a server to watch.
 */
struct vigil {
	uint64_t interval; /* between signs of life for systemd; 0: it wants none */
	uint64_t next;	   /* of these */
	uint64_t heard;	   /* when the server gave its last one */
	uint64_t limit;	   /* by when it has to be gone; 0: it may stay */
	bool is_paused;	   /* there is none to be heard */
	bool is_leaving;   /* it said that it ends */
	bool is_killed;
};

enum vigil_action {
	VIGIL_NOTHING,
	VIGIL_FEED,  /* tell systemd */
	VIGIL_ABORT, /* the server stands still: ask it for a core */
	VIGIL_KILL,  /* it has not ended by that */
	VIGIL_LEAVE, /* nothing ends it: go without it */
};

/* The tree is complete. `interval` 0: neither systemd nor the server is asked for signs of life. */
void vigil_begin(struct vigil *vigil, uint64_t interval, uint64_t now);
/*
 * It has ended, and another one starts: vigil_begin() is called again when that has the tree. Until
 * then only systemd is told.
 */
void vigil_pause(struct vigil *vigil);
/* The server lives. */
void vigil_hear(struct vigil *vigil, uint64_t now);
/* It said that it ends. */
void vigil_let_go(struct vigil *vigil, uint64_t now);
/* The next thing that is due, to be done; to be called until there is nothing. */
enum vigil_action vigil_take(struct vigil *vigil, uint64_t now);
/* When something is due; 0: never. */
uint64_t vigil_get_deadline(const struct vigil *vigil);
