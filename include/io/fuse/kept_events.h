/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/kept.h"
#include "core/views/event_stream.h"

/* The lines that readers of `events` can still get, in memory that can outlive the process. */
struct kept_events {
	struct kept *kept;
	uint64_t next;			    /* number of the line that is to be noted next */
	uint32_t records[EVENT_STREAM_MAX]; /* number n is at n % EVENT_STREAM_MAX */
};

/*
 * Puts the lines that an earlier process has noted into the stream, which is new, and goes on with
 * the numbers behind them. A line that makes no sense is lost with all before it, and readers are
 * told how many that are.
 */
void kept_events_init(struct kept_events *events, struct kept *kept, struct event_stream *stream);
/* Notes the lines that were added to the stream. */
void kept_events_note(struct kept_events *events, const struct event_stream *stream);
