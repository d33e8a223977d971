/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What counts as a volume, and the comparison of descriptions.
 */

#include <string.h>

#include "core/model/device_report.h"
#include "core/model/filesystem.h"
#include "fixture.h"

struct kind {
	const char *words;
	enum device_kind kind;
	const char *reason;
};

#define TABLE "partition table"
#define NO_PARTITIONS "partition table without partitions: is the sector size right?"
#define EXTENDED "extended partition: its table is that of the logical ones"
#define HIDDEN "hidden by its partition attributes"
#define JOURNAL "external journal of a filesystem"

static const struct kind kinds[] = {
	/* Something addressable: a filesystem, swap, an encrypted container. */
	{ "", DEVICE_VOLUME, NULL },
	{ "usage=filesystem fstype=vfat part=1", DEVICE_VOLUME, NULL },
	{ "usage=other fstype=swap", DEVICE_VOLUME, NULL },
	{ "usage=crypto fstype=crypto_LUKS", DEVICE_VOLUME, NULL },
	{ "virtual", DEVICE_VOLUME, NULL },
	/* Or a partition without content. */
	{ "blank part=1", DEVICE_VOLUME, NULL },
	{ "blank part=1 type=0x83", DEVICE_VOLUME, NULL },
	{ "blank part=2 type=c12a7328-f81f-11d2-ba4b-00a0c93ec93b", DEVICE_VOLUME, NULL },
	/* A partition that holds a table of its own is still a partition. */
	{ "part=1 table=dos", DEVICE_VOLUME, NULL },
	{ "blank part=1 table=bsd", DEVICE_VOLUME, NULL },
	/* A whole device without partition table or content. */
	{ "blank", DEVICE_BLANK, "no content" },
	{ "blank virtual", DEVICE_BLANK, "no content" },
	/* Whole disks with a partition table, but hybrid images of discs are used whole. */
	{ "blank table=gpt partitioned", DEVICE_DISK, TABLE },
	{ "blank table=dos partitioned", DEVICE_DISK, TABLE },
	{ "fstype=vfat table=dos partitioned", DEVICE_DISK, TABLE },
	{ "blank table=gpt", DEVICE_DISK, NO_PARTITIONS },
	{ "blank table=dos virtual", DEVICE_DISK, NO_PARTITIONS },
	/* A superblock counts even if sector 0 looks like a table the kernel makes nothing of. */
	{ "fstype=ext4 table=atari", DEVICE_VOLUME, NULL },
	{ "fstype=vfat table=dos", DEVICE_VOLUME, NULL },
	{ "fstype=iso9660 table=dos", DEVICE_VOLUME, NULL },
	{ "fstype=udf table=gpt", DEVICE_VOLUME, NULL },
	/* Extended partitions. */
	{ "blank part=4 type=0x5", DEVICE_DISK, EXTENDED },
	{ "blank part=4 type=0xf", DEVICE_DISK, EXTENDED },
	{ "blank part=4 type=0xF", DEVICE_DISK, EXTENDED },
	{ "blank part=4 type=0x85", DEVICE_DISK, EXTENDED },
	{ "part=4 type=0x5", DEVICE_DISK, EXTENDED },
	{ "blank part=4 type=0x50", DEVICE_VOLUME, NULL },
	/* Members. */
	{ "usage=raid fstype=linux_raid_member", DEVICE_MEMBER, "member of RAID" },
	{ "usage=raid fstype=anything part=1", DEVICE_MEMBER, "member of RAID" },
	{ "fstype=LVM2_member part=1", DEVICE_MEMBER, "member of LVM" },
	{ "fstype=zfs_member", DEVICE_MEMBER, "member of ZFS" },
	{ "fstype=bcache", DEVICE_MEMBER, "member of bcache" },
	{ "fstype=mpath_member", DEVICE_MEMBER, "member of multipath" },
	{ "usage=crypto fstype=DM_integrity", DEVICE_MEMBER,
		"member of device-mapper (dm-integrity)" },
	{ "usage=crypto fstype=DM_verity_hash", DEVICE_MEMBER,
		"member of device-mapper (dm-verity)" },
	{ "usage=other fstype=DM_snapshot_cow", DEVICE_MEMBER,
		"member of device-mapper (snapshot)" },
	{ "usage=other fstype=vdo", DEVICE_MEMBER, "member of VDO" },
	{ "usage=other fstype=ceph_bluestore part=1", DEVICE_MEMBER, "member of Ceph" },
	{ "usage=other fstype=drbdmanage_control_volume", DEVICE_MEMBER, "member of DRBD" },
	{ "usage=filesystem fstype=drbdproxy_datalog", DEVICE_MEMBER, "member of DRBD" },
	{ "usage=filesystem fstype=mpool", DEVICE_MEMBER, "member of mpool" },
	{ "usage=filesystem fstype=oracleasm", DEVICE_MEMBER, "member of Oracle ASM" },
	/* Journals of filesystems that are elsewhere. */
	{ "usage=other fstype=jbd part=1", DEVICE_MEMBER, JOURNAL },
	{ "usage=other fstype=xfs_external_log", DEVICE_MEMBER, JOURNAL },
	/* Not so a swap in which a machine sleeps. */
	{ "usage=other fstype=swsuspend", DEVICE_VOLUME, NULL },
	{ "component", DEVICE_MEMBER, "path of multipath" },
	{ "component blank part=1", DEVICE_MEMBER, "path of multipath" },
	{ "component fault=broken", DEVICE_MEMBER, "path of multipath" },
	/* Without backing. */
	{ "size=0", DEVICE_NOTHING, NULL },
	{ "size=0 blank", DEVICE_NOTHING, NULL },
	{ "size=0 fault=broken", DEVICE_NOTHING, NULL },
	{ "size=1", DEVICE_VOLUME, NULL },
	/* GPT attributes: hidden; the other bits say nothing about that. */
	{ "part=1 flags=4000000000000000", DEVICE_VOLUME, HIDDEN },
	{ "part=1 flags=f000000000000000", DEVICE_VOLUME, HIDDEN },
	{ "blank part=1 flags=4000000000000001", DEVICE_VOLUME, HIDDEN },
	{ "part=1 flags=b000000000000007", DEVICE_VOLUME, NULL },
	{ "part=1 flags=4000000000000000 fstype=LVM2_member", DEVICE_MEMBER, "member of LVM" },
	{ "part=1 flags=4000000000000000 fault=unreadable", DEVICE_UNREADABLE, "unreadable" },
	{ "flags=4000000000000000", DEVICE_VOLUME, NULL },
	/* What could not be read might be anything. */
	{ "fault=unreadable", DEVICE_UNREADABLE, "unreadable" },
	{ "blank fault=unreadable", DEVICE_UNREADABLE, "unreadable" },
	{ "fault=unreadable part=1", DEVICE_UNREADABLE, "unreadable" },
	{ "fault=unreadable part=4 type=0x5", DEVICE_DISK, EXTENDED },
};

