/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inputs of all control codes: the first byte is the function, with the highest bit that of a code
 * of mmfs's own, two more are the room for an output.
 * What the others accept could have been said in a line of a control file, too.
 */

#include <errno.h>
#include <string.h>

#include "core/syntax/unique_id.h"
#include "core/syntax/wire.h"
#include "fuzz.h"

static const struct wire_code *find_code(unsigned int byte)
{
	uint32_t function =
		byte & 0x80 ? MMFS_CTL_FUNCTION(IOCTL_MMFS_QUERY_UNIQUE_ID) + (byte & 0x7f) : byte;
	const struct wire_code *code = NULL;

	for (unsigned int access = 0; access < 4 && !code; access++)
		code = wire_find_code(MMFS_CTL_CODE(MOUNTMGRCONTROLTYPE, function, access));
	return code;
}

static void check_same(const struct request *a, const struct request *b)
{
	FUZZ_ASSERT(a->given == b->given);
	FUZZ_ASSERT(strcmp(a->link.path, b->link.path) == 0 && a->link.kind == b->link.kind);
	FUZZ_ASSERT(is_same_text(a->id, b->id));
	FUZZ_ASSERT(is_same_text(a->source, b->source));
	FUZZ_ASSERT(is_same_text(a->source_link, b->source_link));
	FUZZ_ASSERT(is_same_text(a->device.text, b->device.text));
	FUZZ_ASSERT(a->device.kind == b->device.kind && a->device.is_word == b->device.is_word);
	FUZZ_ASSERT(a->is_on == b->is_on);
}

static void check_request(const struct request *request)
{
	const struct operation *operation = request->operation;
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT, why = STRBUF_INIT;
	struct request text;
	int r;

	FUZZ_ASSERT((request->given & ~operation->keys) == 0);
	FUZZ_ASSERT(!request->id || unique_id_is_valid(request->id));
	request_format(request, &line);
	r = request_parse(operation, strbuf_text(&line), line.len, &text, &why);
	if (r == -EMSGSIZE && line.len > REQUEST_MAX)
		return;
	FUZZ_ASSERT(r == 0);
	check_same(request, &text);
	request_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	const struct wire_code *code = size < 3 ? NULL : find_code(data[0]);
	struct wire_input in = { data + 3, size - 3, &why };
	struct request request;
	int r;

	if (!code)
		return 0;
	r = wire_decode(code, &in, data[1] | (size_t)data[2] << 8, &request);
	if (r < 0) {
		FUZZ_ASSERT(r == -EINVAL || r == -ENOENT);
		FUZZ_ASSERT(why.len > 0);
		return 0;
	}
	FUZZ_ASSERT(why.len == 0);
	if (!code->is_shown && code->operation != OP_QUERY_VOLUME)
		check_request(&request);
	request_fini(&request);
	return 0;
}
