/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a volume was last here, and what is forgotten; the mark of who wants no drive letter.
 */

#include <stdio.h>

#include "fixture.h"

static const char *const scripts[] = {
	"# a volume wants no drive letter, and then it does again\n"
	"+ sda1 uuid=1\n> no_drive_letter device=sda1 state=on\n? UUID=1 mark\ne 2\n"
	"h *no_drive_letter on - UUID=1\n> next_drive_letter sda1\n< LETTER=\"\" ASSIGNED=\"0\" | "
	"\n"
	"> no_drive_letter sda1 off\n? UUID=1 -\nh no_drive_letter off - UUID=1\n"
	"> next_drive_letter sda1\n< LETTER=\"C\" ASSIGNED=\"1\" | \n",
	"# to say it twice changes nothing\n"
	"+ sda1 uuid=1\n> no_drive_letter sda1 on\ne *\n> no_drive_letter UUID=1 on\ne 0\n"
	"> no_drive_letter off sda1\n> no_drive_letter id=UUID=1 state=off\ne 1\n",
	"# who has a letter cannot want none\n"
	"+ sda1 uuid=1\n> create_point X: sda1\ne *\nEINVAL no_drive_letter sda1 on\n"
	"w UUID=1 has the drive letter X:\ne 0\n> no_drive_letter sda1 off\n? UUID=1 letter\n",
	"# an absent volume, too, if it is known\n"
	"+ sda1 uuid=1\n- sda1\n> no_drive_letter UUID=1 on\nd UUID=1 row mark\n"
	"ENOENT no_drive_letter UUID=2 on\nENOENT no_drive_letter /dev/sda1 on\n+ sda1 uuid=1\n"
	"? UUID=1 mark\n",
	"# a letter takes the mark away\n"
	"+ sda1 uuid=1\n> no_drive_letter sda1 on\n> create_point X: sda1\n? UUID=1 letter\n",

	"# a name for a volume that was never here waits for it\n"
	"> create_point link=a id=UUID=1 absent=ok\n@ a -\nd a UUID=1\ns UUID=1 -\ne 1\n"
	"+ sda1 uuid=1\n@ a /dev/sda1\ng UUID=1 new\ns UUID=1 0\n",
	"# any way to say it; a letter; several; what is there is no other case\n"
	"> create_point X: UUID=1 absent=ok\n> create_point link=a device=UUID=1 absent=ok\n"
	"EINVAL create_point Y: UUID=1 absent=ok\nEEXIST create_point link=a UUID=1 absent=ok\n"
	"+ sda1 uuid=1\n@ X: /dev/sda1\n@ a /dev/sda1\n> create_point link=b UUID=1 absent=ok\n"
	"@ b /dev/sda1\nENOENT create_point link=c /dev/sdb1 absent=ok\n",
	"# nobody else's name, but that of who is absent\n"
	"+ sda1 uuid=1\n+ sdb1 uuid=2\n> create_point link=a sda1\n> create_point link=b sdb1\n"
	"- sdb1\nEEXIST create_point link=a UUID=3 absent=ok\n> create_point link=b UUID=3 "
	"absent=ok\n"
	"+ sdb1 uuid=2\n@ b -\n> create_point link=b sdb1\n@ b /dev/sdb1\n",
	"# it is the first choice of the device that brings it\n"
	"> create_point link=a id=UUID=1 absent=ok\n+ sda uuid=1 serial=s\n= sda UUID=1\n@ a "
	"/dev/sda\n",
	"# typing errors are refused, and what was meant is named\n"
	"+ sda1 uuid=1234-ABCD\nENOENT create_point link=a UUID=1234-ABC\nw mean UUID=1234-ABCD?\n"
	"ENOENT create_point link=a UUID=123-ABCD\nw mean UUID=1234-ABCD?\n"
	"ENOENT create_point link=a UUID=1234-BACD\nw mean UUID=1234-ABCD?\n"
	"ENOENT create_point link=a device=UUID=12345-ABCDE\nw mean UUID=1234-ABCD?\n"
	"ENOENT create_point link=a UUID=4321-DCBA\nw absent=ok names one that was never here\n"
	"- sda1\nENOENT create_point link=a UUID=1234-ABCD\nw it is absent (absent=ok\n"
	"> create_point link=a UUID=1234-ABCD absent=ok\n+ sda1 uuid=1234-ABCD\n@ a /dev/sda1\n",
	"# kept while it is absent, if that is meant\n"
	"+ sda1 uuid=1\n> create_point link=a sda1\n- sda1\nENOENT keep_links_when_offline UUID=1\n"
	"> keep_links_when_offline UUID=1 absent=ok\nd UUID=1 row keep\n"
	"> keep_links_when_offline link=a keep=0\nd UUID=1 row\n",
	"# kept before it was ever here, and forgotten\n"
	"> create_point link=a UUID=1 absent=ok\n> keep_links_when_offline UUID=1\n"
	"d UUID=1 row keep\n@ a offline\nEEXIST create_point link=a UUID=2 absent=ok\n"
	"> keep_links_when_offline link=a keep=0\nd UUID=1 row\n> forget link=a\nd UUID=1 -\nd a "
	"-\n",

	"# a forgotten volume is a new one when it comes again\n"
	"+ sda1 uuid=1\n> create_point X: sda1\n> create_point link=a sda1\ng UUID=1 new\n- sda1\n"
	"h *\n> forget id=UUID=1\nh forget - UUID=1\nd UUID=1 -\nd X: -\nd a -\n"
	"< LINK=\"/DosDevices/X:\" ID=\"UUID=1\" DEVICE=\"\" | LINK=\"/DosDevices/a\" * | "
	"*Volumes*\n"
	"ENOENT forget UUID=1\nw nothing is known of UUID=1\n+ sda1 uuid=1\n@ a -\ng UUID=1 new\n",
	"# by a link, whether it shows or not; kept ones, too\n"
	"+ sda1 uuid=1\n+ sdb1 uuid=2\n> create_point link=a sda1\n> create_point link=b sdb1\n"
	"> keep_links_when_offline sdb1\n- sda1\n- sdb1\n> forget link=a\nd UUID=1 -\n"
	"> forget link=b id=UUID=2\nd UUID=2 -\n@ b -\nENOENT forget link=b\nw there is no link "
	"/DosDevices/b\n",
	"# what is present cannot be forgotten, nor what is not meant\n"
	"+ sda1 uuid=1\n+ sdb1 uuid=2\n> create_point X: sda1\n- sdb1\ne *\nEBUSY forget UUID=1\n"
	"w UUID=1 is present\nEBUSY forget X:\nEINVAL forget X: UUID=2\ne 0\nENOENT forget "
	"UUID=3\n",
	"# the fingerprint of who has a clone stays\n"
	"+ sda uuid=1 serial=a\n+ sdb uuid=1 serial=b\n> create_point link=a sda\n- sda\n"
	"> forget UUID=1\nd a -\nd UUID=1 row\n~\n= sdb SERIAL=b\n",

	"# unnamed: absent ones without name, mark and flag\n"
	"+ sda1 uuid=1\n+ sdb1 uuid=2\n+ sdc1 uuid=3\n+ sdd1 uuid=4\n+ sde1 uuid=5\n"
	"> create_point link=a sda1\n> no_drive_letter sdb1 on\n> keep_links_when_offline sdc1\n"
	"- sda1\n- sdb1\n- sdc1\n- sdd1\nh *\n> forget unnamed=1\nh \n> forget unnamed=0\n"
	"h forget - UUID=4\nd UUID=1 row\nd UUID=2 row mark\nd UUID=3 row keep\nd UUID=4 -\n"
	"d UUID=5 row\n",
};

