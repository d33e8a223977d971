/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growable text and the escapes. What a shell makes of a pair is asked of a shell.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "fixture.h"

START_TEST(test_grow)
{
	struct strbuf buf = STRBUF_INIT;
	char *text;

	ck_assert_str_eq(strbuf_text(&buf), "");
	strbuf_reset(&buf);
	strbuf_add(&buf, NULL, 0);
	ck_assert_str_eq(strbuf_text(&buf), "");
	for (int i = 0; i < 10000; i++) {
		strbuf_add_char(&buf, (char)('a' + i % 26));
		ck_assert_uint_eq(strlen(buf.data), buf.len);
		ck_assert_uint_lt(buf.len, buf.size);
	}
	ck_assert_uint_eq(buf.len, 10000);
	ck_assert_int_eq(buf.data[9999], 'a' + 9999 % 26);
	strbuf_reset(&buf);
	ck_assert_str_eq(strbuf_text(&buf), "");
	strbuf_add_format(&buf, "%d-%s", 42, "x");
	strbuf_add_text(&buf, "yz");
	text = strbuf_take(&buf);
	ck_assert_str_eq(text, "42-xyz");
	free(text);
	text = strbuf_take(&buf);
	ck_assert_str_eq(text, "");
	free(text);
	ck_assert_ptr_null(buf.data);
	strbuf_add(&buf, "a\0b", 3);
	ck_assert_uint_eq(buf.len, 3);
	ck_assert_mem_eq(buf.data, "a\0b\0", 4);
	strbuf_fini(&buf);
}
END_TEST

/* Sizes that would wrap are the largest there is, which no allocation succeeds with. */
START_TEST(test_sizes)
{
	ck_assert_uint_eq(size_add(1, 2), 3);
	ck_assert_uint_eq(size_add(SIZE_MAX - 1, 1), SIZE_MAX);
	ck_assert_uint_eq(size_add(SIZE_MAX, 1), SIZE_MAX);
	ck_assert_uint_eq(size_add(SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 1), SIZE_MAX);
	ck_assert_uint_eq(size_multiply(3, 4), 12);
	ck_assert_uint_eq(size_multiply(SIZE_MAX, 0), 0);
	ck_assert_uint_eq(size_multiply(SIZE_MAX / 2, 3), SIZE_MAX);
	for (size_t len = 0; len < SIZE_MAX / 3; len = len * 2 + 1) {
		ck_assert_uint_gt(strbuf_get_growth(len), len + len / 2);
		ck_assert_uint_le(strbuf_get_growth(len), len + len / 2 + 34);
	}
	for (size_t less = 0; less < 1000; less++)
		ck_assert_uint_eq(strbuf_get_growth(SIZE_MAX - less), SIZE_MAX);
	for (size_t len = SIZE_MAX / 3 - 100; len < SIZE_MAX / 3 * 2 + 100; len += SIZE_MAX / 1000)
		ck_assert_uint_gt(strbuf_get_growth(len), len);
}
END_TEST

START_TEST(test_resize)
{
	struct strbuf buf = STRBUF_INIT;
	char *data;

	strbuf_resize(&buf, 0);
	ck_assert_str_eq(buf.data, "");
	strbuf_add_text(&buf, "abcdef");
	strbuf_resize(&buf, 3);
	ck_assert_str_eq(buf.data, "abc");
	strbuf_resize(&buf, 1000);
	ck_assert_uint_eq(buf.len, 1000);
	ck_assert_mem_eq(buf.data, "abc", 3);
	memset(buf.data, 'x', 1000);
	ck_assert_uint_eq(strlen(buf.data), 1000);
	strbuf_fini(&buf);
	strbuf_reserve(&buf, 100);
	ck_assert_str_eq(buf.data, "");
	data = buf.data;
	for (int i = 0; i < 100; i++)
		strbuf_add_char(&buf, 'y');
	ck_assert_ptr_eq(buf.data, data);
	strbuf_reserve(&buf, 50);
	ck_assert_ptr_eq(buf.data, data);
	ck_assert_uint_eq(strlen(buf.data), 100);
	strbuf_fini(&buf);
}
END_TEST

