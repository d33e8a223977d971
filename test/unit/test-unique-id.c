/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unique IDs. The spellings in `golden` are frozen: a row may be added, none may ever change, since
 * the names of people's disks are filed under them.
 */

#include <errno.h>
#include <string.h>

#include "core/syntax/unique_id.h"
#include "fixture.h"

struct golden {
	enum id_scheme scheme;
	const char *value;
	unsigned int partition;
	const char *id;
};

static const struct golden golden[] = {
	/* Superblocks as libblkid spells them: ext4, FAT, NTFS, exFAT, ISO 9660, UDF, LUKS, XFS. */
	{ ID_UUID, "3e6be9de-8139-11d1-9106-a43f08d823a6", 0,
		"UUID=3e6be9de-8139-11d1-9106-a43f08d823a6" },
	{ ID_UUID, "3e6be9de-8139-11d1-9106-a43f08d823a6", 3,
		"UUID=3e6be9de-8139-11d1-9106-a43f08d823a6" },
	{ ID_UUID, "ABCD-1234", 1, "UUID=ABCD-1234" },
	{ ID_UUID, "01D8F7A6C2E34B50", 2, "UUID=01D8F7A6C2E34B50" },
	{ ID_UUID, "2023-06-10-10-23-31-00", 0, "UUID=2023-06-10-10-23-31-00" },
	{ ID_UUID, "0000-0001", 0, "UUID=0000-0001" },
	{ ID_UUID, "00000000-0000-0000-0000-00000000000a", 0,
		"UUID=00000000-0000-0000-0000-00000000000a" },
	{ ID_UUID, "FFFF-FFFF", 0, "UUID=FFFF-FFFF" },
	{ ID_PARTUUID, "8d4d5a51-02", 2, "PARTUUID=8d4d5a51-02" },
	{ ID_PARTUUID, "00000000-01", 1, "PARTUUID=00000000-01" },
	{ ID_PARTUUID, "c1a5b2f0-7f4d-4b7c-9a53-0e6a2d7c8f11", 12,
		"PARTUUID=c1a5b2f0-7f4d-4b7c-9a53-0e6a2d7c8f11" },
	{ ID_DM_UUID, "LVM-xSTmsYF9w0vc3WQMt7rXxzLV7mRkq0Zt", 0,
		"DM_UUID=LVM-xSTmsYF9w0vc3WQMt7rXxzLV7mRkq0Zt" },
	{ ID_DM_UUID, "CRYPT-LUKS2-3e6be9de-home", 0, "DM_UUID=CRYPT-LUKS2-3e6be9de-home" },
	{ ID_DM_UUID, "mpath-3600508b400105e210000900000490000", 0,
		"DM_UUID=mpath-3600508b400105e210000900000490000" },
	{ ID_MD_UUID, "a1b2c3d4:e5f60718:293a4b5c:6d7e8f90", 0,
		"MD_UUID=a1b2c3d4:e5f60718:293a4b5c:6d7e8f90" },
	{ ID_WWN, "0x5000c500a1b2c3d4", 0, "WWN=0x5000c500a1b2c3d4" },
	{ ID_WWN, "0x5000c500a1b2c3d4", 1, "WWN=0x5000c500a1b2c3d4-part1" },
	{ ID_WWN, "nvme.144d-533463384e58", 128, "WWN=nvme.144d-533463384e58-part128" },
	{ ID_WWN, "0x6005076810810261f800000000000b2c", 2,
		"WWN=0x6005076810810261f800000000000b2c-part2" },
	{ ID_WWN, "0x5000000000000012", 0, "WWN=0x5000000000000012" },
	{ ID_WWN, "eui.0025385b71b0a1c2", 0, "WWN=eui.0025385b71b0a1c2" },
	{ ID_WWN, "uuid.3e6be9de-8139-11d1-9106-a43f08d823a6", 0,
		"WWN=uuid.3e6be9de-8139-11d1-9106-a43f08d823a6" },
	{ ID_SERIAL, "S3Z8NB0K", 0, "SERIAL=S3Z8NB0K" },
	{ ID_SERIAL, "7", 0, "SERIAL=7" },
	{ ID_SERIAL, "0x1b2c3d4e", 1, "SERIAL=0x1b2c3d4e-part1" },
	{ ID_SERIAL, "S3Z8NB0K", 4294967295u, "SERIAL=S3Z8NB0K-part4294967295" },
	{ ID_SERIAL, "WDC_WD40EFRX-68N32N0_WD-WCC7K0", 2,
		"SERIAL=WDC_WD40EFRX-68N32N0_WD-WCC7K0-part2" },
	/* White space: udev's way. */
	{ ID_SERIAL, "  S3Z8NB0K \n", 0, "SERIAL=S3Z8NB0K" },
	{ ID_SERIAL, "ST 500 \t DM", 0, "SERIAL=ST_500_DM" },
	{ ID_SERIAL, "\tA\v\f\rB", 1, "SERIAL=A_B-part1" },
	{ ID_SERIAL, "a_ b", 0, "SERIAL=a__b" },
	/* Printable characters stay as they are. */
	{ ID_SERIAL, "a/b\\c\"d$e`f~!", 0, "SERIAL=a/b\\c\"d$e`f~!" },
	/* Nearly worthless is not worthless. */
	{ ID_SERIAL, "0123456789ABCDEF0", 0, "SERIAL=0123456789ABCDEF0" },
	{ ID_SERIAL, "0000000000000001", 0, "SERIAL=0000000000000001" },
	{ ID_SERIAL, "FFFFFFFE", 0, "SERIAL=FFFFFFFE" },
	{ ID_SERIAL, "fF", 0, "SERIAL=fF" },
	{ ID_SERIAL, "nonesuch", 0, "SERIAL=nonesuch" },
	{ ID_UUID, "12345678", 0, "UUID=12345678" },
	{ ID_UUID, "FFFFFFFF", 0, "UUID=FFFFFFFF" },
};