START_TEST(test_kind)
{
	struct device *device = fixture_device("x", kinds[_i].words);
	const char *reason = NULL;

	ck_assert_msg(device_get_kind(device, &reason) == kinds[_i].kind, "%s", kinds[_i].words);
	ck_assert_pstr_eq(reason, kinds[_i].reason);
	device_free(device);
}
END_TEST

START_TEST(test_partition_of)
{
	ck_assert(device_is_partition_of("sda1", "sda"));
	ck_assert(device_is_partition_of("sdaa12", "sdaa"));
	ck_assert(device_is_partition_of("loop2p13", "loop2"));
	ck_assert(device_is_partition_of("nvme0n1p2", "nvme0n1"));
	ck_assert(!device_is_partition_of("sda", "sda"));
	ck_assert(!device_is_partition_of("sdaa", "sda"));
	ck_assert(!device_is_partition_of("sdaa1", "sda"));
	ck_assert(!device_is_partition_of("sda", "sda1"));
	ck_assert(!device_is_partition_of("loop21", "loop2"));
	ck_assert(!device_is_partition_of("loop21p1", "loop2"));
	ck_assert(!device_is_partition_of("loop2p", "loop2"));
	ck_assert(!device_is_partition_of("mmcblk0boot0", "mmcblk0"));
}
END_TEST

START_TEST(test_equal)
{
	static const char *const words[] = { "", "uuid=1", "uuid=2", "partuuid=1", "dm=1", "md=1",
		"wwn=1", "serial=1", "size=7", "part=1", "seq=1", "fstype=xfs", "blank",
		"usage=raid", "table=gpt", "type=0x5", "fault=x", "label=x", "node=/dev/y",
		"virtual", "component", "partitioned", "pname=x", "flags=1" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(words); j++) {
			struct device *a = fixture_device("x", words[i]);
			struct device *b = fixture_device("x", words[j]);

			a->reason = xstrdup("decided"); /* not part of the description */
			b->id = "UUID=1";
			ck_assert_msg(device_is_equal(a, b) == (i == j), "'%s' and '%s'", words[i],
				words[j]);
			device_free(b);
			b = device_copy(a);
			ck_assert(device_is_equal(a, b));
			ck_assert_ptr_null(b->reason);
			device_pack(b);
			ck_assert(device_is_equal(a, b));
			device_free(a);
			device_free(b);
		}
	}
}
END_TEST

static const struct {
	const char *name;
	const char *globs;
	bool matches;
} globs[] = {
	{ "sda1", "*", true },
	{ "sda1", "", true },
	{ "sda1", "sd*", true },
	{ "sda1", "sda", false },
	{ "sda1", "sda?", true },
	{ "sda1", "sd[b-z]*", false },
	{ "sda1", "loop*:sd*", true },
	{ "sda1", "loop*:dm-*", false },
	{ "sda1", "!sda*", false },
	{ "sdb1", "!sda*", true },
	{ "sdb1", "!sda*:!loop*", true },
	{ "loop0", "!sda*:!loop*", false },
	{ "sda1", "sd*:!sda1", false },
	{ "sda1", "!sda1:sd*", false },
	{ "sda2", "!sda1:sd*", true },
	{ "loop0", "!sda1:sd*", false },
	{ "sda", ":", true },
	{ "!x", "\\!x", true },
	{ "sda1", "/dev/sd*", true },
	{ "sda1", "/dev/sda", false },
	{ "sda1", "loop*:/dev/sda1", true },
	{ "sda1", "!/dev/sda*", false },
	{ "sdb1", "!/dev/sda*", true },
	{ "sda1", "/dev/", false },
	{ "cciss/c0d0", "/dev/cciss/*", true },
};

