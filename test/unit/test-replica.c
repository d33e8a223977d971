/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of the file on a hosting volume: what is written is read again, and nothing else.
 */

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/syntax/replica.h"
#include "fixture.h"

#define V1 "/Volumes/Volume{11111111-0000-0000-0000-000000000000}"

START_TEST(test_text)
{
	static const char expected[] =
		"mmfs-remote-database 1\n"
		"path=\"a b\\x22\\x5C\\x24\\x0A\\xFF\" "
		"volume=\"Volume{11111111-0000-0000-0000-000000000000}\" id=\"UUID=1\"\n"
		"crc32c=";
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, why = STRBUF_INIT;
	_cleanup_replica_ struct replica replica = { 0 }, again = { 0 };

	replica_set(&replica, "a b\"\\$\n\xff", V1, "UUID=1");
	ck_assert_int_eq(replica_format(&replica, &text, &why), 0);
	ck_assert_msg(strncasecmp(text.data, expected, strlen(expected)) == 0, "%s", text.data);
	ck_assert_int_eq(replica_parse(text.data, text.len, &again, &why), 0);
	ck_assert_uint_eq(again.count, 1);
	ck_assert_str_eq(again.list[0].path, "a b\"\\$\n\xff");
	/* Each byte counts. */
	for (size_t i = 0; i < text.len; i++) {
		struct replica none;

		text.data[i] ^= 1;
		ck_assert_int_eq(replica_parse(text.data, text.len, &none, &why), -EBADMSG);
		text.data[i] ^= 1;
		ck_assert_int_eq(replica_parse(text.data, i, &none, &why), -EBADMSG);
	}
}
END_TEST

START_TEST(test_limits)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, why = STRBUF_INIT;
	_cleanup_replica_ struct replica replica = { 0 }, again = { 0 };
	char long_path[REPLICA_PATH_MAX + 2];

	for (int i = 0; i < REPLICA_ENTRIES_MAX; i++) {
		_cleanup_free_ char *path = xasprintf("%d", i * 7919 % REPLICA_ENTRIES_MAX);

		replica_set(&replica, path, V1, "UUID=1");
	}
	ck_assert_uint_eq(replica.count, REPLICA_ENTRIES_MAX);
	ck_assert_int_eq(replica_format(&replica, &text, &why), 0);
	ck_assert_int_eq(replica_parse(text.data, text.len, &again, &why), 0);
	replica_set(&replica, "more", V1, "UUID=1");
	ck_assert_int_eq(replica_format(&replica, &text, &why), -ENOSPC);
	replica_remove(&replica, "more");
	replica_remove(&replica, "none");
	ck_assert_int_eq(replica_format(&replica, &text, &why), 0);

	memset(long_path, 'a', sizeof(long_path));
	for (size_t i = 100; i < sizeof(long_path) - 1; i += 100)
		long_path[i] = '/';
	long_path[REPLICA_PATH_MAX + 1] = '\0';
	ck_assert_ptr_nonnull(replica_check_path(long_path));
	long_path[REPLICA_PATH_MAX] = '\0';
	ck_assert_ptr_null(replica_check_path(long_path));
	ck_assert_ptr_null(replica_check_path("..a/.b/c.. /.mmfsx"));
	ck_assert_ptr_null(replica_check_path("a/.mmfs"));
	for (const char *const *bad = (const char *const[]){ "", "/a", "a/", "a//b", ".", "..",
		     "a/..", "./a", "a/../b", ".mmfs", ".mmfs/a", NULL };
		*bad; bad++)
		ck_assert_ptr_nonnull(replica_check_path(*bad));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("replica");
	TCase *tcase = suite_add_case(suite, "replica");

	tcase_add_test(tcase, test_text);
	tcase_add_test(tcase, test_limits);
	return run_suite(suite);
}
