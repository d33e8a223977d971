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
#include "core/link_name.h"
#include "core/wire.h"
#include "fixture.h"

#define GUID "3e6be9de-8139-11d1-9106-a43f08d823a6"
#define VOLUME "Volume{" GUID "}"
#define EMPTY_POINT "L0 0 0 L0 0 0 L0 0 0"

struct bytes {
	uint8_t data[1024];
	size_t len;
};

static void bytes_add(struct bytes *bytes, uint64_t value, size_t count)
{
	for (; count; count--, value >>= 8)
		bytes->data[bytes->len++] = (uint8_t)value;
}

/*
 * An input from words: 12 is 16 bits, L12 is 32 bits, z12 so many zeros, 'text' UTF-16, =text
 * bytes, x0d byte 0x0d.
 */
static void bytes_parse(const char *words, struct bytes *ret_bytes)
{
	_cleanup_free_ char *copy = xstrdup(words);
	char *rest = copy;

	ret_bytes->len = 0;
	for (char *word; (word = strsep(&rest, " "));) {
		size_t len = strlen(word);

		if (*word == 'L')
			bytes_add(ret_bytes, strtoul(word + 1, NULL, 0), 4);
		else if (*word == 'z')
			bytes_add(ret_bytes, 0, strtoul(word + 1, NULL, 10));
		else if (*word == 'x')
			bytes_add(ret_bytes, strtoul(word + 1, NULL, 16), 1);
		else if (*word == '\'')
			ret_bytes->len += utf16_from_utf8(
				word + 1, len - 2, ret_bytes->data + ret_bytes->len);
		else if (*word == '=')
			memcpy(ret_bytes->data + (ret_bytes->len += len - 1) - (len - 1), word + 1,
				len - 1);
		else if (*word)
			bytes_add(ret_bytes, strtoul(word, NULL, 0), 2);
	}
}

/* Decodes from memory of exactly the size, so that sanitizers see the first byte beyond. */
static int decode(const struct wire_code *code, const struct bytes *bytes, size_t room,
	struct request *ret_request, struct strbuf *why)
{
	uint8_t *tight = memcpy(xcalloc(bytes->len + 1, 1), bytes->data, bytes->len);
	struct wire_input in = { tight, bytes->len, why };
	int r;

	tight = xrealloc(tight, bytes->len ? bytes->len : 1, 1);
	in.data = tight;
	r = wire_decode(code, &in, room, ret_request);
	free(tight);
	return r;
}

struct row {
	const char *source;
	uint32_t code;
	const char *input; /* words of bytes_parse() */
	size_t room;
	const char *line; /* the same request as text; NULL: STATUS_INVALID_PARAMETER */
};

