/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operations, rule by rule, as scripts (see fixture.h). Titles name the sections of the
 * description of a mount manager's behaviour that mmfs follows. What is about drive letters is in
 * test-letters.c.
 */

#include <errno.h>
#include <string.h>

#include "core/rules/dispatch.h"
#include "core/syntax/reply.h"
#include "core/syntax/request.h"
#include "fixture.h"

#define TWO "+ sda1 part=1 uuid=1\n+ sdb1 part=1 uuid=2\ne 2\nt 4\nh *\n"
#define X1 TWO "> create_point X: sda1\ne 1\nt 2\nh create_point /DosDevices/X: UUID=1\n"
#define KEEP "> keep_links_when_offline "
#define V1 "Volume{11111111-1111-1111-1111-111111111111}"
#define LINE(link, id, node) "LINK=\"" link "\" ID=\"" id "\" DEVICE=\"" node "\" | "
#define NOTHING "e 0\nt 0\nh \n"

/* These must hold also when the mount manager starts anew after each step. */
static const char *const scripts[] = {
	"# 1.7.1 selection: nothing given, every triple of present and kept volumes\n" X1
	"> query_points\n< " LINE("/DosDevices/X:", "UUID=1", "/dev/sda1")
		LINE("/Volumes/Volume{*}", "UUID=?", "/dev/sd?1") LINE("/Volumes/Volume{*}",
			"UUID=?", "/dev/sd?1") "\n" KEEP "sda1\n- sda1\n- sdb1\n> query_points\n"
					       "< " LINE("/DosDevices/X:", "UUID=1", "") LINE(
						       "/Volumes/Volume{*}", "UUID=1", "") "\n",
	"# 1.7.1 selection: link only, exactly one; names compare ignoring case\n" TWO
	"> create_point link=Data device=sda1\n> query_points link=dATA\n"
	"< " LINE("/DosDevices/Data", "UUID=1", "/dev/sda1") "\n",
	"# selection by unique ID\n"
	"+ sda1 part=1 uuid=a\n> query_points UUID=a\n"
	"< LINK=\"/Volumes/Volume{*}\" ID=\"UUID=a\" DEVICE=\"/dev/sda1\" | \n"
	"> query_points UUID=A\n",
	"# the case of hexadecimal digits does not matter where that means one\n"
	"+ sda1 part=1 uuid=12ab\n+ sdb1 part=1 uuid=34cd\n+ sdc1 part=1 uuid=34CD\n"
	"> create_point X: UUID=12AB\n@ X: /dev/sda1\n> create_point Y: device=UUID=34cd\n"
	"@ Y: /dev/sdb1\nENOENT create_point Z: UUID=34Cd\n"
	"w no volume has the unique ID UUID=34Cd\n",
	"# labels mean the one volume that has them\n"
	"+ sda1 part=1 uuid=1 label=films\n+ sdb1 part=1 uuid=2 label=old pname=Films\n"
	"+ sdc1 part=1 uuid=3 label=old\n> create_point X: LABEL=films\n@ X: /dev/sda1\n"
	"> create_point Y: device=PARTLABEL=Films\n@ Y: /dev/sdb1\n"
	"ENOENT create_point Z: LABEL=Films\nw no volume has LABEL=Films\n"
	"ENOENT query_points LABEL=none\n"
	"EINVAL create_point Z: LABEL=old\n",
	"# 1.7.1 selection: device, by any alias\n" X1
	"> query_points device=%UUID=1%\n> query_points device=\\DosDevices\\X:\n"
	"> query_points /dev/sda1\n< " LINE("/DosDevices/X:", "UUID=1", "/dev/sda1")
		LINE("/Volumes/Volume{*}", "UUID=1", "/dev/sda1") "\n",
	"# 1.7.1 step 5, §10.5: all that is given must match\n" X1
	"EINVAL query_points X: UUID=2\nw /DosDevices/X: is a link of UUID=1\n"
	"EINVAL query_points UUID=1 sdb1\nw the device has the unique ID UUID=2\n",
	"# 1.7.1 step 5, §10.2: unknown link ENOENT, unknown ID or device EINVAL\n" TWO
	"ENOENT query_points Q:\nw there is no link /DosDevices/Q:\nEINVAL query_points UUID=9\n"
	"EINVAL query_points /dev/sdz\nw no volume is known as '/dev/sdz'\n" NOTHING,
	"# 1.7.1 last: mount points are not listed\n" TWO
	"m sda1 /home\n> query_points sda1\n< LINK=\"/Volumes/*\" ID=\"UUID=1\" DEVICE=* | \n",

	"# 1.7.2: name free\n" TWO "> create_point link=data device=sda1\n@ data /dev/sda1\n"
	"d data UUID=1\ne 1\nt 2\nh create_point /DosDevices/data UUID=1\n< \n",
	"# 1.7.2: name of an absent volume, ownership overwritten\n" X1
	"- sda1\n> create_point X: sdb1\n@ X: /dev/sdb1\nd X: UUID=2\ne 1\n"
	"+ sda1 part=1 uuid=1\n@ X: /dev/sdb1\n? UUID=1 -\n",
	"# 1.7.2: owner present and another volume\n" X1
	"EEXIST create_point X: sdb1\nw is a link of UUID=1\nd X: UUID=1\n" NOTHING,
	"# 1.7.2, §10.10: already the same volume's, the letter rule comes first\n" X1
	"> create_point link=data device=sda1\nEEXIST create_point link=data device=sda1\n"
	"w UUID=1 has the link /DosDevices/data already\nEINVAL create_point X: sda1\n"
	"w UUID=1 has the drive letter X: already\n",
	"# 1.7.2: kept for an absent volume\n" X1 KEEP "X:\n- sda1\nEEXIST create_point X: sdb1\n"
	"w /DosDevices/X: is kept for UUID=1, which is offline\n",
	"# 1.7.2: volume cannot be resolved\n" TWO
	"ENOENT create_point X: /dev/sdz\nENOENT create_point X: UUID=9\n"
	"ENOENT create_point X: device=Q:\n" NOTHING,
	"# 1.7.2, 2: no letter is made in lower case\n" TWO "EINVAL create_point x: sda1\n"
	"ENOENT next_drive_letter x:\nENOENT delete_points_dbonly x:\n" NOTHING,
	"# 1.7.1: but found, and shown as it is spelled\n" X1
	"> query_points x:\n< " LINE("/DosDevices/X:", "UUID=1",
		"/dev/sda1") "\n"
			     "> next_drive_letter x:\n> create_point link=a device=x:\n@ a "
			     "/dev/sda1\n"
			     "> delete_points x:\n< " LINE(
				     "/DosDevices/X:", "UUID=1", "/dev/sda1") "\n@ X: -\n"
									      "? UUID=1 mark\n",
	"# 1.7.2: a letter removes the mark\n" X1 "> delete_points X:\nd UUID=1 row mark\n"
	"> create_point Y: sda1\nd UUID=1 row\n? UUID=1 letter\n",

	"# 1.7.3: replies with what it deleted, one count for all\n" X1
	"> delete_points X:\n< " LINE("/DosDevices/X:", "UUID=1",
		"/dev/sda1") "\n@ X: -\nd X: -\n"
			     "e 1\nh delete_points /DosDevices/X: UUID=1\n",
	"# 1.7.3: what fails deletes nothing\n" X1
	"EINVAL delete_points X: UUID=2\nENOENT delete_points Q:\nEINVAL delete_points\n"
	"EINVAL delete_points all=1 sda1\n@ X: /dev/sda1\n" NOTHING,
	"# 1.7.3, §10.9: the link alone, a letter, marks\n" X1
	"> delete_points X:\n? UUID=1 mark\nd UUID=1 row mark\n",
	"# 1.7.3, §10.9: with anything else given, it does not\n" X1
	"> delete_points X: sda1\n? UUID=1 -\n> create_point Y: sda1\n> delete_points Y: UUID=1\n"
	"? UUID=1 -\n",
	"# 1.7.3: by ID, device or everything, the mark goes\n" X1
	"> delete_points X:\n> delete_points UUID=1\nd UUID=1 row\n> create_point X: sda1\n"
	"> delete_points X:\n> delete_points sda1\nd UUID=1 row\n> create_point X: sda1\n"
	"> delete_points X:\n> delete_points all=1\nd UUID=1 row\n",
	"# 1.7.3: the volume name may go; the volume works on\n" TWO
	"> create_point link=a device=sda1\n> delete_points %UUID=1%\n@ a /dev/sda1\n"
	"> query_points sda1\n",

	"# 1.7.9: unknown volume\n" TWO
	"ENOENT keep_links_when_offline UUID=9\nENOENT keep_links_when_offline /dev/sdz\n"
	"ENOENT keep_links_when_offline link=Q:\nEINVAL keep_links_when_offline\n"
	"EINVAL keep_links_when_offline sda1 keep=2\nw '2' is neither 1 nor 0\n"
	"EINVAL keep_links_when_offline UUID=1 sdb1\n" NOTHING,
	"# 1.7.9: an absent volume is unknown\n" X1
	"- sda1\nENOENT keep_links_when_offline UUID=1\nENOENT keep_links_when_offline "
	"X:\n" NOTHING,
	"# 1.7.9: durable; again is no change\n" X1 KEEP
	"sda1\nd UUID=1 row keep\ne 1\nt 1\nh keep_links_when_offline - UUID=1\n" KEEP
	"UUID=1\n" KEEP "X: keep=1\n" NOTHING "~\nd UUID=1 row keep\n- sda1\n@ X: offline\n",
	"# 1.7.9: all links of the volume, not one\n" X1
	"> create_point link=data device=sda1\n" KEEP "link=data\n- sda1\n@ data offline\n"
	"@ X: offline\n? UUID=1 letter\n",
	"# 1.7.9, 3.3: nobody else may claim them\n" X1
	"> create_point link=data device=sda1\n> create_point link=b device=sdb1\n" KEEP
	"sda1\n- sda1\nEEXIST create_point X: sdb1\nEEXIST create_point link=DATA device=sdb1\n"
	"EEXIST mv b X:\nEEXIST mv b data\nEEXIST mv -n b data\n> next_drive_letter sdb1\n"
	"@ X: offline\n@ data offline\n@ C: /dev/sdb1\n",
	"# 1.7.9, 3.3: re-targeted on return, wherever that is; the flag stays\n" X1 KEEP
	"sda1\n- sda1\ne 1\n+ sdz7 part=7 uuid=1\n@ X: /dev/sdz7\ne 0\n- sdz7\n@ X: offline\n",
	"# 1.7.9: keep=0 while online\n" X1 KEEP "sda1\n" KEEP "sda1 keep=0\ne 2\n- sda1\n@ X: -\n"
	"d UUID=1 row\nd X: UUID=1\n",
	"# 1.7.9: keep=0 while offline\n" X1 KEEP "sda1\n- sda1\n" KEEP
	"UUID=1 keep=0\ne 2\n@ X: -\nENOENT keep_links_when_offline UUID=1 keep=0\n"
	"> create_point X: sdb1\n",
	"# 1.7.9: keep=0 of one that is not kept\n" X1 KEEP "sda1 keep=0\n" NOTHING,
	"# 1.7.9: links of a kept volume can be made and deleted while it is absent\n" X1 KEEP
	"sda1\n- sda1\n> create_point link=new device=X:\n@ new offline\n> delete_points X:\n"
	"d UUID=1 row mark keep\n> delete_points UUID=1\n@ new -\nd UUID=1 row keep\n"
	"EINVAL query_points UUID=9\n",

	"# 1.7.10: always succeeds, changes nothing by itself\n"
	"+ sda blank\ne 0\n> check_unprocessed_volumes 1\n= sda -no content\n" NOTHING,
	"# 1.7.11: a known volume, no change\n" X1 "> volume_arrival_notification device=sda1\n> "
	"volume_arrival_notification device=/dev/sda1\n"
	"> volume_arrival_notification device=X:\n> volume_arrival_notification UUID=1\n" NOTHING,
	"# 1.7.11: what does not answer fails with its reason\n"
	"+ sda blank\n+ sdb fault=broken uuid=1\n+ sdc uuid=2\n+ sdd uuid=2\n+ sde\ne 1\n"
	"ENOENT volume_arrival_notification sda\nw no content\n"
	"ENOENT volume_arrival_notification sdb\nw broken\n"
	"ENOENT volume_arrival_notification sdd\nw duplicate of /dev/sdc\n"
	"ENOENT volume_arrival_notification sde\nw no unique ID\n"
	"ENOENT volume_arrival_notification /dev/sdz\nEINVAL volume_arrival_notification\ne 0\n",
	"# 1.7.11: a volume that is kept has not arrived\n" X1 KEEP
	"sda1\n- sda1\nENOENT volume_arrival_notification /dev/sda1\n"
	"ENOENT volume_arrival_notification UUID=1\nw is not present\nENOENT "
	"volume_arrival_notification X:\n",
	"# 1.7.11 removal: as if unplugged, the rows stay\n" X1
	"> volume_removal_notification sda1\n@ X: -\nd X: UUID=1\n" NOTHING
	"ENOENT volume_removal_notification sda1\nw no device is present as 'sda1'\n"
	"ENOENT volume_removal_notification UUID=1\nENOENT volume_removal_notification X:\n"
	"EINVAL volume_removal_notification\n+ sda1 part=1 uuid=1\n@ X: /dev/sda1\ne 0\n",
	"# 1.7.11 removal: by any name, also devices that are no volumes\n" X1
	"+ sdc blank\n> volume_removal_notification X:\n> volume_removal_notification UUID=2\n"
	"> volume_removal_notification /dev/sdc\nENOENT volume_removal_notification /dev/sdc\n"
	"> query_points\n< \n",
	"# 1.7.11 removal: kept links stay\n" X1 KEEP
	"sda1\n> volume_removal_notification sda1\n@ X: offline\n"
	"ENOENT volume_removal_notification X:\nENOENT volume_removal_notification UUID=1\n",
	"# 1.7.11 removal: the clone moves up\n"
	"+ sda uuid=1\n+ sdb uuid=1\n> create_point X: sda\n= sdb -duplicate of /dev/sda, which "
	"has "
	"UUID=1\n> volume_removal_notification sda\n= sdb UUID=1\n@ X: /dev/sdb\n",

	"# 1.7.14: forgets names, letters and marks of who is neither present nor kept\n" X1
	"> create_point link=data device=sda1\n> create_point Y: sdb1\n> delete_points Y:\n- sda1\n"
	"- sdb1\ne 3\nh *\n> scrub_registry 1\nd UUID=1 -\nd UUID=2 -\nd X: -\nd data -\ne 1\n"
	"< \n+ sda1 part=1 uuid=1\n+ sdb1 part=1 uuid=2\n@ X: -\n@ data -\n? UUID=2 -\n",
	"# 1.7.14: of those present nothing\n" X1
	"> create_point Y: sdb1\n> delete_points Y:\nh *\ne 2\nt *\n",
	"# 1.7.14: nothing to forget is no change\n" X1 "> scrub_registry 1\n" NOTHING
	"@ X: /dev/sda1\n",
	"# 1.7.14: kept ones survive\n" X1 KEEP "sda1\n- sda1\n- sdb1\n> scrub_registry 1\n"
	"@ X: offline\nd UUID=1 row keep\nd UUID=2 -\n+ sdz1 part=1 uuid=1\n@ X: /dev/sdz1\n",
	"# 1.7.14: twice in one write\n" X1 "- sda1\n{\n> scrub_registry 1\n> scrub_registry 1\n}\n"
	"e 1\nh scrub_registry - UUID=1\nd UUID=1 -\n",
	"# 1.7.14, 3.2: a clone keeps the names it has, also over a restart\n"
	"+ sda uuid=1 serial=a\n+ sdb uuid=1 serial=b\n= sdb SERIAL=b\n"
	"> create_point A: sda\n> create_point B: sdb\n> delete_points A:\n"
	"> create_point link=a device=sda\n- sda\nh *\n> scrub_registry 1\nh scrub_registry - "
	"UUID=1\n"
	"d a -\nd UUID=1 row\ne 7\n> scrub_registry 1\ne 0\nh \n~\n= sdb SERIAL=b\n@ B: /dev/sdb\n"
	"+ sda uuid=1 serial=a\n= sda UUID=1\n? UUID=1 -\n@ a -\n- sda\n- sdb\n> scrub_registry 1\n"
	"d UUID=1 -\nd SERIAL=b -\nd B: -\n",
	"# 1.7.14, 3.2: the same with twins told apart by their place\n"
	"+ sda uuid=1 partuuid=p seq=1\n+ sdb uuid=1 partuuid=p seq=2\n"
	"= sdb PARTUUID=p\n> create_point B: sdb\n- sda\n> scrub_registry 1\n~\n= sdb PARTUUID=p\n"
	"@ B: /dev/sdb\n",
	"# 1.7.14, 3.2: what no clone could want is forgotten altogether\n"
	"+ sda uuid=1 serial=a\n+ sdb uuid=1 serial=b\n+ sdc uuid=3\n- sdc\n> scrub_registry 1\n"
	"d UUID=3 -\nd UUID=1 row\nd SERIAL=b row\n",

	"# 3.3: without keep links go, the rows stay\n" X1 "- sda1\n@ X: -\nd X: UUID=1\n"
	"d UUID=1 row\n? UUID=1 letter\n" NOTHING,
	"# 3.3: a device on the list of unprocessed ones is dropped there\n"
	"+ sda blank\n- sda\n> query_points\n< \n",
	"# 4: the last successful create_point wins if the former owner is absent\n" X1
	"- sda1\n> create_point X: sdb1\n- sdb1\n+ sda1 part=1 uuid=1\n@ X: -\n"
	"> create_point X: sda1\n+ sdb1 part=1 uuid=2\n@ X: /dev/sda1\n? UUID=2 -\n",
	"# 6, §10.7: first arrival counts, return and removal do not\n"
	"+ sda1 part=1 uuid=1\ne 1\n- sda1\ne 0\n+ sda1 part=1 uuid=1\ne 0\n+ sda1 part=1 uuid=1 "
	"label=x\ne 0\n- sda1\n> scrub_registry 1\ne 1\n",
	"# 6: queries do not count, nor do failures\n" X1
	"> query_points\n> query_dos_volume_path X:\n> query_dos_volume_paths X:\n> settle 1\n"
	"EEXIST create_point X: sdb1\nENOENT delete_points Q:\nENOENT next_drive_letter UUID=9\n"
	"> check_unprocessed_volumes 1\n" NOTHING,
	"# interface 5: several requests in one write see each other and share one count\n" TWO
	"{\n> create_point X: sda1\n> delete_points X:\n> next_drive_letter sda1\n"
	"< LETTER=\"\" ASSIGNED=\"0\" | \n> create_point X: sdb1\n> keep_links_when_offline X:\n"
	"EINVAL create_point Y: sdb1\n}\n@ X: /dev/sdb1\n? UUID=1 mark\nd UUID=2 row keep\ne 1\n",
};

