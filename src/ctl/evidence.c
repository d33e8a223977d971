/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks at one device anew: what udev's database has, what libblkid reads (the device is opened
 * read-only), what sysfs says. The identities are those that mmfs takes.
 */

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/evidence.h"
#include "ctl/mounted_tree.h"

/* Where the identities are in udev's database, in the order in which they are looked for. */
static const struct {
	enum id_scheme scheme;
	const char *property;
	bool is_encoded;
} properties[] = {
	{ ID_UUID, "ID_FS_UUID_ENC", true },
	{ ID_PARTUUID, "ID_PART_ENTRY_UUID", false },
	{ ID_DM_UUID, "DM_UUID", false },
	{ ID_MD_UUID, "MD_UUID", false },
	{ ID_WWN, "ID_WWN_WITH_EXTENSION", false },
	{ ID_WWN, "ID_WWN", false },
	{ ID_SERIAL, "ID_SERIAL_SHORT", false },
	{ ID_SERIAL, "ID_SERIAL", false },
};

/* Where they are on the medium or in sysfs. */
static const struct {
	enum id_scheme scheme;
	const char *value;
} probed[] = {
	{ ID_UUID, "UUID" },
	{ ID_PARTUUID, "PART_ENTRY_UUID" },
};

static const struct {
	enum id_scheme scheme;
	const char *attribute;
} attributes[] = {
	{ ID_DM_UUID, "dm/uuid" },
	{ ID_WWN, "wwid" },
	{ ID_SERIAL, "device/serial" },
	{ ID_SERIAL, "serial" },
};

static char *copy_text(const char *text)
{
	return text && *text ? xstrdup(text) : NULL;
}

/* Serial numbers of the slots of a card reader differ by their place in it. */
static void add_instance(struct udev_device *device, char **serial)
{
	const char *usb = udev_device_get_property_value(device, "ID_USB_SERIAL_SHORT");
	const char *instance = udev_device_get_property_value(device, "ID_USB_INSTANCE");
	char *text;

	if (!*serial || !instance || !is_same_text(*serial, usb) || strcmp(instance, "0:0") == 0)
		return;
	text = xasprintf("%s-%s", *serial, instance);
	free(*serial);
	*serial = text;
}

static void ask_udev(struct udev_device *device, struct evidence *evidence)
{
	bool is_partition = is_same_text(udev_device_get_devtype(device), "partition");

	evidence->is_known_to_udev = udev_device_get_is_initialized(device) > 0;
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		char **place = &evidence->udev[properties[i].scheme];
		const char *text = udev_device_get_property_value(device, properties[i].property);

		if (*place || (properties[i].scheme == ID_MD_UUID && is_partition))
			continue;
		*place = text && *text && properties[i].is_encoded ? text_unescape(text)
								   : copy_text(text);
	}
	add_instance(device, &evidence->udev[ID_SERIAL]);
}

static void ask_sysfs(struct udev_device *device, struct evidence *evidence)
{
	bool is_partition = is_same_text(udev_device_get_devtype(device), "partition");
	struct udev_device *disk = is_partition ? udev_device_get_parent(device) : device;
	const char *number = udev_device_get_sysattr_value(device, "partition");

	evidence->partition = number ? (unsigned int)strtoul(number, NULL, 10) : 0;
	for (size_t i = 0; disk && i < ARRAY_SIZE(attributes); i++) {
		char **place = &evidence->probe[attributes[i].scheme];
		struct udev_device *from = attributes[i].scheme == ID_DM_UUID ? device : disk;

		if (!*place)
			*place = copy_text(
				udev_device_get_sysattr_value(from, attributes[i].attribute));
	}
}

static void take_values(blkid_probe probe, struct evidence *evidence)
{
	const char *text;

	for (size_t i = 0; i < ARRAY_SIZE(probed); i++)
		if (blkid_probe_lookup_value(probe, probed[i].value, &text, NULL) == 0)
			evidence->probe[probed[i].scheme] = copy_text(text);
	if (blkid_probe_lookup_value(probe, "TYPE", &text, NULL) == 0)
		evidence->fstype = copy_text(text);
}

static char *probe_device(int fd, struct evidence *evidence)
{
	blkid_probe probe = blkid_new_probe();
	char *fault = NULL;
	int r;

	if (!probe)
		return xstrdup("out of memory");
	errno = 0;
	r = blkid_probe_set_device(probe, fd, 0, 0);
	if (r == 0) {
		blkid_probe_enable_superblocks(probe, 1);
		blkid_probe_set_superblocks_flags(
			probe, BLKID_SUBLKS_UUID | BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE);
		blkid_probe_enable_partitions(probe, 1);
		blkid_probe_set_partitions_flags(probe, BLKID_PARTS_ENTRY_DETAILS);
		r = blkid_do_safeprobe(probe);
	}
	if (r == -2)
		fault = xstrdup("ambivalent content: more than one superblock");
	else if (r < 0)
		fault = xasprintf("cannot read: %s", strerror(errno ? errno : EIO));
	else
		take_values(probe, evidence);
	blkid_free_probe(probe);
	return fault;
}

static int look_at(int fd, const struct stat *status, struct evidence *evidence)
{
	struct udev *udev = udev_new();
	struct udev_device *device =
		udev ? udev_device_new_from_devnum(udev, 'b', status->st_rdev) : NULL;

	if (device) {
		evidence->name = xstrdup(udev_device_get_sysname(device));
		evidence->node = copy_text(udev_device_get_devnode(device));
		ask_udev(device, evidence);
		ask_sysfs(device, evidence);
		if (fd >= 0)
			evidence->fault = probe_device(fd, evidence);
		udev_device_unref(device);
	}
	udev_unref(udev);
	return device ? 0 : -ENODEV;
}

int evidence_gather(const char *node, struct evidence *ret_evidence)
{
	struct evidence evidence = { 0 };
	struct stat status;
	int fd, r;

	if (stat(node, &status) < 0)
		return -errno;
	if (!S_ISBLK(status.st_mode))
		return -ENOTBLK;
	fd = open(node, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		evidence.fault = xasprintf("cannot open: %s%s", strerror(errno),
			errno == EACCES ? " (only root and the group disk can)" : "");
	else if (fstat(fd, &status) < 0 || !S_ISBLK(status.st_mode))
		evidence.fault = xstrdup("it has just gone");
	r = look_at(fd, &status, &evidence);
	if (fd >= 0)
		close(fd);
	if (r < 0) {
		evidence_fini(&evidence);
		return r;
	}
	*ret_evidence = evidence;
	return 0;
}

void evidence_fini(struct evidence *evidence)
{
	for (size_t i = 0; i < ID_SCHEMES; i++) {
		free(evidence->udev[i]);
		free(evidence->probe[i]);
	}
	free(evidence->node);
	free(evidence->name);
	free(evidence->fstype);
	free(evidence->fault);
	*evidence = (struct evidence){ 0 };
}

bool evidence_format(
	const struct evidence *evidence, enum id_scheme scheme, char ret_id[UNIQUE_ID_MAX + 1])
{
	bool is_on_medium = scheme == ID_UUID || scheme == ID_PARTUUID || scheme == ID_DM_UUID;
	const char *first = is_on_medium ? evidence->probe[scheme] : evidence->udev[scheme];
	const char *second = is_on_medium ? evidence->udev[scheme] : evidence->probe[scheme];

	if (is_on_medium && !evidence->fault)
		second = NULL; /* the device is asked, not the memory of it */
	return unique_id_format(scheme, first ? first : second, evidence->partition, ret_id);
}
