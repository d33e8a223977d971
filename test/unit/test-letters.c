/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who gets which drive letter and which suggested name, rule by rule, as scripts (see fixture.h);
 * and what people call a volume by. Titles as in test-operations.c.
 */

#include <string.h>

#include "fixture.h"

#define TWO "+ sda1 part=1 uuid=1\n+ sdb1 part=1 uuid=2\ne 2\nt *\nh *\n"
#define KEEP "> keep_links_when_offline "
#define NEXT "> next_drive_letter "
#define NEW(letter) "< LETTER=\"" letter "\" ASSIGNED=\"1\" | \n"
#define OLD(letter) "< LETTER=\"" letter "\" ASSIGNED=\"0\" | \n"
#define NONE OLD("")
#define NOTHING "e 0\nt 0\nh \n"
#define NO_LETTER "flags=8000000000000000"

static const char *const scripts[] = {
	"# 1.7.5: unknown volume\n" TWO
	"ENOENT next_drive_letter UUID=9\nENOENT next_drive_letter /dev/sdz\n"
	"ENOENT next_drive_letter link=Q:\nEINVAL next_drive_letter\n"
	"EINVAL next_drive_letter UUID=1 sdb1\nEINVAL next_drive_letter sda1 keep=1\n"
	"- sda1\nENOENT next_drive_letter UUID=1\n" NOTHING,
	"# 1.7.5 step 2: the letter it has, nothing changes\n" TWO
	"> create_point X: sda1\ne 1\nt *\nh *\n" NEXT "sda1\n" OLD("X") NEXT "X:\n" OLD("X")
		NOTHING,
	"# 1.7.5 step 3: marked\n" TWO
	"> create_point X: sda1\n> delete_points X:\ne 2\nt *\nh *\n" NEXT "sda1\n" NONE NOTHING,
	"# 1.7.5 step 3: the GPT entry says no; that leaves no mark\n"
	"+ sda1 part=1 uuid=1 " NO_LETTER "\ne 1\nt *\nh *\n" NEXT "sda1\n" NONE
	"? UUID=1 -\n" NOTHING "> create_point X: sda1\n" NEXT "sda1\n" OLD("X"),
	"# 1.7.5 step 3: other bits say nothing\n"
	"+ sda1 part=1 uuid=1 flags=3fffffffffffffff\n" NEXT "sda1\n" NEW("C"),
	"# 1.7.5 step 3, 3.1 step 1: the bit counts for fixed volumes only\n"
	"+ sda1 part=1 uuid=1 removable " NO_LETTER "\n" NEXT "sda1\n" NEW("C"),
	"# 1.7.5 step 4: automount is off\n" TWO
	"+ sdc1 removable uuid=3\n> auto_mount off\ne 2\nt *\nh *\n" NEXT "sda1\n" NONE
	"? UUID=1 -\n" NOTHING NEXT "sdc1\n" NEW("C") "> create_point X: sda1\n" NEXT
						      "sda1\n" OLD("X"),
	"# 1.7.5 step 6: the first free letter from C\n" TWO NEXT "sda1\n" NEW(
		"C") "@ C: /dev/sda1\nd C: UUID=1\ne 1\nh next_drive_letter /DosDevices/C: "
		     "UUID=1\n" NEXT "sdb1\n" NEW(
			     "D") "+ sdc uuid=3\n> create_point E: sdc\n+ sdd uuid=4\n" NEXT
				  "sdd\n" NEW("F") "> delete_points C: UUID=1\n+ sde uuid=5\n" NEXT
						   "sde\n" NEW("C"),
	"# 1.7.5 step 6: floppies from A\n"
	"+ fd0 uuid=1\n" NEXT "fd0\n" NEW("A") "+ fd1 uuid=2\n" NEXT "fd1\n" NEW(
		"B") "+ fd2 uuid=3\n" NEXT "fd2\n" NEW("C") "+ sda uuid=4\n" NEXT "sda\n" NEW("D"),
	"# 1.7.5 step 6: optical drives and media from D\n"
	"+ sr0 uuid=1\n" NEXT "sr0\n" NEW("D") "+ loop0 fstype=iso9660 uuid=2\n" NEXT "loop0\n" NEW(
		"E") "+ sdb fstype=udf uuid=3\n" NEXT "sdb\n" NEW("F") "+ sda uuid=4\n" NEXT
								       "sda\n" NEW("C"),
	"# 1.7.5 step 6: a disc in a floppy drive is a floppy\n"
	"+ fd0 fstype=iso9660 uuid=1\n" NEXT "fd0\n" NEW("A"),
	"# 1.7.5 step 6: names that only contain those are others\n"
	"+ xsr0 uuid=1\n" NEXT "xsr0\n" NEW("C") "+ sfd0 uuid=2\n" NEXT "sfd0\n" NEW("D"),
	"# 1.7.5 step 6: the suggested letter\n"
	"o suggest\n+ sda uuid=1 label=Q:\n" NEXT
	"sda\n" NEW("Q") "+ sdb uuid=2 pname=R:\n" NEXT "sdb\n" NEW(
		"R") "+ sdc uuid=3 label=Q:\n" NEXT
		     "sdc\n" NEW("C") "+ sdd uuid=4 label=data pname=T:\n" NEXT "sdd\n" NEW(
			     "D") "+ sde uuid=5 label=u:\n" NEXT
				  "sde\n" NEW("E") "+ sdf uuid=6 label=F\n" NEXT "sdf\n" NEW(
					  "F") "+ sdg uuid=7 label=M:x\n" NEXT
					       "sdg\n" NEW("G") "+ sdh uuid=8 label=[:\n" NEXT
								"sdh\n" NEW("H"),
	"# 1.7.5 step 6: the suggested letter may be one below the first\n"
	"o suggest\n+ sda uuid=1 label=A:\n" NEXT "sda\n" NEW("A"),
	"# 1.7.5 step 6: labels suggest nothing unless asked to\n"
	"+ sda uuid=1 label=Q:\n" NEXT "sda\n" NEW("C"),
	"# 1.7.5 step 3: a suggestion outweighs the GPT entry, not the mark or automount\n"
	"o suggest\n+ sda1 part=1 uuid=1 label=Q: " NO_LETTER "\n" NEXT
	"sda1\n" NEW("Q") "> delete_points Q:\n" NEXT "sda1\n" NONE
			  "> auto_mount off\n+ sdb uuid=2 label=R:\n" NEXT "sdb\n" NONE,
	"# letters of absent volumes are taken last, and found again\n" TWO
	"> create_point C: sda1\n- sda1\n" NEXT
	"sdb1\n" NEW("D") "@ C: -\n"
			  "+ sda1 part=1 uuid=1\n@ C: /dev/sda1\n@ D: /dev/sdb1\n" NEXT
			  "sda1\n" OLD("C"),
	"# asking for one by name overwrites it\n" TWO
	"> create_point C: sda1\n- sda1\n> create_point C: sdb1\nd C: UUID=2\n"
	"+ sda1 part=1 uuid=1\n@ C: /dev/sdb1\n? UUID=1 -\n" NEXT "sda1\n" NEW("D"),
	"# 1.7.5, 1.7.9: those of kept volumes are not\n" TWO "> create_point C: sda1\n" KEEP
	"sda1\n- sda1\n" NEXT "sdb1\n" NEW("D") NEXT "UUID=1\n" OLD("C"),
	"# 1.7.5, 1.7.9: a kept volume can be given one while it is absent\n" TWO KEEP
	"sda1\n- sda1\n" NEXT
	"UUID=1\n" NEW("C") "@ C: offline\nh * next_drive_letter /DosDevices/C: UUID=1\nn -\n",
	"# 1.7.5, interface 5: several in one write\n" TWO "{\n" NEXT "sda1\n" NEW("C") NEXT
	"sdb1\n" NEW("D") NEXT
	"UUID=1\n" OLD("C") "ENOENT delete_points X:\n}\n@ C: /dev/sda1\n@ D: /dev/sdb1\ne 1\n",

	"# 1.7.6: all present volumes get one, by the names of their devices; kept and absent "
	"none\n"
	"& sdb uuid=1\n& sda10 uuid=2 part=10\n& sda9 uuid=3 part=9\n& sdx uuid=4\n& sdy uuid=5\n"
	"& fd0 uuid=6\n& sr0 uuid=7\n& sdz blank\n.\n" KEEP "sdx\n- sdx\n- sdy\ne 2\nh *\n"
	"> auto_dl_assignments 1\n< \n@ A: /dev/fd0\n@ C: /dev/sdb\n@ D: /dev/sr0\n@ E: /dev/sda9\n"
	"@ F: /dev/sda10\n? UUID=4 -\n? UUID=5 -\ne 1\n",
	"# 1.7.6: nothing to give is no change\n" TWO
	"> create_point X: sda1\n> create_point Y: sdb1\ne 2\nt *\nh *\n> auto_dl_assignments "
	"1\n" NOTHING,
	"# 1.7.6: the rules of next_drive_letter hold\n"
	"+ sda1 part=1 uuid=1 " NO_LETTER "\n+ sdb uuid=2\n> create_point X: sdb\n"
	"> delete_points X:\n+ sdc uuid=3\n> create_point X: sdc\n+ sdd uuid=4\ne 7\nh *\n"
	"> auto_dl_assignments 1\n? UUID=1 -\n? UUID=2 mark\n@ X: /dev/sdc\n@ C: /dev/sdd\ne 1\n"
	"h auto_dl_assignments /DosDevices/C: UUID=4\n",
	"# 1.7.6, 1.7.15: and automount\n" TWO "+ sdc removable uuid=3\n> auto_mount off\n> "
	"auto_dl_assignments 1\n? UUID=1 -\n? UUID=2 -\n"
	"@ C: /dev/sdc\n",

	"# 1.7.15: on, unless it was set\n" TWO "> auto_mount on\n" NOTHING NEXT "sda1\n" NEW("C"),
	"# 1.7.15: set, durable; the same again is no change\n" TWO
	"> auto_mount off\n< \ne 1\nt 1\nh auto_mount off - -\n> auto_mount off\n> auto_mount "
	"state=off\n" NOTHING "~\n" NEXT "sda1\n" NONE
	"> auto_mount on\ne 1\nt 1\nh auto_mount on - -\n~\n" NEXT "sda1\n" NEW("C"),
	"# 1.7.15: both in one write\n" TWO "{\n> auto_mount off\n> auto_mount on\n}\n" NEXT
	"sda1\n" NEW("C"),
	"# 1.7.15: neither\n" TWO
	"EINVAL auto_mount\nEINVAL auto_mount 1\nw '1' is neither on nor off\n"
	"EINVAL auto_mount ON\nEINVAL auto_mount on off\nEINVAL auto_mount on state=off\n" NOTHING,
	"# 1.7.15: volumes keep the letters they have\n" TWO
	"> create_point X: sda1\n> auto_mount off\n- sda1\n+ sda1 part=1 uuid=1\n@ X: "
	"/dev/sda1\n" NEXT "sda1\n" OLD("X"),

	"# 3.1 step 10: arrivals get letters once automatic letters are on\n"
	"o auto_dl\n+ sda uuid=1\n@ C: /dev/sda\nh volume_arrival /Volumes/* UUID=1, "
	"volume_arrival "
	"/DosDevices/C: UUID=1\ne 1\n+ sdb uuid=2\n@ D: /dev/sdb\n- sda\n+ sda uuid=1\n@ C: "
	"/dev/sda\n",
	"# 3.1 step 10: not before\n" TWO "? UUID=1 -\n? UUID=2 -\n",
	"# 3.1 step 10: fixed volumes not while automount is off\n"
	"o auto_dl\n> auto_mount off\n+ sda uuid=1\n+ sdb removable uuid=2\n? UUID=1 -\n"
	"@ C: /dev/sdb\n",
	"# 3.1 step 10: not those with the bit, but for a suggestion\n"
	"o auto_dl\no suggest\n+ sda1 part=1 uuid=1 " NO_LETTER
	"\n+ sdb1 part=1 uuid=2 label=Q: " NO_LETTER "\n? UUID=1 -\n@ Q: /dev/sdb1\n",
	"# 3.1 step 10: not those that are marked\n"
	"o auto_dl\n+ sda uuid=1\n> delete_points C:\n- sda\n+ sda uuid=1\n? UUID=1 mark\n@ C: -\n",
	"# 3.1 step 5: a letter that the database has comes first\n"
	"+ sda uuid=1\n> create_point X: sda\n- sda\no auto_dl\no suggest\n"
	"+ sda uuid=1 label=Q:\n@ X: /dev/sda\n@ Q: -\n@ C: -\n",
	"# 3.1 step 10: together, they are served by name; who suggests first\n"
	"o auto_dl\no suggest\n& sdb uuid=1\n& sdc uuid=2 label=C:\n& sda uuid=3\n.\n@ C: "
	"/dev/sdc\n"
	"@ D: /dev/sda\n@ E: /dev/sdb\n",
	"# 3.4: a suggestion that is taken gives no precedence\n"
	"o auto_dl\no suggest\n+ sdz uuid=9 label=Q:\n@ Q: /dev/sdz\n& sda uuid=1 label=Q:\n"
	"& sdb uuid=2 label=C:\n.\n@ C: /dev/sdb\n@ D: /dev/sda\n",

	"# 3.1 step 5: a suggested name, if there are no other links\n"
	"o suggest\n+ sda uuid=1 label=data\n@ data /dev/sda\nd data UUID=1\n"
	"h volume_arrival /Volumes/* UUID=1, volume_arrival /DosDevices/data UUID=1\ne 1\n"
	"- sda\n+ sdb uuid=1 label=other\n@ data /dev/sdb\n@ other -\n",
	"# 3.1 step 5: of the partition, if the filesystem has no label\n"
	"o suggest\n+ sda1 part=1 uuid=1 pname=part\n@ part /dev/sda1\n+ sdb1 part=1 uuid=2 "
	"label=fs pname=part2\n@ fs /dev/sdb1\n@ part2 -\n+ sdc1 part=1 uuid=3 "
	"label= pname=part3\n@ part3 /dev/sdc1\n",
	"# 3.1 step 5: not unless asked for\n+ sda uuid=1 label=data\n@ data -\n",
	"# 3.1 step 5: a letter is another link\n"
	"o suggest\n+ sda uuid=1\n> create_point X: sda\n- sda\n+ sda uuid=1 label=data\n@ data "
	"-\n",
	"# 3.1 step 5: taken is taken, also by an absent volume\n"
	"o suggest\n+ sda uuid=1 label=data\n+ sdb uuid=2 label=DATA\n@ data /dev/sda\n- sda\n"
	"+ sdc uuid=3 label=data\n@ data -\nd data UUID=1\n",
	"# 3.1 step 5: of two that come together, the first by name\n"
	"o suggest\n& sdb uuid=1 label=data\n& sda uuid=2 label=data\n.\n@ data /dev/sda\n",
	"# 3.1 step 5: labels that are no names are none\n"
	"o suggest\n+ sda uuid=1 label=a/b\n+ sdb uuid=2 label=..\n+ sdc uuid=3 label=x:\n"
	"+ sdd uuid=4 label=a\\b\n+ sde uuid=5 label=\x01\n+ sdf uuid=6 label=\xff\n+ sdg uuid=7 "
	"label=\n"
	"> query_points\n< LINK=\"/V*\" ID=\"*\" DEVICE=\"*\" | LINK=\"/V*\" * | LINK=\"/V*\" * | "
	"LINK=\"/V*\" * | LINK=\"/V*\" * | LINK=\"/V*\" * | LINK=\"/V*\" * | \ne 7\nh *\n",
	"# 3.1 step 5: with automatic letters both\n"
	"o suggest\no auto_dl\n+ sda uuid=1 label=data\n@ data /dev/sda\n@ C: /dev/sda\n",

	"# 1.7.12, 1.7.13: unknown volume\n" TWO
	"ENOENT query_dos_volume_path UUID=9\nENOENT query_dos_volume_paths /dev/sdz\n"
	"ENOENT query_dos_volume_path link=Q:\nEINVAL query_dos_volume_paths\n",
	"# 1.7.12: the letter\n" TWO "> create_point X: sda1\nm sda1 /home\n"
	"> query_dos_volume_path sda1\n< PATH=\"X:\" | \n> query_dos_volume_path device=%UUID=1%\n"
	"< PATH=\"X:\" | \n",
	"# 1.7.12: otherwise where it is mounted first\n" TWO
	"m sdb1 /other\nm sda1 /srv/my $data\nm sda1 /home\n> query_dos_volume_path UUID=1\n"
	"< PATH=\"/srv/my \\x24data\" | \n",
	"# 1.7.12: otherwise its volume name\n" TWO
	"> query_dos_volume_path sda1\n< PATH=\"/Volumes/Volume{*}\" | \n"
	"> create_point link=data device=sda1\n> query_dos_volume_path sda1\n"
	"< PATH=\"/Volumes/Volume{*}\" | \n",
	"# 1.7.13: all, the letter first, never the volume name\n" TWO
	"> query_dos_volume_paths sda1\n< \n> create_point X: sda1\nm sda1 /srv\nm sda1 /home\n"
	"m sdb1 /other\n> query_dos_volume_paths sda1\n"
	"< PATH=\"X:\" | PATH=\"/srv\" | PATH=\"/home\" | \nm sda1\n> query_dos_volume_paths X:\n"
	"< PATH=\"X:\" | \ne 1\n",
	"# 1.7.12, 1.7.13: of a kept volume, what is known\n" TWO
	"> create_point X: sda1\nm sda1 /home\n" KEEP "sda1\n" KEEP "sdb1\n- sda1\n- sdb1\n"
	"> query_dos_volume_paths UUID=1\n< PATH=\"X:\" | \n> query_dos_volume_path UUID=2\n"
	"< PATH=\"/Volumes/*\" | \n",
};

