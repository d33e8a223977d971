/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Link names: every form that is taken, every fault that is named, and the predicates of the
 * Windows header.
 */

#include <errno.h>
#include <string.h>

#include "base/strbuf.h"
#include "core/syntax/link_name.h"
#include "fixture.h"

#define GUID "3e6be9de-8139-11d1-9106-a43f08d823a6"
#define VOLUME "Volume{" GUID "}"

struct good {
	const char *text;
	enum link_kind kind;
	const char *path;
};

static const struct good goods[] = {
	{ "X:", LINK_LETTER, "/DosDevices/X:" },
	{ "A:", LINK_LETTER, "/DosDevices/A:" },
	{ "Z:", LINK_LETTER, "/DosDevices/Z:" },
	{ "/DosDevices/X:", LINK_LETTER, "/DosDevices/X:" },
	{ "\\DosDevices\\X:", LINK_LETTER, "/DosDevices/X:" },
	{ "\\??\\X:", LINK_LETTER, "/DosDevices/X:" },
	{ "/dosdevices/X:", LINK_LETTER, "/DosDevices/X:" },
	{ "\\DOSDEVICES\\X:", LINK_LETTER, "/DosDevices/X:" },
	{ VOLUME, LINK_VOLUME, "/Volumes/" VOLUME },
	{ "/Volumes/" VOLUME, LINK_VOLUME, "/Volumes/" VOLUME },
	{ "/volumes/" VOLUME, LINK_VOLUME, "/Volumes/" VOLUME },
	{ "\\Volumes\\" VOLUME, LINK_VOLUME, "/Volumes/" VOLUME },
	{ "\\??\\" VOLUME, LINK_VOLUME, "/Volumes/" VOLUME },
	{ "\\??\\" VOLUME "\\", LINK_VOLUME, "/Volumes/" VOLUME },
	{ "\\\\?\\" VOLUME, LINK_VOLUME, "/Volumes/" VOLUME },
	{ "\\\\?\\" VOLUME "\\", LINK_VOLUME, "/Volumes/" VOLUME },
	{ "/Volumes/" VOLUME "\\", LINK_VOLUME, "/Volumes/" VOLUME },
	{ VOLUME "\\", LINK_VOLUME, "/Volumes/" VOLUME },
	{ "\\DosDevices\\" VOLUME, LINK_VOLUME, "/Volumes/" VOLUME },
	{ "/DosDevices/" VOLUME, LINK_VOLUME, "/Volumes/" VOLUME },
	/* The hexadecimal digits are not looked at, and keep their spelling. */
	{ "Volume{3E6BE9DE-8139-11D1-9106-A43F08D823A6}", LINK_VOLUME,
		"/Volumes/Volume{3E6BE9DE-8139-11D1-9106-A43F08D823A6}" },
	{ "Volume{zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz}", LINK_VOLUME,
		"/Volumes/Volume{zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz}" },
	/* What only looks like a volume name is a name as any other. */
	{ "volume{" GUID "}", LINK_OTHER, "/DosDevices/volume{" GUID "}" },
	{ "Volume{" GUID, LINK_OTHER, "/DosDevices/Volume{" GUID },
	{ "Volume{" GUID "0}", LINK_OTHER, "/DosDevices/Volume{" GUID "0}" },
	{ "Volume{3e6be9de08139-11d1-9106-a43f08d823a6}", LINK_OTHER,
		"/DosDevices/Volume{3e6be9de08139-11d1-9106-a43f08d823a6}" },
	{ "Volume{3e6be9de-8139-11d1-9106-a43f08d823 6}", LINK_OTHER,
		"/DosDevices/Volume{3e6be9de-8139-11d1-9106-a43f08d823 6}" },
	{ "backup", LINK_OTHER, "/DosDevices/backup" },
	{ "/DosDevices/Backup", LINK_OTHER, "/DosDevices/Backup" },
	{ "\\??\\my data", LINK_OTHER, "/DosDevices/my data" },
	{ "X", LINK_OTHER, "/DosDevices/X" },
	{ "XY:", LINK_OTHER, "/DosDevices/XY:" },
	{ "1:", LINK_OTHER, "/DosDevices/1:" },
	{ "[:", LINK_OTHER, "/DosDevices/[:" },
	{ "@:", LINK_OTHER, "/DosDevices/@:" },
	{ "...", LINK_OTHER, "/DosDevices/..." },
	{ ".hidden", LINK_OTHER, "/DosDevices/.hidden" },
	{ "UUID=1234", LINK_OTHER, "/DosDevices/UUID=1234" },
	{ "gr\xc3\xb6\xc3\x9f"
	  "e",
		LINK_OTHER,
		"/DosDevices/gr\xc3\xb6\xc3\x9f"
		"e" },
	{ "\xc2\xa0", LINK_OTHER, "/DosDevices/\xc2\xa0" },
	{ "\xe2\x82\xac\xf0\x9f\x92\xbe", LINK_OTHER, "/DosDevices/\xe2\x82\xac\xf0\x9f\x92\xbe" },
	{ "$(reboot)", LINK_OTHER, "/DosDevices/$(reboot)" },
};

