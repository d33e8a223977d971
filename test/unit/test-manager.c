/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of the mount manager: requests, and what arrivals and departures do to names. Scripts
 * are explained in fixture.h.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"

#define TWO "+ sda1 part=1 uuid=1\n+ sdb1 part=1 uuid=2\ne 2\n"
#define V1 "Volume{11111111-1111-1111-1111-111111111111}"
#define V2 "Volume{22222222-2222-2222-2222-222222222222}"

static const char *const scripts[] = {
	/* EINVAL: malformed, lower-case letter. */
	TWO "EINVAL create_point link=x: device=sda1\nEINVAL create_point X:\n"
	    "EINVAL create_point link=a/b device=sda1\nEINVAL create_point X: sda1 colour=red\n"
	    "EINVAL delete_points\nENOENT delete_points x:\nEINVAL query_points device=x:\n"
	    "EINVAL delete_points all=1 X:\nEINVAL query_points all=1\ne 0\n",
	/* EINVAL: unknown unique ID or device in a query, also where the query only selects. */
	TWO "EINVAL query_points UUID=9\nEINVAL query_points /dev/sdz\n"
	    "EINVAL query_points device=sdz\nEINVAL query_points sdz\n"
	    "EINVAL query_points device=UUID=9\nEINVAL query_points device=Q:\n"
	    "EINVAL delete_points UUID=9\nEINVAL delete_points /dev/sdz\ne 0\n",
	/* EINVAL: a second drive letter, before EEXIST; other names are free. */
	TWO "> create_point X: sda1\ne 1\nEINVAL create_point Y: sda1\n"
	    "EINVAL create_point X: sda1\n> create_point Y: sdb1\nEINVAL create_point Y: sda1\n"
	    "> create_point link=a device=sda1\n> create_point link=b device=sda1\n"
	    "@ X: /dev/sda1\n@ Y: /dev/sdb1\n@ a /dev/sda1\n@ b /dev/sda1\ne 3\n",
	/* EINVAL, not ENOENT: a bare word that could be anything. */
	TWO "EINVAL create_point X: nonsense\nENOENT create_point X: /dev/nonsense\n"
	    "ENOENT create_point X: device=nonsense\n",
	/* ENOENT: unknown link, before anything else is asked of it. */
	TWO "ENOENT query_points X:\nENOENT delete_points X:\nENOENT query_points X: sda1\n"
	    "ENOENT query_points link=sda1\nENOENT delete_points " V1 "\nENOENT mv X: Y:\n",
	/* ENOENT: unknown volume in the other operations. */
	TWO "ENOENT create_point X: UUID=9\nENOENT create_point X: device=UUID=9\n"
	    "ENOENT create_point X: /dev/sdz1\nENOENT create_point X: device=Y:\n"
	    "ENOENT create_point X: device=" V1 "\ne 0\n",
	/* ENOENT: what is present but no volume, or not processed. */
	"+ sda blank\n+ sdb blank table=gpt\n+ sdc uuid=1\n+ sdd uuid=1\n"
	"ENOENT create_point X: sda\nENOENT create_point X: sdb\nENOENT create_point X: sdd\n"
	"> create_point X: sdc\nEINVAL query_points sda\nEINVAL query_points sdd\n",
	/* EEXIST: in use by another present volume, already this volume's. */
	TWO "> create_point X: sda1\n> create_point link=data device=sda1\ne 2\n"
	    "EEXIST create_point X: sdb1\nEEXIST create_point link=data device=sdb1\n"
	    "EEXIST create_point link=DATA device=sdb1\nEEXIST create_point link=data device=sda1\n"
	    "EEXIST create_point link=Data device=sda1\n@ X: /dev/sda1\n@ data /dev/sda1\ne 0\n",

	/* Every way to name a volume and a link. */
	TWO "> create_point X: sda1\n> create_point link=a device=/dev/sda1\n"
	    "> create_point link=b id=UUID=1\n> create_point link=c device=UUID=1\n"
	    "> create_point link=d device=X:\n> create_point link=e device=\\??\\X:\n"
	    "> create_point link=f id=UUID=1 device=sda1\n"
	    "> create_point link=g device=/DosDevices/a\n"
	    "> create_point link=\\DosDevices\\h device=\\DosDevices\\A\n"
	    "> create_point " V1 " UUID=1\n> create_point link=i device=\\\\?\\" V1 "\\\n"
	    "@ a /dev/sda1\n@ b /dev/sda1\n@ c /dev/sda1\n@ d /dev/sda1\n@ e /dev/sda1\n"
	    "@ f /dev/sda1\n@ g /dev/sda1\n@ h /dev/sda1\n@ i /dev/sda1\n@ " V1 " /dev/sda1\n"
	    "e 11\n",
	"+ dm-0 virtual uuid=1 node=/dev/mapper/data\n> create_point X: dm-0\n"
	"> create_point link=a device=mapper/data\n> create_point link=b device=/dev/mapper/data\n"
	"@ b /dev/mapper/data\n",

	/* All that is given must match. */
	TWO "> create_point X: sda1\n> create_point Y: sdb1\n"
	    "> query_points X: UUID=1 sda1\nEINVAL query_points X: sdb1\n"
	    "EINVAL query_points X: UUID=2\nEINVAL query_points UUID=1 sdb1\n"
	    "EINVAL query_points X: UUID=2 sdb1\nEINVAL query_points X: device=Y:\n"
	    "EINVAL delete_points X: sdb1\nEINVAL delete_points UUID=1 sdb1\n"
	    "EINVAL create_point link=n id=UUID=1 device=sdb1\n@ n -\n@ X: /dev/sda1\n"
	    "> delete_points X: UUID=1 sda1\n@ X: -\n",

	/* Names wait for their ID, unless the user says that the partition is meant. */
	"o nofollow\n+ sda1 part=1 uuid=1 partuuid=p\n> create_point X: sda1\n"
	"> create_point link=data device=sda1\n"
	"+ sda1 part=1 uuid=2 partuuid=p\n@ X: -\n@ data -\ne 4\n"
	"> unique_id_changed device=sda1\ne 1\n@ X: /dev/sda1\n@ data /dev/sda1\n"
	"? UUID=2 letter\nENOENT unique_id_changed device=sda1\n"
	"+ sda1 part=1 uuid=1 partuuid=p\n@ X: -\n",
	/* Which one, where several were there; not one that is present, or that nobody knows. */
	"o nofollow\n+ sda1 part=1 uuid=1 partuuid=p\n> create_point link=a device=sda1\n"
	"+ sda1 part=1 uuid=2 partuuid=p\n> create_point link=b device=sda1\n"
	"+ sda1 part=1 uuid=3 partuuid=p\n+ sdb uuid=4\n"
	"EINVAL unique_id_changed device=sda1\nENOENT unique_id_changed device=sda1 id=UUID=9\n"
	"EEXIST unique_id_changed device=sda1 id=UUID=4\nENOENT unique_id_changed device=sdb\n"
	"EINVAL unique_id_changed id=UUID=1\nENOENT unique_id_changed device=sdz\n"
	"> unique_id_changed device=sda1 id=UUID=1\n@ a /dev/sda1\n@ b -\n"
	"> unique_id_changed device=sda1\n@ b /dev/sda1\n",
	/* The empty partition seen in between is meant if nothing else was there. */
	"o nofollow\n+ sda1 part=1 uuid=1 partuuid=p\n> create_point link=a device=sda1\n"
	"+ sda1 part=1 partuuid=p\n+ sda1 part=1 uuid=2 partuuid=p\n"
	"> unique_id_changed device=sda1\n@ a /dev/sda1\n> unique_id_changed device=sda1\n"
	"ENOENT unique_id_changed device=sda1\n",
	/* One letter at most; the wish for none goes along, and so does the keep flag. */
	"o nofollow\n+ sda1 part=1 uuid=1 partuuid=p\n> create_point X: sda1\n"
	"+ sda1 part=1 uuid=2 partuuid=p\n> create_point Y: sda1\n"
	"EINVAL unique_id_changed device=sda1\n@ Y: /dev/sda1\n",
	"o nofollow\n+ sda1 part=1 uuid=1 partuuid=p\n> create_point X: sda1\n> delete_points X:\n"
	"> keep_links_when_offline UUID=1\n- sda1\nENOENT unique_id_changed device=sda1\n"
	"+ sda1 part=1 uuid=2 partuuid=p\n> unique_id_changed device=sda1\n? UUID=2 mark\n"
	"> create_point link=a device=sda1\n- sda1\n@ a offline\n"
	"ENOENT unique_id_changed device=UUID=2\n",

	/* An absent owner's name is overwritten; it has lost it when it comes back. */
	TWO "> create_point X: sda1\n> create_point link=Data device=sda1\n- sda1\n"
	    "@ X: -\n@ Data -\n? UUID=1 letter\n> create_point X: sdb1\n@ X: /dev/sdb1\n"
	    "? UUID=1 -\n> create_point link=dATA device=sdb1\n@ dATA /dev/sdb1\n"
	    "+ sda1 part=1 uuid=1\n@ X: /dev/sdb1\n@ dATA /dev/sdb1\n? UUID=2 letter\n"
	    "> create_point Y: sda1\n@ Y: /dev/sda1\n",
	/* Names come back with the volume, wherever it is. */
	TWO "> create_point X: sda1\n- sda1\n@ X: -\n+ sdz part=7 uuid=1\n@ X: /dev/sdz\n~\n"
	    "@ X: /dev/sdz\n",
	/* An absent volume is unknown. */
	TWO "> create_point X: sda1\n- sda1\nEINVAL query_points UUID=1\n"
	    "EINVAL query_points /dev/sda1\nENOENT query_points X:\nENOENT delete_points X:\n"
	    "ENOENT create_point Y: UUID=1\nENOENT mv X: Y:\n"
	    "+ sda1 part=1 uuid=1\n@ X: /dev/sda1\n",

	/* Kept links stay, protected, and are re-targeted. */
	TWO "> create_point X: sda1\n> create_point link=data device=sda1\n> "
	    "keep_links_when_offline UUID=1\n- sda1\n"
	    "@ X: offline\n@ data offline\n"
	    "EEXIST create_point X: sdb1\nEEXIST create_point link=DATA device=sdb1\n"
	    "EEXIST mv -n data X:\n~\n@ X: offline\n"
	    "> query_points UUID=1\nEINVAL query_points /dev/sda1\nEINVAL query_points sda1\n"
	    "> query_points device=X:\n> create_point link=more device=X:\n@ more offline\n"
	    "ENOENT create_point link=evenmore device=sda1\n"
	    "> delete_points link=data\n@ data -\n"
	    "+ sdz part=1 uuid=1\n@ X: /dev/sdz\n@ more /dev/sdz\n"
	    "- sdz\n@ X: offline\n> keep_links_when_offline UUID=1 keep=0\n@ X: -\n> create_point "
	    "X: sdb1\n",
	/* Another device at the node of a kept volume is itself. */
	TWO
	"> create_point X: sda1\n> keep_links_when_offline UUID=1\n- sda1\n+ sda1 part=1 uuid=3\n"
	"> create_point Y: sda1\n? UUID=3 letter\n> create_point link=a device=X:\n"
	"@ X: offline\n@ a offline\n@ Y: /dev/sda1\n> query_points X: UUID=1\n"
	"EINVAL query_points X: sda1\n> query_points Y: sda1\n",
	/* Nor is its last node a way to it, be it a drive without its medium. */
	TWO "> create_point X: sda1\n> keep_links_when_offline UUID=1\n- sda1\n+ sda1 size=0\n"
	    "@ X: offline\nEINVAL query_points X: sda1\n"
	    "ENOENT create_point link=a device=/dev/sda1\n- sdb1\n+ sdb1 size=0\nEINVAL "
	    "query_points sdb1\n"
	    "ENOENT create_point Y: sdb1\n",
	/* The last node is known even if nobody saw the volume go. */
	"+ sda uuid=1\n> keep_links_when_offline UUID=1\n> create_point X: sda\n- sda\n+ sdb "
	"uuid=1\n@ X: /dev/sdb\nf UUID=1 last_device /dev/sdb\n"
	"- sdb\n~\n@ X: offline\nf UUID=1 last_device /dev/sdb\n",
	"+ sda uuid=1\n> create_point X: sda\n- sda\n+ sdb uuid=1\n> keep_links_when_offline "
	"UUID=1\n"
	"- sdb\n@ X: offline\nf UUID=1 last_device /dev/sdb\n~\nf UUID=1 last_device /dev/sdb\n",

	/* Delete by link alone marks; creating a letter, deleting otherwise, take the mark away. */
	TWO
	"> create_point X: sda1\n? UUID=1 letter\ne 1\n> delete_points X:\n? UUID=1 mark\n@ X: -\n"
	"e 1\n> create_point Y: sda1\n? UUID=1 letter\n> delete_points /dosdevices/Y:\n"
	"? UUID=1 mark\n> create_point link=data device=sda1\n? UUID=1 mark\n"
	"> delete_points UUID=1\n? UUID=1 -\n@ data -\n",
	TWO "> create_point X: sda1\n> delete_points X: sda1\n? UUID=1 -\n"
	    "> create_point X: sda1\n> delete_points X: UUID=1\n? UUID=1 -\n"
	    "> create_point link=data device=sda1\n> delete_points link=data\n? UUID=1 -\n",
	TWO "> create_point X: sda1\n> delete_points X:\n? UUID=1 mark\n> delete_points sda1\n"
	    "? UUID=1 -\n",
	TWO
	"> create_point X: sda1\n> create_point Y: sdb1\n> delete_points X:\n> delete_points Y:\n"
	"> delete_points all=1\n? UUID=1 -\n? UUID=2 -\n",
	TWO "> create_point X: sda1\n> create_point link=data device=sda1\n> delete_points X:\n"
	    "? UUID=1 mark\n> delete_points device=/DosDevices/data\n? UUID=1 -\n@ data -\n",
	TWO "> create_point X: sda1\n> delete_points X:\n- sda1\n? UUID=1 mark\n"
	    "> delete_points all=1\n? UUID=1 mark\n+ sda1 part=1 uuid=1\n? UUID=1 mark\n",
	TWO "> create_point X: sda1\n> delete_points X:\n> create_point link=data device=sda1\n"
	    "? UUID=1 mark\n> mv data C:\n? UUID=1 letter\n> mv C: data\n? UUID=1 -\n",
	/* A delete leaves absent volumes alone. */
	TWO "> create_point X: sda1\n- sda1\n> delete_points all=1\n+ sda1 part=1 uuid=1\n"
	    "@ X: /dev/sda1\n",
	/* Rename. */
	TWO "> create_point X: sda1\n> create_point link=data device=sda1\n"
	    "> create_point link=other device=sdb1\ne 3\n"
	    "> mv data new\n@ data -\n@ new /dev/sda1\n> mv X: Y:\n@ X: -\n@ Y: /dev/sda1\n"
	    "? UUID=1 letter\nEINVAL mv new Z:\ne 2\n> mv -n new new\ne 0\n"
	    "EEXIST mv -n new other\n@ new /dev/sda1\n> mv new other\n@ other /dev/sda1\n@ new -\n"
	    "> mv Y: other\n@ other /dev/sda1\n@ Y: -\n? UUID=1 -\n"
	    "> mv other X:\n? UUID=1 letter\ne 3\n",
	TWO "> create_point link=data device=sda1\n> mv data DATA\n@ DATA /dev/sda1\n"
	    "> mv -n DATA Data\n@ Data /dev/sda1\n"
	    "> create_point link=other device=sda1\nEEXIST mv other DATA\n@ Data /dev/sda1\n"
	    "> mv other Data\n@ Data /dev/sda1\n@ other -\n",
	TWO "> create_point X: sda1\n> create_point Y: sdb1\n> mv X: Y:\n@ Y: /dev/sda1\n@ X: -\n"
	    "? UUID=1 letter\n? UUID=2 -\n",
	TWO "> create_point X: sda1\n> create_point link=b device=sdb1\n- sda1\n> mv b X:\n"
	    "@ X: /dev/sdb1\n? UUID=1 -\n? UUID=2 letter\n",
	TWO "> create_point X: sda1\n> keep_links_when_offline UUID=1\n> create_point link=b "
	    "device=sdb1\n- sda1\n"
	    "EEXIST mv b X:\n@ b /dev/sdb1\n> mv X: Y:\n@ Y: offline\n@ X: -\n",
	TWO "> create_point X: sda1\nEPERM mv X: " V1 "\n> create_point " V1 " sda1\n"
	    "EPERM mv " V1 " data\n> mv " V1 " " V2 "\n@ " V1 " -\n@ " V2 " /dev/sda1\n",

	/* What the database counts as a change: not returns, not what fails or asks. */
	TWO "> query_points\n> query_points sda1\n- sda1\n+ sda1 part=1 uuid=1\n- sdb1\ne 0\n"
	    "EINVAL create_point x: sda1\ne 0\n+ sdb9 part=1 uuid=2\ne 0\n"
	    "+ sdb9 part=1 uuid=2 serial=s\ne 1\n+ sdc uuid=2 seq=4\ne 0\n",
	/* New content: the names of the old one are hidden, not lost. */
	"o nofollow\n+ sda1 part=1 blank partuuid=p\n> create_point X: sda1\n"
	"+ sda1 part=1 uuid=1 partuuid=p\n@ X: -\n> create_point Y: sda1\n"
	"+ sda1 part=1 blank partuuid=p\n@ X: /dev/sda1\n@ Y: -\n",
};