struct escape {
	const char *value;
	const char *pair;
	const char *json;
	const char *printable;
	const char *file_name;
};

static const struct escape escapes[] = {
	{ "", "", "", "", "" },
	{ "plain", "plain", "plain", "plain", "plain" },
	{ "a b", "a b", "a b", "a b", "a\\x20b" },
	{ "a/b", "a/b", "a/b", "a/b", "a\\x2fb" },
	{ "a\\b", "a\\x5cb", "a\\\\b", "a\\x5cb", "a\\x5cb" },
	{ "a\"b", "a\\x22b", "a\\\"b", "a\"b", "a\"b" },
	{ "$x`y`", "\\x24x\\x60y\\x60", "$x`y`", "$x`y`", "$x`y`" },
	{ "a\nb\t", "a\\x0ab\\x09", "a\\u000ab\\u0009", "a\\x0ab\\x09", "a\\x0ab\\x09" },
	{ "\x1b[31m", "\\x1b[31m", "\\u001b[31m", "\\x1b[31m", "\\x1b[31m" },
	{ "\x7f", "\\x7f", "\\u007f", "\\x7f", "\\x7f" },
	{ "\xc3\xb6", "\\xc3\\xb6", "\xc3\xb6", "\xc3\xb6", "\xc3\xb6" },
	{ "\xc2\x80", "\\xc2\\x80", "\\u0080", "\\xc2\\x80", "\\xc2\\x80" },
	{ "\xc2\x9b"
	  "1m",
		"\\xc2\\x9b1m", "\\u009b1m", "\\xc2\\x9b1m", "\\xc2\\x9b1m" },
	{ "\xc2\xa0", "\\xc2\\xa0", "\xc2\xa0", "\xc2\xa0", "\xc2\xa0" },
	{ "a\xe2\x80\xae"
	  "b",
		"a\\xe2\\x80\\xaeb", "a\\u202eb", "a\\xe2\\x80\\xaeb", "a\\xe2\\x80\\xaeb" },
	{ "\xd8\x9c", "\\xd8\\x9c", "\\u061c", "\\xd8\\x9c", "\\xd8\\x9c" },
	{ "\xe2\x80\x8d", "\\xe2\\x80\\x8d", "\xe2\x80\x8d", "\xe2\x80\x8d", "\xe2\x80\x8d" },
	{ "\xff", "\\xff", "\\\\xff", "\\xff", "\\xff" },
	{ "\x80", "\\x80", "\\\\x80", "\\x80", "\\x80" },
	{ "\xc3", "\\xc3", "\\\\xc3", "\\xc3", "\\xc3" },
	{ "\xc3(", "\\xc3(", "\\\\xc3(", "\\xc3(", "\\xc3(" },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\\\xed\\\\xa0\\\\x80", "\\xed\\xa0\\x80",
		"\\xed\\xa0\\x80" },
	{ "\xf0\x9f\x92\xbe", "\\xf0\\x9f\\x92\\xbe", "\xf0\x9f\x92\xbe", "\xf0\x9f\x92\xbe",
		"\xf0\x9f\x92\xbe" },
	{ "UUID=a,b", "UUID=a,b", "UUID=a,b", "UUID=a,b", "UUID=a,b" },
};

START_TEST(test_escape)
{
	const struct escape *row = &escapes[_i];
	_cleanup_free_ char *pair = xasprintf("KEY=\"%s\"", row->pair);
	_cleanup_free_ char *json = xasprintf("\"%s\"", row->json);
	_cleanup_strbuf_ struct strbuf buf = STRBUF_INIT;

	strbuf_add_pair(&buf, "KEY", row->value);
	ck_assert_str_eq(strbuf_text(&buf), pair);
	strbuf_reset(&buf);
	strbuf_add_json(&buf, row->value);
	ck_assert_str_eq(strbuf_text(&buf), json);
	strbuf_reset(&buf);
	strbuf_add_printable(&buf, row->value);
	ck_assert_str_eq(strbuf_text(&buf), row->printable);
	strbuf_reset(&buf);
	strbuf_add_file_name(&buf, row->value);
	ck_assert_str_eq(strbuf_text(&buf), row->file_name);
}
END_TEST