START_TEST(test_golden)
{
	const struct golden *row = &golden[_i];
	char id[UNIQUE_ID_MAX + 1] = "";

	ck_assert_msg(unique_id_format(row->scheme, row->value, row->partition, id), "%s", row->id);
	ck_assert_str_eq(id, row->id);
	ck_assert(unique_id_is_valid(id));
}
END_TEST

struct worthless {
	enum id_scheme scheme;
	const char *value;
};

static const struct worthless worthless[] = {
	{ ID_UUID, NULL },
	{ ID_UUID, "" },
	{ ID_UUID, "   " },
	{ ID_UUID, "0" },
	{ ID_UUID, "0000-0000" },
	{ ID_UUID, "00000000-0000-0000-0000-000000000000" },
	{ ID_PARTUUID, "00000000-00" },
	{ ID_DM_UUID, "" },
	{ ID_MD_UUID, "00000000:00000000:00000000:00000000" },
	{ ID_WWN, "0x0000000000000000" },
	{ ID_WWN, "0X0" },
	{ ID_WWN, "ffffffffffffffff" },
	{ ID_WWN, "0xffffffffffffffff" },
	{ ID_WWN, "0x" },
	{ ID_WWN, "0x5000000000000000" },
	{ ID_WWN, "0x5000000000000001" },
	{ ID_WWN, "0x60000000000000000000000000000000" },
	{ ID_WWN, "0x3000000000000000" },
	{ ID_WWN, "eui.0000000000000000" },
	{ ID_WWN, "eui.0100000000000000" },
	{ ID_WWN, "eui.00000000000000000000000000000000" },
	{ ID_WWN, "uuid.00000000-0000-0000-0000-000000000000" },
	{ ID_SERIAL, "11111111" },
	{ ID_SERIAL, "AAAAAAAAAAAA" },
	{ ID_SERIAL, "0x00000000" },
	{ ID_SERIAL, "0123456789ab" },
	{ ID_SERIAL, "012345678901" },
	{ ID_SERIAL, "ABCDEF0123456789" },
	{ ID_SERIAL, "Not Specified" },
	{ ID_SERIAL, "0123456789ABCDEF" },
	{ ID_SERIAL, "0123456789abcdef" },
	{ ID_SERIAL, " 0123456789ABCDEF " },
	{ ID_SERIAL, "123456789" },
	{ ID_SERIAL, "DD56419883891" },
	{ ID_SERIAL, "To be filled by O.E.M." },
	{ ID_SERIAL, "Default string" },
	{ ID_SERIAL, "none" },
	{ ID_SERIAL, "xxxxxxxx" },
	{ ID_SERIAL, "FFFFFFFF" },
	{ ID_SERIAL, "-_-" },
	{ ID_SERIAL,
		"a\x01"
		"b" },
	{ ID_SERIAL, "a\x7f" },
	{ ID_SERIAL,
		"\xc3\xb6"
		"1" },
	{ ID_SERIAL, "\xff\xff" },
};