/* The same for all partitions, as they come. */
START_TEST(test_follow)
{
	struct world world;

	world_init(&world);
	world.manager.follow = FOLLOW_PARTUUID;
	world_play(&world,
		"+ sda1 part=1 uuid=1 partuuid=p\n> create_point X: sda1\ne 2\n"
		"+ sda1 part=1 uuid=2 partuuid=p\n@ X: /dev/sda1\ne 1\n- sda1\n"
		"+ sdb1 part=1 uuid=3 partuuid=p\n@ X: /dev/sdb1\n"
		/* Of two with the same entry nobody knows which is meant. */
		"+ sdc1 part=1 uuid=4 partuuid=p\n@ X: /dev/sdb1\n"
		"- sdb1\n+ sdb1 part=1 uuid=5 partuuid=p\n@ X: -\n");
	world_fini(&world);
}
END_TEST

/* A restart would be an arrival, which makes a volume name anew. */
static const char *const scripts_at_rest[] = {
	/* Names of a volume about to be deleted go with it, unless it is not deleted after all. */
	TWO "> create_point X: sda1\n> create_point Y: sdb1\n> keep_links_when_offline sda1\ne 3\n"
	    "> prepare_volume_delete sda1\n> prepare_volume_delete device=Y:\ne 0\n"
	    "> prepare_volume_delete sda1\n> cancel_volume_delete sdb1\n@ X: /dev/sda1\n"
	    "+ sda1 part=1 uuid=1 label=new\n@ X: /dev/sda1\ne 0\n- sda1\n- sdb1\ne 1\n@ X: -\n"
	    "+ sda1 part=1 uuid=1\n+ sdb1 part=1 uuid=2\n@ X: -\n@ Y: /dev/sdb1\n- sda1\ne 1\n"
	    "+ sda1 part=1 uuid=1\ne 0\nENOENT prepare_volume_delete /dev/sdz1\n"
	    "- sda1\nENOENT prepare_volume_delete UUID=1\n",
	/* It is the volume that leaves: on another device it stays. */
	TWO "> create_point X: sda1\n> prepare_volume_delete sda1\n& sdc1 part=1 uuid=1\n"
	    "&- sda1\n.\n@ X: /dev/sdc1\n- sdc1\n+ sdc1 part=1 uuid=1\n@ X: -\n",
	/* Deleting is one change however many links there are; nothing to delete is none. */
	TWO "> create_point X: sda1\ne 1\n> delete_points UUID=1\ne 1\n"
	    "> delete_points UUID=1\n> delete_points sda1\ne 0\n"
	    "> create_point Y: sdb1\n> delete_points Y:\ne 2\n> delete_points all=1\ne 1\n"
	    "> delete_points all=1\ne 0\n",
};

