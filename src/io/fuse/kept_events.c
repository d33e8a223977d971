/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of `events`. They keep their numbers in another process: a reader goes on there with
 * the line behind the last that it has read. Events that nobody was told of have no lines; if the
 * newest is one of them, its number is noted.
 */

#include <string.h>

#include "io/fuse/kept_events.h"
#include "io/fuse/requests.h"

/* The text follows, without a NUL; none: nobody was told of the event of that number. */
struct kept_line {
	uint64_t time;
	uint64_t epic;
};

#define LINE_MAX 65536 /* bytes */
#define BITS 52	       /* of a number at most */

static void note(struct kept_events *events, uint64_t number, const struct event_line *line)
{
	uint32_t *record = &events->records[number % EVENT_STREAM_MAX];
	const struct kept_line head = { .time = line->time, .epic = line->epic };
	const struct kept_bytes bytes[2] = { { &head, sizeof(head) }, { line->text, line->len } };

	kept_remove(events->kept, *record);
	*record = 0;
	if (line->len <= LINE_MAX)
		*record = kept_try_add_both(events->kept, KEPT_LINE, number, bytes);
}

void kept_events_note(struct kept_events *events, const struct event_stream *stream)
{
	uint64_t oldest = event_stream_get_oldest(stream);

	if (events->next < oldest && oldest == stream->next)
		note(events, oldest - 1, &stream->lost);
	if (events->next < oldest)
		events->next = oldest;
	for (; events->next < stream->next; events->next++)
		note(events, events->next, &stream->lines[events->next % EVENT_STREAM_MAX]);
}

static bool is_sound(const struct kept *kept, uint32_t record)
{
	const char *text = (const char *)kept_get(kept, record) + sizeof(struct kept_line);
	size_t len = kept_get_len(kept, record);
	uint64_t number = kept_get_id(kept, record);

	if (!number || number >> BITS)
		return false;
	if (len < sizeof(struct kept_line) || len > sizeof(struct kept_line) + LINE_MAX)
		return false;
	len -= sizeof(struct kept_line);
	return !len || (memchr(text, '\n', len) == text + len - 1 && !memchr(text, '\0', len));
}

/* Finds the newest of the lines that are kept; returns the number behind the last, or 0. */
static uint64_t find_lines(struct kept_events *events)
{
	uint64_t end = 0;

	for (uint32_t record = 0; (record = kept_next(events->kept, KEPT_LINE, record));)
		if (is_sound(events->kept, record) && kept_get_id(events->kept, record) >= end)
			end = kept_get_id(events->kept, record) + 1;
	for (uint32_t record = 0; (record = kept_next(events->kept, KEPT_LINE, record));) {
		uint64_t number = kept_get_id(events->kept, record);
		uint32_t *place = &events->records[number % EVENT_STREAM_MAX];

		if (is_sound(events->kept, record) && number + EVENT_STREAM_MAX >= end && !*place)
			*place = record;
		else
			kept_remove(events->kept, record);
	}
	return end;
}

void kept_events_init(struct kept_events *events, struct kept *kept, struct event_stream *stream)
{
	uint64_t end, first;

	*events = (struct kept_events){ .kept = kept };
	end = find_lines(events);
	first = end;
	while (first > 1 && end - first < EVENT_STREAM_MAX &&
		events->records[(first - 1) % EVENT_STREAM_MAX])
		first--;
	for (uint64_t number = first; number < end; number++) {
		uint32_t record = events->records[number % EVENT_STREAM_MAX];
		const struct kept_line *head = kept_get(kept, record);
		size_t len = kept_get_len(kept, record) - sizeof(*head);

		event_stream_restore(stream, number,
			&(struct event_line){
				.text = len ? (char *)(head + 1) : NULL,
				.len = len,
				.time = head->time,
				.epic = (uint32_t)head->epic,
			});
	}
	events->next = stream->next;
	kept_commit(kept);
}
