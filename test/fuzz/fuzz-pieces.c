/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inputs in pieces: what a client sends of a long input means the same as all of it, and whatever
 * else comes as pieces stays inside the input. The first byte is the function of the code, the
 * second how many times 256 zeros follow the rest.
 */

#include <errno.h>
#include <string.h>

#include "core/syntax/wire.h"
#include "fuzz.h"
#include "lib/pieces.h"

static const struct wire_code *find_code(unsigned int function)
{
	const struct wire_code *code = NULL;

	for (unsigned int access = 0; access < 2 && !code; access++)
		code = wire_find_code(MMFS_CTL_CODE(MOUNTMGRCONTROLTYPE, function, access));
	return code;
}

/* What is made of an input: the request in words, or the error. */
static int decode(
	const struct wire_code *code, const uint8_t *data, size_t len, struct strbuf *ret_line)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct wire_input in = { data, len, &why };
	struct request request = { 0 };
	int r = wire_decode(code, &in, 4096, &request);

	if (r == 0)
		request_format(&request, ret_line);
	request_fini(&request);
	return r;
}

static void check_same(const struct wire_code *code, const uint8_t *data, size_t len)
{
	static struct mmfs_carrier_16k carrier;
	_cleanup_free_ uint8_t *joined = xcalloc(len, 1);
	_cleanup_strbuf_ struct strbuf whole_line = STRBUF_INIT, line = STRBUF_INIT;
	int r = decode(code, data, len, &whole_line);

	memset(&carrier, 0, sizeof(carrier));
	pieces_add_input(code->code, data, (uint32_t)len, &carrier);
	FUZZ_ASSERT(wire_join(carrier.data, sizeof(carrier.data), joined, len) == 0);
	FUZZ_ASSERT(decode(code, joined, len, &line) == r);
	FUZZ_ASSERT(strcmp(strbuf_text(&line), strbuf_text(&whole_line)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct wire_code *code = size < 2 ? NULL : find_code(data[0]);
	size_t len = size < 2 ? 0 : size - 2 + data[1] * (size_t)256;
	_cleanup_free_ uint8_t *input = xcalloc(len, 1), *joined = xcalloc(len, 1);

	if (size < 2)
		return 0;
	memcpy(input, data + 2, size - 2);
	wire_join(data + 2, size - 2, joined, len);
	/* A server asks for no less, and a client sends so what has more than a carrier holds. */
	if (code && len >= code->in_min)
		check_same(code, input, len);
	return 0;
}
