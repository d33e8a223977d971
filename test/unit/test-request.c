/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The language of the control files.
 */

#include <errno.h>
#include <string.h>

#include "core/syntax/request.h"
#include "fixture.h"

#define LINK KEY_BIT(KEY_LINK)
#define ID KEY_BIT(KEY_ID)
#define DEVICE KEY_BIT(KEY_DEVICE)
#define ALL KEY_BIT(KEY_ALL)
#define EPIC KEY_BIT(KEY_EPIC)
#define VOLUME "Volume{3e6be9de-8139-11d1-9106-a43f08d823a6}"

static int parse(const char *operation, const char *line, size_t len, struct request *ret_request,
	struct strbuf *why)
{
	char *tight = memcpy(xcalloc(len, 1), line, len); /* not terminated */
	int r = request_parse(operation_find_name(operation), tight, len, ret_request, why);

	free(tight);
	return r;
}

struct good {
	const char *line;
	unsigned int given;
	const char *link;
	const char *id;
	const char *device;
	enum volume_ref_kind kind;
	bool is_word;
};

static const struct good goods[] = {
	{ "", 0 },
	{ " \t ", 0 },
	{ "link=X:", LINK, "/DosDevices/X:" },
	{ "  link=X:\t", LINK, "/DosDevices/X:" },
	{ "link=/DosDevices/X:", LINK, "/DosDevices/X:" },
	{ "link=\\??\\X:", LINK, "/DosDevices/X:" },
	{ "link=\"\\\\??\\\\X:\"", LINK, "/DosDevices/X:" },
	{ "link=\\\\?\\" VOLUME "\\", LINK, "/Volumes/" VOLUME },
	{ "link=x:", LINK, "/DosDevices/X:" },
	{ "link=\\??\\x:", LINK, "/DosDevices/X:" },
	{ "x:", LINK, "/DosDevices/X:" },
	{ "device=x:", DEVICE, NULL, NULL, "/DosDevices/X:", VOLUME_BY_LINK, false },
	{ "link=backup", LINK, "/DosDevices/backup" },
	{ "link=\"my data\"", LINK, "/DosDevices/my data" },
	{ "link=\"my\\x20data\"", LINK, "/DosDevices/my data" },
	{ "link=\"a\\\"b\"", LINK, "/DosDevices/a\"b" },
	{ "link=\"\\xc3\\xb6\"", LINK, "/DosDevices/\xc3\xb6" },
	{ "link=\"\\xC3\\xB6\"", LINK, "/DosDevices/\xc3\xb6" },
	{ "link=\xc3\xb6", LINK, "/DosDevices/\xc3\xb6" },
	{ "link=a=b", LINK, "/DosDevices/a=b" },
	{ "link=UUID=1", LINK, "/DosDevices/UUID=1" },
	{ "UUID=\"1 2\"", ID, NULL, "UUID=1 2" },
	{ "id=DM_UUID=\"CRYPT-\\x41\"", ID, NULL, "DM_UUID=CRYPT-A" },
	{ "LABEL=\"my films\"", DEVICE, NULL, NULL, "LABEL=my films", VOLUME_BY_DEVICE, true },
	{ "device=PARTLABEL=\"a \\\"b\"", DEVICE, NULL, NULL, "PARTLABEL=a \"b", VOLUME_BY_DEVICE,
		false },
	{ "id=UUID=1234", ID, NULL, "UUID=1234" },
	{ "id=\"SERIAL=a b\"", ID, NULL, "SERIAL=a b" },
	{ "id=\"UUID=\\x41\"", ID, NULL, "UUID=A" },
	{ "device=/dev/sda1", DEVICE, NULL, NULL, "/dev/sda1", VOLUME_BY_DEVICE, false },
	{ "device=sda1", DEVICE, NULL, NULL, "sda1", VOLUME_BY_DEVICE, false },
	{ "device=/dev/disk/by-label/data", DEVICE, NULL, NULL, "/dev/disk/by-label/data",
		VOLUME_BY_DEVICE, false },
	{ "device=UUID=1234", DEVICE, NULL, NULL, "UUID=1234", VOLUME_BY_ID, false },
	{ "device=X:", DEVICE, NULL, NULL, "/DosDevices/X:", VOLUME_BY_LINK, false },
	{ "device=\\??\\" VOLUME "\\", DEVICE, NULL, NULL, "/Volumes/" VOLUME, VOLUME_BY_LINK,
		false },
	{ "device=/DosDevices/data", DEVICE, NULL, NULL, "/DosDevices/data", VOLUME_BY_LINK,
		false },
	{ "device=\"a\\nb\"", DEVICE, NULL, NULL, "a\nb", VOLUME_BY_DEVICE, false },
	{ "device=LABEL=x", DEVICE, NULL, NULL, "LABEL=x", VOLUME_BY_DEVICE, false },
	{ "link=X: id=UUID=1 device=sda", LINK | ID | DEVICE, "/DosDevices/X:", "UUID=1", "sda",
		VOLUME_BY_DEVICE, false },
	{ "device=sda id=UUID=1 link=X:", LINK | ID | DEVICE, "/DosDevices/X:", "UUID=1", "sda",
		VOLUME_BY_DEVICE, false },
	/* Bare words are understood by their look. */
	{ "X:", LINK, "/DosDevices/X:" },
	{ "\"X:\"", LINK, "/DosDevices/X:" },
	{ "\\??\\X:", LINK, "/DosDevices/X:" },
	{ "/DosDevices/backup", LINK, "/DosDevices/backup" },
	{ VOLUME, LINK, "/Volumes/" VOLUME },
	{ "UUID=1234", ID, NULL, "UUID=1234" },
	{ "\"SERIAL=a b\"", ID, NULL, "SERIAL=a b" },
	{ "/dev/sda1", DEVICE, NULL, NULL, "/dev/sda1", VOLUME_BY_DEVICE, false },
	{ "sda1", DEVICE, NULL, NULL, "sda1", VOLUME_BY_DEVICE, true },
	{ "LABEL=x", DEVICE, NULL, NULL, "LABEL=x", VOLUME_BY_DEVICE, true },
	{ "\"link=X:\"", DEVICE, NULL, NULL, "link=X:", VOLUME_BY_DEVICE, true },
	{ "X: /dev/sda1", LINK | DEVICE, "/DosDevices/X:", NULL, "/dev/sda1", VOLUME_BY_DEVICE,
		false },
	{ "/dev/sda1 X:", LINK | DEVICE, "/DosDevices/X:", NULL, "/dev/sda1", VOLUME_BY_DEVICE,
		false },
	{ "X: Y:", LINK | DEVICE, "/DosDevices/X:", NULL, "/DosDevices/Y:", VOLUME_BY_LINK, false },
	{ "link=X: Y:", LINK | DEVICE, "/DosDevices/X:", NULL, "/DosDevices/Y:", VOLUME_BY_LINK,
		false },
	{ "X: UUID=1 sda", LINK | ID | DEVICE, "/DosDevices/X:", "UUID=1", "sda", VOLUME_BY_DEVICE,
		true },
};