/* A volume name is made at first sight and kept until deleted; then a new one at the next arrival. */
START_TEST(test_volume_name)
{
	_cleanup_free_ char *first = NULL, *line = NULL;
	const char *second;
	struct world world;

	world_init(&world);
	world_play(&world, "+ sda1 part=1 uuid=1\n");
	first = xstrdup(world_get_volume_name(&world, "UUID=1"));
	ck_assert_uint_eq(strspn(first + strlen("/Volumes/Volume{"), "0123456789abcdef-"), 36);
	world_play(&world, "- sda1\n+ sdz1 part=1 uuid=1\n~\n+ sdz1 part=1 uuid=1 label=x\n");
	ck_assert_str_eq(world_get_volume_name(&world, "UUID=1"), first);
	line = xasprintf("> delete_points %s\n? UUID=1 -\n+ sdz1 part=1 uuid=1\n", first);
	world_play(&world, line);
	ck_assert_ptr_null(world_get_volume_name(&world, "UUID=1"));
	world_play(&world, "- sdz1\n+ sda1 part=1 uuid=1\n");
	second = world_get_volume_name(&world, "UUID=1");
	ck_assert_ptr_nonnull(second);
	ck_assert_str_ne(second, first);
	world_fini(&world);
}
END_TEST

/* One more name of that form may be had; deleting one leaves the other, and arrival adds none. */
START_TEST(test_volume_names)
{
	_cleanup_free_ char *first = NULL;
	struct world world;

	world_init(&world);
	world_play(&world, "+ sda1 part=1 uuid=1\n");
	first = xasprintf("> create_point " V1 " sda1\n> delete_points %s\n- sda1\n"
			  "+ sda1 part=1 uuid=1\n",
		world_get_volume_name(&world, "UUID=1"));
	world_play(&world, first);
	ck_assert_str_eq(world_get_volume_name(&world, "UUID=1"), "/Volumes/" V1);
	world_fini(&world);
}
END_TEST

