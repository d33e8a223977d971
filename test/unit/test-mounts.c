/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of mounts: its lines, its order, what of it can be reached, and which volumes a new list
 * touches.
 */

#include <stdio.h>
#include <string.h>

#include "core/rules/apply.h"
#include "fixture.h"

static const char *next_path(
	const struct mounts *mounts, uint64_t number, const struct mount **mount)
{
	*mount = mounts_next(mounts, number, *mount);
	return *mount ? (*mount)->path : NULL;
}

static void add(struct mounts *mounts, const char *line)
{
	_cleanup_free_ char *copy = xstrdup(line);
	struct mount_line parsed;

	ck_assert_msg(mount_line_parse(copy, &parsed) == 0, "%s", line);
	mounts_add(mounts,
		&(struct mount){
			.number = parsed.major,
			.path = (char *)parsed.path,
			.is_whole = strcmp(parsed.root, "/") == 0,
			.id = parsed.id,
			.parent = parsed.parent,
		});
}

START_TEST(test_next)
{
	const struct mount *mount = NULL;
	struct mounts mounts = { 0 };

	ck_assert_ptr_null(mounts_next(&mounts, 1, NULL));
	mounts_finish(&mounts);
	ck_assert_ptr_null(mounts_next(&mounts, 1, NULL));
	add(&mounts, "20 1 9:0 / / rw - ext4 /dev/x rw");
	add(&mounts, "21 20 1:0 /part /part rw - ext4 /dev/x rw");
	add(&mounts, "22 20 1:0 / /a rw - ext4 /dev/x rw");
	add(&mounts, "23 20 2:0 / /b rw - ext4 /dev/x rw");
	add(&mounts, "25 20 1:0 /y /x rw - ext4 /dev/x rw");
	add(&mounts, "24 20 1:0 / /0 rw - ext4 /dev/x rw");
	mounts_finish(&mounts);
	ck_assert_pstr_eq(next_path(&mounts, 1, &mount), "/a");
	ck_assert_pstr_eq(next_path(&mounts, 1, &mount), "/0");
	ck_assert_pstr_eq(next_path(&mounts, 1, &mount), "/part");
	ck_assert(!mount->is_whole);
	ck_assert_pstr_eq(next_path(&mounts, 1, &mount), "/x");
	ck_assert_pstr_eq(next_path(&mounts, 1, &mount), NULL);
	ck_assert_pstr_eq(next_path(&mounts, 2, &mount), "/b");
	ck_assert_pstr_eq(next_path(&mounts, 2, &mount), NULL);
	ck_assert_ptr_null(mounts_next(&mounts, 3, NULL));
	ck_assert_ptr_null(mounts_next(&mounts, 10, NULL));
	mounts_fini(&mounts);
	ck_assert_ptr_null(mounts_next(&mounts, 1, NULL));
}
END_TEST

#define ROOT "20 1 0:9 / / rw - tmpfs x rw\n"

