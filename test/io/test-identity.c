/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Identities that are not on the medium: out of a sysfs made up, as kernels show such hardware, and
 * out of the properties that udevd's rules make of it. Both have to give the same unique IDs.
 */

#include <check.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/strbuf.h"
#include "io/udev/udev.h"
#include "probe-fixture.h"

/*
 * In /sys: `disk FOLDER` is a disk in a folder below devices/, whose device/ is the folder above;
 * `part` its first partition; `parent FOLDER SUBSYSTEM DEVTYPE` one above it.
 */
static const char shell[] =
	"set -e; cd /sys; mkdir -p class/block;"
	"parent() {"
	"  mkdir -p devices/$1 class/$2; ln -s /sys/class/$2 devices/$1/subsystem;"
	"  echo DEVTYPE=$3 >devices/$1/uevent; };"
	"node() {"
	"  ln -s /sys/devices/$1 class/block/$2; ln -s /sys/class/block devices/$1/subsystem;"
	"  printf 'MAJOR=8\\nMINOR=%s\\nDEVNAME=%s\\nDEVTYPE=%s\\n' $3 $2 $4 >devices/$1/uevent;"
	"  echo 2048 >devices/$1/size; };"
	"disk() {"
	"  D=/sys/devices/$1; mkdir -p $D/holders; ln -s ../.. $D/device; node $1 ${1##*/} 0 disk;"
	"  echo ${R-0} >$D/removable; };"
	"part() {"
	"  mkdir $D/${D##*/}1; node ${D#/sys/devices/}/${D##*/}1 ${D##*/}1 1 partition;"
	"  echo 1 >$D/${D##*/}1/partition; };"
	"scsi() { parent a/0:0:0:${L-0} scsi scsi_device; disk a/0:0:0:${L-0}/block/sda;"
	"  echo ${V-VENDOR} >$D/device/vendor; };"
	"nvme() { parent n/nvme0 nvme ''; disk n/nvme0/nvme/nvme0n1; ln -sfn .. $D/device;"
	"  echo 'SN 42  ' >devices/n/nvme0/nvme/serial; };";

#define BOTH NULL