/* These are about what is in memory only, or about arrivals: a restart makes a difference. */
static const char *const scripts_at_rest[] = {
	"# interface 5: what cannot be written waits, what need not be written happens\n" X1
	"> create_point link=data device=sda1\n> delete_points_dbonly X: sda1\ne 2\nt *\nh *\n"
	"o auto_dl\no suggest\no full\n- sda1\n@ X: -\n@ data -\n+ sda1 part=1 uuid=1 label=x\n"
	"@ X: -\n@ data /dev/sda1\n+ sdc uuid=3 label=disk\n"
	"= sdc -the database cannot be written\n" NOTHING "o writable\n"
	"+ sdc uuid=3 label=disk\n= sdc UUID=3\n@ disk /dev/sdc\n@ C: /dev/sdc\n",
	"# what had to wait is taken up with the next device that is news\n"
	"o full\n+ sda1 part=1 uuid=1\n+ sdb1 part=1 uuid=2\n. \n"
	"= sda1 -the database cannot be written\no writable\n+ sdb1 part=1 uuid=2\n= sda1 UUID=1\n"
	"= sdb1 UUID=2\ne 1\n",
	"# who comes unwritten under a known ID is greeted later\n" X1
	"> delete_points %UUID=1%\n- sda1\no suggest\no full\n+ sda1 part=1 uuid=1 size=2000 "
	"label=x\n"
	"= sda1 UUID=1\n@ X: /dev/sda1\ng UUID=1 -\no writable\n.\ng UUID=1 new\n",
	"# names that a deletion could not take with their volume go when they can\n" X1
	"> prepare_volume_delete sda1\no full\n- sda1\nd UUID=1 row\no writable\n.\nd UUID=1 -\n",
	"# and a volume that came back before that keeps them until it goes\n" X1
	"> prepare_volume_delete sda1\no full\n- sda1\no writable\n+ sda1 part=1 uuid=1\n@ X: "
	"/dev/sda1\n"
	"- sda1\nd UUID=1 -\n",
	"# a partition keeps its entry while its table is being rewritten, on the same medium\n"
	"+ sda1 part=1 partuuid=p seq=1\n= sda1 PARTUUID=p\n+ sda1 part=1 seq=1\n= sda1 "
	"PARTUUID=p\n"
	"+ sda1 part=1 seq=2\n= sda1 -no unique ID\n",
	"# 1.7.3: nothing left to delete is no change\n" X1
	"> delete_points UUID=1\ne 1\nh *\nt 3\n> delete_points UUID=1\n< \n" NOTHING
	"> delete_points sda1\n" NOTHING,
	"# 1.7.3: a new volume name only at the next arrival\n" TWO
	"g UUID=1 new\n> delete_points %UUID=1%\ng UUID=1 -\n+ sda1 part=1 uuid=1 label=x\n"
	"g UUID=1 -\n- sda1\n+ sda1 part=1 uuid=1\ng UUID=1 new\n",

	"# 1.7.4: the row goes, the link stays and is listed\n" X1
	"> delete_points_dbonly X: sda1\n< " LINE("/DosDevices/X:", "UUID=1",
		"/dev/sda1") "\n"
			     "@ X: /dev/sda1\nd X: -\n? UUID=1 -\ne 1\nt 2\n"
			     "h delete_points_dbonly /DosDevices/X: UUID=1\n> query_points X:\n"
			     "< " LINE("/DosDevices/X:", "UUID=1", "/dev/sda1") "\n",
	"# 1.7.4, §10.9: the link alone, a letter, marks\n" X1
	"> delete_points_dbonly X:\nd UUID=1 row mark\n? UUID=1 mark\n",
	"# 1.7.4, §10.9: by ID it does not, and takes a mark away\n" X1
	"> delete_points_dbonly X:\n> delete_points_dbonly UUID=1\nd UUID=1 row\n@ X: /dev/sda1\n",
	"# 1.7.4: what fails deletes nothing\n" X1
	"ENOENT delete_points_dbonly Q:\nEINVAL delete_points_dbonly UUID=9\n"
	"EINVAL delete_points_dbonly\nEINVAL delete_points_dbonly X: sdb1\nd X: UUID=1\n" NOTHING,
	"# 1.7.4: everything\n" X1 "> create_point link=b device=sdb1\ne 1\n"
	"> delete_points_dbonly all=1\n@ X: /dev/sda1\n@ b /dev/sdb1\nd X: -\nd b -\ne 1\n"
	"> delete_points_dbonly all=1\ne 0\n- sda1\n@ X: -\n@ b /dev/sdb1\n",
	"# 6: what is unrecorded already is no change\n" X1
	"> delete_points_dbonly X:\nt 2\ne 1\nh *\n> delete_points_dbonly X:\n"
	"< " LINE(
		"/DosDevices/X:", "UUID=1", "/dev/sda1") "\n" NOTHING "> delete_points X:\n"
							 "< " LINE("/DosDevices/X:", "UUID=1",
								 "/dev/sda1") "\n@ X: -\n" NOTHING,
	"# 1.7.4: it does not count as the volume's letter\n" X1
	"> delete_points_dbonly UUID=1\n> next_drive_letter sda1\n< LETTER=\"C\" ASSIGNED=\"1\" | "
	"\n"
	"@ X: /dev/sda1\n@ C: /dev/sda1\nd C: UUID=1\n> query_dos_volume_paths sda1\n"
	"< PATH=\"C:\" | \nEINVAL mv X: Y:\n",
	"# 1.7.4: so deleting it marks no volume that has another\n" X1
	"> delete_points_dbonly UUID=1\n> next_drive_letter sda1\n> delete_points_dbonly X:\n"
	"? UUID=1 letter\n> delete_points X:\n? UUID=1 letter\n@ X: -\n@ C: /dev/sda1\n"
	"> delete_points_dbonly UUID=1\n> delete_points C:\n? UUID=1 mark\n",
	"# 1.7.4: while it shows nobody may have it\n" X1
	"> delete_points_dbonly UUID=1\nEEXIST create_point X: sdb1\nEEXIST create_point X: sda1\n"
	"w has the link /DosDevices/X: already\nEPERM mv X: %UUID=2%\n",
	"# 1.7.4: it goes with the volume\n" X1
	"> create_point link=data device=sda1\n> delete_points_dbonly X: sda1\n- sda1\n@ X: -\n"
	"> create_point X: sdb1\n+ sda1 part=1 uuid=1\n@ X: /dev/sdb1\n@ data /dev/sda1\n",
	"# 1.7.4: and does not return with it\n" X1
	"> delete_points_dbonly X: sda1\nt 2\ne 1\n- sda1\nt 0\n+ sda1 part=1 uuid=1\n@ X: -\n"
	"> create_point X: sda1\nd X: UUID=1\n",
	"# 1.7.4: it survives a change of the device\n" X1
	"> delete_points_dbonly X: sda1\n+ sda1 part=1 uuid=1 label=new\n@ X: /dev/sda1\n"
	"+ sda1 part=1 uuid=3\n@ X: -\n+ sda1 part=1 uuid=1\n@ X: -\n",
	"# 1.7.4: it does not move with the volume to another device\n" X1
	"> delete_points_dbonly X: sda1\ng UUID=1 new\n> delete_points_dbonly %UUID=1%\n"
	"&- sda1\n& sdc1 part=1 uuid=1\n.\n= sdc1 UUID=1\n@ X: -\ng UUID=1 new\n",
	"# 1.7.4: it does not survive a restart\n" X1
	"> delete_points_dbonly X: sda1\n> create_point link=b device=sda1\n~\n@ X: -\n@ b "
	"/dev/sda1\n",
	"# 1.7.4, 3.3: a kept volume keeps only what is recorded\n" X1
	"> create_point link=data device=sda1\n" KEEP "sda1\n> delete_points_dbonly X: sda1\n"
	"@ X: /dev/sda1\n- sda1\n@ X: -\n@ data offline\n> create_point X: sdb1\n",
	"# 1.7.4, 3.1 step 8: deleted while it is kept, it goes on return\n" X1
	"> create_point link=data device=sda1\n" KEEP
	"sda1\n- sda1\n> delete_points_dbonly X: UUID=1\n"
	"@ X: offline\n+ sda1 part=1 uuid=1\n@ X: -\n@ data /dev/sda1\n",
	"# 1.7.4, 1.7.9: or as soon as the volume is kept no longer\n" X1 KEEP
	"sda1\n- sda1\n> delete_points_dbonly X: UUID=1\n" KEEP "UUID=1 keep=0\n@ X: -\n" KEEP
	"UUID=2\n> create_point X: sdb1\n> delete_points X: sdb1\n+ sda1 part=1 uuid=1\n@ X: -\n",
	"# 1.7.4: the volume name, a new one at the next arrival\n" TWO
	"g UUID=1 new\n> delete_points_dbonly %UUID=1%\ng UUID=1 same\n"
	"+ sda1 part=1 uuid=1 label=x\ng UUID=1 same\n- sda1\ng UUID=1 -\ne 1\n"
	"+ sda1 part=1 uuid=1\ng UUID=1 new\ne 1\n",
	"# 1.7.4: the volume name, a new one at the next start\n" TWO
	"g UUID=1 new\n> delete_points_dbonly %UUID=1%\n~\ng UUID=1 new\n",
	"# 1.7.4: renaming makes it recorded again\n" X1
	"> create_point link=data device=sda1\n> delete_points_dbonly sda1\nd X: -\n> mv data new\n"
	"d new UUID=1\n@ data -\n> mv X: Y:\nd Y: UUID=1\n? UUID=1 letter\n",
	"# 1.7.4: renaming to itself is nothing\n" X1
	"> delete_points_dbonly X:\ne 1\nt 2\nh *\n> mv X: X:\n? UUID=1 mark\n" NOTHING,
	"# 1.7.4: another name may replace it\n" X1
	"> create_point Y: sdb1\n> delete_points_dbonly X:\n> mv Y: X:\n@ X: /dev/sdb1\n@ Y: -\n"
	"d X: UUID=2\n? UUID=1 mark\n- sda1\n@ X: /dev/sdb1\n",
	"# 1.7.4: made and unrecorded in one write\n" TWO
	"{\n> create_point link=data device=sda1\n> delete_points_dbonly link=data\n}\n"
	"@ data /dev/sda1\nd data -\n{\n> delete_points link=data\n> create_point link=Data "
	"device=sdb1\n"
	"> delete_points_dbonly link=data\n> delete_points link=data\n}\n@ data -\nd data -\n",
	"# 1.7.4: unrecorded, deleted and made anew in one write\n" X1
	"{\n> delete_points_dbonly X:\n> delete_points X:\n> create_point X: sdb1\n}\n"
	"d X: UUID=2\n@ X: /dev/sdb1\n? UUID=1 mark\n? UUID=2 letter\n",
	"# 1.7.4: renamed and unrecorded in one write\n" TWO
	"> create_point link=data device=sda1\n{\n> mv data DATA\n> delete_points_dbonly "
	"link=data\n}\n"
	"@ DATA /dev/sda1\nd data -\n- sda1\n@ DATA -\n",
	"# 1.7.4, 1.7.14: scrub forgets a volume whatever was unrecorded\n" X1
	"> delete_points_dbonly X:\n- sda1\nh *\n> scrub_registry 1\nd UUID=1 -\n"
	"h scrub_registry - UUID=1\n",
	"# 1.7.4, 3.2: scrub, a clone's view of an owner with nothing recorded\n"
	"+ sda uuid=1 serial=a\n+ sdb uuid=1 serial=b\n> delete_points_dbonly sda\n- sda\ne 3\nh "
	"*\n"
	"> scrub_registry 1\ne 0\nh \nd UUID=1 row\n",
	"# 1.7.11 removal: unrecorded links go, too\n" X1
	"> delete_points_dbonly X: sda1\n> volume_removal_notification sda1\n@ X: -\n"
	"+ sda1 part=1 uuid=1\n@ X: -\n",
	"# 1.7.11 removal: several in one write, none twice\n" X1
	"+ sdc uuid=3\n{\n> volume_removal_notification sda1\n> volume_removal_notification "
	"UUID=2\n"
	"ENOENT volume_removal_notification sda1\nENOENT volume_removal_notification X:\n}\n"
	"> query_points\n< LINK=\"/Volumes/*\" ID=\"UUID=3\" DEVICE=\"/dev/sdc\" | \n",
};

