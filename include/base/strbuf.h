/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/utf.h"

/* Growable text. `data` is NULL while nothing was added, else NUL-terminated. */
struct strbuf {
	char *data;
	size_t len;
	size_t size;
};

#define STRBUF_INIT        \
	{                  \
		NULL, 0, 0 \
	}

/* How much a buffer gets that shall hold `len` bytes and a NUL: more, so that it seldom moves. */
size_t strbuf_get_growth(size_t len);
void strbuf_fini(struct strbuf *buf);
void strbuf_reset(struct strbuf *buf);
char *strbuf_take(struct strbuf *buf);
const char *strbuf_text(const struct strbuf *buf);
/* Makes room for so many bytes in all, at once. */
void strbuf_reserve(struct strbuf *buf, size_t len);
/* Cuts it, or makes room at its end for the caller to fill. */
void strbuf_resize(struct strbuf *buf, size_t len);

void strbuf_add(struct strbuf *buf, const void *data, size_t len);
void strbuf_add_text(struct strbuf *buf, const char *text);
void strbuf_add_char(struct strbuf *buf, char c);
void strbuf_add_format(struct strbuf *buf, const char *format, ...) _printf_(2, 3);

/* KEY="value", each byte that a shell or terminal might act on as \xHH: safe for `eval`. */
void strbuf_add_pair(struct strbuf *buf, const char *key, const char *value);
/* "value" as a JSON string. Bytes that are not UTF-8 become the text \xHH. */
void strbuf_add_json(struct strbuf *buf, const char *value);
/* One line of printable text: control characters, \ and bytes that are not UTF-8 as \xHH. */
void strbuf_add_printable(struct strbuf *buf, const char *value);
/* µs since 1970, as "2026-01-31T23:59:59.123456Z". */
void strbuf_add_time(struct strbuf *buf, uint64_t time);
/*
 * Text for people that may have such escapes already, so that a \ stays. Two texts may come out the
 * same: not for what programs read.
 */
void strbuf_add_safe(struct strbuf *buf, const char *text);
/* JSON that another library has written: valid, and without control characters but newlines. */
void strbuf_add_safe_json(struct strbuf *buf, const char *json);
/* A name for the tree, udev's way: also `/` and space as \xHH. */
void strbuf_add_file_name(struct strbuf *buf, const char *value);

#define _cleanup_strbuf_ _cleanup_(strbuf_fini)
