/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The encodings, and the predicates on names of the installed header.
 */

#include <errno.h>
#include <string.h>

#include "base/nt_status.h"
#include "base/utf.h"
#include "fixture.h"

#define DOS_NAME "\\DosDevices\\"
#define GUID "Volume{3e6be9de-8139-11d1-9106-a43f08d823a6}"

static bool goes_there_and_back(uint32_t value)
{
	size_t n = value < 0x10000 ? 2 : 4;
	uint32_t high = value < 0x10000 ? value : 0xd800 + ((value - 0x10000) >> 10);
	uint32_t low = 0xdc00 + ((value - 0x10000) & 0x3ff);
	uint8_t units[4] = { (uint8_t)high, (uint8_t)(high >> 8), (uint8_t)low,
		(uint8_t)(low >> 8) };
	uint8_t again[16];
	char text[8];
	ssize_t len = utf16_to_utf8(units, n, text);
	ssize_t expected = value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;

	if (value >= 0xd800 && value < 0xe000)
		return len == -EINVAL;
	return len == expected && utf8_sequence_len(text, (size_t)len) == (size_t)len &&
		utf16_to_utf8(units, n, NULL) == len &&
		utf16_from_utf8(text, (size_t)len, again) == n && memcmp(units, again, n) == 0 &&
		utf16_from_utf8(text, (size_t)len, NULL) == n;
}

/* Every character there and back; what is none, not. Check's assertions would take 10 s. */
START_TEST(test_all_characters)
{
	for (uint32_t value = 0; value < 0x110000; value++)
		if (!goes_there_and_back(value))
			ck_abort_msg("U+%04X does not", value);
}
END_TEST

