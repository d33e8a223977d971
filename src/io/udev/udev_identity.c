/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Identities that are not on the medium, out of sysfs, spelled as udevd's rules (systemd 252) spell
 * them: a disk has to have the same unique ID whether udevd runs or not. Where sysfs does not tell
 * what the rules ask the disk itself, there is none rather than another one:
 *
 *	USB disks that are not removable	their own serial number, behind that of the bridge
 *	optical drives				the serial number
 *	SCSI disks without NAA or EUI name	vendor's names, of the form t10.…
 *	SCSI disks with several names		scsi_id(8) may prefer another than the kernel
 *
 * These have SERIAL=, and the last WWN=, of udevd only. Nothing of this is opened: sysfs answers
 * from what the kernel has read when it found the disk.
 */

#include <ctype.h>
#include <dirent.h>
#include <libudev.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/udev/sysfs.h"
#include "io/udev/udev_identity.h"

#define TEXT_MAX 1024 /* bytes taken of any attribute */

/* Of attributes rules keep more than of what the programs they run have read from a disk. */
#define CLEAN_ATTRIBUTE "#+-.:=@_/ $%?,"
#define CLEAN_PROGRAM "#+-.:=@_ "

/* What udevd does not keep becomes `_`. The white space is seen to in unique_id_format(). */
static char *clean(const char *text, const char *kept)
{
	char *copy = text && *text ? xstrndup(text, TEXT_MAX) : NULL;

	for (char *c = copy; c && *c; c++)
		if (isascii((unsigned char)*c) && !isalnum((unsigned char)*c) &&
			!isspace((unsigned char)*c) && !strchr(kept, *c))
			*c = '_';
	return copy;
}

static const char *get_attribute(struct udev_device *device, const char *name)
{
	return udev_device_get_sysattr_value(device, name);
}

/* The slots of a card reader and the disks of an enclosure share the serial number of its plug. */
static char *add_instance(char *serial, const char *instance)
{
	char *text;

	if (!serial || !instance || strcmp(instance, "0:0") == 0)
		return serial;
	text = xasprintf("%s-%s", serial, instance);
	free(serial);
	return text;
}

char *identity_get_serial_of_udevd(struct udev_device *device)
{
	const char *serial = udev_device_get_property_value(device, "ID_SERIAL_SHORT");
	const char *usb = udev_device_get_property_value(device, "ID_USB_SERIAL_SHORT");
	const char *instance = udev_device_get_property_value(device, "ID_USB_INSTANCE");

	if (!serial)
		serial = udev_device_get_property_value(device, "ID_SERIAL");
	if (!serial || !*serial)
		return NULL;
	return add_instance(
		xstrndup(serial, TEXT_MAX), is_same_text(serial, usb) ? instance : NULL);
}

char *identity_add_namespace(char *serial, struct udev_device *disk)
{
	const char *number = serial ? get_attribute(disk, "nsid") : NULL;
	size_t len = serial ? strlen(serial) : 0;
	char *text;

	while (len && isspace((unsigned char)serial[len - 1])) /* the kernel pads it */
		len--;
	if (!len || !number || strcmp(number, "1") == 0)
		return serial;
	text = xasprintf("%.*s-ns%.10s", (int)len, serial, number);
	free(serial);
	return text;
}

/* libudev opens each folder above on the way to each: most disks can be told before. */
static struct udev_device *get_scsi(struct udev_device *disk)
{
	_cleanup_free_ char *link = xasprintf("%s/device/subsystem", udev_device_get_syspath(disk));
	char target[PATH_MAX];
	ssize_t len = readlink(link, target, sizeof(target) - 1);

	if (len < 5 || memcmp(target + len - 5, "/scsi", 5) != 0)
		return NULL;
	return udev_device_get_parent_with_subsystem_devtype(disk, "scsi", "scsi_device");
}

char *identity_get_wwn(struct udev_device *disk)
{
	const char *text = get_attribute(disk, "wwid"); /* NVMe: eui.…, uuid.…, nvme.… */

	if (text)
		return clean(text, CLEAN_ATTRIBUTE);
	text = get_attribute(disk, "device/wwid");
	if (text && get_scsi(disk) && strncmp(text, "naa.", 4) == 0)
		return xasprintf("0x%.*s", TEXT_MAX, text + 4);
	return NULL;
}

