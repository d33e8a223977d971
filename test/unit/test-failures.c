/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of failed requests: the last 64, newest last, safe for a shell.
 */

#include <errno.h>
#include <string.h>

#include "core/failures.h"
#include "fixture.h"

START_TEST(test_format)
{
	struct failures failures = { 0 };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	failures_format(&failures, &text);
	ck_assert_uint_eq(text.len, 0);
	failures_add(&failures,
		&(struct failure){ .time = 1700000000123456u,
			.uid = 1000,
			.error = EEXIST,
			.operation = (char[]){ "create_point" },
			.request = (char[]){ "X: `reboot`" },
			.why = (char[]){ "$(x) is\ntaken" } });
	failures_format(&failures, &text);
	ck_assert_ptr_nonnull(strstr(text.data,
		" UID=\"1000\" OPERATION=\"create_point\" "
		"REQUEST=\"X: \\x60reboot\\x60\" ERRNO=\"EEXIST\" "
		"WHY=\"\\x24(x) is\\x0ataken\"\n"));
	ck_assert_ptr_eq(strchr(text.data, '\n'), text.data + text.len - 1);
	failures_fini(&failures);
}
END_TEST

START_TEST(test_last)
{
	struct failures failures = { 0 };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	const char *at;

	for (unsigned int i = 1; i <= FAILURES_MAX + 3; i++) {
		_cleanup_free_ char *request = xasprintf("request-%u.", i);

		failures_add(&failures,
			&(struct failure){ .error = EINVAL,
				.operation = (char[]){ "x" },
				.request = request,
				.why = (char[]){ "y" } });
	}
	failures_format(&failures, &text);
	at = text.data;
	for (unsigned int i = 4; i <= FAILURES_MAX + 3; i++) {
		_cleanup_free_ char *request = xasprintf("request-%u.", i);

		ck_assert_ptr_nonnull(strstr(at, request));
		at = strchr(at, '\n') + 1;
	}
	ck_assert_str_eq(at, "");
	ck_assert_ptr_null(strstr(text.data, "request-3."));
	failures_fini(&failures);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("failures");
	TCase *tcase = suite_add_case(suite, "failures");

	tcase_add_test(tcase, test_format);
	tcase_add_test(tcase, test_last);
	return run_suite(suite);
}