#define CREATE IOCTL_MOUNTMGR_CREATE_POINT
#define DELETE IOCTL_MOUNTMGR_DELETE_POINTS
#define DBONLY IOCTL_MOUNTMGR_DELETE_POINTS_DBONLY
#define QUERY IOCTL_MOUNTMGR_QUERY_POINTS
#define LETTER IOCTL_MOUNTMGR_NEXT_DRIVE_LETTER
#define KEEP IOCTL_MOUNTMGR_KEEP_LINKS_WHEN_OFFLINE
#define PATH IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATH
#define PATHS IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATHS

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
	{ "QUERY [R]: length 0 wherever", QUERY, "L0x7fffffff 0 0 L24 6 0 L0 0 0 =UUID=1", 32,
		"id=UUID=1" },
	{ "QUERY [D]: offset 0 is not given", QUERY, "L0 6 0 L24 6 0 L0 0 0 =UUID=1", 32,
		"id=UUID=1" },
	{ "QUERY 2 [S]: link at an odd address", QUERY,
		"L25 28 0 L0 0 0 L0 0 0 z1 '\\DosDevices\\C:'", 32, NULL },
	{ "QUERY 2 [S]: ID at an odd address", QUERY, "L0 0 0 L25 6 0 L0 0 0 z1 =UUID=1", 32,
		NULL },
	{ "QUERY 2 [S]: device at an odd address", QUERY, "L0 0 0 L0 0 0 L25 18 0 z1 '/dev/sda1'",
		32, NULL },
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
		"L24 26 0 L0 0 0 L0 0 0 '\\DosDevices\\' 0xd800", 32, NULL },
	{ "QUERY [I]: the other half", QUERY, "L24 26 0 L0 0 0 L0 0 0 '\\DosDevices\\' 0xdc00", 32,
		NULL },
	{ "QUERY [I]: halves in the wrong order", QUERY,
		"L24 28 0 L0 0 0 L0 0 0 '\\DosDevices\\' 0xdc00 0xd800", 32, NULL },
	{ "QUERY [I]: a pair", QUERY, "L24 28 0 L0 0 0 L0 0 0 '\\DosDevices\\' 0xd83d 0xdcbe", 32,
		"link=\"/DosDevices/\xf0\x9f\x92\xbe\"" },
	{ "QUERY [I]: NUL in a name", QUERY, "L24 28 0 L0 0 0 L0 0 0 '\\DosDevices\\' 0 67", 32,
		NULL },
	{ "QUERY [I]: NUL in an ID", QUERY, "L0 0 0 L24 7 0 L0 0 0 =UUID=1 x0", 32, NULL },
	{ "QUERY [I]: no such kind of ID", QUERY, "L0 0 0 L24 6 0 L0 0 0 =UUID-1", 32, NULL },
	{ "QUERY, names [R]: not all of the path", QUERY, "L24 4 0 L0 0 0 L0 0 0 'C:'", 32, NULL },
	{ "QUERY, names [D]: lower case", QUERY, "L24 28 0 L0 0 0 L0 0 0 '\\DosDevices\\c:'", 32,
		NULL },
	{ "QUERY, names [H]: volume name", QUERY, "L24 96 0 L0 0 0 L0 0 0 '\\??\\" VOLUME "'", 32,
		"link=/Volumes/" VOLUME },
	{ "QUERY, names [H]: with a backslash", QUERY,
		"L24 98 0 L0 0 0 L0 0 0 '\\\\?\\" VOLUME "\\'", 32, "link=/Volumes/" VOLUME },

	{ "DELETE [D]: as QUERY: input < 24", DELETE, "z23", 32, NULL },
	{ "DELETE [D]: as QUERY: output < 32", DELETE, EMPTY_POINT, 31, NULL },
	{ "DELETE [D]: an empty triple is everything", DELETE, EMPTY_POINT, 32, "all=1" },
	{ "DELETE [D]: link", DELETE, "L24 28 0 L0 0 0 L0 0 0 '\\DosDevices\\C:'", 32,
		"link=/DosDevices/C:" },
	{ "DBONLY [D]: as DELETE", DBONLY, EMPTY_POINT, 32, "all=1" },
	{ "DBONLY [D]: as DELETE", DBONLY, EMPTY_POINT, 31, NULL },

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
	r = decode(code, &bytes, row->room, &request, &why);
	if (!row->line) {
		ck_assert_msg(r == -EINVAL, "%s: %d", row->source, r);
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

/* What the daemon does with one call, without the daemon. */
static uint32_t call(struct world *world, uint32_t number, const char *input, size_t room,
	struct strbuf *ret_output)
{
	const struct wire_code *code = wire_find_code(number);
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct reply reply = { 0 };
	struct request request = { 0 };
	struct bytes bytes;
	uint32_t status;
	int r;

	strbuf_reset(ret_output);
	if (!code)
		return STATUS_INVALID_DEVICE_REQUEST;
	bytes_parse(input, &bytes);
	r = decode(code, &bytes, room, &request, &why);
	if (r == 0) {
		r = manager_decide_request(
			&world->manager, &world->env, &request, &world->change, &reply, &why);
		request_fini(&request);
	}
	if (r == 0)
		r = wire_encode(code, &reply, room, ret_output);
	if (r == 0) {
		world_commit(world);
	} else {
		change_fini(&world->change);
		change_init(&world->change, &world->manager);
		if (r != -EOVERFLOW)
			ck_assert_uint_eq(ret_output->len, 0);
	}
	status = wire_get_status(&reply, r);
	reply_fini(&reply);
	return status;
}

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
	uint32_t status;
};

