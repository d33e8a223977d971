/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of all operations: the first byte says which. What is accepted can be written down again
 * with the escapes of a reply, and then reads back as the same.
 */

#include <errno.h>
#include <string.h>

#include "core/request.h"
#include "core/unique_id.h"
#include "fuzz.h"

static void check_again(const struct request *request)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT, why = STRBUF_INIT;
	struct request again;
	int r;

	if (request->given & KEY_BIT(KEY_LINK))
		strbuf_add_pair(&line, "link", request->link.path);
	if (request->given & KEY_BIT(KEY_ID))
		strbuf_add_pair(&line, "id", request->id);
	if (request->given & KEY_BIT(KEY_DEVICE))
		strbuf_add_pair(&line, "device", request->device.text);
	if (request->given & KEY_BIT(KEY_SOURCE))
		strbuf_add_pair(&line, "source", request->source);
	if (request->given & KEY_BIT(KEY_TARGET))
		strbuf_add_pair(&line, "target", request->device.text);
	if (request->given & KEY_BIT(KEY_OPTIONS))
		strbuf_add_pair(&line, "options", request->options);
	if (request->given & KEY_BIT(KEY_ALL))
		strbuf_add_pair(&line, "all", "1");
	r = request_parse(request->operation, strbuf_text(&line), line.len, &again, &why);
	if (r == -EMSGSIZE && line.len > REQUEST_MAX)
		return;
	FUZZ_ASSERT(r == 0);
	FUZZ_ASSERT(again.given == request->given);
	if (request->given & KEY_BIT(KEY_LINK))
		FUZZ_ASSERT(strcmp(again.link.path, request->link.path) == 0 &&
			again.link.kind == request->link.kind);
	FUZZ_ASSERT(is_same_text(again.id, request->id));
	FUZZ_ASSERT(is_same_text(again.device.text, request->device.text));
	FUZZ_ASSERT(is_same_text(again.source, request->source));
	FUZZ_ASSERT(is_same_text(again.options, request->options));
	FUZZ_ASSERT(again.device.kind == request->device.kind && !again.device.is_word);
	request_fini(&again);
}

static void check_request(const struct request *request)
{
	const struct operation *operation = request->operation;

	FUZZ_ASSERT(operation->flags & OPERATION_TAKES);
	FUZZ_ASSERT((request->given & ~operation->keys) == 0);
	FUZZ_ASSERT((operation->needs & ~request->given) == 0);
	FUZZ_ASSERT(!!request->id == !!(request->given & KEY_BIT(KEY_ID)));
	FUZZ_ASSERT(!!request->device.text ==
		!!(request->given & (KEY_BIT(KEY_DEVICE) | KEY_BIT(KEY_TARGET))));
	if (request->id)
		FUZZ_ASSERT(unique_id_is_valid(request->id));
	if (!(operation->flags & OPERATION_ANY_LINE))
		check_again(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct request request;
	int r;

	if (size == 0)
		return 0;
	r = request_parse(&operations[data[0] % operation_count], (const char *)data + 1, size - 1,
		&request, &why);
	if (r == 0) {
		FUZZ_ASSERT(why.len == 0);
		check_request(&request);
		request_fini(&request);
	} else {
		FUZZ_ASSERT(r == -EINVAL || (r == -EMSGSIZE && size - 1 > REQUEST_MAX));
		FUZZ_ASSERT(why.len > 0);
	}
	return 0;
}