/* The vital product data "unit serial number": four bytes of header, then text. */
static char *read_unit_serial(struct udev_device *disk)
{
	_cleanup_free_ char *path = xasprintf("%s/device/vpd_pg80", udev_device_get_syspath(disk));
	char page[4 + 255 + 1] = "";
	FILE *file = fopen(path, "re");
	size_t len = file ? fread(page, 1, sizeof(page) - 1, file) : 0;

	if (file)
		fclose(file);
	return len > 4 ? clean(page + 4, CLEAN_PROGRAM) : NULL;
}

/* usb_id: no serial number but one of printable ASCII without commas. */
static char *get_usb_serial(
	struct udev_device *disk, struct udev_device *scsi, struct udev_device *usb)
{
	const char *serial = get_attribute(usb, "serial");
	char instance[32] = "0:0";
	int target, lun;

	if (!is_same_text(get_attribute(disk, "removable"), "1"))
		return NULL; /* udevd asks the disk */
	for (const char *c = serial; c && *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7f || *c == ',')
			return NULL;
	if (sscanf(udev_device_get_sysname(scsi), "%*d:%*d:%d:%d", &target, &lun) == 2)
		snprintf(instance, sizeof(instance), "%d:%d", target, lun);
	return add_instance(clean(serial, CLEAN_PROGRAM), instance);
}

static char *get_scsi_serial(struct udev_device *disk, struct udev_device *scsi)
{
	struct udev_device *usb =
		udev_device_get_parent_with_subsystem_devtype(disk, "usb", "usb_device");
	const char *vendor = get_attribute(scsi, "vendor");
	const char *wwid = get_attribute(disk, "device/wwid");

	if (usb)
		return get_usb_serial(disk, scsi, usb);
	if (vendor && strncmp(vendor, "ATA", 3) == 0)
		return read_unit_serial(disk);
	if (wwid && (strncmp(wwid, "naa.", 4) == 0 || strncmp(wwid, "eui.", 4) == 0))
		return xstrndup(wwid + 4, TEXT_MAX); /* what scsi_id takes for the serial number */
	return NULL;
}

char *identity_get_serial(struct udev_device *disk)
{
	struct udev_device *scsi = get_scsi(disk);
	const char *name = udev_device_get_sysname(disk);
	const char *text;

	if (scsi)
		return get_scsi_serial(disk, scsi);
	/* mmcblk0boot0 and the like are parts of a card that has the serial number itself. */
	if (strncmp(name, "mmcblk", 6) == 0 && name[6 + strspn(name + 6, "0123456789")])
		return NULL;
	text = get_attribute(disk, "device/serial");
	return clean(text ? text : get_attribute(disk, "serial"), CLEAN_ATTRIBUTE);
}

/*
 * The kernel writes a UUID with dashes, mdadm, and so the rules, four groups with colons. Of old
 * superblocks the groups are numbers in the order of the machine.
 */
char *identity_get_md_uuid(struct udev_device *device)
{
	const char *text = get_attribute(device, "md/uuid");
	const char *version = text ? get_attribute(device, "md/metadata_version") : NULL;
	bool is_swapped = false;
	unsigned int bytes[16];
	size_t count = 0;
	char *uuid;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	is_swapped = version && strncmp(version, "0.", 2) == 0;
#endif
	for (const char *c = text; c && *c && count < 16; c += *c == '-' ? 1 : 2) {
		if (*c == '-')
			continue;
		if (!isxdigit((unsigned char)c[0]) || !isxdigit((unsigned char)c[1]))
			return NULL;
		sscanf(c, "%2x", &bytes[is_swapped ? count ^ 3 : count]);
		count++;
	}
	if (count < 16)
		return NULL;
	uuid = xcalloc(1, 36);
	for (size_t i = 0; i < 16; i++)
		sprintf(uuid + strlen(uuid), i && i % 4 == 0 ? ":%02x" : "%02x", bytes[i]);
	return uuid;
}

bool identity_is_path(struct udev_device *disk)
{
	_cleanup_free_ char *path = xasprintf("%s/holders", udev_device_get_syspath(disk));
	DIR *folder = opendir(path);
	struct dirent *holder;
	bool is_path = false;

	while (folder && !is_path && (holder = readdir(folder))) {
		_cleanup_free_ char *name = xasprintf("%s/dm/uuid", holder->d_name);
		char text[TEXT_MAX];
		const char *uuid = *name == '.' ? NULL : sysfs_read(path, name, text, sizeof(text));

		is_path = uuid && strncmp(uuid, "mpath-", 6) == 0;
	}
	if (folder)
		closedir(folder);
	return is_path;
}
