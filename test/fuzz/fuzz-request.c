/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests: each line is tried with every operation of the table. What is accepted can be written
 * down again with the escapes of a reply, and then reads back as the same.
 */

#include <errno.h>
#include <string.h>

#include "core/syntax/request.h"
#include "core/syntax/unique_id.h"
#include "fuzz.h"

static void check_again(const struct request *request)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT, why = STRBUF_INIT;
	struct request again;
	int r;

	request_format(request, &line);
	r = request_parse(request->operation, strbuf_text(&line), line.len, &again, &why);
	if (r == -EMSGSIZE && line.len > REQUEST_MAX)
		return;
	FUZZ_ASSERT(r == 0);
	FUZZ_ASSERT(again.given == request->given);
	FUZZ_ASSERT(again.is_on == request->is_on);
	if (request->given & KEY_BIT(KEY_LINK))
		FUZZ_ASSERT(strcmp(again.link.path, request->link.path) == 0 &&
			again.link.kind == request->link.kind);
	FUZZ_ASSERT(is_same_text(again.id, request->id));
	FUZZ_ASSERT(again.epic == request->epic);
	FUZZ_ASSERT(is_same_text(again.device.text, request->device.text));
	FUZZ_ASSERT(is_same_text(again.source, request->source));
	FUZZ_ASSERT(is_same_text(again.source_link, request->source_link));
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
	FUZZ_ASSERT(!operation->one_of || operation->one_of & request->given);
	FUZZ_ASSERT(request->is_on || request->given & (KEY_BIT(KEY_KEEP) | KEY_BIT(KEY_STATE)));
	FUZZ_ASSERT(!!request->id == !!(request->given & KEY_BIT(KEY_ID)));
	FUZZ_ASSERT(!!request->device.text ==
		!!(request->given & (KEY_BIT(KEY_DEVICE) | KEY_BIT(KEY_TARGET))));
	if (request->id)
		FUZZ_ASSERT(unique_id_is_valid(request->id));
	if (!(operation->flags & OPERATION_ANY_LINE))
		check_again(request);
}

static void try_operation(const struct operation *operation, const char *line, size_t len)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct request request;
	int r = request_parse(operation, line, len, &request, &why);

	if (r == 0) {
		FUZZ_ASSERT(why.len == 0);
		check_request(&request);
		request_fini(&request);
	} else {
		FUZZ_ASSERT(r == -EINVAL || (r == -EMSGSIZE && len > REQUEST_MAX));
		FUZZ_ASSERT(why.len > 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < operation_count; i++)
		try_operation(&operations[i], (const char *)data, size);
	try_operation(operation_find(OP_REMEMBER), (const char *)data, size);
	try_operation(operation_find(OP_REMEMBER_MOUNT_POINT), (const char *)data, size);
	return 0;
}
