/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/syntax/reply.h"
#include "core/syntax/request.h"
#include "mmfs/mountmgr.h"

/* An input from outside, at any address. */
struct wire_input {
	const uint8_t *data;
	size_t len;
	struct strbuf *why; /* gets a sentence with every error */
};

/* One control code that is served. */
struct wire_code {
	uint32_t code;
	const char *name;
	enum operation_kind operation;
	bool is_shown; /* asks for reply::number, and is no request */
	size_t in_min; /* bytes that input and output must have room for */
	size_t out_min;
	int (*decode)(const struct wire_input *in, struct request *request); /* NULL: no data */
	int (*encode)(const struct reply *reply, struct strbuf *output);     /* NULL: none */
	size_t header; /* bytes of output that say how many there would be; 0: always fits */
};

/* NULL: STATUS_INVALID_DEVICE_REQUEST. */
const struct wire_code *wire_find_code(uint32_t code);

/*
 * MMFS_ACCESS bits that the open file must have: those of the code, and whatever changes something
 * needs a file that only those can write who may.
 */
unsigned int wire_get_access(const struct wire_code *code);

/*
 * Puts pieces, as MMFS_RECORD_PIECES says, into an input of `len` bytes. -EINVAL: one lies outside
 * of it, or of the `size` bytes at `data`, which may be anything.
 */
int wire_join(const uint8_t *data, size_t size, uint8_t *input, size_t len);

/*
 * Makes the request that the same words in text would be; `room` is what the client has for the
 * output. -EINVAL, or -ENOENT for a name that nothing can have, with a sentence added to `why`, and
 * nothing to free; `data` may be anything.
 */
int wire_decode(const struct wire_code *code, const struct wire_input *in, size_t room,
	struct request *ret_request);

/* What the request ended with: `error` is 0 or a negative errno. */
uint32_t wire_get_status(const struct reply *reply, int error);

/*
 * Makes the output of a reply. -EOVERFLOW: there is no room for it; `ret_output` is then the header
 * that says what is needed. -ENOMEM: nobody could have room for it.
 */
int wire_encode(const struct wire_code *code, const struct reply *reply, size_t room,
	struct strbuf *ret_output);
