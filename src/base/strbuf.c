/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growable text, and the four ways in which mmfs makes text from outside harmless before it
 * shows it: KEY="value" lines, JSON strings, one-line files, names in the tree.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "base/strbuf.h"

size_t strbuf_get_growth(size_t len)
{
	size_t least = size_add(len, 1);

	return size_add(least, size_add(least / 2, 32));
}

void strbuf_fini(struct strbuf *buf)
{
	free(buf->data);
	*buf = (struct strbuf)STRBUF_INIT;
}

void strbuf_reset(struct strbuf *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

char *strbuf_take(struct strbuf *buf)
{
	char *data = buf->data ? buf->data : xstrdup("");

	*buf = (struct strbuf)STRBUF_INIT;
	return data;
}

const char *strbuf_text(const struct strbuf *buf)
{
	return buf->data ? buf->data : "";
}

void strbuf_reserve(struct strbuf *buf, size_t len)
{
	if (len >= buf->size) {
		buf->size = size_add(len, 1);
		buf->data = xrealloc(buf->data, buf->size, 1);
		buf->data[buf->len] = '\0';
	}
}

void strbuf_resize(struct strbuf *buf, size_t len)
{
	if (len >= buf->size) {
		buf->size = strbuf_get_growth(len);
		buf->data = xrealloc(buf->data, buf->size, 1);
	}
	buf->len = len;
	buf->data[len] = '\0';
}

void strbuf_add(struct strbuf *buf, const void *data, size_t len)
{
	size_t end = buf->len;

	strbuf_resize(buf, size_add(end, len));
	if (len)
		memcpy(buf->data + end, data, len);
}

void strbuf_add_text(struct strbuf *buf, const char *text)
{
	strbuf_add(buf, text, strlen(text));
}

void strbuf_add_char(struct strbuf *buf, char c)
{
	strbuf_add(buf, &c, 1);
}

void strbuf_add_format(struct strbuf *buf, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	strbuf_add_text(buf, text);
}

static void add_hex(struct strbuf *buf, unsigned char byte)
{
	char text[4] = { '\\', 'x', hex_get_digit(byte >> 4), hex_get_digit(byte) };

	strbuf_add(buf, text, sizeof(text));
}

static bool is_printable_ascii(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f;
}

/* What is the same in all four ways. Nearly all text is nothing else, and is copied in runs. */
static const bool is_plain[256] = {
	['+' ... '.'] = true,
	['0' ... ':'] = true,
	['='] = true,
	['@' ... 'Z'] = true,
	['_'] = true,
	['a' ... '{'] = true,
	['}'] = true,
};

/* Adds what `value` begins with as far as it is plain, or `also`; returns the rest. */
static const char *add_plain(struct strbuf *buf, const char *value, char also)
{
	const char *c = value;

	while (is_plain[(unsigned char)*c] || (*c && *c == also))
		c++;
	if (c > value)
		strbuf_add(buf, value, (size_t)(c - value));
	return c;
}

void strbuf_add_pair(struct strbuf *buf, const char *key, const char *value)
{
	if (buf->len && buf->data[buf->len - 1] != '\n')
		strbuf_add_char(buf, ' ');
	strbuf_add_text(buf, key);
	strbuf_add(buf, "=\"", 2);
	for (const char *c = value; *(c = add_plain(buf, c, '/')); c++) {
		if (is_printable_ascii((unsigned char)*c) && !strchr("\"$`\\", *c))
			strbuf_add_char(buf, *c);
		else
			add_hex(buf, (unsigned char)*c);
	}
	strbuf_add_char(buf, '"');
}

/*
 * Adds the next character of `value` as it is, or its first byte as an escape; returns what it
 * took.
 */
static size_t add_escaped(struct strbuf *buf, const char *value, const char *also)
{
	size_t len = strnlen(value, 4), n = utf8_sequence_len(value, len);
	uint32_t unsafe;

	if (n == 0 || utf8_take_unsafe(value, len, &unsafe) || (n == 1 && strchr(also, *value))) {
		add_hex(buf, (unsigned char)*value);
		return 1;
	}
	strbuf_add(buf, value, n);
	return n;
}

/* Adds the next character of a JSON string's value; returns what it took. */
static size_t add_json_character(struct strbuf *buf, const char *value)
{
	size_t len = strnlen(value, 4), n = utf8_sequence_len(value, len);
	uint32_t unsafe;

	if (n == 0) {
		strbuf_add_char(buf, '\\'); /* the text \xHH: its backslash escaped */
		add_hex(buf, (unsigned char)*value);
		return 1;
	}
	if (utf8_take_unsafe(value, len, &unsafe))
		strbuf_add_format(buf, "\\u%04x", unsafe);
	else
		strbuf_add(buf, value, n);
	return n;
}

void strbuf_add_json(struct strbuf *buf, const char *value)
{
	strbuf_add_char(buf, '"');
	while (*(value = add_plain(buf, value, '/'))) {
		if (*value == '"' || *value == '\\')
			strbuf_add_format(buf, "\\%c", *value++);
		else
			value += add_json_character(buf, value);
	}
	strbuf_add_char(buf, '"');
}

void strbuf_add_safe_json(struct strbuf *buf, const char *json)
{
	while (*(json = add_plain(buf, json, '/'))) {
		if (strchr("\"\\\n", *json))
			strbuf_add_char(buf, *json++);
		else
			json += add_json_character(buf, json);
	}
}

void strbuf_add_safe(struct strbuf *buf, const char *text)
{
	while (*(text = add_plain(buf, text, '/')))
		text += add_escaped(buf, text, "");
}

void strbuf_add_printable(struct strbuf *buf, const char *value)
{
	while (*(value = add_plain(buf, value, '/')))
		value += add_escaped(buf, value, "\\");
}

void strbuf_add_file_name(struct strbuf *buf, const char *value)
{
	while (*(value = add_plain(buf, value, '\0')))
		value += add_escaped(buf, value, "\\/ ");
}

void strbuf_add_time(struct strbuf *buf, uint64_t time)
{
	time_t seconds = (time_t)(time / 1000000);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strbuf_add_format(buf, "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ", utc.tm_year + 1900,
		utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
		(unsigned int)(time % 1000000));
}
