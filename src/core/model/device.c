/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One block device: its description, and whether that makes it a volume.
 */

#include <assert.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "core/model/device.h"

/* Where the texts of a description are; the name, which every device has, is the first. */
static const size_t texts[DEVICE_TEXTS] = {
	offsetof(struct device, name),
	offsetof(struct device, node),
	offsetof(struct device, slaves),
	offsetof(struct device, identity[ID_UUID]),
	offsetof(struct device, identity[ID_PARTUUID]),
	offsetof(struct device, identity[ID_DM_UUID]),
	offsetof(struct device, identity[ID_MD_UUID]),
	offsetof(struct device, identity[ID_WWN]),
	offsetof(struct device, identity[ID_SERIAL]),
	offsetof(struct device, identity[ID_PATH]),
	offsetof(struct device, fstype),
	offsetof(struct device, usage),
	offsetof(struct device, label),
	offsetof(struct device, table),
	offsetof(struct device, partition_type),
	offsetof(struct device, uuid_sub),
	offsetof(struct device, partition_name),
	offsetof(struct device, fault),
	offsetof(struct device, doubt),
};

char **device_get_text(const struct device *device, size_t i)
{
	return (char **)((char *)device + texts[i]);
}

static const char *const attachments[ATTACHMENTS] = {
	[ATTACHMENT_INTERNAL] = "internal",
	[ATTACHMENT_EXTERNAL] = "external",
	[ATTACHMENT_VIRTUAL] = "virtual",
};

const char *attachment_get_name(enum attachment attachment)
{
	return attachments[attachment];
}

bool attachment_parse(const char *name, enum attachment *ret_attachment)
{
	for (size_t i = 0; i < ATTACHMENTS; i++) {
		if (!is_same_text(attachments[i], name))
			continue;
		*ret_attachment = (enum attachment)i;
		return true;
	}
	return false;
}

struct device *device_new(const char *name)
{
	struct device *device = xcalloc(1, sizeof(*device));

	device->name = xstrdup(name);
	return device;
}

void device_free(struct device *device)
{
	if (!device)
		return;
	for (size_t i = 0; i < (device->is_packed ? 1 : ARRAY_SIZE(texts)); i++)
		free(*device_get_text(device, i));
	free(device->reason);
	free(device->former);
	free(device->identities);
	free(device);
}

struct device *device_copy(const struct device *device)
{
	struct device *copy = xcalloc(1, sizeof(*copy));

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *text = *device_get_text(device, i);

		*device_get_text(copy, i) = text ? xstrdup(text) : NULL;
	}
	copy->number = device->number;
	copy->diskseq = device->diskseq;
	copy->size = device->size;
	copy->start = device->start;
	copy->partition = device->partition;
	copy->members = device->members;
	copy->attachment = device->attachment;
	copy->is_removable = device->is_removable;
	copy->is_fabric = device->is_fabric;
	copy->is_read_only = device->is_read_only;
	copy->is_virtual = device->is_virtual;
	copy->is_by_kernel = device->is_by_kernel;
	copy->is_serial_void = device->is_serial_void;
	copy->is_held = device->is_held;
	copy->is_component = device->is_component;
	copy->has_partitions = device->has_partitions;
	copy->partition_flags = device->partition_flags;
	return copy;
}

void device_pack(struct device *device)
{
	size_t size = 0;
	char *room;

	assert(!device->is_packed);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		size += text_get_size(*device_get_text(device, i));
	device->is_packed = true;
	room = xcalloc(1, size);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_free_ char *text = *device_get_text(device, i);

		*device_get_text(device, i) = text_put(&room, text);
	}
}

static bool is_matched(const char *name, const char *glob)
{
	if (strncmp(glob, "/dev/", strlen("/dev/")) == 0)
		glob += strlen("/dev/");
	return fnmatch(glob, name, 0) == 0;
}

bool device_name_matches(const char *name, const char *globs)
{
	_cleanup_free_ char *copy = xstrdup(globs);
	bool has_positive = false, matches = false;
	char *rest = copy, *glob;

	while ((glob = strsep(&rest, ":"))) {
		if (*glob == '!') {
			if (is_matched(name, glob + 1))
				return false;
			continue;
		}
		has_positive |= *glob != '\0';
		matches |= is_matched(name, glob);
	}
	return matches || !has_positive;
}