static const struct {
	const char *lines;
	const char *visible; /* paths of device 1, in order */
} views[] = {
	{ ROOT "21 20 1:0 / /a rw - ext4 x rw\n22 21 1:0 / /a/b rw - ext4 x rw\n", "/a /a/b" },
	/* Over it; three of them; and over a folder above it. */
	{ ROOT "21 20 1:0 / /a rw - ext4 x rw\n22 21 2:0 / /a rw - ext4 x rw\n", "" },
	{ ROOT "21 20 1:0 / /a rw - ext4 x rw\n22 21 1:0 /p /a rw - ext4 x rw\n"
	       "23 22 0:3 / /a rw - proc x rw\n",
		"" },
	{ ROOT "21 20 2:0 / /a rw - ext4 x rw\n22 21 1:0 / /a rw - ext4 x rw\n", "/a" },
	{ ROOT "21 20 1:0 / /a/b rw - ext4 x rw\n22 20 0:7 / /a rw - tmpfs x rw\n", "" },
	{ ROOT "21 20 1:0 / /a/b/c rw - ext4 x rw\n22 20 0:7 / /a/b rw - tmpfs x rw\n"
	       "23 22 1:0 / /a/b/c rw - ext4 x rw\n24 23 1:0 / /a/b/c/d rw - ext4 x rw\n"
	       "25 21 1:0 / /a/b/c/e rw - ext4 x rw\n",
		"/a/b/c /a/b/c/d" },
	/* Beside it, and with a name that begins alike. */
	{ ROOT "21 20 1:0 / /ab rw - ext4 x rw\n22 20 0:7 / /a rw - tmpfs x rw\n"
	       "23 20 0:7 / /ab/c rw - tmpfs x rw\n",
		"/ab" },
	/* A filesystem mounted over the root is entered by no path, nor what is on that. */
	{ ROOT "21 20 1:0 / / rw - ext4 x rw\n22 21 1:0 / /a rw - ext4 x rw\n"
	       "23 20 1:0 / /b rw - ext4 x rw\n",
		"/b" },
	{ "20 1 1:0 / / rw - ext4 x rw\n21 20 1:0 / /a rw - ext4 x rw\n", "/ /a" },
	{ "1 1 1:0 / / rw - ext4 x rw\n21 1 1:0 / /a rw - ext4 x rw\n", "/ /a" },
	/* In a chroot to a folder: its mount is not listed. */
	{ "21 20 1:0 / /a rw - ext4 x rw\n22 20 1:0 / /b rw - ext4 x rw\n"
	  "23 22 0:7 / /b rw - ext4 x rw\n24 20 1:0 / / rw - ext4 x rw\n",
		"/a" },
	/* Parents may come after their children. */
	{ "22 21 1:0 / /a/b rw - ext4 x rw\n21 20 1:0 / /a rw - ext4 x rw\n" ROOT, "/a/b /a" },
	/* Not of a device. */
	{ ROOT "21 20 0:5 / /a rw - tmpfs x rw\n", "" },
	/* What no kernel says. */
	{ ROOT "21 22 1:0 / /a rw - ext4 x rw\n22 21 1:0 / /a rw - ext4 x rw\n", "" },
	{ "21 22 1:0 / /a rw - ext4 x rw\n22 21 1:0 / /a rw - ext4 x rw\n", "" },
	{ "21 20 1:0 / /a rw - ext4 x rw\n20 21 0:1 / / rw - ext4 x rw\n", "" },
	{ "", "" },
};

START_TEST(test_visible)
{
	_cleanup_free_ char *copy = xstrdup(views[_i].lines);
	_cleanup_strbuf_ struct strbuf seen = STRBUF_INIT;
	const struct mount *mount = NULL;
	struct mounts mounts = { 0 };
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			add(&mounts, line);
	mounts_finish(&mounts);
	while ((mount = mounts_next(&mounts, 1, mount)))
		strbuf_add_format(&seen, "%s%s", seen.len ? " " : "", mount->path);
	ck_assert_str_eq(strbuf_text(&seen), views[_i].visible);
	mounts_fini(&mounts);
}
END_TEST

static const struct {
	const char *path;
	int id; /* of the mount that holds it, 0: none */
} places[] = { { "/a", 20 }, { "/a/b", 21 }, { "/a/b/c", 22 }, { "/a/b/c/d", 23 }, { "/ab", 20 },
	{ "/a/bc", 21 }, { "/a/b/cc", 22 }, { "/", 0 }, { "/x/y/z", 20 } };

START_TEST(test_under)
{
	const struct mount *mount;
	struct mounts mounts = { 0 };

	ck_assert_ptr_null(mounts_find_under(&mounts, "/a"));
	add(&mounts, "20 1 0:9 / / rw - tmpfs x rw");
	add(&mounts, "21 20 1:0 / /a rw - ext4 x rw");
	add(&mounts, "22 21 2:0 / /a/b rw - ext4 x rw");
	add(&mounts, "23 22 0:2 / /a/b/c rw - fuse x rw");
	mounts_finish(&mounts);
	mount = mounts_find_under(&mounts, places[_i].path);
	ck_assert_int_eq(mount ? mount->id : 0, places[_i].id);
	mounts_fini(&mounts);
}
END_TEST

/* Many mounts below each other, over each other and beside each other, and long paths. */
START_TEST(test_many)
{
	enum { MANY = 20000 };
	struct mounts mounts = { 0 };
	char path[5000] = "/";

	mounts_add(&mounts, &(struct mount){ .path = path, .id = 1 });
	for (int i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "/beside/%d", i / 2);
		mounts_add(&mounts,
			&(struct mount){ 1, path, true, .id = i + 2, .parent = i % 2 ? i + 1 : 1 });
	}
	for (int i = 0; i < 2499; i++) {
		memcpy(path + 2 * (size_t)i, "/d", 3);
		mounts_add(&mounts,
			&(struct mount){ 2, path, true, .id = MANY + i + 2,
				.parent = i ? MANY + i + 1 : 1 });
	}
	mounts_finish(&mounts);
	ck_assert_uint_eq(
		mounts.count, 1 + MANY / 2 + 2047); /* nothing longer than a path may be */
	mounts_fini(&mounts);
}
END_TEST