static const struct {
	const char *name;
	const char *script;	/* the sysfs */
	const char *properties; /* what udevd's rules make of it */
	const char *without;	/* IDs without udevd */
	const char *with;	/* BOTH: the same */
} rows[] = {
	{ "sda",
		"V='ATA     ' scsi; echo naa.5000c500a1b2c3d4 >$D/device/wwid;"
		"printf '\\0\\200\\0\\024       WD-WCC7K0 12/4' >$D/device/vpd_pg80",
		"ID_SERIAL=ST4000DM004_WD-WCC7K0_12_4\\nID_SERIAL_SHORT=WD-WCC7K0_12_4\\n"
		"ID_WWN=0x5000c500a1b2c3d4\\nID_WWN_WITH_EXTENSION=0x5000c500a1b2c3d4",
		"WWN=0x5000c500a1b2c3d4 SERIAL=WD-WCC7K0_12_4", BOTH },
	{ "sda1", "V=ATA scsi; part; echo naa.5000c500a1b2c3d4 >$D/device/wwid",
		"ID_WWN=0x5000c500a1b2c3d4\\nID_WWN_WITH_EXTENSION=0x5000c500a1b2c3d4",
		"WWN=0x5000c500a1b2c3d4-part1", BOTH },
	/* An ATA disk without a worldwide name. */
	{ "sda",
		"V=ATA scsi; echo 't10.ATA     QEMU HARDDISK   QM00001' >$D/device/wwid;"
		"printf '\\0\\200\\0\\024QM00001             ' >$D/device/vpd_pg80",
		"ID_SERIAL=QEMU_HARDDISK_QM00001\\nID_SERIAL_SHORT=QM00001", "SERIAL=QM00001",
		BOTH },
	/* A volume of an array: the first half of its name is the array's. */
	{ "sda", "scsi; echo naa.6005076810810261f800000000000b2c >$D/device/wwid",
		"ID_SERIAL=36005076810810261f800000000000b2c\\n"
		"ID_SERIAL_SHORT=6005076810810261f800000000000b2c\\nID_WWN=0x6005076810810261\\n"
		"ID_WWN_VENDOR_EXTENSION=0xf800000000000b2c\\n"
		"ID_WWN_WITH_EXTENSION=0x6005076810810261f800000000000b2c",
		"WWN=0x6005076810810261f800000000000b2c SERIAL=6005076810810261f800000000000b2c",
		BOTH },
	/* Of a name that is no NAA name scsi_id makes a serial number only. */
	{ "sda", "scsi; echo eui.0025385b71b0a1c2 >$D/device/wwid",
		"ID_SERIAL=20025385b71b0a1c2\\nID_SERIAL_SHORT=0025385b71b0a1c2",
		"SERIAL=0025385b71b0a1c2", BOTH },
	/* Vendor's own names: the rules ask the disk. */
	{ "sda", "scsi; echo 't10.QEMU    QEMU HARDDISK   drive-scsi0' >$D/device/wwid",
		"ID_SERIAL=0QEMU_QEMU_HARDDISK_drive-scsi0\\nID_SERIAL_SHORT=drive-scsi0", "",
		"SERIAL=drive-scsi0" },
	/* A stick, and the second slot of a card reader. */
	{ "sda", "parent a usb usb_device; echo '4C 530/001' >/sys/devices/a/serial; R=1 scsi",
		"ID_SERIAL=SanDisk_Ultra_4C_530_001-0:0\\nID_SERIAL_SHORT=4C_530_001\\n"
		"ID_USB_SERIAL_SHORT=4C_530_001\\nID_USB_INSTANCE=0:0",
		"SERIAL=4C_530_001", BOTH },
	{ "sda", "parent a usb usb_device; echo 058F63 >/sys/devices/a/serial; R=1 L=1 scsi",
		"ID_SERIAL=Generic_058F63-0:1\\nID_SERIAL_SHORT=058F63\\n"
		"ID_USB_SERIAL_SHORT=058F63\\nID_USB_INSTANCE=0:1",
		"SERIAL=058F63-0:1", BOTH },
	{ "sda", "parent a usb usb_device; echo 12,34 >/sys/devices/a/serial; R=1 scsi", "", "",
		BOTH },
	/* A disk in an enclosure has a serial number of its own. */
	{ "sda", "parent a usb usb_device; echo DD56419883891 >/sys/devices/a/serial; scsi",
		"ID_SERIAL=WDC_WD-1\\nID_SERIAL_SHORT=WD-1\\nID_USB_SERIAL_SHORT=DD56419883891\\n"
		"ID_USB_INSTANCE=0:0",
		"", "SERIAL=WD-1" },
	{ "nvme0n1", "nvme; echo eui.0025385b71b0a1c2 >$D/wwid",
		"ID_SERIAL_SHORT=SN_42\\nID_WWN=eui.0025385b71b0a1c2",
		"WWN=eui.0025385b71b0a1c2 SERIAL=SN_42", BOTH },
	{ "nvme0n1", "nvme; echo nvme.1b36-534e-514d-00000001 >$D/wwid",
		"ID_SERIAL_SHORT=SN_42\\nID_WWN=nvme.1b36-534e-514d-00000001",
		"WWN=nvme.1b36-534e-514d-00000001 SERIAL=SN_42", BOTH },
	{ "nvme0n1", "nvme; echo eui.0000000000000000 >$D/wwid",
		"ID_SERIAL_SHORT=SN_42\\nID_WWN=eui.0000000000000000", "SERIAL=SN_42", BOTH },
	/* The namespaces of a controller share its serial number; the first has no number. */
	{ "nvme0n1", "nvme; echo 1 >$D/nsid", "ID_SERIAL_SHORT=SN_42", "SERIAL=SN_42", BOTH },
	{ "nvme0n1", "nvme; echo 2 >$D/nsid", "ID_SERIAL_SHORT=SN_42", "SERIAL=SN_42-ns2", BOTH },
	{ "nvme0n11", "nvme; part; echo 2 >$D/nsid", "ID_SERIAL_SHORT=SN_42",
		"SERIAL=SN_42-ns2-part1", BOTH },
	{ "vda", "disk v/block/vda; echo 'my (disk)' >$D/serial", "ID_SERIAL=my__disk_",
		"SERIAL=my__disk_", BOTH },
	{ "mmcblk0", "disk m/block/mmcblk0; echo 0x1b2c3d4e >$D/device/serial",
		"ID_NAME=SD32G\\nID_SERIAL=0x1b2c3d4e", "SERIAL=0x1b2c3d4e", BOTH },
	{ "mmcblk0boot0", "disk m/block/mmcblk0boot0; echo 0x1b2c3d4e >$D/device/serial", "", "",
		BOTH },
	{ "dm-0", "disk d/block/dm-0; mkdir $D/dm; echo CRYPT-LUKS2-3e6be9de-home >$D/dm/uuid",
		"DM_UUID=CRYPT-LUKS2-3e6be9de-home", "DM_UUID=CRYPT-LUKS2-3e6be9de-home", BOTH },
	{ "md0",
		"disk d/block/md0; mkdir $D/md; echo 1.2 >$D/md/metadata_version;"
		"echo a1b2c3d4-e5f6-0718-293a-4b5c6d7e8f90 >$D/md/uuid",
		"MD_UUID=a1b2c3d4:e5f60718:293a4b5c:6d7e8f90",
		"MD_UUID=a1b2c3d4:e5f60718:293a4b5c:6d7e8f90", BOTH },
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	{ "md0",
		"disk d/block/md0; mkdir $D/md; echo 0.90 >$D/md/metadata_version;"
		"echo d4c3b2a1-1807-f6e5-5c4b-3a29908f7e6d >$D/md/uuid",
		"MD_UUID=a1b2c3d4:e5f60718:293a4b5c:6d7e8f90",
		"MD_UUID=a1b2c3d4:e5f60718:293a4b5c:6d7e8f90", BOTH },
#endif
	/* The array has it, not each of its partitions. */
	{ "md01",
		"disk d/block/md0; part; mkdir $D/md; echo 1.2 >$D/md/metadata_version;"
		"echo a1b2c3d4-e5f6-0718-293a-4b5c6d7e8f90 >$D/md/uuid",
		"MD_UUID=a1b2c3d4:e5f60718:293a4b5c:6d7e8f90", "", BOTH },
	{ "md0",
		"disk d/block/md0; mkdir $D/md; echo external:imsm >$D/md/metadata_version;"
		"echo 00000000-0000-0000-0000-000000000000 >$D/md/uuid",
		"", "", BOTH },
	/* Paths of a multipath map, and their partitions. */
	{ "sda", "scsi; mkdir -p $D/holders/dm-3/dm; echo mpath-3600 >$D/holders/dm-3/dm/uuid",
		"DM_MULTIPATH_DEVICE_PATH=1", "component", BOTH },
	{ "sda1", "scsi; part; mkdir -p $D/holders/dm-3/dm; echo mpath-36 >$D/holders/dm-3/dm/uuid",
		"DM_MULTIPATH_DEVICE_PATH=1", "component", BOTH },
	{ "sda", "scsi; mkdir -p $D/holders/dm-3/dm; echo LVM-x >$D/holders/dm-3/dm/uuid", "", "",
		BOTH },
};