START_TEST(test_good)
{
	const struct good *good = &goods[_i];
	struct link_name name, sought;
	const char *fault = NULL;
	size_t len = strlen(good->text);
	char *exact = xstrndup(good->text, len);
	char *tight = memcpy(xcalloc(len, 1), good->text, len); /* not terminated */

	ck_assert_msg(link_name_parse(exact, len, &name, &fault) == 0, "%s: %s", exact, fault);
	ck_assert_str_eq(name.path, good->path);
	ck_assert_int_eq(name.kind, good->kind);
	ck_assert_int_eq(link_name_parse(tight, len, &name, &fault), 0);
	ck_assert_str_eq(name.path, good->path);
	ck_assert_int_eq(link_name_is_letter(name.path), good->kind == LINK_LETTER);
	ck_assert_int_eq(link_name_is_volume(name.path), good->kind == LINK_VOLUME);
	ck_assert_str_eq(link_name_get_base(name.path), strrchr(good->path, '/') + 1);
	/* It is found by the same words, and a letter in either case. */
	ck_assert_int_eq(
		link_name_parse_sought(good->text, strlen(good->text), &sought, &fault), 0);
	ck_assert_str_eq(sought.path, good->path);
	ck_assert_int_eq(sought.kind, good->kind);
	/* What is output is taken as input, and means the same. */
	ck_assert_int_eq(link_name_parse(good->path, strlen(good->path), &name, &fault), 0);
	ck_assert_str_eq(name.path, good->path);
	free(exact);
	free(tight);
}
END_TEST

struct bad {
	const char *text;
	size_t len; /* 0: all of it */
	const char *fault;
};

#define EMPTY "empty"
#define SLASH "'/'"
#define CONTROL "control"
#define LOWER "upper case"
#define UTF8 "UTF-8"
#define DOTS "'..'"
#define ONLY "Volume{GUID}"

static const struct bad bads[] = {
	{ "", 0, EMPTY },
	{ "/DosDevices/", 0, EMPTY },
	{ "\\??\\", 0, EMPTY },
	{ "/Volumes/", 0, EMPTY },
	{ "x:", 0, LOWER },
	{ "a:", 0, LOWER },
	{ "z:", 0, LOWER },
	{ "/DosDevices/x:", 0, LOWER },
	{ "\\DosDevices\\c:", 0, LOWER },
	{ "\\??\\x:", 0, LOWER },
	{ ".", 0, DOTS },
	{ "..", 0, DOTS },
	{ "/DosDevices/..", 0, DOTS },
	{ "/DosDevices/a/b", 0, SLASH },
	{ "/X:", 0, SLASH },
	{ "/dev/sda", 0, SLASH },
	{ "/DosDevicesX:", 0, SLASH },
	{ "X:\\", 0, SLASH },
	{ "\\??\\X:\\", 0, SLASH },
	{ "a\\b", 0, SLASH },
	{ "\\\\?\\" VOLUME "\\\\", 0, SLASH },
	{ "/Volumes/" VOLUME "/", 0, SLASH },
	{ "\\??\\volume{" GUID "}\\", 0, SLASH },
	{ "\\??\\Volume{" GUID "}x\\", 0, SLASH },
	{ "\\??\\a-name-of-44-bytes-that-is-not-a-volume-name\\", 0, SLASH },
	{ "\\??\\Volume{3e6be9de08139-11d1-9106-a43f08d823a6}\\", 0, SLASH },
	{ "/Volumes/C:", 0, ONLY },
	{ "/Volumes/backup", 0, ONLY },
	{ "/Volumes/volume{" GUID "}", 0, ONLY },
	{ "\\\\?\\C:", 0, ONLY },
	{ "\\\\?\\backup", 0, ONLY },
	{ "/Volumes/Volume{3e6be9de-8139-11d1-9106_a43f08d823a6}", 0, ONLY },
	{ "a\nb", 0, CONTROL },
	{ "a\tb", 0, CONTROL },
	{ "\x01", 0, CONTROL },
	{ "a\x7f", 0, CONTROL },
	{ "a\0b", 3, CONTROL },
	{ "X:\0", 3, CONTROL },
	{ "\0", 1, CONTROL },
	{ "\xc2\x80", 0, CONTROL },
	{ "a\xc2\x9f", 0, CONTROL },
	{ "\xc2\x85", 0, CONTROL },
	{ "\x80", 0, UTF8 },
	{ "\xff", 0, UTF8 },
	{ "\xc3", 0, UTF8 },
	{ "\xc3(", 0, UTF8 },
	{ "\xc0\xaf", 0, UTF8 },	 /* '/' in two bytes */
	{ "\xe0\x80\xaf", 0, UTF8 },	 /* and in three */
	{ "\xed\xa0\x80", 0, UTF8 },	 /* a surrogate */
	{ "\xf4\x90\x80\x80", 0, UTF8 }, /* beyond U+10FFFF */
	{ "\xf0\x8f\xbf\xbf", 0, UTF8 }, /* U+FFFF in four bytes */
	{ "\xf5\x80\x80\x80", 0, UTF8 },
	{ "Volume{\xff"
	  "e6be9de-8139-11d1-9106-a43f08d823a6}",
		0, UTF8 },
};