/* A mark goes also when the link that named the volume is among the deleted. */
START_TEST(test_mark_by_volume_name)
{
	_cleanup_free_ char *line = NULL;
	struct world world;

	world_init(&world);
	world_play(&world, TWO "> create_point X: sda1\n> delete_points X:\n? UUID=1 mark\n");
	line = xasprintf("device=%s", world_get_volume_name(&world, "UUID=1"));
	ck_assert_int_eq(world_ask(&world, "delete_points", line), 0);
	ck_assert(!world_has_mark(&world, "UUID=1"));
	world_fini(&world);
}
END_TEST

static void check_reply(
	struct world *world, const char *operation, const char *line, const char *expected)
{
	ck_assert_msg(world_ask(world, operation, line) == 0, "%s", strbuf_text(&world->why));
	ck_assert_str_eq(strbuf_text(&world->reply), expected);
}

/* Replies: complete, by link name, before the change, spelled for a shell. */
START_TEST(test_replies)
{
	static const char a[] = "LINK=\"/DosDevices/A:\" ID=\"UUID=2\" DEVICE=\"/dev/sdb1\"\n";
	static const char x[] = "LINK=\"/DosDevices/X:\" ID=\"UUID=1\" DEVICE=\"/dev/sda1\"\n";
	_cleanup_free_ char *v1 = NULL, *v2 = NULL, *of_1 = NULL, *all = NULL;
	struct world world;

	world_init(&world);
	check_reply(&world, "query_points", "", "");
	world_play(&world,
		TWO "> create_point X: sda1\n> create_point A: sdb1\n"
		    "> create_point link=$(reboot) device=sda1\n");
	v1 = xasprintf("LINK=\"%s\" ID=\"UUID=1\" DEVICE=\"/dev/sda1\"\n",
		world_get_volume_name(&world, "UUID=1"));
	v2 = xasprintf("LINK=\"%s\" ID=\"UUID=2\" DEVICE=\"/dev/sdb1\"\n",
		world_get_volume_name(&world, "UUID=2"));
	of_1 = xasprintf("LINK=\"/DosDevices/\\x24(reboot)\" ID=\"UUID=1\" DEVICE=\"/dev/sda1\"\n"
			 "%s%s",
		x, v1);
	all = xasprintf("LINK=\"/DosDevices/\\x24(reboot)\" ID=\"UUID=1\" DEVICE=\"/dev/sda1\"\n"
			"%s%s%s%s",
		a, x, v1, v2);
	check_reply(&world, "query_points", "X:", x);
	check_reply(&world, "query_points", "link=\\??\\X:", x);
	check_reply(&world, "query_points", "X: UUID=1", x);
	check_reply(&world, "query_points", "UUID=1", of_1);
	check_reply(&world, "query_points", "sda1", of_1);
	check_reply(&world, "query_points", "device=X:", of_1);
	check_reply(&world, "query_points", "", all);
	check_reply(&world, "delete_points", "A:", a);
	world_play(&world, "> create_point A: sdb1\n");
	check_reply(&world, "create_point", "link=b device=sdb1", "");
	check_reply(&world, "delete_points", "link=b id=UUID=2",
		"LINK=\"/DosDevices/b\" ID=\"UUID=2\" DEVICE=\"/dev/sdb1\"\n");
	check_reply(&world, "delete_points", "all=1", all);
	check_reply(&world, "query_points", "", "");
	check_reply(&world, "delete_points", "all=1", "");
	world_fini(&world);
}
END_TEST

