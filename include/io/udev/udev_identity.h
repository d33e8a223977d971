/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

struct udev_device;

/*
 * Identities of hardware and arrays. Owned texts, NULL: none, or none that would be the same with
 * and without udevd. See udev_identity.c.
 */
char *identity_get_serial_of_udevd(struct udev_device *device);
/*
 * The serial number of a disk, which is taken and may be NULL, as that of its NVMe namespace: the
 * namespaces of a controller share its number. The first has it alone, as most have no other.
 */
char *identity_add_namespace(char *serial, struct udev_device *disk);
char *identity_get_wwn(struct udev_device *disk);
char *identity_get_serial(struct udev_device *disk);
char *identity_get_md_uuid(struct udev_device *device);
/* Whether a multipath map has the disk, or the disk of the partition. */
bool identity_is_path(struct udev_device *disk);