START_TEST(test_globs)
{
	for (size_t i = 0; i < ARRAY_SIZE(globs); i++)
		ck_assert_msg(
			device_name_matches(globs[i].name, globs[i].globs) == globs[i].matches,
			"%s in %s", globs[i].name, globs[i].globs);
}
END_TEST

START_TEST(test_equal_fields)
{
	struct device *a = fixture_device("x", ""), *b = fixture_device("x", "");
	struct device *c = fixture_device("y", "node=/dev/x");

	c->number = a->number;
	ck_assert(!device_is_equal(a, c)); /* the name */
	b->number++;
	ck_assert(!device_is_equal(a, b));
	b->number--;
	b->is_removable = true;
	ck_assert(!device_is_equal(a, b));
	b->is_removable = false;
	b->is_read_only = true;
	ck_assert(!device_is_equal(a, b));
	b->is_read_only = false;
	ck_assert(device_is_equal(a, b));
	device_free(a);
	device_free(b);
	device_free(c);
	device_free(NULL);
}
END_TEST

static const struct head {
	const char *fstype;
	size_t size; /* bytes that are read of it */
	unsigned int magic;
	const char *bytes;
	unsigned int count;
	unsigned char number[8];
	unsigned int members;
} heads[] = {
	{ "btrfs", 512, 64, "_BHRfS_M", 136, { 2 }, 2 },
	{ "btrfs", 144, 64, "_BHRfS_M", 136, { 1, 2 }, 513 },
	{ "btrfs", 143, 64, "_BHRfS_M", 136, { 2 }, 0 },
	{ "btrfs", 0, 64, "_BHRfS_M", 136, { 2 }, 0 },
	{ "btrfs", 512, 64, "_BHRfS_N", 136, { 2 }, 0 },
	{ "btrfs", 512, 64, "_BHRfS_M", 136, { 0, 0, 1 }, DEVICE_MEMBERS_MAX },
	{ "btrfs", 512, 64, "_BHRfS_M", 136, { 1, 0, 1 }, 0 },
	{ "btrfs", 512, 64, "_BHRfS_M", 136, { 2, 0, 0, 0, 0, 0, 0, 255 }, 0 },
	{ "bcachefs", 512, 24, "\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef",
		123, { 3, 9 }, 3 },
	{ "ext4", 512, 64, "_BHRfS_M", 136, { 2 }, 0 },
	{ NULL, 512, 64, "_BHRfS_M", 136, { 2 }, 0 },
};

START_TEST(test_members)
{
	const struct head *head = &heads[_i];
	unsigned char bytes[FILESYSTEM_HEAD] = { 0 };

	memcpy(bytes + head->magic, head->bytes, strlen(head->bytes));
	memcpy(bytes + head->count, head->number, sizeof(head->number));
	ck_assert_uint_eq(filesystem_parse_members(head->fstype, bytes, head->size), head->members);
}
END_TEST

static const struct reading {
	const char *words;
	bool is_read;
} readings[] = {
	{ "fstype=ext4", false },
	{ "fstype=ext4 table=dos", true },
	{ "fstype=btrfs", true },
	{ "blank part=1 partuuid=p type=0x83 table=dos", true },
	{ "blank table=gpt", false },
	{ "blank", true },
	{ "blank part=1", true },
	{ "blank wwn=w", true },
	{ "blank size=0", false },
};

/* Who may not read a device that udevd has dealt with does not try, whatever udevd has found. */
START_TEST(test_reading)
{
	const struct reading *reading = &readings[_i];
	struct device_report report = { .device = fixture_device("x", reading->words) };

	device_report_decide_probe(&report, false);
	ck_assert(report.wants_probe == reading->is_read);
	device_report_decide_probe(&report, true);
	ck_assert(report.wants_probe == (report.device->size != 0));
	report.is_denied = true;
	device_report_decide_probe(&report, false);
	ck_assert(!report.wants_probe);
	device_report_decide_probe(&report, true);
	ck_assert(!report.wants_probe);
	device_report_fini(&report);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device");
	TCase *tcase = suite_add_case(suite, "device");

	tcase_add_loop_test(tcase, test_kind, 0, ARRAY_SIZE(kinds));
	tcase_add_loop_test(tcase, test_members, 0, ARRAY_SIZE(heads));
	tcase_add_loop_test(tcase, test_reading, 0, ARRAY_SIZE(readings));
	tcase_add_test(tcase, test_equal);
	tcase_add_test(tcase, test_partition_of);
	tcase_add_test(tcase, test_globs);
	tcase_add_test(tcase, test_equal_fields);
	return run_suite(suite);
}
