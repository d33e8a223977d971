/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How devices are attached, and who may reach them, by folders that look like the kernel's. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../run-suite.h"
#include "io/udev/attachment.h"
#include "io/udev/fabric.h"

static char *root;

static void make_parents(const char *path)
{
	_cleanup_free_ char *copy = xstrdup(path);

	for (char *c = strchr(copy + 1, '/'); c; c = strchr(c + 1, '/')) {
		*c = '\0';
		mkdir(copy, 0700);
		*c = '/';
	}
}

static void make_file(const char *entry, const char *text)
{
	_cleanup_free_ char *path = xasprintf("%s/devices/%s", root, entry);
	FILE *file;

	make_parents(path);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "%s\n", text);
	fclose(file);
}

/* `target` is below the folder of devices, too. */
static void make_link(const char *entry, const char *target)
{
	_cleanup_free_ char *path = xasprintf("%s/devices/%s", root, entry);
	_cleanup_free_ char *to = xasprintf("%s/devices/%s", root, target);

	make_parents(path);
	ck_assert_int_eq(symlink(to, path), 0);
}

static void make_disk(const char *disk)
{
	_cleanup_free_ char *removable = xasprintf("%s/removable", disk);
	_cleanup_free_ char *subsystem = xasprintf("%s/subsystem", disk);

	make_file(removable, "0");
	make_link(subsystem, "../class/block");
}

static void expect(enum attachment attachment, const char *device)
{
	_cleanup_free_ char *path = xasprintf("%s/devices/%s", root, device);
	const char *found = attachment_get_name(attachment_find(path));

	ck_assert_msg(found && strcmp(found, attachment_get_name(attachment)) == 0, "%s is %s",
		device, found);
}

static void begin(void)
{
	char path[] = "/tmp/attachment-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(path));
	root = realpath(path, NULL);
}

static void end(void)
{
	_cleanup_free_ char *command = xasprintf("rm -rf '%s'", root);

	ck_assert_int_eq(system(command), 0);
	free(root);
}

#define ATA "pci0/0000:00:17.0/ata3/host2/target2:0:0/2:0:0:0/block/sda"
#define USB "pci0/0000:00:14.0/usb2/2-1/2-1:1.0/host4/target4:0:0/4:0:0:0/block/sdb"
#define VIRTIO "pci0/0000:00:05.0/virtio2/block/vda"
#define NVME "pci0/0000:00:1d.0/0000:03:00.0/nvme/nvme0/nvme0n1"
#define THUNDERBOLT "pci0/0000:00:1c.0/0000:04:00.0/0000:05:00.0/nvme/nvme1/nvme1n1"
#define OPTICAL "pci0/0000:00:17.0/ata5/host5/target5:0:0/5:0:0:0/block/sr0"
#define EMMC "platform/mmc_host/mmc0/mmc0:0001"
#define CARD "platform/mmc_host/mmc1/mmc1:aaaa"
#define SUBSYSTEM "virtual/nvme-subsystem/nvme-subsys0"
#define MADE_UP "virtual/block/"

static void make_disks(void)
{
	make_disk(ATA);
	make_file(ATA "/sda1/partition", "1");
	make_link("pci0/0000:00:17.0/subsystem", "../bus/pci");
	make_file("pci0/0000:00:17.0/removable", "fixed");
	make_disk(USB);
	make_file(USB "/sdb2/partition", "2");
	make_link("pci0/0000:00:14.0/usb2/2-1/subsystem", "../bus/usb");
}

START_TEST(disks)
{
	make_disks();
	make_disk(VIRTIO);
	make_disk(NVME);
	make_disk(THUNDERBOLT);
	make_file("pci0/0000:00:1c.0/0000:04:00.0/removable", "removable");
	make_file(OPTICAL "/removable", "1");
	expect(ATTACHMENT_INTERNAL, ATA);
	expect(ATTACHMENT_INTERNAL, ATA "/sda1");
	expect(ATTACHMENT_EXTERNAL, USB);
	expect(ATTACHMENT_EXTERNAL, USB "/sdb2");
	expect(ATTACHMENT_INTERNAL, VIRTIO);
	expect(ATTACHMENT_INTERNAL, NVME);
	expect(ATTACHMENT_EXTERNAL, THUNDERBOLT);
	expect(ATTACHMENT_EXTERNAL, OPTICAL);
}
END_TEST

