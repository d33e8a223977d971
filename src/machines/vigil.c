/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper's clock: see the header.
 *
 * A server may be silent for three intervals, as the keeper may be to systemd. They begin anew when
 * the keeper itself did not run for some time. A server that is to end has a limit by which it must
 * be gone; its signs of life do not count any more.
 */

#include "machines/vigil.h"

#define SECOND UINT64_C(1000000) /* µs */
#define EXIT_LIMIT (10 * SECOND) /* for a server that has said that it ends, */
#define ABORT_LIMIT (2 * SECOND) /* for one that was told to abort, */
#define KILL_LIMIT (5 * SECOND)	 /* and that was killed */

void vigil_begin(struct vigil *vigil, uint64_t interval, uint64_t now)
{
	vigil->interval = interval;
	vigil->next = now;
	vigil->heard = now;
	vigil->is_paused = false;
}

void vigil_pause(struct vigil *vigil)
{
	vigil->limit = 0;
	vigil->is_paused = true;
	vigil->is_leaving = vigil->is_killed = false;
}

void vigil_hear(struct vigil *vigil, uint64_t now)
{
	vigil->heard = now;
}

void vigil_let_go(struct vigil *vigil, uint64_t now)
{
	vigil->is_leaving = true;
	vigil->limit = now + EXIT_LIMIT;
}

/* When its server has been silent for too long; 0: it may be. */
static uint64_t get_silence_limit(const struct vigil *vigil)
{
	return vigil->interval && !vigil->limit && !vigil->is_paused
		? vigil->heard + 3 * vigil->interval
		: 0;
}

enum vigil_action vigil_take(struct vigil *vigil, uint64_t now)
{
	uint64_t silence = get_silence_limit(vigil);

	if (vigil->interval && now >= vigil->next) {
		if (now >= vigil->next + vigil->interval)
			vigil->heard = now; /* the keeper stood still as well: frozen, both */
		vigil->next = now + vigil->interval;
		return VIGIL_FEED;
	}
	if (silence && now >= silence) {
		vigil->limit = now + ABORT_LIMIT;
		return VIGIL_ABORT;
	}
	if (!vigil->limit || now < vigil->limit)
		return VIGIL_NOTHING;
	if (vigil->is_leaving || vigil->is_killed)
		return VIGIL_LEAVE;
	vigil->is_killed = true;
	vigil->limit = now + KILL_LIMIT;
	return VIGIL_KILL;
}

static uint64_t get_earlier(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

uint64_t vigil_get_deadline(const struct vigil *vigil)
{
	uint64_t at = get_earlier(vigil->limit, get_silence_limit(vigil));

	return vigil->interval ? get_earlier(at, vigil->next) : at;
}