static int ask_number(struct world *world, const char *text, const char *name)
{
	struct request request = {
		.operation = operation_find(OP_QUERY_POINTS),
		.given = KEY_BIT(KEY_DEVICE),
		.device = { .text = (char *)text, .number = map_hash_text(name) },
	};
	struct reply reply = { 0 };
	int r;

	strbuf_reset(&world->reply);
	strbuf_reset(&world->why);
	r = dispatch_decide(
		&world->manager, &world->env, &request, &world->change, &reply, &world->why);
	reply_format(&reply, &world->reply);
	reply_fini(&reply);
	return r;
}

/* 1.7.1: what an alias led to counts, not what its text says. */
START_TEST(test_number)
{
	struct world world;

	world_init(&world);
	world_play(&world, TWO);
	ck_assert_int_eq(ask_number(&world, "/dev/disk/by-label/data", "sda1"), 0);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&world.reply), "ID=\"UUID=1\""));
	ck_assert_int_eq(ask_number(&world, "/dev/sda1", "sdb1"), 0);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&world.reply), "ID=\"UUID=2\""));
	ck_assert_int_eq(ask_number(&world, "/dev/sda1", "sdz1"), -EINVAL);
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("operations");
	TCase *tcase = suite_add_case(suite, "operations");

	fixture_add_scripts(tcase, scripts, ARRAY_SIZE(scripts), true);
	fixture_add_scripts(tcase, scripts_at_rest, ARRAY_SIZE(scripts_at_rest), false);
	tcase_add_test(tcase, test_number);
	return run_suite(suite);
}