START_TEST(cards_and_soldered_ones)
{
	make_disk(EMMC "/block/mmcblk0");
	make_link(EMMC "/subsystem", "../bus/mmc");
	make_file(EMMC "/type", "MMC");
	make_disk(CARD "/block/mmcblk1");
	make_link(CARD "/subsystem", "../bus/mmc");
	make_file(CARD "/type", "SD");
	expect(ATTACHMENT_INTERNAL, EMMC "/block/mmcblk0");
	expect(ATTACHMENT_EXTERNAL, CARD "/block/mmcblk1");
}
END_TEST

START_TEST(what_the_kernel_makes_up)
{
	make_disks();
	make_disk(MADE_UP "loop0");
	make_file(MADE_UP "loop0/slaves/.none", "");
	make_file(MADE_UP "loop0/loop0p1/partition", "1");
	make_disk(MADE_UP "zram0");
	expect(ATTACHMENT_VIRTUAL, MADE_UP "loop0");
	expect(ATTACHMENT_VIRTUAL, MADE_UP "loop0/loop0p1");
	expect(ATTACHMENT_VIRTUAL, MADE_UP "zram0");

	/* A map of a disk, and one of that; one of two disks; one of itself. */
	make_link(MADE_UP "dm-0/slaves/sda1", ATA "/sda1");
	make_link(MADE_UP "dm-1/slaves/dm-0", MADE_UP "dm-0");
	make_link(MADE_UP "dm-2/slaves/dm-0", MADE_UP "dm-0");
	make_link(MADE_UP "dm-2/slaves/sdb", USB);
	make_link(MADE_UP "dm-4/slaves/dm-4", MADE_UP "dm-4");
	expect(ATTACHMENT_INTERNAL, MADE_UP "dm-0");
	expect(ATTACHMENT_INTERNAL, MADE_UP "dm-1");
	expect(ATTACHMENT_EXTERNAL, MADE_UP "dm-2");
	expect(ATTACHMENT_VIRTUAL, MADE_UP "dm-4");

	/* Arrays, of partitions and with partitions. */
	make_link(MADE_UP "md0/slaves/loop0p1", MADE_UP "loop0/loop0p1");
	make_link(MADE_UP "md0/slaves/sda1", ATA "/sda1");
	make_link(MADE_UP "md1/slaves/sda1", ATA "/sda1");
	make_file(MADE_UP "md1/md1p1/partition", "1");
	make_link(MADE_UP "dm-3/slaves/md1p1", MADE_UP "md1/md1p1");
	expect(ATTACHMENT_VIRTUAL, MADE_UP "md0");
	expect(ATTACHMENT_INTERNAL, MADE_UP "md1/md1p1");
	expect(ATTACHMENT_INTERNAL, MADE_UP "dm-3");
}
END_TEST

START_TEST(a_disk_of_several_controllers)
{
	make_disk(SUBSYSTEM "/nvme0n1");
	make_link(SUBSYSTEM "/subsystem", "../class/nvme-subsystem");
	make_link(SUBSYSTEM "/nvme0", "pci0/0000:03:00.0/nvme/nvme0");
	make_link("pci0/0000:03:00.0/nvme/nvme0/subsystem", "../class/nvme");
	expect(ATTACHMENT_INTERNAL, SUBSYSTEM "/nvme0n1");
	make_file("pci0/0000:03:00.0/removable", "removable");
	expect(ATTACHMENT_EXTERNAL, SUBSYSTEM "/nvme0n1");
}
END_TEST

static void expect_fabric(bool is_fabric, const char *device)
{
	_cleanup_free_ char *path = xasprintf("%s/devices/%s", root, device);

	ck_assert_msg(fabric_is(path) == is_fabric, "%s", device);
}

