/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/* Bytes of the valid UTF-8 sequence at the start of `text`, 0 if there is none. */
size_t utf8_sequence_len(const char *text, size_t len);

/* Whether text begins with a control character; those of C1 are some, too. */
bool utf8_is_control(const char *text, size_t len);

/* Whether a text is UTF-8 as a whole, and has no control characters. */
bool utf8_is_plain(const char *text);

/*
 * Whether text begins with a valid sequence that must not reach a terminal as it is, and which:
 * control characters, and those that turn the direction of writing. ret_value is untouched if not.
 */
bool utf8_take_unsafe(const char *text, size_t len, uint32_t *ret_value);

/*
 * UTF-8 to UTF-16LE, at any address. A byte that is not UTF-8 becomes U+FFFD. Returns the bytes of
 * the result: with `to` NULL they are only counted. Never more than twice `len`.
 */
size_t utf16_from_utf8(const char *text, size_t len, uint8_t *to);

/*
 * The other way round; `size` in bytes. -EINVAL: an odd size, or a surrogate without its partner.
 * Else the bytes of the result, never more than 3/2 of `size`; `to` may be NULL.
 */
ssize_t utf16_to_utf8(const uint8_t *units, size_t size, char *to);
