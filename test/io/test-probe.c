/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is found on devices with known content, and on those that are not what they should be.
 */

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/model/device.h"
#include "probe-fixture.h"

#define UUID_A "0b5f5ac7-63ab-4f0d-9d8b-5e1f1c1a0d4e"

static const struct {
	const char *size;
	const char *command;
	const char *uuid;
	const char *fstype;
} contents[] = {
	{ "4M", "mkfs.ext4 -q -U " UUID_A " -L 'a b/\"c' $I", UUID_A, "ext4" },
	{ "320M", "mkfs.xfs -q -m uuid=" UUID_A " -L xlabel $I", UUID_A, "xfs" },
	{ "128M", "mkfs.btrfs -q -U " UUID_A " -L b\\\\x $I", UUID_A, "btrfs" },
	{ "4M", "mkswap -q -U " UUID_A " $I", UUID_A, "swap" },
	{ "4M",
		"mksquashfs /etc/hostname $I.s -quiet -no-progress >&2 && dd if=$I.s of=$I"
		" conv=notrunc status=none",
		NULL, "squashfs" },
	{ "1M", "mkfs.ext2 -q -U " UUID_A " $I", UUID_A, "ext2" },
	/* Small, and with a table: no longer searched for the ext2 that is still there. */
	{ "1M", "mkfs.ext2 -q $I && echo ',,L' | sfdisk -q -w never -X dos $I", NULL, NULL },
	{ "4M", "mkfs.ext2 -q $I && echo ',,L' | sfdisk -q -w never -X dos $I", NULL, "ext2" },
	{ "4M", "true", NULL, NULL },
	{ "512", "true", NULL, NULL },
};

START_TEST(content)
{
	_cleanup_free_ char *image = xasprintf("%s/content-%d", work, _i);
	_cleanup_free_ char *node = NULL;
	struct probe *probe = start();
	struct probe_answer answer;

	ck_assert_int_eq(run("I=%s; truncate -s %s $I && { %s; } >/dev/null 2>&1", image,
				 contents[_i].size, contents[_i].command),
		0);
	node = loop_attach("", image);
	answer = ask(probe, node);
	assert_as_blkid(&answer, node);
	ck_assert_pstr_eq(answer.fstype, contents[_i].fstype);
	if (contents[_i].uuid)
		ck_assert_pstr_eq(answer.uuid, contents[_i].uuid);
	if (is_same_text(contents[_i].command, "true"))
		ck_assert(is_empty(&answer));
	probe_answer_fini(&answer);
	/* It is gone at once when nobody holds it open; a udevd might look in for a moment. */
	loop_detach(node);
	for (int tries = 0; (answer = ask(probe, node), !is_empty(&answer)); tries++) {
		ck_assert_int_lt(tries, 100);
		probe_answer_fini(&answer);
	}
	probe_stop(probe);
}
END_TEST

START_TEST(ambivalent)
{
	_cleanup_free_ char *node = NULL;
	struct probe *probe = start();
	struct probe_answer answer;

	ck_assert_int_eq(
		run("cd %s && truncate -s 128M two && truncate -s 4M one && mkfs.btrfs -q two &&"
		    " mkfs.ext4 -q one && dd if=one of=two bs=1K skip=1 seek=1 count=1"
		    " conv=notrunc status=none",
			work),
		0);
	_cleanup_free_ char *image = xasprintf("%s/two", work);
	node = loop_attach("", image);
	answer = ask(probe, node);
	ck_assert_pstr_eq(answer.fault, NULL);
	ck_assert_str_eq(answer.doubt, "ambivalent content: more than one superblock");
	ck_assert_ptr_null(answer.fstype);
	probe_answer_fini(&answer);
	loop_detach(node);
	probe_stop(probe);
}
END_TEST

static const struct {
	const char *script;
	int count;
	int first;	  /* partition made an ext4 of */
	uint64_t flags;	  /* of all partitions together */
	const char *name; /* of the first */
} tables[] = {
	{ "label: gpt\\n,4M,L\\n,4M,S\\n,,U", 3, 1 },
	{ "label: gpt\\nsize=4M,attrs=\"GUID:62\",name=\"x\"\\n"
	  "size=4M,attrs=\"GUID:63 RequiredPartition\"\\nattrs=\"LegacyBIOSBootable\"",
		3, 2, DEVICE_GPT_HIDDEN | DEVICE_GPT_NO_DRIVE_LETTER | 5, NULL },
	{ "label: gpt\\nsize=4M,name=\"a b/\\303\\244$\"", 1, 1, 0, "a b/\303\244$" },
	{ "label: dos\\n,4M,83,*\\n", 1, 1, 0, NULL },
	{ "label: dos\\n,4M,83\\n,4M,c\\n,,5\\n,4M,82\\n,4M,83", 6, 1 },
	{ "label: dos\\nlabel-id: 0x12345678\\n,,fd", 1, 1 },
};

