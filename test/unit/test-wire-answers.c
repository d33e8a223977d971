/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What calls of the binary interface end with, and what they answer. The tags of rows are those of
 * test-wire.c.
 */

#include <errno.h>
#include <string.h>

#include "core/syntax/link_name.h"
#include "wire-call.h"

#define GUID "3e6be9de-8139-11d1-9106-a43f08d823a6"
#define VOLUME "Volume{" GUID "}"

static uint32_t get(const struct strbuf *output, size_t at, size_t count)
{
	uint32_t value = 0;

	ck_assert_uint_le(at + count, output->len);
	for (size_t i = count; i-- > 0;)
		value = value << 8 | (uint8_t)output->data[at + i];
	return value;
}

/* "LINK ID DEVICE\n…" of a list of mount points, once it is found sound. */
static void show_points(const struct strbuf *output, struct strbuf *ret_text)
{
	uint32_t count = get(output, 4, 4);

	ck_assert_uint_eq(get(output, 0, 4), output->len);
	for (uint32_t i = 0; i < count; i++) {
		for (size_t member = 0; member < 3; member++) {
			size_t at = 8 + 24 * i + 8 * member;
			uint32_t offset = get(output, at, 4), len = get(output, at + 4, 2);
			const uint8_t *data = (const uint8_t *)output->data + offset;
			char text[2048];

			ck_assert_uint_eq(get(output, at + 6, 2), 0);
			ck_assert_uint_eq(offset % 2, 0);
			ck_assert_uint_ge(offset, 8 + 24 * count);
			ck_assert_uint_le(offset + len, output->len);
			if (member == 1)
				strbuf_add(ret_text, data, len);
			else
				strbuf_add(ret_text, text, (size_t)utf16_to_utf8(data, len, text));
			strbuf_add_char(ret_text, member == 2 ? '\n' : ' ');
		}
	}
}

/* sda1 has C: and an ID of odd length, sdb1 no letter. */
static void begin(struct world *world)
{
	world_init(world);
	world_plug(world, "sda1", "uuid=12");
	world_plug(world, "sdb1", "uuid=345");
	ck_assert_int_eq(world_ask(world, "create_point", "C: /dev/sda1"), 0);
}

struct status_row {
	const char *source;
	uint32_t code;
	const char *input;
	NTSTATUS status;
};

