/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

#define REQUEST_MAX 4095 /* bytes of one line, without its newline */

/* One word of a request: an optional key, and a value with quotes and escapes undone. */
struct request_word {
	char key[16]; /* empty: none */
	char value[REQUEST_MAX + 1];
	size_t len; /* of the value */
};

/* The words of a line that are still to be read; { line, end, why }. */
struct request_words {
	const char *at;
	const char *end;
	struct strbuf *why; /* gets a sentence with each error */
};

/* Whether it can be a line at all. -EMSGSIZE: it is too long, -EINVAL: it is no text. */
int request_words_check(const char *line, size_t len, struct strbuf *why);
/* Reads the next word of a line that was checked. 1, 0 at its end, or -EINVAL. */
int request_words_take(struct request_words *words, struct request_word *ret_word);