static const char *const scripts_at_rest[] = {
	"# the day on which a volume was last seen\n"
	"c 10\n+ sda1 uuid=1\ns UUID=1 10\nc 5\nt *\n- sda1\nt 0\ns UUID=1 10\nu\nt 1\ns UUID=1 "
	"15\n"
	"l UUID=1 /dev/sda1\ne *\nc 20\n+ sdb1 uuid=1\ns UUID=1 15\n- sdb1\nu\ns UUID=1 35\n"
	"l UUID=1 /dev/sdb1\ne 0\n",
	"# of who stays it is written once a day\n"
	"c 10\n+ sda1 uuid=1\nt *\nu\nt 0\nc 1\nu\nt 1\ns UUID=1 11\nu\nt 0\ne *\nc 30\nu\ns "
	"UUID=1 41\n"
	"e 0\n",
	"# a clock that went back\n"
	"c 10\n+ sda1 uuid=1\nc 5\nu\ns UUID=1 15\n",
	"# it survives restarts; a device that comes back at once was not away\n"
	"c 3\n+ sda1 uuid=1\nc 4\n- sda1\nu\n~\ns UUID=1 7\nc 1\n+ sda1 uuid=1\n- sda1\n"
	"+ sda1 uuid=1\nt *\nu\nt 1\ns UUID=1 8\n",
	"# a volume whose device becomes another one was last seen then\n"
	"c 3\n+ sda1 uuid=1\nc 2\n+ sda1 uuid=2\nu\ns UUID=1 5\nl UUID=1 /dev/sda1\n",

	"# what nobody named expires, what somebody named does not\n"
	"o expire 400\n+ sda1 uuid=1\n+ sdb1 uuid=2\n+ sdc1 uuid=3\n> create_point link=a sda1\n"
	"- sda1\n- sdb1\nu\nc 399\nu\nd UUID=2 row\nh *\ne *\nc 1\nu\nd UUID=2 -\nh expire - "
	"UUID=2\n"
	"e 1\nd UUID=1 row\nd UUID=3 row\n",
	"# never, if it is not wanted\n"
	"o expire 0\n+ sda1 uuid=1\n- sda1\nu\nc 36500\nu\nd UUID=1 row\n",
	"# who comes back in between is seen anew\n"
	"o expire 10\n+ sda1 uuid=1\n- sda1\nu\nc 9\n+ sda1 uuid=1\n- sda1\nu\nc 9\nu\nd UUID=1 "
	"row\n"
	"c 1\nu\nd UUID=1 -\n",
	"# who was named no longer expires as well\n"
	"o expire 10\n+ sda1 uuid=1\n> create_point link=a sda1\n> delete_points link=a\n- "
	"sda1\nu\n"
	"c 10\nu\nd UUID=1 -\n",
	"# an owner that has a clone does not expire\n"
	"o expire 10\n+ sda uuid=1 serial=a\n+ sdb uuid=1 serial=b\n- sda\nu\nc 20\nu\nd UUID=1 "
	"row\n"
	"~\n= sdb SERIAL=b\n",
};