/* Several requests in one change: each sees those before it; one that fails leaves those be. */
START_TEST(test_several)
{
	struct world world;
	uint32_t epic;

	world_init(&world);
	world_play(&world, TWO "> create_point Q: sda1\n");
	epic = world.manager.epic;
	ck_assert_int_eq(world_decide(&world, "create_point", "X: sdb1"), 0);
	ck_assert_int_eq(world_decide(&world, "create_point", "link=data device=X:"), 0);
	ck_assert_int_eq(world_decide(&world, "create_point", "Y: sdb1"), EINVAL);
	ck_assert_int_eq(world_decide(&world, "create_point", "link=DATA device=sda1"), EEXIST);
	ck_assert_int_eq(world_decide(&world, "delete_points", "Q:"), 0);
	ck_assert_int_eq(world_decide(&world, "query_points", "Q:"), ENOENT);
	ck_assert_int_eq(world_decide_rename(&world, "X:", "Q:", false), 0);
	ck_assert_int_eq(world_decide(&world, "query_points", "Q: sdb1"), 0);
	ck_assert_str_eq(world_show(&world), "/DosDevices/Q: /dev/sda1\n");
	ck_assert_uint_eq(world.manager.epic, epic);
	ck_assert_uint_eq(world.change.entry_count, 4);
	world_commit(&world);
	ck_assert_uint_eq(world.manager.epic, epic + 1);
	ck_assert_str_eq(
		world_show(&world), "/DosDevices/Q: /dev/sdb1\n/DosDevices/data /dev/sdb1\n");
	ck_assert(world_has_mark(&world, "UUID=1"));
	world_fini(&world);
}
END_TEST

