/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What mmfs-cluster hears, from etcd and from mmfs, in any order: pieces of a byte that says what
 * it is, two of length, and that. Nothing breaks, and what mmfs is told is lines that it
 * understands: it would hang up, and be told the same again.
 */

#include <string.h>

#include "cluster/codec.h"
#include "cluster/lines.h"
#include "cluster/session.h"
#include "core/syntax/cluster_line.h"
#include "fuzz.h"

#define SECOND UINT64_C(1000000)
#define PREFIX "/mmfs/x/"
#define PIECES_MAX 200

static struct {
	struct session *session;
	uint64_t now;
	uint64_t tickets[64]; /* of requests that have no answer yet, the newest last */
	enum etcd_request_type types[64];
	uint8_t marks[64][2]; /* how a request begins, and how long it is */
	size_t count;
	uint64_t watch;
	bool is_over; /* the connection to mmfs */
} world;

static void on_call(_unused_ void *data, uint64_t ticket, _unused_ size_t member,
	const struct etcd_request *request, _unused_ uint64_t limit)
{
	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT;
	const void *message;
	size_t len;

	codec_pack(request, PREFIX, &bytes);
	FUZZ_ASSERT(codec_find(&bytes, &message, &len) == 1 && len + 5 == bytes.len);
	if (world.count == ARRAY_SIZE(world.tickets))
		world.count = 0;
	world.marks[world.count][0] = '-';
	if (request->then.count > 0)
		world.marks[world.count][0] = (uint8_t)request->then.list[0].key[0];
	world.marks[world.count][1] = (uint8_t)('0' + request->then.count % 10);
	world.types[world.count] = request->type;
	world.tickets[world.count++] = ticket;
}

static void on_watch(
	_unused_ void *data, uint64_t ticket, _unused_ size_t member, _unused_ int64_t from)
{
	world.watch = ticket;
}

static void on_unwatch(_unused_ void *data)
{
	world.watch = 0;
}

static void check_line(const char *text, size_t len)
{
	_cleanup_cluster_line_ struct cluster_line line = { 0 };
	const char *why = NULL;

	FUZZ_ASSERT(cluster_line_parse(xstrndup(text, len), len, &line, &why) == 0);
}

static void on_tell(_unused_ void *data, const struct tale *tale)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	if (lines_format(tale, 3600 * SECOND, &text) < 0)
		return;
	FUZZ_ASSERT(text.len > 2 && text.data[0] == '{' && text.data[text.len - 1] == '\n');
	FUZZ_ASSERT(strlen(text.data) == text.len);
	for (char *line = text.data, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		check_line(line, (size_t)(end - line));
	}
}

static void on_hang_up(_unused_ void *data)
{
	world.is_over = true;
}

static const struct session_ops ops = { on_call, on_watch, on_unwatch, on_tell, on_hang_up };

/* The request that has this mark comes last; if none has, it is the newest that does. */
static void find_request(const uint8_t mark[2])
{
	size_t last = world.count - 1;

	for (size_t i = world.count; i-- > 0;) {
		uint64_t ticket = world.tickets[i];
		enum etcd_request_type type = world.types[i];

		if (memcmp(world.marks[i], mark, 2) != 0)
			continue;
		world.tickets[i] = world.tickets[last];
		world.types[i] = world.types[last];
		memcpy(world.marks[i], world.marks[last], 2);
		world.tickets[last] = ticket;
		world.types[last] = type;
		return;
	}
}

/* Two bytes of a mark, and the message. */
static void play_answer(const uint8_t *data, size_t size)
{
	struct etcd_answer answer;

	if (world.count == 0 || size < 2)
		return;
	find_request(data);
	world.count--;
	if (codec_unpack(world.types[world.count], PREFIX, data + 2, size - 2, &answer) < 0)
		return;
	session_handle_answer(world.session, world.tickets[world.count], &answer, world.now);
	etcd_answer_fini(&answer);
}

static void play_failure(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *why = xstrndup((const char *)data + (size > 0), size - (size > 0));
	struct etcd_answer answer = {};

	answer.status = codec_get_status(size > 0 ? data[0] % 18 : -1, why);
	if (world.count == 0 || answer.status == ETCD_OK)
		return;
	answer.why = why;
	session_handle_answer(world.session, world.tickets[--world.count], &answer, world.now);
}

static void play_news(const uint8_t *data, size_t size)
{
	struct etcd_news news;

	if (codec_unpack_news(PREFIX, data, size, &news) < 0)
		return;
	session_handle_news(world.session, world.watch, &news, world.now);
	etcd_news_fini(&news);
}

static void play_line(const uint8_t *data, size_t size)
{
	struct order order;
	bool is_known;

	if (lines_parse((const char *)data, size, &order, &is_known) < 0)
		return;
	if (is_known)
		world.is_over |= session_handle_order(world.session, &order, world.now) < 0;
	order_fini(&order);
}

static void play_frame(const uint8_t *data, size_t size)
{
	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT;
	const void *message;
	size_t len;

	strbuf_add(&bytes, data, size);
	while (codec_find(&bytes, &message, &len) > 0) {
		FUZZ_ASSERT(len + 5 <= bytes.len);
		codec_drop(&bytes, len);
	}
}

static void play_time(const uint8_t *data, size_t size)
{
	world.now += size > 0 ? data[0] * SECOND / 10 : SECOND;
	session_handle_time(world.session, world.now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const plays[])(const uint8_t *data, size_t size) = { play_answer,
		play_failure, play_news, play_line, play_time, play_frame };
	struct session_config config = { "h1", "{}", "01234567-89ab-4cde-8f01-23456789abcd", 3, 128,
		0, "x" };
	size_t pieces = 0;

	memset(&world, 0, sizeof(world));
	world.now = SECOND;
	world.session = session_new(&config, &ops, NULL);
	session_handle_link(world.session, true, world.now);
	session_handle_time(world.session, world.now);
	while (size >= 3 && pieces++ < PIECES_MAX) {
		size_t len = data[1] | (size_t)data[2] << 8;

		if (len > size - 3)
			len = size - 3;
		plays[data[0] % ARRAY_SIZE(plays)](data + 3, len);
		data += 3 + len;
		size -= 3 + len;
		if (world.is_over) {
			world.is_over = false;
			session_handle_link(world.session, false, world.now);
			session_handle_link(world.session, true, world.now);
		}
		session_handle_time(world.session, world.now);
	}
	session_free(world.session);
	return 0;
}
