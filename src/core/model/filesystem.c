/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filesystems of several devices (btrfs, bcachefs). One of the devices is the volume, see
 * ownership.c; the kernel calls the mounted filesystem by the name of any of them, and not every
 * device has to be here.
 *
 * Most filesystems have one device. For these nothing is looked up beyond their own.
 */

#include <string.h>

#include "core/model/filesystem.h"

/* Offsets within the superblock, of numbers in little-endian order. */
static const struct superblock {
	const char *fstype;
	uint64_t start;
	size_t magic_offset;
	const char *magic;
	size_t magic_len;
	size_t count_offset;
	size_t count_size;
} superblocks[] = {
	{ "btrfs", 65536, 64, "_BHRfS_M", 8, 136, 8 },
	{ "bcachefs", 4096, 24, "\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef",
		16, 123, 1 },
};

static const struct superblock *find_superblock(const char *fstype)
{
	for (size_t i = 0; i < ARRAY_SIZE(superblocks); i++)
		if (is_same_text(superblocks[i].fstype, fstype))
			return &superblocks[i];
	return NULL;
}

uint64_t filesystem_get_superblock(const char *fstype)
{
	const struct superblock *superblock = find_superblock(fstype);

	return superblock ? superblock->start : 0;
}

unsigned int filesystem_parse_members(
	const char *fstype, const unsigned char *superblock, size_t size)
{
	const struct superblock *is = find_superblock(fstype);
	uint64_t count = 0;

	if (!is || size < is->magic_offset + is->magic_len ||
		size < is->count_offset + is->count_size ||
		memcmp(superblock + is->magic_offset, is->magic, is->magic_len) != 0)
		return 0;
	for (size_t i = is->count_size; i > 0; i--)
		count = count << 8 | superblock[is->count_offset + i - 1];
	return count <= DEVICE_MEMBERS_MAX ? (unsigned int)count : 0;
}

const struct device *filesystem_find_owner(
	const struct volumes *volumes, const struct device *device)
{
	const struct device *owner;
	char id[UNIQUE_ID_MAX + 1];

	if (device->id || !device->uuid_sub ||
		!unique_id_format(ID_UUID, device->identity[ID_UUID], 0, id))
		return device->id ? device : NULL;
	owner = volumes_find_id(volumes, id);
	return owner && device_is_of_same_filesystem(owner, device) ? owner : NULL;
}

/* Whether another device before this one in their order is the same one of the filesystem. */
static bool has_twin_before(
	const struct volumes *volumes, const struct device *of, const struct device *member)
{
	const struct device *other = NULL;

	while ((other = volumes_next_member(volumes, of, other)) != member)
		if (is_same_text(other->uuid_sub, member->uuid_sub))
			return true;
	return false;
}

bool filesystem_is_incomplete(const struct volumes *volumes, const struct device *device)
{
	const struct device *member = NULL;
	unsigned int count = 1;

	if (device->members < 2)
		return false;
	while (count < device->members && (member = volumes_next_member(volumes, device, member)))
		count += !has_twin_before(volumes, device, member);
	return count < device->members;
}

const struct mount *filesystem_next_mount(const struct volumes *volumes,
	const struct mounts *mounts, const struct device *device, const struct mount *mount)
{
	const struct device *member = NULL;
	uint64_t number = mount ? mount->number : device->number;
	const struct mount *next = mounts_next(mounts, number, mount);

	if (next || !device->uuid_sub)
		return next;
	if (number != device->number) {
		do
			member = volumes_next_member(volumes, device, member);
		while (member && member->number != number);
		if (!member)
			return NULL;
	}
	while (!next && (member = volumes_next_member(volumes, device, member)))
		next = mounts_next(mounts, member->number, NULL);
	return next;
}

bool filesystem_is_mounted(
	const struct volumes *volumes, const struct mounts *mounts, const struct device *device)
{
	const struct device *member = NULL;

	if (mounts_has(mounts, device->number))
		return true;
	while (device->uuid_sub && (member = volumes_next_member(volumes, device, member)))
		if (mounts_has(mounts, member->number))
			return true;
	return false;
}

bool filesystem_is_remounted(const struct volumes *volumes, const struct mounts *before,
	const struct mounts *now, const struct device *device)
{
	const struct mount *old = filesystem_next_mount(volumes, before, device, NULL);
	const struct mount *new = filesystem_next_mount(volumes, now, device, NULL);

	if (old && new)
		return old->origin != new->origin || old->super != new->super;
	return filesystem_is_mounted(volumes, before, device) !=
		filesystem_is_mounted(volumes, now, device);
}
