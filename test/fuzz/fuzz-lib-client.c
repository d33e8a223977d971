/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that ask a hostile server by way of libmmfs: this file is the server. The first byte
 * says what is asked; then, for each call, there is a byte for what the call returns, two for the
 * length of the output, one for what the server claims beyond that length, and the output.
 *
 * What a program gets depends on nothing but the bytes that the server says it wrote: each input is
 * played twice, with other bytes in the rest of the buffer. What it gets can be walked to its end.
 */

#include <errno.h>
#include <string.h>

#include "base/strbuf.h"
#include "mmfs/client.h"
#include "fuzz.h"

enum { ASKS = 5, CALLS_MAX = 40 };

static struct {
	const uint8_t *data;
	size_t left;
	uint8_t rest; /* what the buffer is filled with behind the output */
	size_t calls;
} server;

static uint8_t take_byte(void)
{
	if (!server.left)
		return 0;
	server.left--;
	return *server.data++;
}

int mmfs_device_io_control(int fd, uint32_t code, const void *in, uint32_t in_len, void *out,
	uint32_t out_len, uint32_t *bytes_returned, uint32_t *ntstatus)
{
	static const int results[] = { 0, -EOVERFLOW, -ENOENT, -EINTR };
	int r = results[take_byte() % 4];
	size_t len = take_byte(), excess;
	uint8_t *bytes = out;

	FUZZ_ASSERT(in && in_len <= MMFS_INPUT_MAX && server.calls++ < CALLS_MAX);
	len |= (size_t)take_byte() << 8;
	excess = take_byte();
	len = len < server.left ? len : server.left;
	len = len < out_len ? len : out_len;
	if (out) {
		memset(bytes + len, excess ? 0 : server.rest, out_len < 65536 ? out_len - len : 0);
		memcpy(bytes, server.data, len);
	}
	server.data += len;
	server.left -= len;
	if (bytes_returned)
		*bytes_returned = (uint32_t)(excess ? out_len + excess : len);
	if (ntstatus)
		*ntstatus = 0;
	return r;
}

/* A text of all that a program gets. */
static void tell_points(struct strbuf *text, struct mmfs_point *points, size_t count)
{
	for (size_t i = 0; i < count; i++)
		strbuf_add_format(
			text, "%s|%s|%s\n", points[i].link, points[i].id, points[i].device);
	free(points);
}

static int ask_points(struct strbuf *text, bool is_query)
{
	const struct mmfs_point like = { .link = "/DosDevices/X:", .id = "UUID=1" };
	struct mmfs_point *points = NULL;
	size_t count = 0;
	int r = is_query ? mmfs_query_points(0, &like, &points, &count)
			 : mmfs_delete_points(0, &like, &points, &count);

	FUZZ_ASSERT(r == 0 || (!points && !count));
	if (r == 0)
		tell_points(text, points, count);
	return r;
}

static int ask_paths(struct strbuf *text)
{
	char *paths = NULL;
	int r = mmfs_query_paths(0, "X:", &paths);

	FUZZ_ASSERT(r == 0 || !paths);
	for (const char *path = paths; path && *path; path += strlen(path) + 1)
		strbuf_add_format(text, "%s\n", path);
	free(paths);
	return r;
}

static int ask(struct strbuf *text, unsigned int what)
{
	uint32_t epic = 7;
	char letter = '?';
	int r;

	switch (what) {
	case 0:
		return ask_points(text, true);
	case 1:
		return ask_points(text, false);
	case 2:
		return ask_paths(text);
	case 3:
		r = mmfs_next_drive_letter(0, "sda1", &letter);
		FUZZ_ASSERT(r < 0 ? letter == '?' : !letter || (letter >= 'A' && letter <= 'Z'));
		strbuf_add_format(text, "%d", letter);
		return r;
	default:
		r = mmfs_wait_change(0, &epic);
		FUZZ_ASSERT(r == 0 || epic == 7);
		strbuf_add_format(text, "%u", epic);
		return r;
	}
}

static int play(const uint8_t *data, size_t size, uint8_t rest, struct strbuf *text)
{
	server.data = data + 1;
	server.left = size - 1;
	server.rest = rest;
	server.calls = 0;
	return ask(text, data[0] % ASKS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_strbuf_ struct strbuf one = STRBUF_INIT, other = STRBUF_INIT;
	int r;

	if (!size)
		return 0;
	r = play(data, size, 0, &one);
	FUZZ_ASSERT(play(data, size, 0xaa, &other) == r);
	FUZZ_ASSERT(strcmp(strbuf_text(&one), strbuf_text(&other)) == 0);
	return 0;
}