/* Requests of several clients in one change: each of them counts, if it changes something. */
START_TEST(test_steps)
{
	struct world world;
	const struct history *history = &world.manager.history;
	uint32_t epic;

	world_init(&world);
	world_play(&world, TWO);
	epic = world.manager.epic;
	ck_assert_int_eq(world_decide(&world, "create_point", "X: sdb1"), 0);
	ck_assert_int_eq(world_decide(&world, "create_point", "link=data device=X:"), 0);
	change_end_step(&world.change);
	ck_assert_int_eq(world_decide(&world, "create_point", "Y: sdb1"), EINVAL);
	change_end_step(&world.change);
	ck_assert_int_eq(world_decide(&world, "delete_points", "X:"), 0);
	change_end_step(&world.change);
	ck_assert_uint_eq(world.manager.epic, epic);
	world_commit(&world);
	ck_assert_uint_eq(world.manager.epic, epic + 2);
	ck_assert_uint_eq(history->entries[history->count - 3]->epic, epic + 1);
	ck_assert_uint_eq(history->entries[history->count - 2]->epic, epic + 1);
	ck_assert_uint_eq(history->entries[history->count - 1]->epic, epic + 2);
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sdb1\n");
	/* What one made and another deleted is nowhere to be seen, and did happen. */
	ck_assert_int_eq(world_decide(&world, "create_point", "link=brief device=sda1"), 0);
	change_end_step(&world.change);
	ck_assert_int_eq(world_decide(&world, "delete_points", "link=brief"), 0);
	change_end_step(&world.change);
	world_commit(&world);
	ck_assert_uint_eq(world.manager.epic, epic + 4);
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sdb1\n");
	world_fini(&world);
}
END_TEST

