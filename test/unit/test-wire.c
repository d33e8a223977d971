/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The binary interface against what is known of the original, row by row. A row names where its
 * expectation comes from: [D] documentation of the driver kit, [H] public headers, [S] pages of the
 * control codes, [WT] and [RT] public conformance tests that pass on Windows, [R] what an
 * independent implementation does where the others are silent, [I] our own choice.
 */

#include <errno.h>
#include <string.h>

#include "base/nt_status.h"
#include "core/syntax/link_name.h"
#include "wire-call.h"

#define GUID "3e6be9de-8139-11d1-9106-a43f08d823a6"
#define VOLUME "Volume{" GUID "}"

struct row {
	const char *source;
	uint32_t code;
	const char *input; /* words of bytes_parse() */
	size_t room;
	const char *line; /* the same request as text; NULL: STATUS_INVALID_PARAMETER */
	bool is_unknown;  /* … or, then, STATUS_OBJECT_NAME_NOT_FOUND */
};

static const struct row inputs[] = {
	{ "QUERY 1 [S][WT]: input < 24", QUERY, "", 32, NULL },
	{ "QUERY 1 [S][WT]: input < 24", QUERY, "z23", 32, NULL },
	{ "QUERY [S]: an empty triple", QUERY, EMPTY_POINT, 32, "" },
	{ "QUERY 4 [WT]: output 31", QUERY, EMPTY_POINT, 31, NULL },
	{ "QUERY 4 [WT]: output 24", QUERY, EMPTY_POINT, 24, NULL },
	{ "QUERY 4 [WT]: no output", QUERY, EMPTY_POINT, 0, NULL },
	{ "QUERY [S]: link", QUERY, "L24 28 0 L0 0 0 L0 0 0 '\\DosDevices\\C:'", 32,
		"link=/DosDevices/C:" },
	{ "QUERY [S]: unique ID", QUERY, "L0 0 0 L24 6 0 L0 0 0 =UUID=1", 32, "id=UUID=1" },
	{ "QUERY [I]: an ID of odd length", QUERY, "L0 0 0 L24 7 0 L0 0 0 =UUID=12", 32,
		"id=UUID=12" },
	{ "QUERY [S]: device name", QUERY, "L0 0 0 L0 0 0 L24 18 0 '/dev/sda1'", 32,
		"device=/dev/sda1" },
	{ "QUERY [RT]: a volume name as device", QUERY, "L0 0 0 L0 0 0 L24 96 0 '\\??\\" VOLUME "'",
		32, "device=/Volumes/" VOLUME },
	{ "QUERY [RT]: a letter as device", QUERY, "L0 0 0 L0 0 0 L24 28 0 '\\DosDevices\\C:'", 32,
		"device=/DosDevices/C:" },
	{ "QUERY [S]: all three", QUERY,
		"L24 28 0 L52 6 0 L58 18 0 '\\DosDevices\\C:' =UUID=1 '/dev/sda1'", 32,
		"link=/DosDevices/C: id=UUID=1 device=/dev/sda1" },
	{ "QUERY [S]: in another order", QUERY,
		"L48 28 0 L24 6 0 L30 18 0 =UUID=1 '/dev/sda1' '\\DosDevices\\C:'", 32,
		"link=/DosDevices/C: id=UUID=1 device=/dev/sda1" },
	{ "QUERY [R]: length 0 is not given", QUERY, "L24 0 0 L24 6 0 L0 0 0 =UUID=1", 32,
		"id=UUID=1" },
	{ "QUERY [R]: length 0 wherever", QUERY, "L0x7ffffffe 0 0 L24 6 0 L0 0 0 =UUID=1", 32,
		"id=UUID=1" },
	{ "QUERY [D]: offset 0 is not given", QUERY, "L0 6 0 L24 6 0 L0 0 0 =UUID=1", 32,
		"id=UUID=1" },
	{ "QUERY 2 [S]: link at an odd address", QUERY,
		"L25 28 0 L0 0 0 L0 0 0 z1 '\\DosDevices\\C:'", 32, NULL },
	{ "QUERY 2 [S]: ID at an odd address", QUERY, "L0 0 0 L25 6 0 L0 0 0 z1 =UUID=1", 32,
		NULL },
	{ "QUERY 2 [S]: device at an odd address", QUERY, "L0 0 0 L0 0 0 L25 18 0 z1 '/dev/sda1'",
		32, NULL },
	{ "QUERY 2 [S]: an odd address, length 0", QUERY, "L25 0 0 L0 0 0 L0 0 0", 32, NULL },
	{ "QUERY 2 [S]: no ID, at an odd address", QUERY, "L0 0 0 L0x7fffffff 0 0 L0 0 0", 32,
		NULL },
	{ "QUERY 2 [S]: no device, at an odd address", QUERY,
		"L24 28 0 L0 0 0 L1 0 0 '\\DosDevices\\C:'", 32, NULL },
	{ "QUERY 2 [R]: a link of odd length", QUERY, "L24 27 0 L0 0 0 L0 0 0 '\\DosDevices\\C:'",
		32, NULL },
	{ "QUERY 2 [R]: a device of odd length", QUERY, "L0 0 0 L0 0 0 L24 17 0 '/dev/sda1'", 32,
		NULL },
	{ "QUERY 3 [S]: lengths > input", QUERY, "L24 28 0 L24 28 0 L24 0 0 '\\DosDevices\\C:'", 32,
		NULL },
	{ "QUERY 3 [S]: lengths > input, not given", QUERY, "L0 20 0 L0 6 0 L0 0 0", 32, NULL },
	{ "QUERY 3 [I]: link behind the input", QUERY, "L26 28 0 L0 0 0 L0 0 0 '\\DosDevices\\C:'",
		32, NULL },
	{ "QUERY 3 [I]: ID behind the input", QUERY, "L0 0 0 L26 6 0 L0 0 0 =UUID=1", 32, NULL },
	{ "QUERY 3 [I]: device behind the input", QUERY, "L0 0 0 L0 0 0 L44 18 0 '/dev/sda1'", 32,
		NULL },
	{ "QUERY 3 [I]: the sum wraps", QUERY, "L0xfffffffe 28 0 L0 0 0 L0 0 0 '\\DosDevices\\C:'",
		32, NULL },
	{ "QUERY [I]: half a pair of surrogates", QUERY,
		"L24 26 0 L0 0 0 L0 0 0 '\\DosDevices\\' 0xd800", 32, NULL, true },
	{ "QUERY [I]: the other half", QUERY, "L24 26 0 L0 0 0 L0 0 0 '\\DosDevices\\' 0xdc00", 32,
		NULL, true },
	{ "QUERY [I]: halves in the wrong order", QUERY,
		"L24 28 0 L0 0 0 L0 0 0 '\\DosDevices\\' 0xdc00 0xd800", 32, NULL, true },
	{ "QUERY [I]: a pair", QUERY, "L24 28 0 L0 0 0 L0 0 0 '\\DosDevices\\' 0xd83d 0xdcbe", 32,
		"link=\"/DosDevices/\xf0\x9f\x92\xbe\"" },
	{ "QUERY [I]: NUL in a name", QUERY, "L24 28 0 L0 0 0 L0 0 0 '\\DosDevices\\' 0 67", 32,
		NULL, true },
	{ "QUERY [I]: NUL in an ID", QUERY, "L0 0 0 L24 7 0 L0 0 0 =UUID=1 x0", 32, NULL },
	{ "QUERY [I]: no such kind of ID", QUERY, "L0 0 0 L24 6 0 L0 0 0 =UUID-1", 32, NULL },
	{ "QUERY, names [RT]: not all of the path", QUERY, "L24 4 0 L0 0 0 L0 0 0 'C:'", 32, NULL,
		true },
	{ "QUERY, names [WT]: lower case", QUERY, "L24 28 0 L0 0 0 L0 0 0 '\\DosDevices\\c:'", 32,
		"link=/DosDevices/C:" },
	{ "QUERY, names [WT]: another spelling", QUERY, "L24 28 0 L0 0 0 L0 0 0 '\\DOSDEVICES\\c:'",
		32, "link=/DosDevices/C:" },
	{ "QUERY, names [WT]: a device in lower case", QUERY, "L0 0 0 L0 0 0 L24 12 0 '\\??\\c:'",
		32, "device=/DosDevices/C:" },
	{ "QUERY [R]: a link of odd length that is none", QUERY, "L24 5 0 L0 0 0 L0 0 0 'C:' 0", 32,
		NULL },
	{ "QUERY [S]: what cannot be, and a wrong offset", QUERY, "L24 4 0 L0 0 0 L27 2 0 'C:' z6",
		32, NULL },
	{ "QUERY, names [H]: volume name", QUERY, "L24 96 0 L0 0 0 L0 0 0 '\\??\\" VOLUME "'", 32,
		"link=/Volumes/" VOLUME },
	{ "QUERY, names [H]: with a backslash", QUERY,
		"L24 98 0 L0 0 0 L0 0 0 '\\\\?\\" VOLUME "\\'", 32, "link=/Volumes/" VOLUME },

	{ "DELETE [D]: as QUERY: input < 24", DELETE, "z23", 32, NULL },
	{ "DELETE [D]: as QUERY: output < 32", DELETE, EMPTY_POINT, 31, NULL },
	{ "DELETE [D]: an empty triple is everything", DELETE, EMPTY_POINT, 32, "all=1" },
	{ "DELETE [D]: as QUERY: an odd address", DELETE, "L25 0 0 L0 0 0 L0 0 0", 32, NULL },
	{ "DELETE [D]: as QUERY: an odd address", DELETE, "L0 0 0 L0 0 0 L1 0 0", 32, NULL },
	{ "DELETE [D]: link", DELETE, "L24 28 0 L0 0 0 L0 0 0 '\\DosDevices\\C:'", 32,
		"link=/DosDevices/C:" },
	{ "DBONLY [D]: as DELETE", DBONLY, EMPTY_POINT, 32, "all=1" },
	{ "DBONLY [D]: as DELETE", DBONLY, EMPTY_POINT, 31, NULL },
	{ "DBONLY [D]: as DELETE", DBONLY, "L25 0 0 L0 0 0 L0 0 0", 32, NULL },

	{ "CREATE [D]: input < 8", CREATE, "z7", 0, NULL },
	{ "CREATE [D]", CREATE, "8 28 36 18 '\\DosDevices\\C:' '/dev/sda1'", 0,
		"link=/DosDevices/C: device=/dev/sda1" },
	{ "CREATE [D]: any name of the volume", CREATE,
		"8 28 36 98 '\\DosDevices\\C:' '\\\\?\\" VOLUME "\\'", 0,
		"link=/DosDevices/C: device=/Volumes/" VOLUME },
	{ "CREATE [R]: link behind the input", CREATE, "38 28 36 18 '\\DosDevices\\C:' '/dev/sda1'",
		0, NULL },
	{ "CREATE [R]: device behind the input", CREATE,
		"8 28 38 18 '\\DosDevices\\C:' '/dev/sda1'", 0, NULL },
	{ "CREATE [D]: lower case", CREATE, "8 28 36 18 '\\DosDevices\\c:' '/dev/sda1'", 0, NULL },
	{ "CREATE [D]: half a character", CREATE, "8 26 34 18 '\\DosDevices\\' 0xd800 '/dev/sda1'",
		0, NULL },
	{ "CREATE [WT]: a volume's letter in lower case", CREATE,
		"8 26 34 12 '\\DosDevices\\a' '\\??\\c:'", 0,
		"link=/DosDevices/a device=/DosDevices/C:" },
	{ "CREATE [D]: a full path", CREATE, "8 4 12 18 'C:' '/dev/sda1'", 0, NULL },
	{ "CREATE [I]: no link", CREATE, "8 0 8 18 '/dev/sda1'", 0, NULL },
	{ "CREATE [I]: no device", CREATE, "8 28 8 0 '\\DosDevices\\C:'", 0, NULL },
	{ "CREATE [I]: lengths of 64 KiB", CREATE, "8 0xfffe 8 0xfffe z8", 0, NULL },

	{ "LETTER [D]: input < 4", LETTER, "z3", 2, NULL },
	{ "LETTER [D]: output < 2", LETTER, "18 '/dev/sda1'", 1, NULL },
	{ "LETTER [D]", LETTER, "18 '/dev/sda1'", 2, "device=/dev/sda1" },
	{ "LETTER [R]: 2 + length > input", LETTER, "20 '/dev/sda1'", 2, NULL },
	{ "LETTER: what follows is not looked at", LETTER, "18 '/dev/sda1' z9", 2,
		"device=/dev/sda1" },
	{ "LETTER [R]: odd length", LETTER, "17 '/dev/sda1'", 2, NULL },

	{ "KEEP [D]: input < 4", KEEP, "z3", 0, NULL },
	{ "KEEP [D]: 2 + length > input", KEEP, "0xfffe '/dev/sda1'", 0, NULL },
	{ "KEEP [D]", KEEP, "18 '/dev/sda1'", 0, "device=/dev/sda1" },

	{ "PATH [R]: input < 4", PATH, "z3", 4, NULL },
	{ "PATH [R]: output < 4", PATH, "18 '/dev/sda1'", 3, NULL },
	{ "PATH [R]: odd length", PATH, "17 '/dev/sda1'", 4, NULL },
	{ "PATH [R]: 2 + length > input", PATH, "20 '/dev/sda1'", 4, NULL },
	{ "PATH [RT]: a volume name", PATH, "96 '\\??\\" VOLUME "'", 4, "device=/Volumes/" VOLUME },
	{ "PATHS [R]: as PATH", PATHS, "18 '/dev/sda1'", 3, NULL },
	{ "PATHS [RT]: a letter", PATHS, "28 '\\DosDevices\\C:'", 4, "device=/DosDevices/C:" },

	{ "AUTO_DL: no data", IOCTL_MOUNTMGR_AUTO_DL_ASSIGNMENTS, "", 0, "" },
	{ "SCRUB: no data", IOCTL_MOUNTMGR_SCRUB_REGISTRY, "", 0, "" },
	{ "CHECK: no data", IOCTL_MOUNTMGR_CHECK_UNPROCESSED_VOLUMES, "", 0, "" },
	{ "ARRIVAL [D]: too small", IOCTL_MOUNTMGR_VOLUME_ARRIVAL_NOTIFICATION, "z3", 0, NULL },
	{ "ARRIVAL", IOCTL_MOUNTMGR_VOLUME_ARRIVAL_NOTIFICATION, "18 '/dev/sda1'", 0,
		"device=/dev/sda1" },
	{ "REMOVAL [I]: as ARRIVAL", IOCTL_MOUNTMGR_VOLUME_REMOVAL_NOTIFICATION, "18 '/dev/sda1'",
		0, "device=/dev/sda1" },
	{ "NOTIFY [D]: input < 4", IOCTL_MOUNTMGR_CHANGE_NOTIFY, "z3", 4, NULL },
	{ "NOTIFY [D]: output < 4", IOCTL_MOUNTMGR_CHANGE_NOTIFY, "L7", 3, NULL },
	{ "NOTIFY [D]", IOCTL_MOUNTMGR_CHANGE_NOTIFY, "L7", 4, "epic=7" },
	{ "AUTO_MOUNT: input < 4", IOCTL_MOUNTMGR_SET_AUTO_MOUNT, "z3", 0, NULL },
	{ "AUTO_MOUNT: off", IOCTL_MOUNTMGR_SET_AUTO_MOUNT, "L0", 0, "state=off" },
	{ "AUTO_MOUNT: on", IOCTL_MOUNTMGR_SET_AUTO_MOUNT, "L1", 0, "state=on" },
	{ "AUTO_MOUNT: output < 4", IOCTL_MOUNTMGR_QUERY_AUTO_MOUNT, "", 3, NULL },
};

