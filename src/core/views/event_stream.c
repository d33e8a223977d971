/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stream of lines that events become, and its readers.
 */

#include <string.h>

#include "core/views/event_stream.h"

void event_stream_init(struct event_stream *stream)
{
	*stream = (struct event_stream){ .next = 1, .first = 1 };
	stream->lines = xcalloc(EVENT_STREAM_MAX, sizeof(*stream->lines));
}

void event_stream_fini(struct event_stream *stream)
{
	for (size_t i = 0; stream->lines && i < EVENT_STREAM_MAX; i++)
		free(stream->lines[i].text);
	free(stream->lines);
	*stream = (struct event_stream){ 0 };
}

/* The start of a line, up to where its own members follow. */
static void begin_line(
	struct strbuf *text, uint64_t number, uint32_t epic, uint64_t time, const char *event)
{
	strbuf_add_format(
		text, "{\"seq\":%llu,\"epic\":%u,\"time\":\"", (unsigned long long)number, epic);
	strbuf_add_time(text, time);
	strbuf_add_format(text, "\",\"event\":\"%s\"", event);
}

static void add_member(struct strbuf *text, const char *key, const char *value)
{
	if (!value)
		return;
	strbuf_add_format(text, ",\"%s\":", key);
	strbuf_add_json(text, value);
}

void event_stream_add(
	struct event_stream *stream, const struct event *event, uint32_t epic, uint64_t time)
{
	struct event_line *line = &stream->lines[stream->next % EVENT_STREAM_MAX];
	struct strbuf text = STRBUF_INIT;

	begin_line(&text, stream->next, epic, time, event_types[event->kind].name);
	add_member(&text, "link", event->link);
	add_member(&text, "id", event->id);
	add_member(&text, "device", event->device);
	add_member(&text, "path", event->path);
	add_member(&text, "reason", event->reason);
	add_member(&text, "host", event->host);
	strbuf_add_text(&text, "}\n");
	free(line->text);
	if (stream->next >= stream->first + EVENT_STREAM_MAX)
		stream->lost = (struct event_line){ .time = line->time, .epic = line->epic };
	*line = (struct event_line){ .len = text.len, .time = time, .epic = epic };
	line->text = xrealloc(strbuf_take(&text), line->len + 1, 1);
	stream->next++;
}

/* Counts events that are lost to all readers, and with them all before. */
static void skip(struct event_stream *stream, size_t count, uint32_t epic, uint64_t time)
{
	stream->next += count;
	stream->first = stream->next;
	stream->lost = (struct event_line){ .time = time, .epic = epic };
}

void event_stream_add_all(
	struct event_stream *stream, const struct events *events, uint32_t epic, uint64_t time)
{
	size_t skipped = events->count > EVENT_STREAM_MAX ? events->count - EVENT_STREAM_MAX : 0;

	if (events->untold + skipped)
		skip(stream, events->untold + skipped, epic, time);
	for (size_t i = skipped; i < events->count; i++)
		event_stream_add(stream, &events->list[i], epic, time);
}

void event_stream_restore(
	struct event_stream *stream, uint64_t number, const struct event_line *line)
{
	struct event_line *place = &stream->lines[number % EVENT_STREAM_MAX];

	if (!line->text) {
		stream->next = number;
		skip(stream, 1, line->epic, line->time);
		return;
	}
	if (number != stream->next) {
		stream->first = number;
		stream->lost = (struct event_line){ .time = line->time, .epic = line->epic };
	}
	free(place->text);
	*place = *line;
	place->text = memcpy(xrealloc(NULL, line->len, 1), line->text, line->len);
	stream->next = number + 1;
}

void event_stream_lose(struct event_stream *stream, uint32_t epic, uint64_t time)
{
	skip(stream, 1, epic, time);
}

void event_reader_init(struct event_reader *reader, const struct event_stream *stream)
{
	*reader = (struct event_reader){ .next = stream->next };
}

void event_reader_fini(struct event_reader *reader)
{
	strbuf_fini(&reader->rest);
}

bool event_reader_has(const struct event_reader *reader, const struct event_stream *stream)
{
	return reader->rest_at < reader->rest.len || reader->next < stream->next;
}

uint64_t event_stream_get_oldest(const struct event_stream *stream)
{
	if (stream->next > stream->first + EVENT_STREAM_MAX)
		return stream->next - EVENT_STREAM_MAX;
	return stream->first;
}

/* Makes the next line `rest`: what was lost, or what is kept. False: there is none. */
static bool take_line(struct event_reader *reader, const struct event_stream *stream)
{
	uint64_t oldest = event_stream_get_oldest(stream);
	const struct event_line *line = &stream->lines[reader->next % EVENT_STREAM_MAX];

	if (reader->next >= stream->next)
		return false;
	if (reader->next >= oldest) {
		strbuf_add(&reader->rest, line->text, line->len);
		reader->next++;
		return true;
	}
	begin_line(&reader->rest, oldest - 1, stream->lost.epic, stream->lost.time,
		event_types[EVENT_KINDS].name);
	strbuf_add_format(
		&reader->rest, ",\"lost\":%llu}\n", (unsigned long long)(oldest - reader->next));
	reader->next = oldest;
	return true;
}

static size_t read_rest(struct event_reader *reader, char *buffer, size_t size)
{
	size_t left = reader->rest.len - reader->rest_at, n = left < size ? left : size;

	if (n)
		memcpy(buffer, reader->rest.data + reader->rest_at, n);
	reader->rest_at += n;
	if (reader->rest_at == reader->rest.len) {
		strbuf_reset(&reader->rest);
		reader->rest_at = 0;
	}
	return n;
}

size_t event_reader_read(
	struct event_reader *reader, const struct event_stream *stream, char *buffer, size_t size)
{
	size_t n = 0;

	while (reader->rest.len || take_line(reader, stream)) {
		if (n && reader->rest.len - reader->rest_at > size - n)
			break;
		n += read_rest(reader, buffer + n, size - n);
		if (reader->rest.len)
			break; /* the buffer is full */
	}
	return n;
}