static void check_entry(const struct world *world, size_t from_end, const char *operation,
	const char *link, const char *id)
{
	const struct history *history = &world->manager.history;
	const struct history_entry *entry = history->entries[history->count - 1 - from_end];

	ck_assert_str_eq(entry->operation, operation);
	if (link)
		ck_assert_str_eq(entry->link, link);
	ck_assert_str_eq(entry->id, id);
	ck_assert_uint_eq(entry->sequence, history->next_sequence - 1 - from_end);
	ck_assert_uint_eq(entry->uid, 1);
	ck_assert_uint_eq(entry->pid, 2);
	ck_assert_str_eq(entry->command, "test");
	ck_assert_uint_eq(entry->epic, world->manager.epic);
}

START_TEST(test_history)
{
	struct world world;

	world_init(&world);
	world_play(&world, "+ sda1 part=1 uuid=1\n");
	check_entry(&world, 0, "volume_arrival", NULL, "UUID=1");
	ck_assert_str_eq(world.manager.history.entries[0]->device, "/dev/sda1");
	world_play(&world, "> create_point X: sda1\n");
	check_entry(&world, 0, "create_point", "/DosDevices/X:", "UUID=1");
	world_play(&world,
		"> query_points\nEINVAL create_point Y: sda1\n- sda1\n"
		"+ sda1 part=1 uuid=1\n> mv X: X:\n");
	ck_assert_uint_eq(world.manager.history.count, 2);
	world_play(&world, "> mv X: Y:\n");
	check_entry(&world, 0, "rename", "/DosDevices/Y:", "UUID=1");
	world_play(&world, "> delete_points all=1\n");
	check_entry(&world, 0, "delete_points", NULL, "UUID=1");
	check_entry(&world, 1, "delete_points", "/DosDevices/Y:", "UUID=1");
	ck_assert_uint_eq(world.manager.history.count, 5);
	world_fini(&world);
}
END_TEST