/* JSON of others is made safe: outside of strings there is nothing to do. */
START_TEST(test_safe)
{
	_cleanup_strbuf_ struct strbuf buf = STRBUF_INIT, once = STRBUF_INIT;

	strbuf_add_json(&once, escapes[_i].value);
	strbuf_add_safe_json(&buf, once.data);
	ck_assert_str_eq(strbuf_text(&buf), once.data);
	strbuf_reset(&buf);
	strbuf_add_safe_json(&buf, "{\n  \"a\": [\"\xc2\x9b\x7f\xe2\x80\xae\xff\\u001b\\\"\"]\n}");
	ck_assert_str_eq(buf.data, "{\n  \"a\": [\"\\u009b\\u007f\\u202e\\\\xff\\u001b\\\"\"]\n}");
	strbuf_reset(&buf);
	strbuf_add_safe(&buf, "a\\x5c\x1b\n\xff\xc2\x9b\xc3\xb6");
	ck_assert_str_eq(buf.data, "a\\x5c\\x1b\\x0a\\xff\\xc2\\x9b\xc3\xb6");
}
END_TEST

START_TEST(test_pairs)
{
	_cleanup_strbuf_ struct strbuf buf = STRBUF_INIT;

	strbuf_add_pair(&buf, "A", "1");
	strbuf_add_pair(&buf, "B", "2");
	strbuf_add_char(&buf, '\n');
	strbuf_add_pair(&buf, "A", "3");
	ck_assert_str_eq(strbuf_text(&buf), "A=\"1\" B=\"2\"\nA=\"3\"");
}
END_TEST

#define TRACE "/tmp/mmfs-eval-was-here"

static const char *const hostile[] = {
	"$(touch " TRACE ")",
	"`touch " TRACE "`",
	"\"; touch " TRACE "; \"",
	"'; touch " TRACE "; '",
	"\\\"; touch " TRACE " #",
	"\\",
	"\\\\\"",
	"${PATH}",
	"$((1+1))",
	"$PATH",
	"$'\\x22'",
	"\ntouch " TRACE "\n",
	"a\rb",
	"; & | < > ( ) { } [ ] * ? # ~ ! % ^ = , . : @ +",
	"!!",
	"!-1",
	"*",
	"~root",
	"a  b\tc",
	" ",
	"-n",
	"\x1b]0;title\x07",
	"\xe2\x80\xa8\xe2\x80\xae",
	"\xff\xfe\"$x",
};

/* What a shell has in V after `eval` of the line in $LINE. */
static char *eval(const char *shell, const char *line)
{
	_cleanup_free_ char *command =
		xasprintf("exec %s -c 'eval \"$LINE\"; printf \"%%s|\" \"$V\" \"$W\"'", shell);
	char text[4096];
	FILE *pipe;
	size_t n;

	setenv("LINE", line, 1);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	n = fread(text, 1, sizeof(text), pipe);
	ck_assert_int_eq(pclose(pipe), 0);
	return xstrndup(text, n);
}

START_TEST(test_eval)
{
	static const char *const shells[] = { "sh", "bash" };

	unlink(TRACE);
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		_cleanup_strbuf_ struct strbuf line = STRBUF_INIT, expected = STRBUF_INIT;
		_cleanup_free_ char *seen = NULL;

		strbuf_add_pair(&line, "V", hostile[_i]);
		strbuf_add(&expected, line.data + 3, line.len - 4);
		strbuf_add_text(&expected, "|W|");
		strbuf_add_pair(&line, "W", "W");
		for (const char *c = line.data; *c; c++)
			ck_assert(*c >= 0x20 && *c < 0x7f);
		seen = eval(shells[i], line.data);
		ck_assert_str_eq(seen, strbuf_text(&expected));
		ck_assert_int_ne(access(TRACE, F_OK), 0);
	}
}
END_TEST

/*
 * One character of a JSON string after the grammar of RFC 8259; returns what it took, 0: invalid.
 */
