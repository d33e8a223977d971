/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two encodings of text: ours, and that of the binary interface. Allocates nothing.
 */

#include <errno.h>
#include <string.h>

#include "base/utf.h"

/* The character of a sequence of `n` bytes, unless it is none that may be encoded so. */
static bool decode_utf8(const unsigned char *byte, size_t n, uint32_t *ret_value)
{
	uint32_t value = n == 1 ? byte[0] : byte[0] & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return false;
		value = value << 6 | (byte[i] & 0x3f);
	}
	*ret_value = value;
	return !(n == 3 && value < 0x800) && !(n == 4 && (value < 0x10000 || value > 0x10ffff)) &&
		!(value >= 0xd800 && value <= 0xdfff);
}

static size_t next_character(const char *text, size_t len, uint32_t *ret_value)
{
	const unsigned char *byte = (const unsigned char *)text;
	size_t n;

	if (len == 0)
		return 0;
	n = byte[0] < 0x80 ? 1 : byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
	if (n > 1 && (byte[0] < 0xc2 || byte[0] > 0xf4 || len < n))
		return 0;
	return decode_utf8(byte, n, ret_value) ? n : 0;
}

size_t utf8_sequence_len(const char *text, size_t len)
{
	uint32_t value;

	return next_character(text, len, &value);
}

bool utf8_is_control(const char *text, size_t len)
{
	uint32_t value;

	return next_character(text, len, &value) &&
		(value < 0x20 || (value >= 0x7f && value < 0xa0));
}

bool utf8_is_plain(const char *text)
{
	size_t left = strlen(text), n;

	for (; left; text += n, left -= n) {
		n = utf8_sequence_len(text, left);
		if (n == 0 || utf8_is_control(text, n))
			return false;
	}
	return true;
}

/* In order. Terminals obey the first two; the others make text read as what it is not. */
static const struct {
	uint32_t first, last;
} unsafe[] = {
	{ 0x0000, 0x001f },
	{ 0x007f, 0x009f },
	{ 0x061c, 0x061c }, /* marks, embeddings, overrides and isolates of direction */
	{ 0x200e, 0x200f },
	{ 0x2028, 0x202e }, /* the first two of these end lines */
	{ 0x2066, 0x2069 },
};

bool utf8_take_unsafe(const char *text, size_t len, uint32_t *ret_value)
{
	uint32_t value;

	if (next_character(text, len, &value) == 0)
		return false;
	for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++) {
		if (value >= unsafe[i].first && value <= unsafe[i].last) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static size_t put_unit(uint8_t *to, size_t at, uint32_t unit)
{
	if (to) {
		to[at] = (uint8_t)unit;
		to[at + 1] = (uint8_t)(unit >> 8);
	}
	return at + 2;
}

size_t utf16_from_utf8(const char *text, size_t len, uint8_t *to)
{
	size_t at = 0;

	for (size_t i = 0; i < len;) {
		uint32_t value;
		size_t n = next_character(text + i, len - i, &value);

		if (n == 0)
			value = 0xfffd;
		if (value >= 0x10000) {
			at = put_unit(to, at, 0xd800 + ((value - 0x10000) >> 10));
			value = 0xdc00 + ((value - 0x10000) & 0x3ff);
		}
		at = put_unit(to, at, value);
		i += n ? n : 1;
	}
	return at;
}

static size_t put_utf8(char *to, size_t at, uint32_t value)
{
	static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;

	for (size_t i = n; to && i > 1; i--) {
		to[at + i - 1] = (char)(0x80 | (value & 0x3f));
		value >>= 6;
	}
	if (to)
		to[at] = (char)(first[n] | value);
	return at + n;
}

static uint32_t get_unit(const uint8_t *units, size_t at)
{
	return units[at] | (uint32_t)units[at + 1] << 8;
}

ssize_t utf16_to_utf8(const uint8_t *units, size_t size, char *to)
{
	size_t at = 0;

	if (size % 2)
		return -EINVAL;
	for (size_t i = 0; i < size; i += 2) {
		uint32_t value = get_unit(units, i), low;

		if (value >= 0xd800 && value <= 0xdfff) {
			i += 2;
			if (value >= 0xdc00 || i >= size)
				return -EINVAL;
			low = get_unit(units, i);
			if (low < 0xdc00 || low > 0xdfff)
				return -EINVAL;
			value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
		}
		at = put_utf8(to, at, value);
	}
	return (ssize_t)at;
}
