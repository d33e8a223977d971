/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scripts: what their reader takes and refuses. */

#include <errno.h>
#include <string.h>

#include "../run-suite.h"
#include "base/base.h"
#include "script.h"

static const struct {
	const char *text;
	const char *why;
} refused[] = {
	{ "", "x:1: no cases" },
	{ "# nothing\n\n", "x:1: no cases" },
	{ "plug sda\n", "x:1: neither `case` nor `block` stands above: plug sda" },
	{ "case\n\tplug sda\n", "x:1: a title is missing" },
	{ "\ncase a\ncase b\nplug sda\n", "x:2: no steps: a" },
	{ "block a\ncase b\nplug sda\n", "x:1: no steps: a" },
	{ "case a\nuse b\n", "x:2: no such block stands above: b" },
	{ "block b\nplug sda\nuse b\n", "x:3: no such block stands above: b" },
	{ "block b\nplug sda\nblock b\n", "x:3: there is such a block: b" },
	{ "case a\nplug\x01\n", "x:2: a control character" },
};

START_TEST(test_refused)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct script script;

	ck_assert_int_eq(script_parse(&script, "x", xstrdup(refused[_i].text), &why), -EINVAL);
	ck_assert_str_eq(strbuf_text(&why), refused[_i].why);
	ck_assert_ptr_null(script.text);
	script_fini(&script);
}
END_TEST

START_TEST(test_read)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct script script;

	ck_assert_int_eq(script_parse(&script, "x",
				 xstrdup("# about\nblock two of them\n\tplug a\n\tplug b c=d \n\n"
					 "case first\n\tuse two of them\n\t# now\n\tlink X: -\n"
					 "case_at_rest second: one\nrestart"),
				 &why),
		0);
	ck_assert_uint_eq(script.case_count, 2);
	ck_assert_str_eq(script.cases[0].title, "first");
	ck_assert_uint_eq(script.cases[0].count, 3);
	ck_assert_str_eq(script.cases[0].steps[1].text, "plug b c=d");
	ck_assert_uint_eq(script.cases[0].steps[1].line, 4);
	ck_assert_str_eq(script.cases[0].steps[2].text, "link X: -");
	ck_assert_uint_eq(script.cases[0].steps[2].line, 9);
	ck_assert(!script.cases[0].is_at_rest && script.cases[1].is_at_rest);
	ck_assert_str_eq(script.cases[1].title, "second: one");
	ck_assert_str_eq(script.cases[1].steps[0].text, "restart");
	script_fini(&script);
}
END_TEST

/* Whatever a file has, reading it ends, and takes no more than this. */
START_TEST(test_bounds)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, why = STRBUF_INIT;
	struct script script;

	strbuf_add_text(&text, "block a\n");
	for (int i = 0; i < SCRIPT_STEPS_MAX; i++)
		strbuf_add_text(&text, "restart\n");
	strbuf_add_text(&text, "case b\nuse a\n");
	ck_assert_int_eq(script_parse(&script, "x", xstrdup(strbuf_text(&text)), &why), 0);
	script_fini(&script);
	strbuf_add_text(&text, "restart\n");
	ck_assert_int_eq(script_parse(&script, "x", xstrdup(strbuf_text(&text)), &why), -EINVAL);
	ck_assert_str_eq(strbuf_text(&why), "x:1004: too many steps");
	strbuf_reset(&why);
	strbuf_reset(&text);
	for (int i = 0; i <= SCRIPT_LINE_MAX; i++)
		strbuf_add_char(&text, 'x');
	ck_assert_int_eq(script_parse(&script, "x", xstrdup(strbuf_text(&text)), &why), -EINVAL);
	ck_assert_str_eq(strbuf_text(&why), "x:1: the line is too long");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("script");
	TCase *tcase = suite_add_case(suite, "script");

	tcase_add_loop_test(tcase, test_refused, 0, ARRAY_SIZE(refused));
	tcase_add_test(tcase, test_read);
	tcase_add_test(tcase, test_bounds);
	return run_suite(suite);
}