static struct probe_answer ask_partition(
	struct probe *probe, const char *disk, const char *node, int partition)
{
	const char *kernel_name = strrchr(disk, '/') + 1;
	_cleanup_free_ char *begin =
		run_line("cat /sys/block/%s/%sp%d/start", kernel_name, kernel_name, partition);
	const struct probe_request request = {
		.ticket = 5,
		.node = node,
		.number = number_of(node),
		.disk_node = disk,
		.disk_number = number_of(disk),
		.start = strtoull(begin, NULL, 10),
	};

	ck_assert_int_eq(probe_submit(probe, &request), 0);
	return take(probe);
}

START_TEST(partitions)
{
	_cleanup_free_ char *image = xasprintf("%s/table-%d", work, _i);
	_cleanup_free_ char *disk = NULL;
	struct probe *probe = start();
	struct probe_answer answer;
	uint64_t flags = 0;

	ck_assert_int_eq(run("truncate -s 64M %s && printf '%s\\n' | sfdisk -q %s", image,
				 tables[_i].script, image),
		0);
	disk = loop_attach("", image);
	ck_assert_int_eq(run("partx -a %s && mkfs.ext4 -q %sp%d", disk, disk, tables[_i].first), 0);
	answer = ask(probe, disk);
	assert_as_blkid(&answer, disk);
	ck_assert_ptr_nonnull(answer.table);
	probe_answer_fini(&answer);

	for (int i = 1; i <= tables[_i].count; i++) {
		_cleanup_free_ char *node = xasprintf("%sp%d", disk, i);

		if (access(node, F_OK) < 0)
			continue;
		answer = ask_partition(probe, disk, node, i);
		assert_as_blkid(&answer, node);
		ck_assert_ptr_nonnull(answer.partuuid);
		ck_assert_ptr_nonnull(answer.partition_type);
		ck_assert(i != tables[_i].first || is_same_text(answer.fstype, "ext4"));
		if (i == 1 && tables[_i].name)
			ck_assert_pstr_eq(answer.partition_name, tables[_i].name);
		flags |= answer.partition_flags;
		probe_answer_fini(&answer);
	}
	ck_assert_uint_eq(flags, tables[_i].flags);
	loop_detach(disk);
	probe_stop(probe);
}
END_TEST

START_TEST(faults)
{
	_cleanup_free_ char *image = xasprintf("%s/blank", work);
	_cleanup_free_ char *odd = xasprintf("%s/odd", work);
	_cleanup_free_ char *node = NULL;
	struct probe *probe = start();
	struct probe_request request = { .ticket = 7 };
	struct probe_answer answer;
	char path[400] = "/dev/";

	ck_assert_int_eq(run("truncate -s 1M %s", image), 0);
	node = loop_attach("", image);

#define ASSERT_FAULT(...)                                                                      \
	do {                                                                                   \
		_cleanup_free_ char *text_ = xasprintf(__VA_ARGS__);                           \
		ck_assert_int_eq(probe_submit(probe, &request), 0);                            \
		answer = take(probe);                                                          \
		ck_assert_uint_eq(answer.ticket, 7);                                           \
		ck_assert_msg(answer.fault &&strstr(answer.fault, text_), "%s", answer.fault); \
		probe_answer_fini(&answer);                                                    \
	} while (0)

	request.node = node;
	request.number = number_of(node) + 1;
	ASSERT_FAULT("cannot open %s: it is ", node);
	request.number--;
	request.disk_node = node;
	ASSERT_FAULT("cannot open %s: it is ", node);
	request.disk_node = NULL;
	request.node = "/dev/mmfs-nothing";
	ASSERT_FAULT("cannot open /dev/mmfs-nothing: No such file or directory");
	request.node = "/dev/null";
	ASSERT_FAULT("cannot open /dev/null: not a block device");
	memset(path + 5, 'x', sizeof(path) - 6);
	request.node = path;
	ASSERT_FAULT("cannot open /dev/xxxxx");
	ASSERT_FAULT("...: File name too long");

	/* A node of somebody else can be read; one on a nodev mount cannot. */
	ck_assert_int_eq(mknod(odd, S_IFBLK | 0600, number_of(node)), 0);
	ck_assert_int_eq(run("chown 1000 %s && chmod 0 %s", odd, odd), 0);
	answer = ask(probe, odd);
	ck_assert(is_empty(&answer));
	ck_assert_int_eq(run("mkdir -p %s/nodev && mount -t tmpfs -o nodev tmpfs %s/nodev &&"
			     " cp -a %s %s/nodev/odd",
				 work, work, odd, work),
		0);
	snprintf(path, sizeof(path), "%s/nodev/odd", work);
	ASSERT_FAULT("cannot open %s: Permission denied", path);
	run("umount %s/nodev", work);
	loop_detach(node);
	probe_stop(probe);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe");
	TCase *cases = suite_add_case(suite, "probe");

	tcase_add_loop_test(cases, content, 0, ARRAY_SIZE(contents));
	tcase_add_test(cases, ambivalent);
	tcase_add_loop_test(cases, partitions, 0, ARRAY_SIZE(tables));
	tcase_add_test(cases, faults);
	return run_cleanly(suite);
}