START_TEST(test_good)
{
	const struct good *good = &goods[_i];
	struct strbuf why = STRBUF_INIT;
	struct request request;

	ck_assert_msg(parse("query_points", good->line, strlen(good->line), &request, &why) == 0,
		"%s: %s", good->line, strbuf_text(&why));
	ck_assert_uint_eq(why.len, 0);
	ck_assert_ptr_eq(request.operation, operation_find(OP_QUERY_POINTS));
	ck_assert_uint_eq(request.given, good->given);
	if (good->link)
		ck_assert_str_eq(request.link.path, good->link);
	ck_assert_pstr_eq(request.id, good->id);
	ck_assert_pstr_eq(request.device.text, good->device);
	if (good->device) {
		ck_assert_int_eq(request.device.kind, good->kind);
		ck_assert_int_eq(request.device.is_word, good->is_word);
		ck_assert_uint_eq(request.device.number, 0);
	}
	request_fini(&request);
	ck_assert_ptr_null(request.device.text);
}
END_TEST

START_TEST(test_epic)
{
	static const struct {
		const char *line;
		uint32_t epic;
	} lines[] = { { "epic=0", 0 }, { "epic=1", 1 }, { " epic=\"42\" ", 42 }, { "epic=007", 7 },
		{ "epic=4294967295", UINT32_MAX } };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
		struct request request;

		ck_assert_int_eq(parse("change_notify", lines[i].line, strlen(lines[i].line),
					 &request, &why),
			0);
		ck_assert_uint_eq(request.given, EPIC);
		ck_assert_uint_eq(request.epic, lines[i].epic);
		request_fini(&request);
	}
}
END_TEST