START_TEST(test_worthless)
{
	char id[UNIQUE_ID_MAX + 1] = "untouched";

	for (unsigned int partition = 0; partition <= 1; partition++)
		ck_assert_msg(
			!unique_id_format(worthless[_i].scheme, worthless[_i].value, partition, id),
			"%s", id);
	ck_assert_str_eq(id, "untouched");
}
END_TEST

START_TEST(test_length)
{
	char id[UNIQUE_ID_MAX + 1], value[400];

	memset(value, 'a', sizeof(value));
	memset(value + 220, 'b', 175);
	value[250] = '\0'; /* and the five of "UUID=" */
	ck_assert(unique_id_format(ID_UUID, value, 0, id));
	ck_assert_uint_eq(strlen(id), UNIQUE_ID_MAX);
	ck_assert(unique_id_is_valid(id));
	value[250] = 'b';
	value[251] = '\0';
	ck_assert(!unique_id_format(ID_UUID, value, 0, id));

	value[251] = 'b';
	value[242] = '\0'; /* "SERIAL=" and "-part1" */
	ck_assert(unique_id_format(ID_SERIAL, value, 1, id));
	ck_assert_uint_eq(strlen(id), UNIQUE_ID_MAX);
	ck_assert(!unique_id_format(ID_SERIAL, value, 10, id));
	value[242] = 'b';
	value[399] = '\0';
	ck_assert(!unique_id_format(ID_SERIAL, value, 0, id));
	memset(value, ' ', 390); /* white space at the ends costs nothing */
	ck_assert(unique_id_format(ID_SERIAL, value, 0, id));
	ck_assert_str_eq(id, "SERIAL=bbbbbaaaa");
}
END_TEST

START_TEST(test_is_valid)
{
	static const char *const good[] = { "UUID=1", "PARTUUID=x", "DM_UUID=LVM-1", "MD_UUID=a:b",
		"WWN=0x1", "SERIAL=a-part1", "UUID==", "UUID=é" };
	/* Not UTF-8; control characters, those of C1, too. */
	static const char *const odd[] = { "UUID=a\xff", "SERIAL=\xc3", "PATH=\xed\xa0\x80",
		"UUID=\xc2\x85", "UUID=a\xc2\x9f", "UUID=\xc0\xaf" };
	static const char *const bad[] = { "", "=", "UUID",
		"UUID=", "PARTUUID=", "SERIAL=", "uuid=1", "Uuid=1", "LABEL=x", "PARTLABEL=x",
		" UUID=1", "UUID =1", "ID=1", "XUUID=1", "sda", "/dev/sda", "C:" };
	char text[300];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ck_assert_msg(unique_id_is_valid(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(!unique_id_is_valid(bad[i]), "%s", bad[i]);
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		ck_assert_msg(!unique_id_is_valid(odd[i]), "%s", odd[i]);
		ck_assert_msg(unique_id_has_form(odd[i]), "%s", odd[i]);
	}
	ck_assert(!unique_id_has_form("UUID=a\n") && !unique_id_has_form("UUID=a\x7f"));
	memset(text, 'a', sizeof(text));
	memcpy(text, "UUID=", 5);
	text[255] = '\0';
	ck_assert(unique_id_is_valid(text));
	text[255] = 'a';
	text[256] = '\0';
	ck_assert(!unique_id_is_valid(text));
}
END_TEST

START_TEST(test_order)
{
	static const char *const bad[] = { "", ":", "uuid:", ":uuid", "uuid::dm", "UUID", "label",
		"uuid:uuid", "dm:wwn:dm", "uuid,partuuid", "uui", "uuidx", "uuid: dm",
		"uuid:partuuid:dm:md:wwn:serial:uuid" };
	struct id_order order = { .count = 7 };
	const char *fault = NULL;

	ck_assert_int_eq(id_order_parse("uuid:partuuid:dm:md:wwn:serial", &order, &fault), 0);
	ck_assert_uint_eq(order.count, ID_SCHEMES);
	for (size_t i = 0; i < ID_SCHEMES; i++) {
		ck_assert_int_eq(order.scheme[i], id_order_default.scheme[i]);
		ck_assert_int_eq(order.scheme[i], i);
	}
	ck_assert_uint_eq(id_order_default.count, ID_SCHEMES);
	ck_assert_int_eq(id_order_parse("serial", &order, &fault), 0);
	ck_assert_uint_eq(order.count, 1);
	ck_assert_int_eq(order.scheme[0], ID_SERIAL);
	ck_assert_int_eq(id_order_parse("wwn:uuid:md", &order, &fault), 0);
	ck_assert_uint_eq(order.count, 3);
	ck_assert_int_eq(order.scheme[0], ID_WWN);
	ck_assert_int_eq(order.scheme[1], ID_UUID);
	ck_assert_int_eq(order.scheme[2], ID_MD_UUID);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		fault = NULL;
		ck_assert_msg(id_order_parse(bad[i], &order, &fault) == -EINVAL, "%s", bad[i]);
		ck_assert_ptr_nonnull(fault);
	}
	ck_assert_uint_eq(order.count, 3); /* untouched on failure */
}
END_TEST

