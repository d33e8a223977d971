/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of the binary interface without a daemon. See wire-call.h.
 */

#include <errno.h>
#include <string.h>

#include "core/rules/dispatch.h"
#include "wire-call.h"

static void bytes_add(struct bytes *bytes, uint64_t value, size_t count)
{
	for (; count; count--, value >>= 8)
		bytes->data[bytes->len++] = (uint8_t)value;
}

void bytes_parse(const char *words, struct bytes *ret_bytes)
{
	_cleanup_free_ char *copy = xstrdup(words);
	char *rest = copy;

	ret_bytes->len = 0;
	for (char *word; (word = strsep(&rest, " "));) {
		size_t len = strlen(word);

		if (*word == 'L')
			bytes_add(ret_bytes, strtoul(word + 1, NULL, 0), 4);
		else if (*word == 'z')
			bytes_add(ret_bytes, 0, strtoul(word + 1, NULL, 10));
		else if (*word == 'x')
			bytes_add(ret_bytes, strtoul(word + 1, NULL, 16), 1);
		else if (*word == '\'')
			ret_bytes->len += utf16_from_utf8(
				word + 1, len - 2, ret_bytes->data + ret_bytes->len);
		else if (*word == '=')
			memcpy(ret_bytes->data + (ret_bytes->len += len - 1) - (len - 1), word + 1,
				len - 1);
		else if (*word)
			bytes_add(ret_bytes, strtoul(word, NULL, 0), 2);
	}
}

int wire_call_decode(const struct wire_code *code, const struct bytes *bytes, size_t room,
	struct request *ret_request, struct strbuf *why)
{
	uint8_t *tight = memcpy(xcalloc(bytes->len + 1, 1), bytes->data, bytes->len);
	struct wire_input in = { tight, bytes->len, why };
	int r;

	tight = xrealloc(tight, bytes->len ? bytes->len : 1, 1);
	in.data = tight;
	r = wire_decode(code, &in, room, ret_request);
	free(tight);
	return r;
}

NTSTATUS wire_call(struct world *world, uint32_t number, const char *input, size_t room,
	struct strbuf *ret_output)
{
	const struct wire_code *code = wire_find_code(number);
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct reply reply = { 0 };
	struct request request = { 0 };
	struct bytes bytes;
	NTSTATUS status;
	int r;

	strbuf_reset(ret_output);
	if (!code)
		return STATUS_INVALID_DEVICE_REQUEST;
	bytes_parse(input, &bytes);
	r = wire_call_decode(code, &bytes, room, &request, &why);
	if (r == 0) {
		r = dispatch_decide(
			&world->manager, &world->env, &request, &world->change, &reply, &why);
		request_fini(&request);
	}
	if (r == 0)
		r = wire_encode(code, &reply, room, ret_output);
	if (r == 0) {
		world_commit(world);
	} else {
		change_fini(&world->change);
		change_init(&world->change, &world->manager);
		if (r != -EOVERFLOW)
			ck_assert_uint_eq(ret_output->len, 0);
	}
	status = (NTSTATUS)wire_get_status(&reply, r);
	reply_fini(&reply);
	return status;
}
