/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of pairs as mmctl reads them: what is taken lies in the text, reading ends, and what the
 * daemon writes comes out again.
 */

#include <string.h>

#include "base/strbuf.h"
#include "ctl/pairs.h"
#include "fuzz.h"

static const char *const keys[] = { "LINK", "ID", "DEVICE" };

static void check_within(const char *value, const char *text, size_t size)
{
	FUZZ_ASSERT(!value || (value >= text && value + strlen(value) <= text + size));
}

static void check_lines(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xstrndup((const char *)data, size);
	size_t len = strlen(text), lines = 0;
	char *values[ARRAY_SIZE(keys)];

	for (char *at = text; pairs_take_line(&at, keys, values, ARRAY_SIZE(keys));) {
		FUZZ_ASSERT(++lines <= len && at <= text + len);
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			check_within(values[i], text, len);
	}
}

static void check_points(const uint8_t *data, size_t size)
{
	_cleanup_(points_fini) struct shown_points points = { 0 };
	char *text = xstrndup((const char *)data, size);
	size_t len = strlen(text);

	points_parse(text, &points);
	FUZZ_ASSERT(points.count <= len);
	for (size_t i = 0; i < points.count; i++) {
		check_within(points.list[i].link, text, len);
		check_within(points.list[i].id, text, len);
		check_within(points.list[i].device, text, len);
	}
}

static void check_round_trip(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *value = xstrndup((const char *)data, size);
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT, name = STRBUF_INIT;
	_cleanup_free_ char *plain = NULL;
	char *values[ARRAY_SIZE(keys)], *at;

	strbuf_add_pair(&line, "OTHER", value);
	strbuf_add_pair(&line, "ID", value);
	strbuf_add_pair(&line, "LINK", "x");
	strbuf_add_char(&line, '\n');
	at = line.data;
	FUZZ_ASSERT(pairs_take_line(&at, keys, values, ARRAY_SIZE(keys)) && !*at);
	FUZZ_ASSERT(strcmp(values[0], "x") == 0 && strcmp(values[1], value) == 0 && !values[2]);
	strbuf_add_file_name(&name, value);
	plain = text_unescape(strbuf_text(&name));
	FUZZ_ASSERT(strcmp(plain, value) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_lines(data, size);
	check_points(data, size);
	check_round_trip(data, size);
	return 0;
}
