/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who gets which drive letter and which suggested name, and what people call a volume by. The
 * rules one by one are in scripts/letters.script.
 */

#include <string.h>

#include "fixture.h"

#define NO_LETTER "flags=8000000000000000"

/* Newcomers in one batch, in any order: the links are the same but for the volume names. */
static char *play_shuffled(uint32_t random)
{
	static const char *const devices[][2] = { { "sda1", "uuid=1 label=Q:" },
		{ "sda2", "uuid=2 label=data" }, { "sda10", "uuid=3 label=DATA" },
		{ "sdb", "uuid=4 label=Q:" }, { "sdc", "uuid=4 serial=s label=C:" },
		{ "fd0", "uuid=5" }, { "sr0", "uuid=6 fstype=iso9660 label=disc" },
		{ "sdd1", "part=1 uuid=7 " NO_LETTER }, { "sde", "uuid=8 removable pname=E:" },
		{ "dm-0", "uuid=9 virtual label=A:" }, { "sdf", "uuid=4" }, { "sdg", "blank" } };
	size_t order[ARRAY_SIZE(devices)];
	struct world world;
	char *text;

	world_init(&world);
	world_play(&world, "option auto_dl", "option suggest");
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		size_t j;

		random = random * 1664525 + 1013904223;
		j = (random >> 8) % (i + 1);
		order[i] = order[j];
		order[j] = i;
	}
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		world_put(&world, devices[order[i]][0], devices[order[i]][1]);
	world_settle(&world);
	text = xstrdup(world_show(&world));
	world_fini(&world);
	return text;
}

START_TEST(test_shuffled)
{
	_cleanup_free_ char *first = play_shuffled(0);

	ck_assert_ptr_nonnull(strstr(first, "/DosDevices/data /dev/sda2\n"));
	ck_assert_ptr_nonnull(strstr(first, "/DosDevices/Q: /dev/sdb\n"));
	for (uint32_t i = 1; i <= 100; i++) {
		_cleanup_free_ char *other = play_shuffled(i);

		ck_assert_str_eq(first, other);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("letters");
	TCase *tcase = suite_add_case(suite, "letters");

	fixture_add_script(tcase, "letters");
	tcase_add_test(tcase, test_shuffled);
	return run_suite(suite);
}