START_TEST(test_damaged_text)
{
	static const struct {
		const char *text;
		const char *units;
		size_t size;
	} rows[] = {
		{ "a\xff", "a\0\xfd\xff", 4 },
		{ "\xc3", "\xfd\xff", 2 },
		{ "\xc3z", "\xfd\xffz\0", 4 },
		{ "\xed\xa0\x80", "\xfd\xff\xfd\xff\xfd\xff", 6 }, /* a surrogate */
		{ "\xc0\xaf", "\xfd\xff\xfd\xff", 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t units[32];

		ck_assert_uint_eq(
			utf16_from_utf8(rows[i].text, strlen(rows[i].text), units), rows[i].size);
		ck_assert_int_eq(memcmp(units, rows[i].units, rows[i].size), 0);
	}
	ck_assert_int_eq(utf16_to_utf8((const uint8_t *)"abc", 3, NULL), -EINVAL);
	ck_assert_int_eq(utf16_to_utf8(NULL, 0, NULL), 0);
}
END_TEST

enum { LETTER = 1, VOLUME = 2, DOS = 4, DOS_WB = 8, NT = 16, NT_WB = 32 };

static unsigned int look_at(uint8_t *data, size_t length)
{
	UNICODE_STRING name = { (uint16_t)length, (uint16_t)length, (void *)data };

	return (MOUNTMGR_IS_DRIVE_LETTER(&name) ? LETTER : 0u) |
		(MOUNTMGR_IS_VOLUME_NAME(&name) ? VOLUME : 0u) |
		(MOUNTMGR_IS_DOS_VOLUME_NAME(&name) ? DOS : 0u) |
		(MOUNTMGR_IS_DOS_VOLUME_NAME_WB(&name) ? DOS_WB : 0u) |
		(MOUNTMGR_IS_NT_VOLUME_NAME(&name) ? NT : 0u) |
		(MOUNTMGR_IS_NT_VOLUME_NAME_WB(&name) ? NT_WB : 0u);
}

/* The names of the header [H], from memory of exactly their size. */
START_TEST(test_names)
{
	static const struct {
		const char *name;
		unsigned int forms;
	} rows[] = {
		{ DOS_NAME "A:", LETTER },
		{ DOS_NAME "Z:", LETTER },
		{ DOS_NAME "a:", 0 },
		{ DOS_NAME "@:", 0 },
		{ DOS_NAME "[:", 0 },
		{ DOS_NAME "A", 0 },
		{ DOS_NAME "A:\\", 0 },
		{ DOS_NAME "AA", 0 },
		{ "\\dosdevices\\A:", 0 },
		{ "\\DosDevices/A:", 0 },
		{ "\\??\\D:", 0 },
		{ "D:", 0 },
		{ "", 0 },
		{ "\\??\\" GUID, VOLUME | NT },
		{ "\\??\\" GUID "\\", VOLUME | NT_WB },
		{ "\\\\?\\" GUID, VOLUME | DOS },
		{ "\\\\?\\" GUID "\\", VOLUME | DOS_WB },
		{ "\\??\\" GUID "/", 0 },
		{ "\\\\.\\" GUID, 0 },
		{ "/?"
		  "?/" GUID,
			0 },
		{ "\\??\\volume{3e6be9de-8139-11d1-9106-a43f08d823a6}", 0 },
		{ "\\??\\Volume{ZZZZZZZZ-$$$$-!!!!-    -............}", VOLUME | NT },
		{ "\\??\\Volume{3e6be9de-8139-11d1-9106-a43f08d823a6)", 0 },
		{ "\\??\\Volume{3e6be9de_8139-11d1-9106-a43f08d823a6}", 0 },
		{ "\\??\\Volume{3e6be9de-8139_11d1-9106-a43f08d823a6}", 0 },
		{ "\\??\\Volume{3e6be9de-8139-11d1_9106-a43f08d823a6}", 0 },
		{ "\\??\\Volume{3e6be9de-8139-11d1-9106_a43f08d823a6}", 0 },
		{ "\\??\\Volume{}", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = strlen(rows[i].name);
		uint8_t *units = xcalloc(len + 1, 2);

		for (size_t j = 0; j < len; j++)
			units[2 * j] = (uint8_t)rows[i].name[j];
		units = xrealloc(units, len ? len : 1, 2);
		ck_assert_msg(look_at(units, len * 2) == rows[i].forms, "%s: %#x", rows[i].name,
			look_at(units, len * 2));
		free(units);
	}
}
END_TEST

START_TEST(test_statuses)
{
	static const struct {
		int error;
		uint32_t status;
	} rows[] = {
		{ 0, STATUS_SUCCESS },
		{ EINVAL, STATUS_INVALID_PARAMETER },
		{ ENOENT, STATUS_OBJECT_NAME_NOT_FOUND },
		{ EEXIST, STATUS_OBJECT_NAME_COLLISION },
		{ EOVERFLOW, STATUS_BUFFER_OVERFLOW },
		{ ENOTTY, STATUS_INVALID_DEVICE_REQUEST },
		{ EBADF, STATUS_INVALID_HANDLE },
		{ EFAULT, STATUS_ACCESS_VIOLATION },
		{ ENOMEDIUM, STATUS_NO_MEDIA_IN_DEVICE },
		{ EACCES, STATUS_ACCESS_DENIED },
		{ EINTR, STATUS_CANCELLED },
		{ EIO, STATUS_UNSUCCESSFUL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ck_assert_uint_eq(nt_status_from_errno(rows[i].error), rows[i].status);
		ck_assert_int_eq(nt_status_to_errno(rows[i].status), rows[i].error);
	}
	ck_assert_uint_eq(nt_status_from_errno(EPERM), (uint32_t)STATUS_ACCESS_DENIED);
	ck_assert_uint_eq(nt_status_from_errno(EROFS), (uint32_t)STATUS_ACCESS_DENIED);
	ck_assert_uint_eq(nt_status_from_errno(EXDEV), (uint32_t)STATUS_UNSUCCESSFUL);
	ck_assert_int_eq(nt_status_to_errno((uint32_t)STATUS_NOT_FOUND), ENOENT);
	ck_assert(NT_SUCCESS(STATUS_PENDING) && !NT_SUCCESS(STATUS_BUFFER_OVERFLOW));
	ck_assert_int_eq(nt_status_to_errno(0xC0FFEE00u), EIO);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("utf");

	fixture_add(suite, "all characters", test_all_characters);
	fixture_add(suite, "damaged text", test_damaged_text);
	fixture_add(suite, "names", test_names);
	fixture_add(suite, "statuses", test_statuses);
	return run_suite(suite);
}