struct bad {
	const char *operation;
	const char *line;
	const char *why;
	size_t len; /* 0: all of it */
};

static const struct bad bads[] = {
	{ "change_notify", "", "change_notify needs epic=" },
	{ "change_notify", "5", "change_notify does not take device=" },
	{ "change_notify", "epic=", "epic= takes a number such as epic_number shows" },
	{ "change_notify", "epic=-1", "epic= takes a number such as epic_number shows" },
	{ "change_notify", "epic=+1", "epic= takes a number such as epic_number shows" },
	{ "change_notify", "epic=1x", "epic= takes a number such as epic_number shows" },
	{ "change_notify", "epic=0x1", "epic= takes a number such as epic_number shows" },
	{ "change_notify", "epic=4294967296", "epic= takes a number such as epic_number shows" },
	{ "change_notify", "epic=99999999999999999999999999",
		"epic= takes a number such as epic_number shows" },
	{ "change_notify", "epic=1 epic=1", "epic= is given twice" },
	{ "query_points", "epic=1", "query_points does not take epic=" },
	{ "create_point", "link=x: device=sda", "upper case" },
	{ "create_point", "x: device=sda", "upper case" },
	{ "volume_mount_point_created", "source=a target=sda", "takes the absolute path" },
	{ "volume_mount_point_created", "source=\\srv\\a target=sda", "takes the absolute path" },
	{ "volume_mount_point_created", "source=H:\\a target=sda", "takes the absolute path" },
	{ "volume_mount_point_created", "source=\\\\?\\H:\\a target=sda",
		"takes the absolute path" },
	{ "volume_mount_point_created", "source=\\??\\H: target=sda", "not the whole volume" },
	{ "volume_mount_point_created", "source=\\??\\H:\\ target=sda", "not the whole volume" },
	{ "volume_mount_point_created", "source=\\??\\H:\\a\\..\\b target=sda", "'..'" },
	{ "volume_mount_point_created", "source=\\??\\H:\\a\\.\\b target=sda", "'..'" },
	{ "create_point", "x: y:", "upper case" },
	{ "query_points", "link=", "empty" },
	{ "query_points", "link=\"\"", "empty" },
	{ "query_points", "id=", "not a unique ID" },
	{ "query_points", "device=", "empty" },
	{ "query_points", "\"\"", "empty" },
	{ "query_points", "id=LABEL=x", "not a unique ID" },
	{ "query_points", "id=1234", "not a unique ID" },
	{ "query_points", "uuid=1234", "unknown key" },
	{ "query_points", "colour=red", "unknown key 'colour='" },
	{ "query_points", "links=X:", "unknown key" },
	{ "query_points", "abcdefghijklmno=1", "unknown key" },
	{ "query_points", "link=X: link=Y:", "link= is given twice" },
	{ "query_points", "link=X: link=X:", "link= is given twice" },
	{ "query_points", "X: Y: Z:", "device= is given twice" },
	{ "query_points", "id=UUID=1 UUID=2", "id= is given twice" },
	{ "query_points", "sda sdb", "device= is given twice" },
	{ "create_point", "backup /dev/sdb1",
		"given twice: a name that is no drive letter needs link=" },
	{ "query_points", "sda device=sdb", "device= is given twice" },
	{ "query_points", "all=1", "does not take all=" },
	{ "query_points", "link=\"X:", "not closed" },
	{ "query_points", "link=\"", "not closed" },
	{ "query_points", "link=\"X:\\\"", "not closed" },
	{ "query_points", "link=\"X:\"y", "closing quote" },
	{ "query_points", "UUID=\"1", "not closed" },
	{ "query_points", "UUID=\"1\"2", "closing quote" },
	{ "query_points", "UUID=1\"2\"", "inside a word" },
	{ "query_points", "id=uuid=\"2\"", "inside a word" },
	{ "query_points", "link=\"X:\"\"Y:\"", "closing quote" },
	{ "query_points", "link=X\":\"", "inside a word" },
	{ "query_points", "li\"nk=X:\"", "inside a word" },
	{ "query_points", "link=\"\\q\"", "escapes" },
	{ "query_points", "link=\"\\", "escapes" },
	{ "query_points", "link=\"\\x\"", "escapes" },
	{ "query_points", "link=\"\\x4\"", "escapes" },
	{ "query_points", "link=\"\\x4g\"", "escapes" },
	{ "query_points", "link=\"\\x00\"", "escapes" },
	{ "query_points", "link=\"\\x0", "escapes" },
	{ "query_points", "link=\"a\\nb\"", "control" },
	{ "query_points", "link=\"a\\x01b\"", "control" },
	{ "query_points", "link=\"a\\x2fb\"", "'/'" },
	{ "query_points", "link=\"\\xff\"", "UTF-8" },
	{ "query_points", "link=a\x01", "control characters" },
	{ "query_points", "link=a\r", "control characters" },
	{ "query_points", "link=a\nb", "control characters" },
	{ "query_points", "\0", "control characters", 1 },
	{ "query_points", "link=X:\0", "control characters", 8 },
	{ "query_points", "link=\xff", "UTF-8" },
	{ "query_points", "link=\xc3", "UTF-8" },
	{ "query_points", "\xed\xa0\x80", "UTF-8" },
	{ "create_point", "", "needs link=" },
	{ "create_point", "device=sda", "needs link=" },
	{ "create_point", "X:", "needs id= or device=" },
	{ "create_point", "link=X:", "needs id= or device=" },
	{ "create_point", "all=1", "does not take all=" },
	{ "delete_points", "", "needs link=, id=, device= or all=" },
	{ "delete_points", "  ", "needs link=, id=, device= or all=" },
	{ "delete_points", "all=0", "all= takes 1" },
	{ "delete_points", "all=", "all= takes 1" },
	{ "delete_points", "all=11", "all= takes 1" },
	{ "delete_points", "all=1 all=1", "all= is given twice" },
	{ "delete_points", "all=1 link=X:", "stands alone" },
	{ "delete_points", "sda all=1", "stands alone" },
	{ "no_drive_letter", "sda", "needs state=" },
	{ "no_drive_letter", "on", "needs id= or device=" },
	{ "no_drive_letter", "sda state=maybe", "neither on nor off" },
	{ "create_point", "X: UUID=1 absent=yes", "absent= takes ok" },
	{ "query_points", "X: absent=ok", "does not take absent=" },
	{ "forget", "", "needs link=, id= or unnamed=" },
	{ "forget", "sda", "does not take device=" },
	{ "forget", "unnamed=", "unnamed= takes a number of days" },
	{ "forget", "unnamed=-1", "unnamed= takes a number of days" },
	{ "forget", "unnamed=36501", "unnamed= takes a number of days" },
	{ "forget", "unnamed=5 X:", "unnamed= stands alone" },
	{ "epic_number", "1", "takes no requests" },
	{ "unprocessed", "", "takes no requests" },
	{ "error_log", "x", "takes no requests" },
	{ "version", "x", "takes no requests" },
	{ "server_pid", "x", "takes no requests" },
};