/* Images that are seen once and never again do not stay for ever. */
START_TEST(test_bound)
{
	enum { IMAGES = 5000, KEPT = 4096 };
	struct world world;
	char words[32], id[32];

	world_init(&world);
	world_plug(&world, "sda1", "uuid=named");
	ck_assert_int_eq(world_ask(&world, "create_point", "link=a sda1"), 0);
	world_unplug(&world, "sda1");
	for (int i = 0; i < IMAGES; i++) {
		snprintf(words, sizeof(words), "uuid=%05d", i);
		world_put(&world, "loop1", words);
		world_settle(&world);
		world.env.now++;
		world_remove(&world, "loop1");
		world_settle(&world);
		if (i % 1000 == 0)
			world_upkeep(&world);
	}
	world_upkeep(&world);
	ck_assert_uint_eq(world.manager.names.records.count, KEPT + 1);
	ck_assert_uint_eq(world.rows.record_count, KEPT + 1);
	ck_assert_ptr_nonnull(names_find_record(&world.manager.names, "UUID=named"));
	for (int i = 0; i < IMAGES; i++) {
		snprintf(id, sizeof(id), "UUID=%05d", i);
		ck_assert_int_eq(
			names_find_record(&world.manager.names, id) != NULL, i >= IMAGES - KEPT);
	}
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("forgetting");
	TCase *tcase = suite_add_case(suite, "forgetting");

	fixture_add_scripts(tcase, scripts, ARRAY_SIZE(scripts), true);
	fixture_add_scripts(tcase, scripts_at_rest, ARRAY_SIZE(scripts_at_rest), false);
	tcase_add_test(tcase, test_bound);
	return run_suite(suite);
}
