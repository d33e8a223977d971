/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of failed requests: the last 64, newest last, safe for a shell.
 */

#include <errno.h>
#include <string.h>

#include "core/views/error_log.h"
#include "fixture.h"

START_TEST(test_format)
{
	struct error_log log = { 0 };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	error_log_format(&log, &text);
	ck_assert_uint_eq(text.len, 0);
	error_log_add(&log,
		&(struct failure){ .time = 1700000000123456u,
			.uid = 1000,
			.error = EEXIST,
			.operation = (char[]){ "create_point" },
			.request = (char[]){ "X: `reboot`" },
			.why = (char[]){ "$(x) is\ntaken" } });
	error_log_format(&log, &text);
	ck_assert_ptr_nonnull(strstr(text.data,
		" UID=\"1000\" OPERATION=\"create_point\" "
		"REQUEST=\"X: \\x60reboot\\x60\" ERRNO=\"EEXIST\" "
		"WHY=\"\\x24(x) is\\x0ataken\"\n"));
	ck_assert_ptr_eq(strchr(text.data, '\n'), text.data + text.len - 1);
	error_log_fini(&log);
}
END_TEST

START_TEST(test_last)
{
	struct error_log log = { 0 };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	const char *at;

	for (unsigned int i = 1; i <= ERROR_LOG_MAX + 3; i++) {
		_cleanup_free_ char *request = xasprintf("request-%u.", i);

		error_log_add(&log,
			&(struct failure){ .error = EINVAL,
				.operation = (char[]){ "x" },
				.request = request,
				.why = (char[]){ "y" } });
	}
	error_log_format(&log, &text);
	at = text.data;
	for (unsigned int i = 4; i <= ERROR_LOG_MAX + 3; i++) {
		_cleanup_free_ char *request = xasprintf("request-%u.", i);

		ck_assert_ptr_nonnull(strstr(at, request));
		at = strchr(at, '\n') + 1;
	}
	ck_assert_str_eq(at, "");
	ck_assert_ptr_null(strstr(text.data, "request-3."));
	error_log_fini(&log);
}
END_TEST

static void add(struct error_log *log, uint32_t uid, unsigned int number)
{
	_cleanup_free_ char *request = xasprintf("%u-%u.", uid, number);

	error_log_add(log,
		&(struct failure){ .error = EINVAL,
			.uid = uid,
			.operation = (char[]){ "x" },
			.request = request,
			.why = (char[]){ "y" } });
}

static size_t count_of(const struct strbuf *text, const char *uid)
{
	size_t count = 0;

	for (const char *at = strbuf_text(text); (at = strstr(at, uid)); at++)
		count++;
	return count;
}

/*
 * What other users do wrong drives out little of what root did, and is in its place in the order.
 */
START_TEST(test_users)
{
	struct error_log log = { .owner = 7 };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, after = STRBUF_INIT;

	for (unsigned int i = 1; i <= ERROR_LOG_MAX; i++)
		add(&log, i % 2 ? 0 : 7, i);
	for (unsigned int i = 1; i <= 1000; i++)
		add(&log, 1000 + i % 3, i);
	error_log_format(&log, &text);
	ck_assert_uint_eq(count_of(&text, "\n"), ERROR_LOG_MAX);
	ck_assert_uint_eq(count_of(&text, "UID=\"100"), ERROR_LOG_OF_USERS);
	ck_assert_ptr_nonnull(strstr(text.data, "\"0-17.\""));
	ck_assert_ptr_nonnull(strstr(text.data, "\"7-64.\""));
	ck_assert_ptr_nonnull(strstr(text.data, "\"1001-985.\""));
	ck_assert(strstr(text.data, "\"1001-1000.\"") > strstr(text.data, "\"7-64.\""));
	for (unsigned int i = 1; i <= ERROR_LOG_MAX; i++)
		add(&log, 0, 1000 + i);
	error_log_format(&log, &after);
	ck_assert_uint_eq(count_of(&after, "\n"), ERROR_LOG_MAX);
	ck_assert_uint_eq(count_of(&after, "UID=\"0\""), ERROR_LOG_MAX);
	ck_assert_uint_eq(log.count, 2 * ERROR_LOG_MAX + 1000);
	error_log_fini(&log);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("error-log");
	TCase *tcase = suite_add_case(suite, "error-log");

	tcase_add_test(tcase, test_format);
	tcase_add_test(tcase, test_last);
	tcase_add_test(tcase, test_users);
	return run_suite(suite);
}