START_TEST(test_bad)
{
	const struct bad *bad = &bads[_i];
	struct strbuf why = STRBUF_INIT;
	struct request request = { .given = 77 };
	size_t len = bad->len ? bad->len : strlen(bad->line);

	ck_assert_int_eq(parse(bad->operation, bad->line, len, &request, &why), -EINVAL);
	ck_assert_msg(strstr(strbuf_text(&why), bad->why) != NULL, "%s: %s", bad->line, why.data);
	ck_assert_uint_eq(request.given, 77);
	strbuf_fini(&why);
}
END_TEST

START_TEST(test_needs)
{
	static const char *const lines[][2] = {
		{ "create_point", "X: /dev/sda" },
		{ "create_point", "X: UUID=1" },
		{ "create_point", "link=X: id=UUID=1 device=sda" },
		{ "create_point", "link=backup device=X:" },
		{ "delete_points", "all=1" },
		{ "delete_points", "\tall=1 " },
		{ "delete_points", "all=\"1\"" },
		{ "delete_points", "X:" },
		{ "delete_points", "UUID=1" },
		{ "delete_points", "sda" },
		{ "no_drive_letter", "sda on" },
		{ "no_drive_letter", "off id=UUID=1" },
		{ "no_drive_letter", "X: state=on" },
		{ "create_point", "link=backup UUID=1 absent=ok" },
		{ "forget", "unnamed=0" },
		{ "forget", "X: UUID=1" },
		{ "settle", "1" },
		{ "settle", "" },
		{ "settle", "any \"thing" },
		{ "settle", "\xff\x01\r" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct strbuf why = STRBUF_INIT;
		struct request request;
		int r = parse(lines[i][0], lines[i][1], strlen(lines[i][1]), &request, &why);

		ck_assert_msg(r == 0, "%s: %s", lines[i][1], strbuf_text(&why));
		request_fini(&request);
	}
}
END_TEST

START_TEST(test_length)
{
	struct strbuf why = STRBUF_INIT;
	struct request request;
	char line[REQUEST_MAX + 2];

	memset(line, 'a', sizeof(line));
	memcpy(line, "device=", 7);
	ck_assert_int_eq(parse("query_points", line, 4095, &request, &why), 0);
	ck_assert_uint_eq(strlen(request.device.text), 4095 - 7);
	request_fini(&request);
	ck_assert_int_eq(parse("query_points", line, 4096, &request, &why), -EMSGSIZE);
	ck_assert_ptr_nonnull(strstr(why.data, "4095"));
	line[7] = line[4094] = '"';
	ck_assert_int_eq(parse("query_points", line, 4095, &request, &why), 0);
	ck_assert_uint_eq(strlen(request.device.text), 4095 - 9);
	request_fini(&request);
	memset(line, ' ', sizeof(line));
	ck_assert_int_eq(parse("query_points", line, 4095, &request, &why), 0);
	ck_assert_uint_eq(request.given, 0);
	ck_assert_int_eq(parse("settle", line, 4096, &request, &why), -EMSGSIZE);
	strbuf_fini(&why);
}
END_TEST

START_TEST(test_volume_ref)
{
	struct strbuf why = STRBUF_INIT;
	struct volume_ref ref = { .number = 7 };

	ck_assert_int_eq(volume_ref_parse("", &ref, &why), -EINVAL);
	ck_assert_int_eq(volume_ref_parse("/DosDevices/a/b", &ref, &why), -EINVAL);
	ck_assert_uint_eq(ref.number, 7);
	strbuf_reset(&why);
	ck_assert_int_eq(volume_ref_parse("\\??\\C:", &ref, &why), 0);
	ck_assert_str_eq(ref.text, "/DosDevices/C:");
	ck_assert_int_eq(ref.kind, VOLUME_BY_LINK);
	ck_assert(!ref.is_word && !ref.number);
	free(ref.text);
	ck_assert_uint_eq(why.len, 0);
	strbuf_fini(&why);
}
END_TEST

/* Targets that links of the tree have. */
START_TEST(test_shown_volume_ref)
{
	static const struct {
		const char *path; /* below the mount */
		const char *text; /* what is meant, or NULL: it is none of those */
		enum volume_ref_kind kind;
	} rows[] = {
		{ "ids/UUID=1/device", "UUID=1", VOLUME_BY_ID },
		{ "ids/UUID=1", "UUID=1", VOLUME_BY_ID },
		{ "ids/UUID=1/", "UUID=1", VOLUME_BY_ID },
		{ "ids//SERIAL=a\\x2fb\\x5cc\\x20/device", "SERIAL=a/b\\c ", VOLUME_BY_ID },
		{ "devices/loop0", "loop0", VOLUME_BY_DEVICE },
		{ "devices/loop0/device", "loop0", VOLUME_BY_DEVICE },
		{ "devices/cciss\\x2Fc0d0/", "cciss/c0d0", VOLUME_BY_DEVICE },
		{ "DosDevices/C:", "/DosDevices/C:", VOLUME_BY_LINK },
		{ "DosDevices/a\\x20b", NULL, VOLUME_BY_LINK },
		{ "Volumes/Volume{01234567-89ab-4cde-8f01-23456789abcd}",
			"/Volumes/Volume{01234567-89ab-4cde-8f01-23456789abcd}", VOLUME_BY_LINK },
		{ "DosDevices/Volume{01234567-89ab-4cde-8f01-23456789abcd}", NULL, VOLUME_BY_LINK },
		{ "Volumes/C:", NULL, VOLUME_BY_LINK },
		{ "DosDevices/C:/device", NULL, VOLUME_BY_LINK },
		{ "ids/UUID=1/guid", NULL, VOLUME_BY_ID },
		{ "ids/UUID=1/device/x", NULL, VOLUME_BY_ID },
		{ "ids/NONE=1", NULL, VOLUME_BY_ID },
		{ "ids/UUID=1\\x00", NULL, VOLUME_BY_ID },
		{ "ids/UUID=1\\x2", NULL, VOLUME_BY_ID },
		{ "ids/UUID=1\\n", NULL, VOLUME_BY_ID },
		{ "ids/UUID=\\x0a", NULL, VOLUME_BY_ID },
		{ "ids", NULL, VOLUME_BY_ID },
		{ "devices/", NULL, VOLUME_BY_DEVICE },
		{ "control/version", NULL, VOLUME_BY_DEVICE },
		{ "", NULL, VOLUME_BY_DEVICE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *relative = xasprintf("../%s", rows[i].path);
		_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
		struct volume_ref ref = { 0 };

		ck_assert_msg(volume_ref_parse_shown(rows[i].path, &ref) == !!rows[i].text, "%s",
			rows[i].path);
		if (rows[i].text) {
			ck_assert(ref.is_shown && ref.kind == rows[i].kind);
			ck_assert_str_eq(ref.text, rows[i].text);
		}
		free(ref.text);
		ck_assert_int_eq(volume_ref_parse(relative, &ref, &why), 0);
		ck_assert(ref.is_shown == !!rows[i].text);
		ck_assert_str_eq(ref.text, rows[i].text ? rows[i].text : relative);
		free(ref.text);
	}
}
END_TEST

/* Which operations there are, and which only those may use whom the mount's options name. */
static const struct {
	const char *name;
	enum operation_kind kind;
	bool is_changing;
} rows[] = {
	{ "create_point", OP_CREATE_POINT, true },
	{ "delete_points", OP_DELETE_POINTS, true },
	{ "delete_points_dbonly", OP_DELETE_POINTS_DBONLY, true },
	{ "query_points", OP_QUERY_POINTS, false },
	{ "change_notify", OP_CHANGE_NOTIFY, false },
	{ "next_drive_letter", OP_NEXT_DRIVE_LETTER, true },
	{ "auto_dl_assignments", OP_AUTO_DL_ASSIGNMENTS, true },
	{ "keep_links_when_offline", OP_KEEP_LINKS_WHEN_OFFLINE, true },
	{ "check_unprocessed_volumes", OP_CHECK_UNPROCESSED_VOLUMES, true },
	{ "volume_arrival_notification", OP_VOLUME_ARRIVAL_NOTIFICATION, true },
	{ "volume_removal_notification", OP_VOLUME_REMOVAL_NOTIFICATION, true },
	{ "query_dos_volume_path", OP_QUERY_DOS_VOLUME_PATH, false },
	{ "query_dos_volume_paths", OP_QUERY_DOS_VOLUME_PATHS, false },
	{ "scrub_registry", OP_SCRUB_REGISTRY, true },
	{ "auto_mount", OP_AUTO_MOUNT, true },
	{ "unique_id_changed", OP_UNIQUE_ID_CHANGED, true },
	{ "claim_unique_id", OP_CLAIM_UNIQUE_ID, true },
	{ "prepare_volume_delete", OP_PREPARE_VOLUME_DELETE, true },
	{ "cancel_volume_delete", OP_CANCEL_VOLUME_DELETE, true },
	{ "no_drive_letter", OP_NO_DRIVE_LETTER, true },
	{ "forget", OP_FORGET, true },
	{ "batch", OP_BATCH, true },
	{ "database", OP_DATABASE, true },
	{ "epic_number", OP_EPIC_NUMBER, false },
	{ "unprocessed", OP_UNPROCESSED, false },
	{ "settle", OP_SETTLE, false },
	{ "error_log", OP_ERROR_LOG, false },
	{ "version", OP_VERSION, false },
	{ "server_pid", OP_SERVER_PID, false },
};

START_TEST(test_table)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct operation *operation = operation_find_name(rows[i].name);

		ck_assert_msg(operation != NULL, "%s", rows[i].name);
		ck_assert_ptr_eq(operation, operation_find(rows[i].kind));
		ck_assert_int_eq((operation->flags & OPERATION_CHANGES) != 0, rows[i].is_changing);
	}
	ck_assert_int_eq(operation_find(OP_RENAME)->kind, OP_RENAME);
	ck_assert_ptr_null(operation_find(OP_RENAME)->name);
	ck_assert_uint_eq(operation_find(OP_RENAME)->flags, OPERATION_CHANGES);
	ck_assert_ptr_null(operation_find_name("rename"));
	ck_assert_ptr_null(operation_find_name("CREATE_POINT"));
	ck_assert_ptr_null(operation_find_name(""));
}
END_TEST

