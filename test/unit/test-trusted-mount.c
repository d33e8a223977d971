/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of which mounts a program believes what they say.
 */

#include <string.h>

#include "base/trusted_mount.h"
#include "fixture.h"

/* Paths of the mounts of a user in a table, with a blank behind each. */
static char *take_all(const char *text, uid_t owner)
{
	FILE *table = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	char path[PATH_MAX], *paths = xstrdup("");

	ck_assert_ptr_nonnull(table);
	while (trusted_mount_take(table, owner, path)) {
		char *longer = xasprintf("%s%s ", paths, path);

		free(paths);
		paths = longer;
	}
	fclose(table);
	return paths;
}

static void expect(const char *text, uid_t owner, const char *expected)
{
	_cleanup_free_ char *paths = take_all(text, owner);

	ck_assert_str_eq(paths, expected);
}

START_TEST(test_owners)
{
	static const char table[] =
		"proc /proc proc rw 0 0\n"
		"mmfs /mnt/mm fuse.mmfs rw,nosuid,user_id=0,group_id=0,allow_other 0 0\n"
		"x /home/u/mm fuse.mmfs rw,user_id=1000,group_id=0 0 0\n"
		"x /home/u/with\\040blank fuse.mmfs rw,user_id=1000 0 0\n"
		"x /home/v fuse.sshfs rw,user_id=0 0 0\n"
		"x /home/w fuse rw,user_id=0 0 0\n";

	expect(table, 0, "/mnt/mm ");
	expect(table, 1000, "/home/u/mm /home/u/with blank ");
	expect(table, 1, "");
}
END_TEST

/* Nothing that looks a bit like root's is taken for it. */
START_TEST(test_forged)
{
	static const char *const options[] = { "rw", "rw,group_id=0", "rw,user_id=00x",
		"rw,user_id=", "rw,user_id", "rw,xuser_id=0", "rw,user_id= 0", "rw,user_id=-0",
		"rw,user_id=+0", "rw,user_id=4294967296", "rw,user_id=18446744073709551616",
		"rw,user_id=1000" };

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		_cleanup_free_ char *table =
			xasprintf("user_id=0 /m fuse.mmfs %s 0 0\n", options[i]);

		expect(table, 0, "");
	}
}
END_TEST

/* A source or path as long as it can be: cut, or too long for a path, but never another's. */
START_TEST(test_long)
{
	enum { LEN = 60000 };
	_cleanup_free_ char *name = xcalloc(LEN + 1, 1);
	_cleanup_free_ char *source = NULL, *path = NULL;

	memset(name, 'x', LEN);
	source =
		xasprintf("%s /m fuse.mmfs rw,user_id=0 0 0\nm /n fuse.mmfs user_id=0 0 0\n", name);
	expect(source, 0, "/n ");
	name[PATH_MAX] = '\0';
	path = xasprintf("x /%s fuse.mmfs rw,user_id=0 0 0\nm /n fuse.mmfs user_id=0 0 0\n", name);
	expect(path, 0, "/n ");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trusted-mount");
	TCase *tcase = suite_add_case(suite, "trusted-mount");

	tcase_add_test(tcase, test_owners);
	tcase_add_test(tcase, test_forged);
	tcase_add_test(tcase, test_long);
	return run_suite(suite);
}
