/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files for udevd's rule, in folders of our own.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../run-suite.h"
#include "io/publish/names_file.h"

static char top[] = "/tmp/mmfs-names-file.XXXXXX";
static char folder[64], links[64];

static void set_up(void)
{
	strcpy(strrchr(top, '.'), ".XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	snprintf(folder, sizeof(folder), "%s/run/mmfs/udev", top);
	snprintf(links, sizeof(links), "%s/mm", top);
	ck_assert_int_eq(mkdir(links, 0755), 0);
}

static void tear_down(void)
{
	_cleanup_free_ char *command = xasprintf("rm -rf %s", top);

	ck_assert_int_eq(system(command), 0);
}

static void add_link(const char *name, const char *target)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", links, name);

	ck_assert_int_eq(symlink(target, path), 0);
}

static void write_raw(const char *name, const char *text)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

/* "sda1 7 shown|hidden|stray TEXT;" of each, in the order of names. */
static char *list(void)
{
	struct names_file *files;
	char *all = xstrdup("");
	size_t count;

	ck_assert_int_eq(names_file_list(folder, links, &files, &count), 0);
	for (size_t i = 0; i < count; i++) {
		const char *state = !files[i].text ? "stray"
			: files[i].is_shown	   ? "shown"
						   : "hidden";
		char *longer = xasprintf("%s%s %llu %s;", all, files[i].name,
			(unsigned long long)files[i].diskseq, state);

		free(all);
		all = longer;
	}
	names_file_free_list(files, count);
	return all;
}

static void expect_list(const char *expected)
{
	_cleanup_free_ char *found = list();

	ck_assert_str_eq(found, expected);
}

START_TEST(test_write_and_remove)
{
	struct stat status;
	_cleanup_free_ char *path = NULL;

	expect_list("");
	ck_assert_int_eq(names_file_remove(folder, "sda", 1), 0);
	umask(077);
	ck_assert_int_eq(names_file_write(folder, "sda", 1, "MMFS_LINKS_1=mm/a\n"), 0);
	ck_assert_int_eq(names_file_write(folder, "cciss!c0d0p1", 2, "MMFS_LINKS_1=mm/b\n"), 0);
	ck_assert_int_eq(names_file_write(folder, "cciss/c0d1", 3, "MMFS_LINKS_1=mm/c\n"), 0);
	expect_list("cciss/c0d0p1 2 hidden;cciss/c0d1 3 hidden;sda 1 hidden;");
	path = xasprintf("%s/sda.1", folder);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode, S_IFREG | 0644);
	ck_assert_int_eq(names_file_remove(folder, "sda", 2), 0);
	ck_assert_int_eq(names_file_remove(folder, "sda", 1), 0);
	ck_assert_int_eq(names_file_remove(folder, "cciss!c0d1", 3), 0);
	expect_list("cciss/c0d0p1 2 hidden;");
}
END_TEST

START_TEST(test_shown)
{
	names_file_write(folder, "sda", 1, "MMFS_LINKS_1=mm/a mm/b\nMMFS_LINKS_2=mm/c\n");
	add_link("a", "../sda");
	add_link("b", "../sda");
	expect_list("sda 1 hidden;");
	add_link("c", "../sda");
	expect_list("sda 1 shown;");
	add_link("d", "../sda");
	expect_list("sda 1 hidden;");
	add_link("e", "../sdb");
	add_link("f", "../sdb");
	add_link("g", "/etc/passwd");
	expect_list("sda 1 hidden;sdb 0 stray;sdb 0 stray;");
	ck_assert(names_file_has_links(links, "sda", "MMFS_LINKS_1=mm/x mm/b\n"));
	ck_assert(!names_file_has_links(links, "sdb", "MMFS_LINKS_1=mm/x mm/b\n"));
	ck_assert(!names_file_has_links(links, "sda", "MMFS_LINKS_1=mm/x mm/e\n"));
}
END_TEST

/* What else is in the folder is none of ours. */
START_TEST(test_strangers)
{
	_cleanup_free_ char *path = NULL;

	names_file_write(folder, "sda", 1, "MMFS_LINKS_1=mm/a\n");
	write_raw("sdb", "");
	write_raw("sdc.", "");
	write_raw("sdd.x", "");
	write_raw("sde.7x", "");
	write_raw("sdf.0", "");
	write_raw("sdj.07", "");
	write_raw("sdk.+7", "");
	write_raw("sdl. 7", "");
	write_raw("sdm.-1", "");
	write_raw("sdn.99999999999999999999", "");
	write_raw("cciss!c0d0.7", "");
	write_raw(".123", "");
	write_raw(".5", "");
	write_raw("sdg.8", "no links, \n\n=mm/q= mm/ \x01\xff");
	path = xasprintf("%s/sdh.9", folder);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	strcpy(strrchr(path, '/'), "/sdi.9");
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	expect_list("sda 1 hidden;sdg 8 hidden;");
}
END_TEST

/* A name that somebody has put a symlink in place of is not written through. */
START_TEST(test_no_symlink)
{
	_cleanup_free_ char *path = NULL;

	names_file_write(folder, "sda", 1, "MMFS_LINKS_1=mm/a\n");
	path = xasprintf("%s/.%d", folder, (int)getpid());
	ck_assert_int_eq(symlink("/dev/null", path), 0);
	ck_assert_int_eq(names_file_write(folder, "sda", 1, "MMFS_LINKS_1=mm/b\n"), -ELOOP);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("names-file");
	TCase *tcase = suite_add_case(suite, "names-file");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, test_write_and_remove);
	tcase_add_test(tcase, test_shown);
	tcase_add_test(tcase, test_strangers);
	tcase_add_test(tcase, test_no_symlink);
	return run_suite(suite);
}