static bool has_text(char **list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

static bool has_moved(const struct touched *touched, const char *id)
{
	for (size_t i = 0; i < touched->id_count; i++)
		if (strcmp(touched->ids[i], id) == 0 && touched->is_moved[i])
			return true;
	return false;
}

/* What must be shown anew after a change: look-ups go by spelling, so both of a name's spellings. */
START_TEST(test_touched)
{
	struct world world;
	struct touched *touched = &world.touched;

	world_init(&world);
	world_play(&world, TWO "> create_point link=Data device=sda1\n");
	ck_assert(has_text(touched->links, touched->link_count, "/DosDevices/Data"));
	ck_assert(has_text(touched->ids, touched->id_count, "UUID=1"));
	ck_assert(touched->has_changed);
	world_play(&world, "> query_points\n");
	ck_assert(!touched->has_changed && !touched->link_count && !touched->id_count);
	world_play(&world, "> mv Data DATA\n");
	ck_assert(has_text(touched->links, touched->link_count, "/DosDevices/DATA"));
	ck_assert(has_text(touched->links, touched->link_count, "/DosDevices/Data"));
	world_play(&world, "- sda1\n");
	ck_assert(has_moved(touched, "UUID=1") && touched->has_changed);
	ck_assert(has_text(touched->devices, touched->device_count, "sda1"));
	world_play(&world, "+ sdc1 part=1 uuid=1\n");
	ck_assert(has_moved(touched, "UUID=1"));
	world_play(&world, "+ sdc1 part=1 uuid=3\n");
	ck_assert(has_moved(touched, "UUID=1") && has_moved(touched, "UUID=3"));
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("manager");
	TCase *tcase = suite_add_case(suite, "manager");

	fixture_add_scripts(tcase, scripts, ARRAY_SIZE(scripts), true);
	fixture_add_scripts(tcase, scripts_at_rest, ARRAY_SIZE(scripts_at_rest), false);
	tcase_add_test(tcase, test_follow);
	tcase_add_test(tcase, test_volume_name);
	tcase_add_test(tcase, test_volume_names);
	tcase_add_test(tcase, test_mark_by_volume_name);
	tcase_add_test(tcase, test_replies);
	tcase_add_test(tcase, test_several);
	tcase_add_test(tcase, test_steps);
	tcase_add_test(tcase, test_history);
	tcase_add_test(tcase, test_touched);
	return run_suite(suite);
}