/* A restart would forget that letters are given, and make the volume name anew. */
static const char *const scripts_at_rest[] = {
	"# 3.1 step 10: only who was not here, wherever it is now\n"
	"o auto_dl\n+ sda uuid=1\n> delete_points UUID=1\n+ sda uuid=1 label=new\n? UUID=1 -\n",
	"# 3.1 step 5: no suggestion for who was here\n"
	"o suggest\n+ sda uuid=1\n+ sda uuid=1 label=data\n@ data -\n",
	"# 1.7.6: from then on arrivals get letters\n" TWO
	"> auto_dl_assignments 1\n@ C: /dev/sda1\n@ D: /dev/sdb1\ne 1\n"
	"h auto_dl_assignments /DosDevices/C: UUID=1, auto_dl_assignments /DosDevices/D: UUID=2\n"
	"+ sdc uuid=3\n@ E: /dev/sdc\n~\n+ sdd uuid=4\n? UUID=4 -\n",
	"# 1.7.6: the same if nothing was there to be given\n"
	"> auto_dl_assignments 1\n" NOTHING "+ sda uuid=1\n@ C: /dev/sda\n",
	"# 1.7.12: nothing at all\n" TWO "> delete_points sda1\nENOENT query_dos_volume_path "
	"sda1\nw has no path and no volume name\n"
	"> query_dos_volume_paths sda1\n< \n",
	"# 3.1 step 10: the clone that moves up is not new\n"
	"o auto_dl\n+ sda uuid=1\n+ sdb uuid=1\n> delete_points UUID=1\n- sda\n= sdb UUID=1\n? "
	"UUID=1 -\n",
};