static char *describe(const char *name, bool use_udevd)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct device_report report;
	struct udev_source *source;
	char id[UNIQUE_ID_MAX + 1];

	ck_assert_int_eq(udev_open(1 << 16, true, &source), 0);
	ck_assert_int_eq(udev_describe(source, name, use_udevd, &report), 0);
	udev_close(source);
	for (size_t i = 0; i < ID_SCHEMES; i++)
		if (unique_id_format((enum id_scheme)i, report.device->identity[i],
			    report.device->partition, id))
			strbuf_add_format(&text, text.len ? " %s" : "%s", id);
	if (report.device->is_component) {
		strbuf_reset(&text);
		strbuf_add_text(&text, "component");
	}
	device_report_fini(&report);
	return xstrdup(strbuf_text(&text));
}

START_TEST(identity)
{
	_cleanup_free_ char *without = NULL, *with = NULL;
	const char *wanted = rows[_i].with ? rows[_i].with : rows[_i].without;

	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(run("mkdir -p /run/udev && mount -t tmpfs tmpfs /run/udev &&"
			     " mkdir /run/udev/data"),
		0);
	ck_assert_int_eq(mount("tmpfs", "/sys", "tmpfs", 0, NULL), 0);
	setenv("SYSTEMD_DEVICE_VERIFY_SYSFS", "0", 1);
	ck_assert_int_eq(run("%s %s", shell, rows[_i].script), 0);
	without = describe(rows[_i].name, false);
	ck_assert_int_eq(run("{ echo I:1; printf '%s\\n' | sed -n 's/./E:&/p'; }"
			     " >/run/udev/data/b8:$(sed -n s/MINOR=//p /sys/class/block/%s/uevent)",
				 rows[_i].properties, rows[_i].name),
		0);
	with = describe(rows[_i].name, true);
	ck_assert_str_eq(without, rows[_i].without);
	ck_assert_str_eq(with, wanted);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("identity");
	TCase *cases = suite_add_case(suite, "identity");

	tcase_add_loop_test(cases, identity, 0, ARRAY_SIZE(rows));
	return run_cleanly(suite);
}
