/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What readers of `events` are told: notices on their way, and the stream of lines they become.
 */

#include <string.h>

#include "base/map.h"
#include "core/notice.h"
#include "core/render.h"

#define OVERRUN NOTICE_KINDS

const struct notice_event notice_events[NOTICE_KINDS + 1] = {
	[NOTICE_VOLUME_ARRIVED] = { "volume-arrived", "id device" },
	[NOTICE_VOLUME_REMOVED] = { "volume-removed", "id device" },
	[NOTICE_VOLUME_CHANGED] = { "volume-changed", "id device" },
	[NOTICE_LINK_CREATED] = { "link-created", "link id device" },
	[NOTICE_LINK_DELETED] = { "link-deleted", "link id device" },
	[NOTICE_VOLUME_UNPROCESSED] = { "volume-unprocessed", "device reason" },
	[NOTICE_DUPLICATE] = { "duplicate", "[id] device [reason]" },
	[NOTICE_MOUNTED] = { "mounted", "id device path" },
	[NOTICE_UNMOUNTED] = { "unmounted", "id device path" },
	[NOTICE_MOUNT_POINT_CREATED] = { "mount-point-created", "link [id] path [reason]" },
	[NOTICE_MOUNT_POINT_DELETED] = { "mount-point-deleted", "link [id] path [reason]" },
	[NOTICE_MOUNT_POINT_REFUSED] = { "mount-point-refused", "link id path reason" },
	[OVERRUN] = { "overrun", "lost" },
};

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static struct notice *notices_grow(struct notices *notices)
{
	if ((notices->count & (notices->count + 1)) == 0)
		notices->list =
			xrealloc(notices->list, notices->count * 2 + 2, sizeof(*notices->list));
	return &notices->list[notices->count++];
}

void notices_add(struct notices *notices, const struct notice *notice)
{
	*notices_grow(notices) = (struct notice){
		.kind = notice->kind,
		.link = copy(notice->link),
		.id = copy(notice->id),
		.device = copy(notice->device),
		.path = copy(notice->path),
		.reason = copy(notice->reason),
	};
}

void notices_move(struct notices *to, struct notices *from)
{
	for (size_t i = 0; i < from->count; i++)
		*notices_grow(to) = from->list[i];
	from->count = 0;
	notices_fini(from);
}

static void notice_fini(struct notice *notice)
{
	free(notice->link);
	free(notice->id);
	free(notice->device);
	free(notice->path);
	free(notice->reason);
}

void notices_fini(struct notices *notices)
{
	for (size_t i = 0; i < notices->count; i++)
		notice_fini(&notices->list[i]);
	free(notices->list);
	*notices = (struct notices){ 0 };
}

uint64_t notices_get_hash(const struct notices *notices)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < notices->count; i++) {
		const struct notice *notice = &notices->list[i];

		strbuf_add_format(&text, "%d %s %s %s\n", notice->kind,
			notice->link ? notice->link : "", notice->id ? notice->id : "",
			notice->path ? notice->path : "");
	}
	return text.len ? map_hash_text(text.data) : 0;
}

void notice_stream_init(struct notice_stream *stream)
{
	*stream = (struct notice_stream){ .next = 1 };
	stream->lines = xcalloc(NOTICE_STREAM_MAX, sizeof(*stream->lines));
}

void notice_stream_fini(struct notice_stream *stream)
{
	for (size_t i = 0; stream->lines && i < NOTICE_STREAM_MAX; i++)
		free(stream->lines[i].text);
	free(stream->lines);
	*stream = (struct notice_stream){ 0 };
}

/* The start of a line, up to where its own members follow. */
static void begin_line(
	struct strbuf *text, uint64_t number, uint32_t epic, uint64_t time, const char *event)
{
	strbuf_add_format(
		text, "{\"seq\":%llu,\"epic\":%u,\"time\":\"", (unsigned long long)number, epic);
	render_time(time, text);
	strbuf_add_format(text, "\",\"event\":\"%s\"", event);
}

static void add_member(struct strbuf *text, const char *key, const char *value)
{
	if (!value)
		return;
	strbuf_add_format(text, ",\"%s\":", key);
	strbuf_add_json(text, value);
}

void notice_stream_add(
	struct notice_stream *stream, const struct notice *notice, uint32_t epic, uint64_t time)
{
	struct notice_line *line = &stream->lines[stream->next % NOTICE_STREAM_MAX];
	struct strbuf text = STRBUF_INIT;

	begin_line(&text, stream->next, epic, time, notice_events[notice->kind].name);
	add_member(&text, "link", notice->link);
	add_member(&text, "id", notice->id);
	add_member(&text, "device", notice->device);
	add_member(&text, "path", notice->path);
	add_member(&text, "reason", notice->reason);
	strbuf_add_text(&text, "}\n");
	free(line->text);
	stream->lost = (struct notice_line){ .time = line->time, .epic = line->epic };
	*line = (struct notice_line){ .len = text.len, .time = time, .epic = epic };
	line->text = xrealloc(strbuf_take(&text), line->len + 1, 1);
	stream->next++;
}

void notice_reader_init(struct notice_reader *reader, const struct notice_stream *stream)
{
	*reader = (struct notice_reader){ .next = stream->next };
}

void notice_reader_fini(struct notice_reader *reader)
{
	strbuf_fini(&reader->rest);
}

bool notice_reader_has(const struct notice_reader *reader, const struct notice_stream *stream)
{
	return reader->rest_at < reader->rest.len || reader->next < stream->next;
}

/* Makes the next line `rest`: what was lost, or what is kept. False: there is none. */
static bool take_line(struct notice_reader *reader, const struct notice_stream *stream)
{
	uint64_t oldest = stream->next > NOTICE_STREAM_MAX ? stream->next - NOTICE_STREAM_MAX : 1;
	const struct notice_line *line = &stream->lines[reader->next % NOTICE_STREAM_MAX];

	if (reader->next >= stream->next)
		return false;
	if (reader->next >= oldest) {
		strbuf_add(&reader->rest, line->text, line->len);
		reader->next++;
		return true;
	}
	begin_line(&reader->rest, oldest - 1, stream->lost.epic, stream->lost.time,
		notice_events[OVERRUN].name);
	strbuf_add_format(
		&reader->rest, ",\"lost\":%llu}\n", (unsigned long long)(oldest - reader->next));
	reader->next = oldest;
	return true;
}

static size_t read_rest(struct notice_reader *reader, char *buffer, size_t size)
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

size_t notice_reader_read(
	struct notice_reader *reader, const struct notice_stream *stream, char *buffer, size_t size)
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
