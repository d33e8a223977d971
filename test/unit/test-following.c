/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that follow a device whose content changes, and what is known of a device while its content
 * is in doubt, as scripts (see fixture.h).
 */

#include "fixture.h"

#define NAMED "+ sda uuid=1 seq=5\n> create_point X: sda\n"
#define RAW "+ sda1 part=1 blank partuuid=p seq=5\n> create_point X: sda1\n"

/* A restart forgets what a device was. */
static const char *const scripts[] = {
	"# follow: a new UUID, the Volume name too\n" NAMED
	"g UUID=1 new\nh *\n+ sda uuid=2 seq=5\n@ X: /dev/sda\nd UUID=1 -\ng UUID=2 same\n"
	"h unique_id_changed - UUID=2\nn /dev/sda\n",
	"# follow: readers of events are told, in that order\n" NAMED
	"! arrived UUID=1 /dev/sda\n! created Volume UUID=1 /dev/sda\n"
	"! created /DosDevices/X: UUID=1 /dev/sda\n!\n+ sda uuid=2 seq=5\n! deleted /DosDevices/X: "
	"UUID=1 /dev/sda\n"
	"! deleted Volume UUID=1 /dev/sda\n! removed UUID=1 /dev/sda\n"
	"! unique-id-changed UUID=2 /dev/sda it was UUID=1\n! arrived UUID=2 /dev/sda\n"
	"! created /DosDevices/X: UUID=2 /dev/sda\n! created Volume UUID=2 /dev/sda\n!\n",
	"# follow: however long it was blank meanwhile\n" NAMED
	"+ sda blank seq=5\n@ X: -\n+ sda blank size=2000 seq=5\n+ sda uuid=2 seq=5\n@ X: "
	"/dev/sda\n"
	"+ sda blank seq=5\n+ sda uuid=3 seq=5\n@ X: /dev/sda\n",
	"# follow: another medium does not take them\n" NAMED
	"+ sda uuid=2 seq=6\n@ X: -\n+ sda uuid=1 seq=7\n@ X: /dev/sda\n",
	"# follow: nor does what is there after it was taken out\n" NAMED
	"- sda\n+ sda uuid=2 seq=5\n@ X: -\n",
	"# follow: an ID that is known keeps its own names\n" NAMED
	"+ sdb uuid=2 seq=6\n> create_point Y: sdb\n- sdb\n+ sda uuid=2 seq=5\n@ Y: /dev/sda\n@ X: "
	"-\n",
	"# follow: not from a disk of which there is a copy\n" NAMED
	"+ sdb uuid=1 seq=6\n+ sda uuid=2 seq=5\n@ X: /dev/sdb\n",
	"# follow: nor when the copy had the ID last\n" NAMED
	"+ sda blank seq=5\n+ sdb uuid=1 seq=6\n@ X: /dev/sdb\n- sdb\n+ sda uuid=2 seq=5\n@ X: -\n",
	"# follow: marks, the keep flag and mount points go along\n" NAMED
	"> keep_links_when_offline UUID=1\n+ sda uuid=2 seq=5\nd UUID=2 row keep\n- sda\n@ X: "
	"offline\n",
	"# follow: a raw partition that gets a file system, and is wiped\n" RAW
	"+ sda1 part=1 uuid=1 partuuid=p seq=5\n@ X: /dev/sda1\nd UUID=1 row\n"
	"+ sda1 part=1 blank partuuid=p seq=5\n@ X: /dev/sda1\nd PARTUUID=p row\n"
	"+ sda1 part=1 uuid=2 partuuid=p seq=5\n@ X: /dev/sda1\n",
	"# follow: by its entry, after it was away\n" RAW
	"- sda1\n+ sdb1 part=1 uuid=1 partuuid=p seq=9\n@ X: /dev/sdb1\n",
	"# follow=off: never\n"
	"o nofollow\n" NAMED "+ sda uuid=2 seq=5\n@ X: -\n+ sda uuid=1 seq=5\n@ X: /dev/sda\n",

	"# clones: of two that nothing is known of, who is in use owns the ID\n"
	"M sdb /a\n& sda uuid=1\n& sdb uuid=1\n.\n= sdb UUID=1\n- sda\n- sdb\n"
	"M\n& sdc uuid=2\n& sdd uuid=2 held\n.\n= sdd UUID=2\n+ sde uuid=2 held\n= sdd UUID=2\n",

	"# doubt: a read that fails does not take the names away\n" NAMED
	"+ sda fault=broken seq=5\n@ X: /dev/sda\n= sda UUID=1\nf UUID=1 doubt broken\n"
	"+ sda uuid=1 seq=5\nf UUID=1 doubt \n",
	"# doubt: but from another medium it does\n" NAMED "+ sda fault=broken seq=6\n@ X: -\n",
	"# doubt: what is mounted stays what it is, until it is free\n" NAMED
	"m sda /a\n+ sda uuid=2 seq=5\n@ X: /dev/sda\n= sda UUID=1\nf UUID=1 doubt it is in use*\n"
	"+ sda uuid=2 blank seq=5\n= sda UUID=1\nm sda\n+ sda uuid=2 seq=5\n= sda UUID=2\n"
	"@ X: /dev/sda\nf UUID=2 doubt \n",
	"# doubt: ambiguous content voids the UUID only\n" RAW
	"+ sda1 part=1 blank partuuid=p doubt=two seq=5\n@ X: /dev/sda1\nf PARTUUID=p doubt two\n"
	"+ sdb1 part=1 blank partuuid=q doubt=two seq=5\n= sdb1 PARTUUID=q\n"
	"+ sdc blank doubt=two seq=5\n= sdc -two\n+ sdd blank doubt=two wwn=w seq=5\n= sdd WWN=w\n",
	"# doubt: held by another device is in use, too; its label is no identity\n" NAMED
	"+ sda uuid=2 held seq=5\n= sda UUID=1\n+ sda uuid=1 label=new held seq=5\nf UUID=1 doubt "
	"\n"
	"f UUID=1 label new\n",
	"# doubt: a map that is suspended is no component\n"
	"+ dm-0 uuid=1 seq=5 virtual\n> create_point X: dm-0\n+ dm-0 component virtual seq=5\n"
	"@ X: /dev/dm-0\nf UUID=1 doubt device-mapper*\n",
};

int main(void)
{
	Suite *suite = suite_create("following");
	TCase *tcase = suite_add_case(suite, "following");

	fixture_add_scripts(tcase, scripts, ARRAY_SIZE(scripts), false);
	return run_suite(suite);
}
