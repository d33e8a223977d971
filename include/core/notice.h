/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

/* What became different, as told to people and programs: one line of `events` each. */
enum notice_kind {
	NOTICE_VOLUME_ARRIVED,	    /* id, device */
	NOTICE_VOLUME_REMOVED,	    /* id, device */
	NOTICE_VOLUME_CHANGED,	    /* id, device: another node, size, label, … */
	NOTICE_LINK_CREATED,	    /* link, id, device: it shows from now on */
	NOTICE_LINK_DELETED,	    /* link, id, device: it shows no more */
	NOTICE_VOLUME_UNPROCESSED,  /* device, reason */
	NOTICE_DUPLICATE,	    /* device, reason or the id it has instead */
	NOTICE_MOUNTED,		    /* id, device, path */
	NOTICE_UNMOUNTED,	    /* id, device, path */
	NOTICE_MOUNT_POINT_CREATED, /* link, id, path, reason if nobody asked for it here */
	NOTICE_MOUNT_POINT_DELETED, /* the same */
	NOTICE_MOUNT_POINT_REFUSED, /* link, id, path, reason: found on a hosting volume */
	NOTICE_KINDS,
};

/* As readers of `events` know it; members in brackets are not always there. */
struct notice_event {
	const char *name;
	const char *members; /* "link id device": beside `seq`, `epic`, `time` and `event` */
};

/* By notice_kind, and at last the one of readers who have lost some. */
extern const struct notice_event notice_events[NOTICE_KINDS + 1];

/* Texts that do not apply are NULL. */
struct notice {
	enum notice_kind kind;
	char *link; /* canonical path */
	char *id;   /* unique ID */
	char *device;
	char *path; /* mount point */
	char *reason;
};

struct notices {
	struct notice *list;
	size_t count;
};

/* Takes copies of the texts. */
void notices_add(struct notices *notices, const struct notice *notice);
/* Moves all of `from` to the end of `to`. */
void notices_move(struct notices *to, struct notices *from);
void notices_fini(struct notices *notices);
/* To tell whether they say the same; 0: there are none. */
uint64_t notices_get_hash(const struct notices *notices);

/*
 * The stream of events: the newest lines, numbered from 1, one JSON object each. Readers have a
 * position of their own, so that none of them can hold up another or take memory: who falls behind
 * by more lines than are kept is told how many it has lost.
 */
#define NOTICE_STREAM_MAX 4096 /* lines */

struct notice_line {
	char *text; /* with its newline */
	size_t len;
	uint64_t time; /* µs since 1970 */
	uint32_t epic;
};

struct notice_stream {
	struct notice_line *lines; /* number n is at n % NOTICE_STREAM_MAX */
	uint64_t next;		   /* number of the line that comes next */
	struct notice_line lost;   /* the newest that is not kept any more, without its text */
};

struct notice_reader {
	uint64_t next;	    /* number of the line to be read next */
	struct strbuf rest; /* a line of which a part was read */
	size_t rest_at;	    /* how much of it */
};

void notice_stream_init(struct notice_stream *stream);
void notice_stream_fini(struct notice_stream *stream);
void notice_stream_add(
	struct notice_stream *stream, const struct notice *notice, uint32_t epic, uint64_t time);

/* From the line that comes next. */
void notice_reader_init(struct notice_reader *reader, const struct notice_stream *stream);
void notice_reader_fini(struct notice_reader *reader);
/* Whether there is anything to read. */
bool notice_reader_has(const struct notice_reader *reader, const struct notice_stream *stream);
/*
 * Fills `buffer` with as many whole lines as fit, and with a part of a line only when it is longer
 * than the buffer: the rest of it comes next. Returns the bytes, 0 if there is nothing to read.
 */
size_t notice_reader_read(struct notice_reader *reader, const struct notice_stream *stream,
	char *buffer, size_t size);