START_TEST(test_inputs)
{
	const struct row *row = &inputs[_i];
	const struct wire_code *code = wire_find_code(row->code);
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT, got = STRBUF_INIT, expected = STRBUF_INIT;
	struct request request, text;
	struct bytes bytes;
	int r;

	ck_assert_ptr_nonnull(code);
	bytes_parse(row->input, &bytes);
	r = wire_call_decode(code, &bytes, row->room, &request, &why);
	if (!row->line) {
		ck_assert_msg(r == (row->is_unknown ? -ENOENT : -EINVAL), "%s: %d", row->source, r);
		ck_assert_uint_gt(why.len, 0);
		return;
	}
	ck_assert_msg(r == 0, "%s: %s", row->source, strbuf_text(&why));
	ck_assert_int_eq(
		request_parse(request.operation, row->line, strlen(row->line), &text, &why), 0);
	request_format(&request, &got);
	request_format(&text, &expected);
	ck_assert_msg(strcmp(strbuf_text(&got), strbuf_text(&expected)) == 0, "%s: %s", row->source,
		strbuf_text(&got));
	ck_assert_int_eq(request.is_on, text.is_on);
	request_fini(&request);
	request_fini(&text);
}
END_TEST

/* Control codes by the arithmetic of the headers [H], and what they need. */
START_TEST(test_codes)
{
	static const struct {
		uint32_t code;
		unsigned int function;
		unsigned int access; /* of the code */
		unsigned int needs;  /* of the open file; 4: not served */
	} codes[] = {
		{ IOCTL_MOUNTMGR_CREATE_POINT, 0, 3, 3 },
		{ IOCTL_MOUNTMGR_DELETE_POINTS, 1, 3, 3 },
		{ IOCTL_MOUNTMGR_QUERY_POINTS, 2, 0, 0 },
		{ IOCTL_MOUNTMGR_DELETE_POINTS_DBONLY, 3, 3, 3 },
		{ IOCTL_MOUNTMGR_NEXT_DRIVE_LETTER, 4, 3, 3 },
		{ IOCTL_MOUNTMGR_AUTO_DL_ASSIGNMENTS, 5, 3, 3 },
		{ IOCTL_MOUNTMGR_CHANGE_NOTIFY, 8, 1, 1 },
		{ IOCTL_MOUNTMGR_VOLUME_MOUNT_POINT_CREATED, 6, 3, 3 },
		{ IOCTL_MOUNTMGR_VOLUME_MOUNT_POINT_DELETED, 7, 3, 3 },
		{ IOCTL_MOUNTMGR_KEEP_LINKS_WHEN_OFFLINE, 9, 3, 3 },
		{ IOCTL_MOUNTMGR_CHECK_UNPROCESSED_VOLUMES, 10, 1, 3 },
		{ IOCTL_MOUNTMGR_VOLUME_ARRIVAL_NOTIFICATION, 11, 1, 3 },
		{ IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATH, 12, 0, 0 },
		{ IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATHS, 13, 0, 0 },
		{ IOCTL_MOUNTMGR_SCRUB_REGISTRY, 14, 3, 3 },
		{ IOCTL_MOUNTMGR_QUERY_AUTO_MOUNT, 15, 0, 0 },
		{ IOCTL_MOUNTMGR_SET_AUTO_MOUNT, 16, 3, 3 },
		{ IOCTL_MOUNTMGR_BOOT_DL_ASSIGNMENT, 17, 3, 4 },
		{ IOCTL_MOUNTMGR_TRACELOG_CACHE, 18, 1, 4 },
		{ IOCTL_MOUNTMGR_PREPARE_VOLUME_DELETE, 19, 3, 3 },
		{ IOCTL_MOUNTMGR_CANCEL_VOLUME_DELETE, 20, 3, 3 },
		{ IOCTL_MOUNTMGR_SILO_ARRIVAL, 21, 3, 4 },
		{ IOCTL_MOUNTMGR_VOLUME_REMOVAL_NOTIFICATION, 22, 1, 3 },
		{ IOCTL_MMFS_QUERY_UNIQUE_ID, 0x800, 0, 0 },
		{ IOCTL_MMFS_QUERY_DEVICE_NAME, 0x802, 0, 0 },
		{ IOCTL_MMFS_QUERY_SUGGESTED_LINK_NAME, 0x803, 0, 0 },
		{ IOCTL_MMFS_QUERY_STABLE_GUID, 0x806, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		const struct wire_code *code = wire_find_code(codes[i].code);

		ck_assert_uint_eq(codes[i].code,
			MMFS_CTL_CODE(MOUNTMGRCONTROLTYPE, codes[i].function, codes[i].access));
		if (codes[i].needs == 4)
			ck_assert_ptr_null(code);
		else
			ck_assert_uint_eq(wire_get_access(code), codes[i].needs);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wire");
	TCase *tcase = suite_add_case(suite, "rows");

	tcase_add_loop_test(tcase, test_inputs, 0, (int)ARRAY_SIZE(inputs));
	fixture_add(suite, "codes", test_codes);
	return run_suite(suite);
}