START_TEST(test_line)
{
	static const char *const bad[] = { "", "x", "1 2 3:4", "1 2 3:4 ", "1 2 3:4 / /a rw",
		"1 2 3:4 / /a rw -", "1 2 3:4 / /a rw - ext4", "1 2 3 / /a rw - ext4 x rw",
		"1 2 3:4 / a rw - ext4 x rw" };
	char line[] = "36 35 98:7 /sub\\040dir /a\\040\\011\\012\\134b\\043\xff\\04 (deleted) "
		      "rw,noatime master:1 shared:2 - ext3 /dev/a\\040b rw,errors=continue";
	struct mount_line parsed;

	/* A space is never written as such. */
	*strstr(line, " (deleted)") = '_';
	ck_assert_int_eq(mount_line_parse(line, &parsed), 0);
	ck_assert_int_eq(parsed.id, 36);
	ck_assert_int_eq(parsed.parent, 35);
	ck_assert_uint_eq(parsed.major, 98);
	ck_assert_uint_eq(parsed.minor, 7);
	ck_assert_str_eq(parsed.root, "/sub dir");
	ck_assert_str_eq(parsed.path, "/a \t\n\\b#\xff\\04_(deleted)");
	ck_assert_str_eq(parsed.fstype, "ext3");
	ck_assert_str_eq(parsed.source, "/dev/a b");
	ck_assert(!parsed.is_read_only);
	strcpy(line, "1 2 0:4 / /\\040(deleted) rw - tmpfs  rw");
	ck_assert_int_eq(mount_line_parse(line, &parsed), 0);
	ck_assert_str_eq(parsed.path, "/ (deleted)");
	ck_assert_str_eq(parsed.source, "");
	strcpy(line, "1 2 0:4 / /a rw,ro - tmpfs x rw");
	ck_assert_int_eq(mount_line_parse(line, &parsed), 0);
	ck_assert(parsed.is_read_only);
	strcpy(line, "1 2 0:4 / /a rw,errors=ro ro - tmpfs x ro");
	ck_assert_int_eq(mount_line_parse(line, &parsed), 0);
	ck_assert(parsed.is_read_only);
	strcpy(line, "1 2 0:4 / /a rw,rot,pro - tmpfs x a=ro");
	ck_assert_int_eq(mount_line_parse(line, &parsed), 0);
	ck_assert(!parsed.is_read_only);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_free_ char *copy = xstrdup(bad[i]);

		ck_assert_msg(mount_line_parse(copy, &parsed) < 0, "%s", bad[i]);
	}
}
END_TEST

/* Whether the list that `add` makes touches sda and sdb. */
static void check_touched(
	struct world *world, const char *path, bool is_whole, const char *expected)
{
	const struct device *a = volumes_find_name(&world->manager.volumes, "sda");
	struct mounts mounts = { 0 };

	add(&mounts, "20 1 7:0 / / rw - ext4 x rw");
	if (path)
		mounts_add(&mounts,
			&(struct mount){
				a->number, (char *)path, is_whole, .id = 21, .parent = 20 });
	mounts_finish(&mounts);
	touched_fini(&world->touched);
	apply_mounts(&world->manager, &mounts, &world->touched);
	ck_assert_uint_eq(mounts.count, 0);
	ck_assert_uint_eq(world->touched.id_count, expected ? 1 : 0);
	if (expected) {
		ck_assert_str_eq(world->touched.ids[0], expected);
		ck_assert(!world->touched.is_moved[0]);
	}
}

START_TEST(test_touched)
{
	struct world world;

	world_init(&world);
	world_play(&world, "plug sda uuid=1", "plug sdb uuid=2", "plug sdc blank");
	check_touched(&world, NULL, false, NULL);
	check_touched(&world, "/mnt", true, "UUID=1");
	check_touched(&world, "/mnt", true, NULL);
	check_touched(&world, "/mnt", false, "UUID=1");
	check_touched(&world, "/other", false, "UUID=1");
	check_touched(&world, NULL, false, "UUID=1");
	check_touched(&world, NULL, false, NULL);
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mounts");
	TCase *tcase = suite_add_case(suite, "mounts");

	tcase_add_test(tcase, test_next);
	tcase_add_loop_test(tcase, test_visible, 0, ARRAY_SIZE(views));
	tcase_add_loop_test(tcase, test_under, 0, ARRAY_SIZE(places));
	tcase_add_test(tcase, test_many);
	tcase_add_test(tcase, test_line);
	tcase_add_test(tcase, test_touched);
	return run_suite(suite);
}