#define ISCSI "platform/host7/session1/target7:0:0/7:0:0:0/block/sdc"
#define FIBRE "pci0/0000:05:00.0/host8/rport-8:0-1/target8:0:0/8:0:0:3/block/sdd"
#define SAS "pci0/0000:06:00.0/host9/port-9:0/end_device-9:0/target9:0:0/9:0:0:0/block/sde"
#define REMOTE_NVME "virtual/nvme-fabrics/ctl/nvme4/nvme4n1"

START_TEST(what_other_machines_reach)
{
	make_disks();
	make_disk(ISCSI);
	make_file(ISCSI "/sdc1/partition", "1");
	make_disk(FIBRE);
	make_disk(SAS);
	make_disk(NVME);
	make_disk(REMOTE_NVME);
	make_disk(MADE_UP "nbd0");
	make_disk(MADE_UP "loop0");
	make_disk("rbd/0/block/rbd0");
	expect_fabric(true, ISCSI);
	expect_fabric(true, ISCSI "/sdc1");
	expect_fabric(true, FIBRE);
	expect_fabric(false, SAS);
	expect_fabric(true, REMOTE_NVME);
	expect_fabric(true, MADE_UP "nbd0");
	expect_fabric(true, "rbd/0/block/rbd0");
	expect_fabric(false, MADE_UP "loop0");
	expect_fabric(false, ATA "/sda1");
	expect_fabric(false, USB);
	expect_fabric(false, NVME);
}
END_TEST

START_TEST(what_is_above_it)
{
	make_disks();
	make_disk(ISCSI);
	make_disk(FIBRE);
	make_disk(SAS);
	make_link(MADE_UP "dm-0/slaves/sdc", ISCSI);
	make_link(MADE_UP "dm-0/slaves/sdd", FIBRE);
	make_file(MADE_UP "dm-0/dm/uuid", "mpath-3600");
	make_link(MADE_UP "dm-1/slaves/dm-0", MADE_UP "dm-0");
	make_file(MADE_UP "dm-1/dm/uuid", "LVM-abc");
	expect_fabric(true, MADE_UP "dm-0");
	expect_fabric(true, MADE_UP "dm-1");
	make_link(MADE_UP "dm-2/slaves/sde", SAS);
	make_file(MADE_UP "dm-2/dm/uuid", "mpath-3500");
	make_link(MADE_UP "dm-3/slaves/sde", SAS);
	make_file(MADE_UP "dm-3/dm/uuid", "CRYPT-LUKS2");
	expect_fabric(true, MADE_UP "dm-2");
	expect_fabric(false, MADE_UP "dm-3");
	make_link(MADE_UP "md0/slaves/sdc", ISCSI);
	make_link(MADE_UP "md0/slaves/sda", ATA);
	expect_fabric(false, MADE_UP "md0");
	make_link(MADE_UP "dm-4/slaves/dm-4", MADE_UP "dm-4");
	expect_fabric(false, MADE_UP "dm-4");
}
END_TEST

START_TEST(remote_disks_of_several_controllers)
{
	make_disk(SUBSYSTEM "/nvme0n1");
	make_link(SUBSYSTEM "/nvme0", "virtual/nvme-fabrics/ctl/nvme0");
	make_file("virtual/nvme-fabrics/ctl/nvme0/transport", "pcie");
	expect_fabric(false, SUBSYSTEM "/nvme0n1");
	make_file("virtual/nvme-fabrics/ctl/nvme0/transport", "tcp");
	expect_fabric(true, SUBSYSTEM "/nvme0n1");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("attachment");
	TCase *tcase = suite_add_case(suite, "attachment");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, disks);
	tcase_add_test(tcase, cards_and_soldered_ones);
	tcase_add_test(tcase, what_the_kernel_makes_up);
	tcase_add_test(tcase, a_disk_of_several_controllers);
	tcase_add_test(tcase, what_other_machines_reach);
	tcase_add_test(tcase, what_is_above_it);
	tcase_add_test(tcase, remote_disks_of_several_controllers);
	return run_suite(suite);
}