START_TEST(test_bad)
{
	const struct bad *bad = &bads[_i];
	struct link_name name = { .path = "untouched" };
	const char *fault = NULL;
	size_t len = bad->len ? bad->len : strlen(bad->text);

	ck_assert_int_eq(link_name_parse(bad->text, len, &name, &fault), -EINVAL);
	ck_assert_str_eq(name.path, "untouched");
	ck_assert_msg(strstr(fault, bad->fault) != NULL, "\"%s\": %s", bad->text, fault);
}
END_TEST

START_TEST(test_sought)
{
	static const char *const texts[] = {
		"x:", "/DosDevices/x:", "\\DOSDEVICES\\x:", "\\??\\x:"
	};
	struct link_name name;
	const char *fault = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		ck_assert_int_eq(
			link_name_parse_sought(texts[i], strlen(texts[i]), &name, &fault), 0);
		ck_assert_str_eq(name.path, "/DosDevices/X:");
		ck_assert_int_eq(name.kind, LINK_LETTER);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bads); i++) {
		size_t len = bads[i].len ? bads[i].len : strlen(bads[i].text);
		int r = link_name_parse_sought(bads[i].text, len, &name, &fault);
		bool is_found =
			strcmp(bads[i].fault, LOWER) == 0 || strstr(bads[i].text, "volume{");

		ck_assert_int_eq(r, is_found ? 0 : -EINVAL);
	}
}
END_TEST

START_TEST(test_sought_volume)
{
	static const char *const texts[] = { "/Volumes/volume{" GUID "}",
		"\\VOLUMES\\VOLUME{" GUID "}", "\\\\?\\vOLUME{" GUID "}\\" };
	static const char *const others[] = { "/DosDevices/volume{" GUID "}",
		"\\??\\volume{" GUID "}", "volume{" GUID "}", "volume{" GUID "}\\" };
	char like[LINK_PATH_MAX];
	struct link_name name;
	const char *fault = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		ck_assert_int_eq(
			link_name_parse_sought(texts[i], strlen(texts[i]), &name, &fault), 0);
		ck_assert_str_eq(name.path, "/Volumes/" VOLUME);
		ck_assert_int_eq(name.kind, LINK_VOLUME);
		ck_assert(link_name_get_twin(name.path, like));
		ck_assert_str_eq(like, "/DosDevices/" VOLUME);
	}
	/* There it may be a name as any other; who finds none looks for the volume. */
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		ck_assert_int_eq(
			link_name_parse_sought(others[i], strlen(others[i]), &name, &fault), 0);
		ck_assert_str_eq(name.path, "/DosDevices/volume{" GUID "}");
		ck_assert(link_name_get_twin(name.path, like));
		ck_assert_str_eq(like, "/Volumes/" VOLUME);
	}
	ck_assert(!link_name_get_twin("/DosDevices/volume{}", like));
}
END_TEST

START_TEST(test_length)
{
	static const char *const prefixes[] = { "", "/DosDevices/", "\\DosDevices\\", "\\??\\" };
	struct link_name name;
	const char *fault = NULL;
	char text[300];

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t n = strlen(prefixes[i]);

		memset(text, 'a', sizeof(text));
		memcpy(text, prefixes[i], n);
		ck_assert_int_eq(link_name_parse(text, n + 255, &name, &fault), 0);
		ck_assert_uint_eq(strlen(name.path), strlen("/DosDevices/") + 255);
		ck_assert_uint_lt(strlen(name.path), LINK_PATH_MAX);
		ck_assert_int_eq(link_name_parse(text, n + 256, &name, &fault), -EINVAL);
		ck_assert_ptr_nonnull(strstr(fault, "255"));
		/* Bytes count, not characters. */
		memcpy(text + n + 254, "\xc3\xb6", 2);
		ck_assert_int_eq(link_name_parse(text, n + 256, &name, &fault), -EINVAL);
	}
}
END_TEST

