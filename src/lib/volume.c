/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Codes that a volume answers. A link of the tree leads to a block device, whose driver does not
 * know them; the mount manager does, which is asked by the name that the kernel has for the device.
 * Or it leads to where a filesystem is mounted that is on no device, which is a volume if somebody
 * said so.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/utf.h"
#include "lib/volume.h"

static const struct {
	uint32_t code;
	uint32_t question;
} questions[] = {
	{ IOCTL_MOUNTDEV_QUERY_UNIQUE_ID, IOCTL_MMFS_QUERY_UNIQUE_ID },
	{ IOCTL_MOUNTDEV_QUERY_DEVICE_NAME, IOCTL_MMFS_QUERY_DEVICE_NAME },
	{ IOCTL_MOUNTDEV_QUERY_SUGGESTED_LINK_NAME, IOCTL_MMFS_QUERY_SUGGESTED_LINK_NAME },
	{ IOCTL_MOUNTDEV_QUERY_STABLE_GUID, IOCTL_MMFS_QUERY_STABLE_GUID },
};

/* The kernel's name of a block device: the last part of where sysfs has it. */
static int get_name(dev_t number, char ret_name[256])
{
	char path[64], target[512];
	const char *name;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(number), minor(number));
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	target[len] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (strlen(name) >= 256)
		return -ENAMETOOLONG;
	strcpy(ret_name, name);
	return 0;
}

bool volume_is_one(const struct stat *status)
{
	return S_ISBLK(status->st_mode) || (S_ISDIR(status->st_mode) && major(status->st_dev) == 0);
}

int volume_get_question(int fd, uint32_t code, struct volume_question *ret_question)
{
	char name[256];
	struct stat status;
	size_t len;
	int r;

	*ret_question = (struct volume_question){ 0 };
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (questions[i].code == code)
			ret_question->code = questions[i].question;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!volume_is_one(&status))
		return -EBADF;
	if (!ret_question->code)
		return -ENOTTY;
	r = S_ISBLK(status.st_mode) ? get_name(status.st_rdev, name) : 0;
	if (r < 0)
		return r;
	if (!S_ISBLK(status.st_mode))
		snprintf(name, sizeof(name), "0:%u", minor(status.st_dev)); /* as mmfs calls it */
	len = utf16_from_utf8(name, strlen(name), ret_question->target + 2);
	ret_question->target[0] = (uint8_t)len;
	ret_question->target[1] = (uint8_t)(len >> 8);
	ret_question->len =
		(uint32_t)(len + 2 < sizeof(MOUNTMGR_TARGET_NAME) ? sizeof(MOUNTMGR_TARGET_NAME)
								  : len + 2);
	return 0;
}
