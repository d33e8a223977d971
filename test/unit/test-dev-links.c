/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What udevd's rule reads: names that are nothing but names, in lines that are short enough.
 */

#include <stdio.h>
#include <string.h>

#include "core/views/dev_links.h"
#include "fixture.h"

static void expect_lines(
	const struct world *world, const char *name, const char *expected, size_t out)
{
	const struct device *device = volumes_find_name(&world->manager.volumes, name);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	size_t left_out;

	ck_assert_ptr_nonnull(device);
	dev_links_format(&world->manager, device, &text, &left_out);
	ck_assert_str_eq(strbuf_text(&text), expected);
	ck_assert_uint_eq(left_out, out);
}

START_TEST(test_lines)
{
	struct world world;

	world_init(&world);
	world_play(&world, "plug sda uuid=1", "plug sdb uuid=2", "plug sdc blank");
	expect_lines(&world, "sda", "", 0);
	expect_lines(&world, "sdc", "", 0);
	world_play(&world, "ok create_point X: /dev/sda",
		"ok create_point link=photos device=/dev/sda");
	world_play(&world, "ok create_point link=Album device=/dev/sda",
		"ok create_point link=b device=/dev/sdb");
	expect_lines(&world, "sda", "MMFS_LINKS_1=mm/Album mm/X: mm/photos\n", 0);
	expect_lines(&world, "sdb", "MMFS_LINKS_1=mm/b\n", 0);
	world_play(&world, "ok mv /DosDevices/b /DosDevices/c", "ok delete_points link=X:");
	expect_lines(&world, "sda", "MMFS_LINKS_1=mm/Album mm/photos\n", 0);
	expect_lines(&world, "sdb", "MMFS_LINKS_1=mm/c\n", 0);
	world_fini(&world);
}
END_TEST

/* Whatever byte a name has, its text has none to which udevd gives a meaning. */
START_TEST(test_escapes)
{
	static const char allowed[] = "#+-.:=@_\\"; /* and digits, letters, UTF-8 */
	struct strbuf text = STRBUF_INIT;
	char name[] = "a?b", expected[16];

	for (int byte = 1; byte < 256; byte++) {
		bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
			(byte >= 'A' && byte <= 'Z') || byte >= 0x80 ||
			(strchr(allowed, byte) && byte != '\\');

		name[1] = (char)byte;
		strbuf_reset(&text);
		dev_links_escape(&text, name);
		if (is_plain)
			strcpy(expected, name);
		else
			snprintf(expected, sizeof(expected), "a\\x%02xb", byte);
		ck_assert_str_eq(strbuf_text(&text), expected);
	}
	strbuf_reset(&text);
	dev_links_escape(&text, "Zoë's $HOME/%k");
	ck_assert_str_eq(strbuf_text(&text), "Zoë\\x27s\\x20\\x24HOME\\x2f\\x25k");
	strbuf_fini(&text);
}
END_TEST

/* A file name has 255 bytes at most: what is longer when escaped has no link. */
START_TEST(test_long_names)
{
	struct world world;
	char name[256], line[1024], expected[512];

	world_init(&world);
	world_play(&world, "plug sda uuid=1");
	memset(name, 'x', 255);
	name[255] = '\0';
	snprintf(line, sizeof(line), "link=%s device=/dev/sda", name);
	ck_assert_int_eq(world_ask(&world, "create_point", line), 0);
	snprintf(expected, sizeof(expected), "MMFS_LINKS_1=mm/%s\n", name);
	expect_lines(&world, "sda", expected, 0);
	memset(name, ',', 64);
	name[64] = '\0';
	snprintf(line, sizeof(line), "link=\"%s\" device=/dev/sda", name);
	ck_assert_int_eq(world_ask(&world, "create_point", line), 0);
	expect_lines(&world, "sda", expected, 1);
	world_fini(&world);
}
END_TEST

/* No line is longer than udevd takes, and none has a number that its rule does not know. */
START_TEST(test_many_names)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	size_t left_out, lines = 0, names = 0;
	struct world world;
	char line[300], *rest, *each;

	world_init(&world);
	world_play(&world, "plug sda uuid=1");
	for (int i = 0; i < 700; i++) {
		snprintf(line, sizeof(line), "link=%0*d device=/dev/sda", 1 + i % 250, i);
		ck_assert_int_eq(world_decide(&world, "create_point", line), 0);
	}
	world_commit(&world);
	dev_links_format(
		&world.manager, volumes_find_name(&world.manager.volumes, "sda"), &text, &left_out);
	rest = text.data;
	while ((each = strsep(&rest, "\n")) && *each) {
		char *value = strchr(each, '=') + 1;

		snprintf(line, sizeof(line), "MMFS_LINKS_%zu=", ++lines);
		ck_assert_int_eq(strncmp(each, line, strlen(line)), 0);
		ck_assert_uint_le(strlen(value), DEV_LINKS_LINE);
		for (char *c = value; c; c = strchr(c + 1, ' '))
			names++;
	}
	ck_assert_uint_eq(lines, DEV_LINKS_LINES);
	ck_assert_uint_gt(left_out, 0);
	ck_assert_uint_eq(names + left_out, 700);
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dev-links");
	TCase *tcase = suite_add_case(suite, "dev-links");

	tcase_add_test(tcase, test_lines);
	tcase_add_test(tcase, test_escapes);
	tcase_add_test(tcase, test_long_names);
	tcase_add_test(tcase, test_many_names);
	return run_suite(suite);
}