/* 1.7.5 step 7: who finds none left is marked, and not tried again when one becomes free. */
START_TEST(test_all_taken)
{
	struct world world;

	world_init(&world);
	for (char letter = 'C'; letter <= 'Z'; letter++) {
		_cleanup_free_ char *line = xasprintf("+ sd%c uuid=%c\n> next_drive_letter sd%c\n"
						      "< LETTER=\"%c\" ASSIGNED=\"1\" | \n",
			letter + 'a' - 'A', letter, letter + 'a' - 'A', letter);

		world_play(&world, line);
	}
	world_play(&world,
		"# 1.7.5 step 7\n+ sda uuid=1\ne 1\nt *\nh *\n> next_drive_letter sda\n" NONE
		"? UUID=1 mark\nd UUID=1 row mark\ne 1\nt 1\nh \n> delete_points Q:\ne 1\nt *\nh "
		"*\n"
		"> next_drive_letter sda\n" NONE NOTHING "> create_point Q: sda\n? UUID=1 letter\n"
		"+ sr0 uuid=3\n> next_drive_letter sr0\n" NONE "? UUID=3 mark\n"
		"+ fd0 uuid=2\n> next_drive_letter fd0\n" NEW(
			"A") "@ A: /dev/fd0\n- sde\n"
			     "+ sdb uuid=4\n> auto_dl_assignments 1\n@ E: /dev/sdb\n? UUID=3 mark\n"
			     "> delete_points C: UUID=C\n+ sr1 uuid=5\n? UUID=5 mark\n@ C: -\n"
			     "+ sr2 uuid=6\n? UUID=6 mark\n+ sdaa uuid=7\n@ C: /dev/sdaa\n");
	world_fini(&world);
}
END_TEST

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
	world_play(&world, "o auto_dl\no suggest\n");
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

	fixture_add_scripts(tcase, scripts, ARRAY_SIZE(scripts), true);
	fixture_add_scripts(tcase, scripts_at_rest, ARRAY_SIZE(scripts_at_rest), false);
	tcase_add_test(tcase, test_all_taken);
	tcase_add_test(tcase, test_shuffled);
	return run_suite(suite);
}
