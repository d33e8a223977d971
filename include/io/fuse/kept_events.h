/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/kept.h"
#include "core/views/event_stream.h"

/* The lines that readers of `events` can still get, in memory that outlives the process. */
struct kept_events {
	struct kept *kept;
	uint64_t next;			    /* number of the line that is to be noted next */
	uint32_t records[EVENT_STREAM_MAX]; /* number n is at n % EVENT_STREAM_MAX */
};

/*
 * Puts what a process before has noted in the stream, which is new, and goes on there. Of lines
 * that make no sense, and of those before them, readers are told how many they have lost.
 */
void kept_events_init(struct kept_events *events, struct kept *kept, struct event_stream *stream);
/* Lines were added. */
void kept_events_note(struct kept_events *events, const struct event_stream *stream);