#define TARGET_A "18 '/dev/sda1'"
#define TARGET_NONE "18 '/dev/sdx1'"
#define AS_LINK(length, name) "L24 " #length " 0 L0 0 0 L0 0 0 '" name "'"
#define AS_DEVICE(length, name) "L0 0 0 L0 0 0 L24 " #length " 0 '" name "'"

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
	uint32_t status;

	begin(&world);
	status = call(&world, row->code, row->input, 1024, &output);
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
	ck_assert_uint_eq(call(&world, QUERY, EMPTY_POINT, 4096, &output), STATUS_SUCCESS);
	show_points(&output, &text);
	ck_assert_str_eq(strbuf_text(&text), expected);

	/* Layout [S]: of one triple the first string is at 32. */
	ck_assert_uint_eq(
		call(&world, QUERY, AS_LINK(28, "\\DosDevices\\C:"), 86, &output), STATUS_SUCCESS);
	ck_assert_uint_eq(output.len, 32 + 28 + 8 + 18);
	ck_assert_uint_eq(get(&output, 8, 4), 32);
	ck_assert_uint_eq(get(&output, 16, 4), 60);
	ck_assert_uint_eq(get(&output, 20, 2), 7);
	ck_assert_uint_eq(get(&output, 24, 4), 68); /* 2-aligned behind an odd ID [W] */

	/* Overflow [S][WT]: Size and count, 8 bytes. */
	ck_assert_uint_eq(call(&world, QUERY, AS_LINK(28, "\\DosDevices\\C:"), 85, &output),
		STATUS_BUFFER_OVERFLOW);
	ck_assert_uint_eq(output.len, 8);
	ck_assert_uint_eq(get(&output, 0, 4), 86);
	ck_assert_uint_eq(get(&output, 4, 4), 1);

	/* DELETE [D]: the same answer; with too little room nothing is deleted [R]. */
	ck_assert_uint_eq(call(&world, DELETE, AS_LINK(28, "\\DosDevices\\C:"), 85, &output),
		STATUS_BUFFER_OVERFLOW);
	ck_assert_uint_eq(get(&output, 0, 4), 86);
	ck_assert_str_eq(world_show(&world), "/DosDevices/C: /dev/sda1\n");
	ck_assert(!world_has_mark(&world, "UUID=12"));
	ck_assert_uint_eq(
		call(&world, DELETE, AS_LINK(28, "\\DosDevices\\C:"), 86, &output), STATUS_SUCCESS);
	ck_assert_uint_eq(get(&output, 4, 4), 1);
	ck_assert_str_eq(world_show(&world), "");
	ck_assert(world_has_mark(&world, "UUID=12"));

	/* Everything [D], after which there is nothing: SUCCESS with 0 points. */
	ck_assert_uint_eq(call(&world, DELETE, EMPTY_POINT, 4096, &output), STATUS_SUCCESS);
	ck_assert_uint_eq(get(&output, 4, 4), 2);
	ck_assert_uint_eq(call(&world, QUERY, EMPTY_POINT, 32, &output), STATUS_SUCCESS);
	ck_assert_uint_eq(output.len, 8);
	ck_assert_uint_eq(get(&output, 0, 4), 8);
	ck_assert_uint_eq(get(&output, 4, 4), 0);
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
	ck_assert_uint_eq(call(&world, PATH, TARGET_A, 12, &output), STATUS_SUCCESS);
	expect_paths(&output, "C:\0", 4);
	ck_assert_uint_eq(call(&world, PATHS, TARGET_A, 12, &output), STATUS_SUCCESS);
	expect_paths(&output, "C:\0", 4);
	/* Too little room [R]: 4 bytes say how much is needed. */
	ck_assert_uint_eq(call(&world, PATHS, TARGET_A, 11, &output), STATUS_BUFFER_OVERFLOW);
	ck_assert_uint_eq(output.len, 4);
	ck_assert_uint_eq(get(&output, 0, 4), 8);
	/* No path [RT]: the volume name as Win32 has it, and a single NUL. */
	ck_assert_uint_eq(call(&world, PATH, "18 '/dev/sdb1'", 256, &output), STATUS_SUCCESS);
	expect_paths(&output, volume, 48 + 2);
	ck_assert_uint_eq(call(&world, PATHS, "18 '/dev/sdb1'", 256, &output), STATUS_SUCCESS);
	expect_paths(&output, "", 1);
	/* Nothing at all [R]: another status than that of an unknown volume. */
	ck_assert_int_eq(world_ask(&world, "delete_points", "device=/dev/sdb1"), 0);
	ck_assert_uint_eq(call(&world, PATH, "18 '/dev/sdb1'", 256, &output), STATUS_NOT_FOUND);
	ck_assert_uint_eq(call(&world, PATHS, "18 '/dev/sdb1'", 256, &output), STATUS_SUCCESS);
	world_fini(&world);
}
END_TEST

START_TEST(test_letters)
{
	_cleanup_strbuf_ struct strbuf output = STRBUF_INIT;
	struct world world;

	begin(&world);
	ck_assert_uint_eq(call(&world, LETTER, TARGET_A, 2, &output), STATUS_SUCCESS);
	ck_assert_uint_eq(output.len, 2);
	ck_assert_uint_eq(get(&output, 0, 2), 'C' << 8); /* had it: not assigned now [R] */
	ck_assert_uint_eq(call(&world, LETTER, "18 '/dev/sdb1'", 2, &output), STATUS_SUCCESS);
	ck_assert_uint_eq(get(&output, 0, 2), 'D' << 8 | 1);
	ck_assert_int_eq(world_ask(&world, "delete_points", "D:"), 0);
	ck_assert_uint_eq(call(&world, LETTER, "18 '/dev/sdb1'", 2, &output), STATUS_SUCCESS);
	ck_assert_uint_eq(get(&output, 0, 2), 0); /* wants none */
	world_fini(&world);
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
	tcase_add_loop_test(tcase, test_statuses, 0, (int)ARRAY_SIZE(statuses));
	fixture_add(suite, "points", test_points);
	fixture_add(suite, "paths", test_paths);
	fixture_add(suite, "letters", test_letters);
	fixture_add(suite, "codes", test_codes);
	return run_suite(suite);
}