bool device_is_same(const struct device *before, const struct device *now)
{
	return before && before->number == now->number && before->diskseq &&
		before->diskseq == now->diskseq && before->partition == now->partition &&
		before->start == now->start && now->size;
}

bool device_is_equal(const struct device *a, const struct device *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!is_same_text(*device_get_text(a, i), *device_get_text(b, i)))
			return false;
	return a->number == b->number && a->diskseq == b->diskseq && a->size == b->size &&
		a->start == b->start && a->is_held == b->is_held && a->partition == b->partition &&
		a->members == b->members && a->attachment == b->attachment &&
		a->is_removable == b->is_removable && a->is_fabric == b->is_fabric &&
		a->is_read_only == b->is_read_only && a->is_virtual == b->is_virtual &&
		a->is_component == b->is_component && a->is_serial_void == b->is_serial_void &&
		a->has_partitions == b->has_partitions && a->partition_flags == b->partition_flags;
}

static bool is_extended_partition(const char *type)
{
	return type &&
		(strcasecmp(type, "0x5") == 0 || strcasecmp(type, "0xf") == 0 ||
			strcasecmp(type, "0x85") == 0);
}

/*
 * Superblocks of something that other devices are made of, and of journals of filesystems that are
 * elsewhere. libblkid's usage tells most of the former, not all.
 */
