/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/event.h"

/*
 * The stream of events: the newest lines, numbered from 1, one JSON object each. Readers have a
 * position of their own, so that none of them can hold up another or take memory: who falls behind
 * by more lines than are kept is told how many it has lost.
 */
#define EVENT_STREAM_MAX 4096 /* lines */

struct event_line {
	char *text; /* with its newline */
	size_t len;
	uint64_t time; /* µs since 1970 */
	uint32_t epic;
};

struct event_stream {
	struct event_line *lines; /* number n is at n % EVENT_STREAM_MAX */
	uint64_t next;		  /* number of the line that comes next */
	uint64_t first;		  /* of the oldest that there is at most: no line is before it */
	struct event_line lost;	  /* the newest that is not kept any more, without its text */
};

struct event_reader {
	uint64_t next;	    /* number of the line to be read next */
	struct strbuf rest; /* a line of which a part was read */
	size_t rest_at;	    /* how much of it */
};

void event_stream_init(struct event_stream *stream);
void event_stream_fini(struct event_stream *stream);
void event_stream_add(
	struct event_stream *stream, const struct event *event, uint32_t epic, uint64_t time);
/* The same as adding one after the other; what nobody could read any more is not made a line. */
void event_stream_add_all(
	struct event_stream *stream, const struct events *events, uint32_t epic, uint64_t time);

/* Number of the oldest line that is kept, or the next if there is none. */
uint64_t event_stream_get_oldest(const struct event_stream *stream);

/*
 * Adds a line as it was in another stream, with its number there, behind those of lower numbers; if
 * it is not the next, those before it are lost. Without a text it is lost, too.
 */
void event_stream_restore(
	struct event_stream *stream, uint64_t number, const struct event_line *line);

/* Nobody knows any more what came here: all readers have lost something. */
void event_stream_lose(struct event_stream *stream, uint32_t epic, uint64_t time);

/* From the line that comes next. */
void event_reader_init(struct event_reader *reader, const struct event_stream *stream);
void event_reader_fini(struct event_reader *reader);
/* Whether there is anything to read. */
bool event_reader_has(const struct event_reader *reader, const struct event_stream *stream);
/*
 * Fills `buffer` with as many whole lines as fit, and with a part of a line only when it is longer
 * than the buffer: the rest of it comes next. Returns the bytes, 0 if there is nothing to read.
 */
size_t event_reader_read(
	struct event_reader *reader, const struct event_stream *stream, char *buffer, size_t size);
