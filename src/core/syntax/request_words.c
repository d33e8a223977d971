/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a line of a control file falls into words: blanks separate, quotes hold together, and what
 * looks like a key stands before the first `=`.
 */

#include <errno.h>
#include <string.h>

#include "base/hex.h"
#include "core/syntax/request_words.h"

int request_words_check(const char *line, size_t len, struct strbuf *why)
{
	if (len > REQUEST_MAX) {
		strbuf_add_text(why, "a request has at most 4095 bytes");
		return -EMSGSIZE;
	}
	for (size_t i = 0; i < len;) {
		size_t n = utf8_sequence_len(line + i, len - i);

		if (n == 0) {
			strbuf_add_text(why, "a request must be UTF-8");
			return -EINVAL;
		}
		if ((unsigned char)line[i] < 0x20 && line[i] != '\t') {
			strbuf_add_text(why, "a request cannot contain control characters");
			return -EINVAL;
		}
		i += n;
	}
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Reads what follows a backslash inside quotes. */
static int scan_escape(struct request_words *words, char *ret_c)
{
	size_t left = (size_t)(words->end - words->at);
	int high, low;

	if (left >= 1 && (words->at[0] == '\\' || words->at[0] == '"')) {
		*ret_c = *words->at++;
		return 0;
	}
	if (left >= 1 && words->at[0] == 'n') {
		words->at++;
		*ret_c = '\n';
		return 0;
	}
	high = left >= 3 && words->at[0] == 'x' ? hex_get_value(words->at[1]) : -1;
	low = high >= 0 ? hex_get_value(words->at[2]) : -1;
	if (low < 0 || (high == 0 && low == 0)) {
		strbuf_add_text(words->why, "the escapes inside quotes are \\\\ \\\" \\n \\xHH");
		return -EINVAL;
	}
	words->at += 3;
	*ret_c = (char)(high << 4 | low);
	return 0;
}

static int scan_quoted(struct request_words *words, struct request_word *word)
{
	words->at++;
	while (words->at < words->end) {
		char c = *words->at++;

		if (c == '"') {
			if (words->at == words->end || is_blank(*words->at))
				return 0;
			strbuf_add_text(words->why, "something follows a closing quote");
			return -EINVAL;
		}
		if (c == '\\') {
			int r = scan_escape(words, &c);

			if (r < 0)
				return r;
		}
		word->value[word->len++] = c;
	}
	strbuf_add_text(words->why, "a quote is not closed");
	return -EINVAL;
}

static int scan_plain(struct request_words *words, struct request_word *word)
{
	while (words->at < words->end && !is_blank(*words->at)) {
		if (*words->at == '"') {
			strbuf_add_text(words->why, "a quote stands inside a word");
			return -EINVAL;
		}
		word->value[word->len++] = *words->at++;
	}
	return 0;
}

/* Whether the word before `=` is a key, and not the tag of a unique ID. */
static size_t scan_key(const struct request_words *words)
{
	const char *c = words->at;

	while (c < words->end && c - words->at < 15 && *c >= 'a' && *c <= 'z')
		c++;
	return c > words->at && c < words->end && *c == '=' ? (size_t)(c - words->at) : 0;
}

/* The tag of a quoted value, as blkid writes UUID="...", and fstab LABEL="...". */
static size_t scan_tag(const struct request_words *words)
{
	const char *c = words->at;

	while (c < words->end && ((*c >= 'A' && *c <= 'Z') || *c == '_'))
		c++;
	return c > words->at && words->end - c >= 2 && c[0] == '=' && c[1] == '"'
		? (size_t)(c + 1 - words->at)
		: 0;
}

int request_words_take(struct request_words *words, struct request_word *ret_word)
{
	size_t key;
	int r;

	while (words->at < words->end && is_blank(*words->at))
		words->at++;
	if (words->at == words->end)
		return 0;
	key = scan_key(words);
	memcpy(ret_word->key, words->at, key);
	ret_word->key[key] = '\0';
	words->at += key ? key + 1 : 0;
	ret_word->len = scan_tag(words);
	memcpy(ret_word->value, words->at, ret_word->len);
	words->at += ret_word->len;
	if (words->at < words->end && *words->at == '"')
		r = scan_quoted(words, ret_word);
	else
		r = scan_plain(words, ret_word);
	ret_word->value[ret_word->len] = '\0';
	return r < 0 ? r : 1;
}