static const char *find_membership(const struct device *device)
{
	static const struct {
		const char *fstype, *reason;
	} members[] = {
		{ "zfs_member", "member of ZFS" },
		{ "bcache", "member of bcache" },
		{ "LVM2_member", "member of LVM" },
		{ "LVM1_member", "member of LVM" },
		{ "linux_raid_member", "member of RAID" },
		{ "mpath_member", "member of multipath" },
		{ "drbd", "member of DRBD" },
		{ "drbdmanage_control_volume", "member of DRBD" },
		{ "drbdproxy_datalog", "member of DRBD" },
		{ "VMFS_volume_member", "member of VMFS" },
		{ "ceph_bluestore", "member of Ceph" },
		{ "stratis", "member of Stratis" },
		{ "vdo", "member of VDO" },
		{ "mpool", "member of mpool" },
		{ "oracleasm", "member of Oracle ASM" },
		{ "DM_integrity", "member of device-mapper (dm-integrity)" },
		{ "DM_verity_hash", "member of device-mapper (dm-verity)" },
		{ "DM_snapshot_cow", "member of device-mapper (snapshot)" },
		{ "jbd", "external journal of a filesystem" },
		{ "xfs_external_log", "external journal of a filesystem" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (is_same_text(device->fstype, members[i].fstype))
			return members[i].reason;
	return is_same_text(device->usage, "raid") ? "member of RAID" : NULL;
}

bool device_is_disc(const struct device *device)
{
	return is_same_text(device->fstype, "iso9660") || is_same_text(device->fstype, "udf");
}

bool device_has_members(const struct device *device)
{
	return is_same_text(device->fstype, "btrfs") || is_same_text(device->fstype, "bcachefs");
}

bool device_is_of_same_filesystem(const struct device *a, const struct device *b)
{
	return device_has_members(a) && is_same_text(a->fstype, b->fstype) &&
		is_same_text(a->identity[ID_UUID], b->identity[ID_UUID]) && a->uuid_sub &&
		b->uuid_sub && !is_same_text(a->uuid_sub, b->uuid_sub);
}

static bool has_identity(const struct device *device)
{
	char id[UNIQUE_ID_MAX + 1];

	for (size_t i = 0; i < ID_SCHEMES; i++)
		if (unique_id_format((enum id_scheme)i, device->identity[i], device->partition, id))
			return true;
	return false;
}

/* A superblock counts even if sector 0 also looks like a table that the kernel makes nothing of. */
static bool is_disk(const struct device *device)
{
	return !device->partition && device->table && !device_is_disc(device) &&
		(device->has_partitions || !device->fstype);
}

static const char *get_component_reason(const struct device *device)
{
	return strncmp(device->name, "dm-", 3) == 0 ? "member of LVM" : "path of multipath";
}

enum device_kind device_get_kind(const struct device *device, const char **ret_reason)
{
	const char *reason = NULL;
	enum device_kind kind = DEVICE_VOLUME;

	if (device->size == 0) {
		kind = DEVICE_NOTHING;
	} else if (device->is_component) {
		kind = DEVICE_MEMBER;
		reason = get_component_reason(device);
	} else if (device->partition && is_extended_partition(device->partition_type)) {
		kind = DEVICE_DISK;
		reason = "extended partition: its table is that of the logical ones";
	} else if (device->fault) {
		kind = DEVICE_UNREADABLE;
		reason = device->fault;
	} else if (find_membership(device)) {
		kind = DEVICE_MEMBER;
		reason = find_membership(device);
	} else if (is_disk(device)) {
		kind = DEVICE_DISK;
		reason = device->has_partitions
			? "partition table"
			: "partition table without partitions: is the sector size right?";
	} else if (device->partition && (device->partition_flags & DEVICE_GPT_HIDDEN)) {
		reason = "hidden by its partition attributes";
	} else if (!device->partition && !device->fstype && !device->doubt) {
		kind = DEVICE_BLANK;
		reason = "no content";
	} else if (!device->partition && !device->fstype && !has_identity(device)) {
		kind = DEVICE_UNREADABLE;
		reason = device->doubt;
	}
	*ret_reason = reason;
	return kind;
}

bool device_is_volume(const struct device *device)
{
	const char *reason;

	return device_get_kind(device, &reason) == DEVICE_VOLUME && !reason;
}

const char *device_kind_get_word(enum device_kind kind)
{
	static const char *const words[] = {
		[DEVICE_NOTHING] = "nothing",
		[DEVICE_VOLUME] = "volume",
		[DEVICE_DISK] = "disk",
		[DEVICE_MEMBER] = "member",
		[DEVICE_BLANK] = "blank",
		[DEVICE_UNREADABLE] = "unreadable",
	};

	return words[kind];
}

void device_list_identities(struct device *device)
{
	char ids[ID_KINDS][UNIQUE_ID_MAX + 1];
	size_t size = 0, count = 0;
	char *room;

	if (device->identities)
		return;
	for (size_t i = 0; i < ID_KINDS; i++) {
		if (!unique_id_format(
			    (enum id_scheme)i, device->identity[i], device->partition, ids[i]))
			ids[i][0] = '\0';
		size += *ids[i] ? sizeof(struct identity) + text_get_size(ids[i]) : 0;
		count += *ids[i] != '\0';
	}
	device->identities = xcalloc(1, size + 1);
	room = (char *)(device->identities + count);
	for (size_t i = 0; i < ID_KINDS; i++) {
		if (!*ids[i])
			continue;
		device->identities[device->identity_count++] = (struct identity){
			.device = device,
			.scheme = (enum id_scheme)i,
			.text = text_put(&room, ids[i]),
		};
	}
}

const char *device_get_identity(const struct device *device, enum id_scheme scheme)
{
	for (size_t i = 0; i < device->identity_count; i++)
		if (device->identities[i].scheme == scheme)
			return device->identities[i].text;
	return NULL;
}

const char *device_get_own_id(const struct device *device)
{
	static const enum id_scheme schemes[] = { ID_DM_UUID, ID_MD_UUID, ID_WWN, ID_SERIAL };
	const char *id = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(schemes) && !id; i++)
		id = device_get_identity(device, schemes[i]);
	return id;
}

bool device_has_slave(const struct device *device, const char *name)
{
	size_t len = strlen(name);

	for (const char *c = device->slaves; c && *c; c += strcspn(c, " "), c += *c == ' ')
		if (strncmp(c, name, len) == 0 && (c[len] == ' ' || !c[len]))
			return true;
	return false;
}

bool device_is_partition_of(const char *name, const char *disk)
{
	size_t len = strlen(disk);

	if (!len || strncmp(name, disk, len) != 0)
		return false;
	name += len;
	if (strchr("0123456789", disk[len - 1]) && *name++ != 'p')
		return false;
	return *name && !name[strspn(name, "0123456789")];
}

int device_compare_names(const char *a, const char *b)
{
	size_t len_a = strlen(a), len_b = strlen(b);

	if (len_a != len_b)
		return len_a < len_b ? -1 : 1;
	return strcmp(a, b);
}

const char *device_get_suggestion(const struct device *device)
{
	return device->label && *device->label ? device->label : device->partition_name;
}