static size_t json_char_len(const char *c)
{
	if ((unsigned char)*c < 0x20 || *c == '"')
		return 0;
	if (*c != '\\')
		return utf8_sequence_len(c, strlen(c));
	if (c[1] && strchr("\"\\/bfnrt", c[1]))
		return 2;
	return c[1] == 'u' && strspn(c + 2, "0123456789abcdefABCDEF") >= 4 ? 6 : 0;
}

START_TEST(test_json_is_valid)
{
	_cleanup_strbuf_ struct strbuf buf = STRBUF_INIT;
	uint32_t random = 1;
	char value[13];

	for (int i = 0; i < 200000; i++) {
		const char *c;

		for (size_t j = 0; j < sizeof(value) - 1; j++) {
			random = random * 1664525 + 1013904223;
			value[j] = (char)(random >> 24);
			if (random & 0x10000) /* more of the bytes that matter */
				value[j] = "\xc2\x80\x9f\xa0\xe2\xed\xf0\xf4\"\\/\x7f"[j];
		}
		value[random >> 8 & 7 ? 12 : 3] = '\0';
		strbuf_reset(&buf);
		strbuf_add_json(&buf, value);
		for (c = buf.data + 1; *c && *c != '"';) {
			size_t n = json_char_len(c);

			if (n == 0)
				ck_abort_msg("round %d: %s", i, buf.data);
			c += n;
		}
		if (strcmp(c, "\"") != 0)
			ck_abort_msg("round %d: %s", i, buf.data);
	}
}
END_TEST

/* Every sequence of up to three bytes, against the table 3-7 of the Unicode standard. */
static size_t naive_utf8_len(const unsigned char *b, size_t len)
{
	if (len >= 1 && b[0] <= 0x7f)
		return 1;
	if (len >= 2 && b[0] >= 0xc2 && b[0] <= 0xdf && b[1] >= 0x80 && b[1] <= 0xbf)
		return 2;
	if (len >= 3 && b[0] >= 0xe0 && b[0] <= 0xef && b[2] >= 0x80 && b[2] <= 0xbf &&
		b[1] >= (b[0] == 0xe0 ? 0xa0 : 0x80) && b[1] <= (b[0] == 0xed ? 0x9f : 0xbf))
		return 3;
	if (len >= 4 && b[0] >= 0xf0 && b[0] <= 0xf4 && b[2] >= 0x80 && b[2] <= 0xbf &&
		b[3] >= 0x80 && b[3] <= 0xbf && b[1] >= (b[0] == 0xf0 ? 0x90 : 0x80) &&
		b[1] <= (b[0] == 0xf4 ? 0x8f : 0xbf))
		return 4;
	return 0;
}

START_TEST(test_utf8)
{
	static const unsigned char last[] = { 0x00, 0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xff };
	char *text = xcalloc(4, 1); /* not terminated: reading on is seen by ASan */

	for (unsigned int i = 0; i < 1u << 24; i++) {
		unsigned char b[4] = { (unsigned char)(i >> 16), (unsigned char)(i >> 8),
			(unsigned char)i, last[i % ARRAY_SIZE(last)] };

		if ((i & 0xff) > 0x01 && (i & 0xff) < 0x7f)
			continue;
		memcpy(text, b, 4);
		for (size_t len = 0; len <= 4; len++)
			if (utf8_sequence_len(text, len) != naive_utf8_len(b, len))
				ck_abort_msg("%02x %02x %02x %02x, %zu bytes", b[0], b[1], b[2],
					b[3], len);
	}
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("strbuf");
	TCase *tcase = suite_add_case(suite, "strbuf");

	tcase_add_test(tcase, test_grow);
	tcase_add_test(tcase, test_resize);
	tcase_add_test(tcase, test_sizes);
	tcase_add_loop_test(tcase, test_escape, 0, ARRAY_SIZE(escapes));
	tcase_add_loop_test(tcase, test_safe, 0, ARRAY_SIZE(escapes));
	tcase_add_test(tcase, test_pairs);
	tcase_add_loop_test(tcase, test_eval, 0, ARRAY_SIZE(hostile));
	tcase_add_test(tcase, test_json_is_valid);
	tcase_add_test(tcase, test_utf8);
	return run_suite(suite);
}