START_TEST(test_alike)
{
	ck_assert(unique_id_is_alike("UUID=12ab-EF", "UUID=12AB-ef"));
	ck_assert(unique_id_is_alike("UUID=1", "UUID=1"));
	ck_assert(!unique_id_is_alike("UUID=1a", "UUID=1"));
	ck_assert(!unique_id_is_alike("UUID=1", "UUID=1a"));
	ck_assert(!unique_id_is_alike("SERIAL=x", "SERIAL=X")); /* is no such digit */
}
END_TEST

START_TEST(test_canonize)
{
	static const char *const texts[][2] = {
		{ "UUID=3E6BE9DE-8139-11D1-9106-A43F08D823A6",
			"UUID=3e6be9de-8139-11d1-9106-a43f08d823a6" },
		{ "UUID=3e6b-1f00", "UUID=3E6B-1F00" },
		{ "UUID=3E6BE9DE81391fd1", "UUID=3E6BE9DE81391fd1" },
		{ "UUID=xSTmsY-F9w0-vc3W-QMt7-rXxz-LV7m-Rkq0ZA",
			"UUID=xSTmsY-F9w0-vc3W-QMt7-rXxz-LV7m-Rkq0ZA" },
		{ "PARTUUID=8D4D5A51-0A", "PARTUUID=8d4d5a51-0a" },
		{ "PARTUUID=8D4D5A51-0AB", "PARTUUID=8D4D5A51-0AB" },
		{ "MD_UUID=A1B2C3D4:E5F60718:293A4B5C:6D7E8F90",
			"MD_UUID=a1b2c3d4:e5f60718:293a4b5c:6d7e8f90" },
		{ "WWN=0X5000C500A1B2C3D4-part2", "WWN=0x5000c500a1b2c3d4-part2" },
		{ "WWN=0x5000C5-PART2", "WWN=0x5000C5-PART2" },
		{ "WWN=EUI.0025385B71B0A1C2", "WWN=eui.0025385b71b0a1c2" },
		{ "SERIAL=ABCDEF01", "SERIAL=ABCDEF01" },
		{ "WWN=0x", "WWN=0x" },
		{ "", "" },
	};
	char id[UNIQUE_ID_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		unique_id_canonize(texts[i][0], id);
		ck_assert_str_eq(id, texts[i][1]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(golden); i++) { /* as devices have it */
		unique_id_canonize(golden[i].id, id);
		ck_assert_str_eq(id, golden[i].id);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unique_id");
	TCase *tcase = suite_add_case(suite, "unique_id");

	tcase_add_loop_test(tcase, test_golden, 0, ARRAY_SIZE(golden));
	tcase_add_loop_test(tcase, test_worthless, 0, ARRAY_SIZE(worthless));
	tcase_add_test(tcase, test_length);
	tcase_add_test(tcase, test_is_valid);
	tcase_add_test(tcase, test_alike);
	tcase_add_test(tcase, test_canonize);
	tcase_add_test(tcase, test_order);
	return run_suite(suite);
}