static const struct status_row statuses[] = {
	{ "6 [S]: too short", IOCTL_MOUNTMGR_VOLUME_MOUNT_POINT_CREATED, "8 4 12",
		STATUS_INVALID_PARAMETER },
	{ "6 [I]: a string ends behind the input", IOCTL_MOUNTMGR_VOLUME_MOUNT_POINT_CREATED,
		"8 4 12 20 '/a' '/dev/sdb1'", STATUS_INVALID_PARAMETER },
	{ "7 [I]: a folder without its root", IOCTL_MOUNTMGR_VOLUME_MOUNT_POINT_DELETED,
		"8 4 12 18 'ab' '/dev/sdb1'", STATUS_INVALID_PARAMETER },
	{ "QUERY 5 [RT]: unknown link", QUERY, AS_LINK(28, "\\DosDevices\\Z:"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [RT]: unknown volume name", QUERY, AS_LINK(96, "\\??\\" VOLUME),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [RT]: a link that cannot be", QUERY, AS_LINK(26, "\\DosDevice\\A:"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [RT]: a link that cannot be", QUERY, AS_LINK(30, "\\DosDevices\\Q:\\"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [RT]: a link that cannot be", QUERY, AS_LINK(30, "\\DosDevices\\C:\\"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [RT]: a link that cannot be", QUERY, AS_LINK(46, "\\Device\\HarddiskVolume9"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [RT]: a link that cannot be", QUERY, AS_LINK(24, "\\GLOBAL??\\Q:"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [RT]: a link that cannot be", QUERY, AS_LINK(14, "\\??\\a\\b"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [RT]: a link that cannot be", QUERY, AS_LINK(48, "\\ArcName\\multi(0)disk(0)"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [RT]: a link that cannot be", QUERY, AS_LINK(2, "\\"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [RT]: a link that cannot be", QUERY, AS_LINK(4, "C:"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [RT]: a link that cannot be", QUERY, AS_LINK(2, "c"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [RT]: a link that cannot be", QUERY, AS_LINK(2, "/"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [RT]: a link that cannot be", QUERY, AS_LINK(24, "\\DosDevices\\"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [RT]: a link that cannot be", QUERY, AS_LINK(8, "\\??\\"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [RT]: a link that cannot be", QUERY, AS_LINK(12, "\\\\?\\C:"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [RT]: a link that cannot be", QUERY, AS_LINK(28, "\\DosDevices\\.."),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "DELETE 5 [RT]: a link that cannot be", DELETE, AS_LINK(24, "\\DosDevice\\A:"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "DBONLY 5 [RT]: a link that cannot be", DBONLY, AS_LINK(24, "\\DosDevice\\A:"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY 5 [S]: a device that cannot be", QUERY, AS_DEVICE(30, "\\DosDevices\\Q:\\"),
		STATUS_INVALID_PARAMETER },
	{ "PATHS [R]: a volume that cannot be", PATHS, "30 '\\DosDevices\\Q:\\'",
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "LETTER [R]: a volume that cannot be", LETTER, "4 0xd800 'a'",
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "CREATE [R]: a volume that cannot be", CREATE,
		"8 28 36 30 '\\DosDevices\\X:' '\\DosDevices\\Q:\\'",
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "QUERY [WT]: a letter in lower case", QUERY, AS_LINK(28, "\\DosDevices\\c:"),
		STATUS_SUCCESS },
	{ "PATHS [WT]: a letter in lower case", PATHS, "12 '\\??\\c:'", STATUS_SUCCESS },
	{ "QUERY 5 [S]: unknown ID", QUERY, "L0 0 0 L24 6 0 L0 0 0 =UUID=9",
		STATUS_INVALID_PARAMETER },
	{ "QUERY 5 [S]: unknown device", QUERY, AS_DEVICE(18, "/dev/sdx1"),
		STATUS_INVALID_PARAMETER },
	{ "QUERY: no combination", QUERY, "L24 28 0 L52 8 0 L0 0 0 '\\DosDevices\\C:' =UUID=345",
		STATUS_INVALID_PARAMETER },
	{ "QUERY [RT]: a letter as device", QUERY, AS_DEVICE(28, "\\DosDevices\\C:"),
		STATUS_SUCCESS },
	{ "DELETE [D]: as QUERY", DELETE, AS_LINK(28, "\\DosDevices\\Z:"),
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "CREATE [R]: unknown volume", CREATE, "8 28 36 18 '\\DosDevices\\X:' '/dev/sdx1'",
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "CREATE [D]: free", CREATE, "8 28 36 18 '\\DosDevices\\X:' '/dev/sdb1'", STATUS_SUCCESS },
	{ "CREATE [D]: another's", CREATE, "8 28 36 18 '\\DosDevices\\C:' '/dev/sdb1'",
		STATUS_OBJECT_NAME_COLLISION },
	{ "CREATE [D]: a second letter", CREATE, "8 28 36 18 '\\DosDevices\\X:' '/dev/sda1'",
		STATUS_INVALID_PARAMETER },
	{ "CREATE [R]: its own letter", CREATE, "8 28 36 18 '\\DosDevices\\C:' '/dev/sda1'",
		STATUS_INVALID_PARAMETER },
	{ "LETTER [R]: unknown", LETTER, TARGET_NONE, STATUS_OBJECT_NAME_NOT_FOUND },
	{ "LETTER [D]", LETTER, TARGET_A, STATUS_SUCCESS },
	{ "KEEP [R]: unknown", KEEP, TARGET_NONE, STATUS_OBJECT_NAME_NOT_FOUND },
	{ "KEEP [D]", KEEP, TARGET_A, STATUS_SUCCESS },
	{ "PATH [R]: unknown", PATH, TARGET_NONE, STATUS_OBJECT_NAME_NOT_FOUND },
	{ "PATHS [R]: unknown", PATHS, TARGET_NONE, STATUS_OBJECT_NAME_NOT_FOUND },
	{ "SCRUB [D]", IOCTL_MOUNTMGR_SCRUB_REGISTRY, "", STATUS_SUCCESS },
	{ "AUTO_DL [D]", IOCTL_MOUNTMGR_AUTO_DL_ASSIGNMENTS, "", STATUS_SUCCESS },
	{ "CHECK [D]", IOCTL_MOUNTMGR_CHECK_UNPROCESSED_VOLUMES, "", STATUS_SUCCESS },
	{ "17 [I]", IOCTL_MOUNTMGR_BOOT_DL_ASSIGNMENT, "", STATUS_INVALID_DEVICE_REQUEST },
	{ "19 [I]: unknown volume", IOCTL_MOUNTMGR_PREPARE_VOLUME_DELETE, TARGET_NONE,
		STATUS_OBJECT_NAME_NOT_FOUND },
	{ "19 [I]", IOCTL_MOUNTMGR_PREPARE_VOLUME_DELETE, TARGET_A, STATUS_SUCCESS },
	{ "20 [I]", IOCTL_MOUNTMGR_CANCEL_VOLUME_DELETE, TARGET_A, STATUS_SUCCESS },
	{ "18 [I]", IOCTL_MOUNTMGR_TRACELOG_CACHE, "", STATUS_INVALID_DEVICE_REQUEST },
	{ "21 [I]", IOCTL_MOUNTMGR_SILO_ARRIVAL, "", STATUS_INVALID_DEVICE_REQUEST },
	{ "unknown [R]", MMFS_CTL_CODE(MOUNTMGRCONTROLTYPE, 23u, 0u), "",
		STATUS_INVALID_DEVICE_REQUEST },
	{ "of a volume [R]", IOCTL_MOUNTDEV_QUERY_DEVICE_NAME, "", STATUS_INVALID_DEVICE_REQUEST },
	{ "other access bits", MMFS_CTL_CODE(MOUNTMGRCONTROLTYPE, 0u, 0u), "",
		STATUS_INVALID_DEVICE_REQUEST },
};

START_TEST(test_statuses)
{
	const struct status_row *row = &statuses[_i];
	_cleanup_strbuf_ struct strbuf output = STRBUF_INIT;
	struct world world;
	NTSTATUS status;

	begin(&world);
	status = wire_call(&world, row->code, row->input, 1024, &output);
	ck_assert_msg(status == row->status, "%s: %#x", row->source, status);
	world_fini(&world);
}
END_TEST

START_TEST(test_points)
{
	_cleanup_strbuf_ struct strbuf output = STRBUF_INIT, text = STRBUF_INIT;
	_cleanup_free_ char *expected = NULL;
	struct world world;
	const char *volume_a, *volume_b;

	begin(&world);
	volume_a = link_name_get_base(world_get_volume_name(&world, "UUID=12"));
	volume_b = link_name_get_base(world_get_volume_name(&world, "UUID=345"));
	expected = xasprintf("\\DosDevices\\C: UUID=12 /dev/sda1\n"
			     "\\??\\%s UUID=%s\n\\??\\%s UUID=%s\n",
		strcmp(volume_a, volume_b) < 0 ? volume_a : volume_b,
		strcmp(volume_a, volume_b) < 0 ? "12 /dev/sda1" : "345 /dev/sdb1",
		strcmp(volume_a, volume_b) < 0 ? volume_b : volume_a,
		strcmp(volume_a, volume_b) < 0 ? "345 /dev/sdb1" : "12 /dev/sda1");
	ck_assert_uint_eq(wire_call(&world, QUERY, EMPTY_POINT, 4096, &output), STATUS_SUCCESS);
	show_points(&output, &text);
	ck_assert_str_eq(strbuf_text(&text), expected);

	/* Layout [S]: of one triple the first string is at 32. */
	ck_assert_uint_eq(wire_call(&world, QUERY, AS_LINK(28, "\\DosDevices\\C:"), 86, &output),
		STATUS_SUCCESS);
	ck_assert_uint_eq(output.len, 32 + 28 + 8 + 18);
	ck_assert_uint_eq(get(&output, 8, 4), 32);
	ck_assert_uint_eq(get(&output, 16, 4), 60);
	ck_assert_uint_eq(get(&output, 20, 2), 7);
	ck_assert_uint_eq(get(&output, 24, 4), 68); /* 2-aligned behind an odd ID [W] */

	/* In lower case the same one is found, spelled as it is [WT]. */
	ck_assert_uint_eq(
		wire_call(&world, QUERY, AS_LINK(12, "\\??\\c:"), 86, &output), STATUS_SUCCESS);
	strbuf_reset(&text);
	show_points(&output, &text);
	ck_assert_str_eq(strbuf_text(&text), "\\DosDevices\\C: UUID=12 /dev/sda1\n");

	/* Overflow [S][WT]: Size and count, 8 bytes. */
	ck_assert_uint_eq(wire_call(&world, QUERY, AS_LINK(28, "\\DosDevices\\C:"), 85, &output),
		STATUS_BUFFER_OVERFLOW);
	ck_assert_uint_eq(output.len, 8);
	ck_assert_uint_eq(get(&output, 0, 4), 86);
	ck_assert_uint_eq(get(&output, 4, 4), 1);

	/* DELETE [D]: the same answer; with too little room nothing is deleted [R]. */
	ck_assert_uint_eq(wire_call(&world, DELETE, AS_LINK(28, "\\DosDevices\\C:"), 85, &output),
		STATUS_BUFFER_OVERFLOW);
	ck_assert_uint_eq(get(&output, 0, 4), 86);
	ck_assert_str_eq(world_show(&world), "/DosDevices/C: /dev/sda1\n");
	ck_assert(!world_has_mark(&world, "UUID=12"));
	ck_assert_uint_eq(wire_call(&world, DELETE, AS_LINK(28, "\\DosDevices\\C:"), 86, &output),
		STATUS_SUCCESS);
	ck_assert_uint_eq(get(&output, 4, 4), 1);
	ck_assert_str_eq(world_show(&world), "");
	ck_assert(world_has_mark(&world, "UUID=12"));

	world_fini(&world);
}
END_TEST

START_TEST(test_empty)
{
	_cleanup_strbuf_ struct strbuf output = STRBUF_INIT;
	struct world world;

	begin(&world);
	/* Everything [D], after which there is nothing: SUCCESS with 0 points. */
	ck_assert_uint_eq(wire_call(&world, DELETE, EMPTY_POINT, 4096, &output), STATUS_SUCCESS);
	ck_assert_uint_eq(get(&output, 4, 4), 3);
	ck_assert_uint_eq(wire_call(&world, QUERY, EMPTY_POINT, 32, &output), STATUS_SUCCESS);
	ck_assert_uint_eq(output.len, 32);
	ck_assert_uint_eq(get(&output, 0, 4), 32);
	ck_assert_uint_eq(get(&output, 4, 4), 0);
	ck_assert_uint_eq(
		wire_call(&world, QUERY, AS_DEVICE(18, "/dev/sda1"), 32, &output), STATUS_SUCCESS);
	ck_assert_uint_eq(get(&output, 0, 4), 32);
	world_fini(&world);
}
END_TEST

static void expect_paths(const struct strbuf *output, const char *paths, size_t len)
{
	uint8_t units[512];
	size_t size = utf16_from_utf8(paths, len, units);

	ck_assert_uint_eq(output->len, 4 + size);
	ck_assert_uint_eq(get(output, 0, 4), size);
	ck_assert_int_eq(memcmp(output->data + 4, units, size), 0);
}

START_TEST(test_paths)
{
	_cleanup_strbuf_ struct strbuf output = STRBUF_INIT;
	_cleanup_free_ char *volume = NULL;
	struct world world;

	begin(&world);
	volume = xasprintf(
		"\\\\?\\%s%c", link_name_get_base(world_get_volume_name(&world, "UUID=345")), 0);
	/* A letter and two NULs [RT]. */
	ck_assert_uint_eq(wire_call(&world, PATH, TARGET_A, 12, &output), STATUS_SUCCESS);
	expect_paths(&output, "C:\0", 4);
	ck_assert_uint_eq(wire_call(&world, PATHS, TARGET_A, 12, &output), STATUS_SUCCESS);
	expect_paths(&output, "C:\0", 4);
	/* Too little room [R]: 4 bytes say how much is needed. */
	ck_assert_uint_eq(wire_call(&world, PATHS, TARGET_A, 11, &output), STATUS_BUFFER_OVERFLOW);
	ck_assert_uint_eq(output.len, 4);
	ck_assert_uint_eq(get(&output, 0, 4), 8);
	/* No path [RT]: the volume name as Win32 has it, and a single NUL. */
	ck_assert_uint_eq(wire_call(&world, PATH, "18 '/dev/sdb1'", 256, &output), STATUS_SUCCESS);
	expect_paths(&output, volume, 48 + 2);
	ck_assert_uint_eq(wire_call(&world, PATHS, "18 '/dev/sdb1'", 256, &output), STATUS_SUCCESS);
	expect_paths(&output, "", 1);
	/* Nothing at all [R]: another status than that of an unknown volume. */
	ck_assert_int_eq(world_ask(&world, "delete_points", "device=/dev/sdb1"), 0);
	ck_assert_uint_eq(
		wire_call(&world, PATH, "18 '/dev/sdb1'", 256, &output), STATUS_NOT_FOUND);
	ck_assert_uint_eq(wire_call(&world, PATHS, "18 '/dev/sdb1'", 256, &output), STATUS_SUCCESS);
	world_fini(&world);
}
END_TEST

START_TEST(test_letters)
{
	_cleanup_strbuf_ struct strbuf output = STRBUF_INIT;
	struct world world;

	begin(&world);
	ck_assert_uint_eq(wire_call(&world, LETTER, TARGET_A, 2, &output), STATUS_SUCCESS);
	ck_assert_uint_eq(output.len, 2);
	ck_assert_uint_eq(get(&output, 0, 2), 'C' << 8); /* had it: not assigned now [R] */
	ck_assert_uint_eq(wire_call(&world, LETTER, "18 '/dev/sdb1'", 2, &output), STATUS_SUCCESS);
	ck_assert_uint_eq(get(&output, 0, 2), 'D' << 8 | 1);
	ck_assert_int_eq(world_ask(&world, "delete_points", "D:"), 0);
	ck_assert_uint_eq(wire_call(&world, LETTER, "18 '/dev/sdb1'", 2, &output), STATUS_SUCCESS);
	ck_assert_uint_eq(get(&output, 0, 2), 0); /* wants none */
	world_fini(&world);
}
END_TEST

/* What a volume says of itself: mountdev.h [D]. */
START_TEST(test_volume)
{
	static const char name[] = "\x12\0/\0d\0e\0v\0/\0s\0d\0a\0"
				   "1\0";
	_cleanup_strbuf_ struct strbuf output = STRBUF_INIT;
	struct world world;

	begin(&world);
	ck_assert_uint_eq(wire_call(&world, IOCTL_MMFS_QUERY_UNIQUE_ID, TARGET_A, 9, &output),
		STATUS_SUCCESS);
	ck_assert_uint_eq(output.len, 9); /* 2 + length */
	ck_assert_int_eq(memcmp(output.data, "\7\0UUID=12", 9), 0);
	ck_assert_uint_eq(wire_call(&world, IOCTL_MMFS_QUERY_UNIQUE_ID, TARGET_A, 4, &output),
		STATUS_BUFFER_OVERFLOW);
	ck_assert_uint_eq(output.len, 4);
	ck_assert_uint_eq(get(&output, 0, 2), 7);
	ck_assert_uint_eq(wire_call(&world, IOCTL_MMFS_QUERY_UNIQUE_ID, TARGET_A, 3, &output),
		STATUS_INVALID_PARAMETER);
	ck_assert_uint_eq(wire_call(&world, IOCTL_MMFS_QUERY_UNIQUE_ID, TARGET_NONE, 64, &output),
		STATUS_OBJECT_NAME_NOT_FOUND);

	ck_assert_uint_eq(
		wire_call(&world, IOCTL_MMFS_QUERY_DEVICE_NAME, "12 '\\??\\c:'", 64, &output),
		STATUS_SUCCESS);
	ck_assert_uint_eq(output.len, sizeof(name) - 1);
	ck_assert_int_eq(memcmp(output.data, name, sizeof(name) - 1), 0);

	world_fini(&world);
}
END_TEST

START_TEST(test_volume_names)
{
	static const uint8_t guid[16] = { 0xde, 0xe9, 0x6b, 0x3e, 0x39, 0x81, 0xd1, 0x11, 0x91,
		0x06, 0xa4, 0x3f, 0x08, 0xd8, 0x23, 0xa6 };
	_cleanup_strbuf_ struct strbuf output = STRBUF_INIT;
	struct world world;

	begin(&world);
	/* A label is a suggestion, for who has no link of his own. */
	ck_assert_uint_eq(
		wire_call(&world, IOCTL_MMFS_QUERY_SUGGESTED_LINK_NAME, TARGET_A, 64, &output),
		STATUS_NOT_FOUND);
	world_plug(&world, "sdc1", "uuid=7 label=E:");
	ck_assert_uint_eq(wire_call(&world, IOCTL_MMFS_QUERY_SUGGESTED_LINK_NAME, "18 '/dev/sdc1'",
				  5, &output),
		STATUS_INVALID_PARAMETER);
	ck_assert_uint_eq(wire_call(&world, IOCTL_MMFS_QUERY_SUGGESTED_LINK_NAME, "18 '/dev/sdc1'",
				  6, &output),
		STATUS_BUFFER_OVERFLOW);
	ck_assert_uint_eq(output.len, 6);
	ck_assert_uint_eq(get(&output, 2, 2), 28);
	ck_assert_uint_eq(wire_call(&world, IOCTL_MMFS_QUERY_SUGGESTED_LINK_NAME, "18 '/dev/sdc1'",
				  32, &output),
		STATUS_SUCCESS);
	ck_assert_uint_eq(output.len, 32);
	ck_assert_uint_eq(get(&output, 0, 1), 1);
	ck_assert_uint_eq(get(&output, 4, 2), '\\');
	ck_assert_uint_eq(get(&output, 28, 2), 'E');

	/* The GUID of the volume name, its numbers little endian. */
	ck_assert_int_eq(world_ask(&world, "delete_points", "device=sdb1"), 0);
	ck_assert_uint_eq(
		wire_call(&world, IOCTL_MMFS_QUERY_STABLE_GUID, "18 '/dev/sdb1'", 16, &output),
		STATUS_NOT_FOUND);
	ck_assert_int_eq(world_ask(&world, "create_point", "link=" VOLUME " device=sdb1"), 0);
	ck_assert_uint_eq(
		wire_call(&world, IOCTL_MMFS_QUERY_STABLE_GUID, "18 '/dev/sdb1'", 15, &output),
		STATUS_INVALID_PARAMETER);
	ck_assert_uint_eq(
		wire_call(&world, IOCTL_MMFS_QUERY_STABLE_GUID, "18 '/dev/sdb1'", 16, &output),
		STATUS_SUCCESS);
	ck_assert_uint_eq(output.len, 16);
	ck_assert_int_eq(memcmp(output.data, guid, 16), 0);
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wire_answers");
	TCase *tcase = suite_add_case(suite, "rows");

	tcase_add_loop_test(tcase, test_statuses, 0, (int)ARRAY_SIZE(statuses));
	fixture_add(suite, "points", test_points);
	fixture_add(suite, "empty", test_empty);
	fixture_add(suite, "paths", test_paths);
	fixture_add(suite, "letters", test_letters);
	fixture_add(suite, "volume", test_volume);
	fixture_add(suite, "volume names", test_volume_names);
	return run_suite(suite);
}