START_TEST(test_is_form)
{
	static const char *const forms[] = { "C:", "c:", "/DosDevices/x", "\\DosDevices\\x",
		"\\??\\x", "\\\\?\\x", "/Volumes/x", VOLUME, "/DosDevices/", "\\??\\" VOLUME,
		VOLUME "\\", "volume{" GUID "}" };
	static const char *const others[] = { "", ":", "C", "CC:", "1:", "backup", "/dev/sda",
		"sda", "UUID=1", "/DosDevices", "Volume{}", "\\x", "/" };

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		ck_assert_msg(link_name_is_form(forms[i]), "%s", forms[i]);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		ck_assert_msg(!link_name_is_form(others[i]), "%s", others[i]);
}
END_TEST

START_TEST(test_predicates)
{
	static const char *const letters[] = { "/DosDevices/A:", "/DosDevices/Z:" };
	static const char *const others[] = { "/DosDevices/a:", "/DosDevices/A",
		"/DosDevices/AB:", "/DosDevices/A:B",
		"/Volumes/A:", "/DosDevices/@:", "/DosDevices/[:", "/dosdevices/A:", "A:" };

	for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
		ck_assert_msg(link_name_is_letter(letters[i]), "%s", letters[i]);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		ck_assert_msg(!link_name_is_letter(others[i]), "%s", others[i]);
	ck_assert(link_name_is_volume("/Volumes/" VOLUME));
	ck_assert(!link_name_is_volume("/DosDevices/" VOLUME));
}
END_TEST

START_TEST(test_format_volume)
{
	static const uint8_t bytes[16] = { 0x3E, 0x6B, 0xE9, 0xDE, 0x81, 0x39, 0xFF, 0xD1, 0xFF,
		0x06, 0xA4, 0x3F, 0x08, 0xD8, 0x23, 0xA6 };
	static const uint8_t zeros[16] = { 0 };
	struct link_name name;
	const char *fault;
	char path[LINK_PATH_MAX];

	link_name_format_volume(bytes, path);
	ck_assert_str_eq(path, "/Volumes/Volume{3e6be9de-8139-4fd1-bf06-a43f08d823a6}");
	link_name_format_volume(zeros, path);
	ck_assert_str_eq(path, "/Volumes/Volume{00000000-0000-4000-8000-000000000000}");
	ck_assert_int_eq(link_name_parse(path, strlen(path), &name, &fault), 0);
	ck_assert_int_eq(name.kind, LINK_VOLUME);
	ck_assert_str_eq(name.path, path);
}
END_TEST

START_TEST(test_guid)
{
	static const uint8_t bytes[16] = { 0x3E, 0x6B, 0xE9, 0xDE, 0x81, 0x39, 0x11, 0xD1, 0x91,
		0x06, 0xA4, 0x3F, 0x08, 0xD8, 0x23, 0xA6 };
	static const char *const others[] = { "/DosDevices/" VOLUME,
		"/DosDevices/C:", "/Volumes/Volume{zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz}",
		"/Volumes/Volume{3e6be9d-e8139-11d1-9106-a43f08d823a6}" };
	uint8_t guid[16] = { 0 };

	ck_assert(link_name_get_guid("/Volumes/" VOLUME, guid));
	ck_assert_int_eq(memcmp(guid, bytes, 16), 0);
	ck_assert(
		link_name_get_guid("/Volumes/Volume{3E6BE9DE-8139-11D1-9106-A43F08D823A6}", guid));
	ck_assert_int_eq(memcmp(guid, bytes, 16), 0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		ck_assert_msg(!link_name_get_guid(others[i], guid), "%s", others[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("link_name");
	TCase *tcase = suite_add_case(suite, "link_name");

	tcase_add_loop_test(tcase, test_good, 0, ARRAY_SIZE(goods));
	tcase_add_loop_test(tcase, test_bad, 0, ARRAY_SIZE(bads));
	tcase_add_test(tcase, test_sought);
	tcase_add_test(tcase, test_sought_volume);
	tcase_add_test(tcase, test_length);
	tcase_add_test(tcase, test_is_form);
	tcase_add_test(tcase, test_predicates);
	tcase_add_test(tcase, test_format_volume);
	tcase_add_test(tcase, test_guid);
	return run_suite(suite);
}