/* What must hold for any row, also one that is added later. */
START_TEST(test_every_row)
{
	for (size_t i = 0; i < operation_count; i++) {
		const struct operation *operation = &operations[i];
		_cleanup_strbuf_ struct strbuf usage = STRBUF_INIT, why = STRBUF_INIT;
		struct request request;
		int r = request_parse(operation, "\x01", 1, &request, &why);

		ck_assert_int_eq(r, operation->flags & OPERATION_ANY_LINE ? 0 : -EINVAL);
		ck_assert_ptr_eq(operation_find_name(operation->name), operation);
		ck_assert_ptr_eq(operation_find(operation->kind), operation);
		ck_assert_uint_eq(operation->needs & ~operation->keys, 0);
		ck_assert(operation->flags & (OPERATION_TAKES | OPERATION_SHOWS));
		ck_assert(operation->flags & OPERATION_TAKES || !operation->keys);
		ck_assert_uint_eq(strspn(operation->name, "abcdefghijklmnopqrstuvwxyz_"),
			strlen(operation->name));
		ck_assert_int_eq(operation->help[strlen(operation->help) - 1], '.');
		operation_format_usage(operation, &usage);
		ck_assert_ptr_nonnull(strstr(usage.data, operation->name));
		ck_assert_ptr_nonnull(strstr(usage.data, operation->usage));
		ck_assert_ptr_eq(strchr(usage.data, '\n'), usage.data + usage.len - 1);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("request");
	TCase *tcase = suite_add_case(suite, "request");

	tcase_add_loop_test(tcase, test_good, 0, ARRAY_SIZE(goods));
	tcase_add_test(tcase, test_epic);
	tcase_add_loop_test(tcase, test_bad, 0, ARRAY_SIZE(bads));
	tcase_add_test(tcase, test_needs);
	tcase_add_test(tcase, test_length);
	tcase_add_test(tcase, test_volume_ref);
	tcase_add_test(tcase, test_shown_volume_ref);
	tcase_add_test(tcase, test_table);
	tcase_add_test(tcase, test_every_row);
	return run_suite(suite);
}
