/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/map.h"
#include "core/syntax/unique_id.h"

/* Bits of device::partition_flags. */
#define DEVICE_GPT_HIDDEN (UINT64_C(1) << 62)
#define DEVICE_GPT_NO_DRIVE_LETTER (UINT64_C(1) << 63)

#define DEVICE_MEMBERS_MAX 65536 /* devices of a filesystem: who claims more is not believed */

/* How a device is attached: what it takes to forge one, from hard to easy. */
enum attachment {
	ATTACHMENT_UNKNOWN, /* nothing follows from it */
	ATTACHMENT_INTERNAL,
	ATTACHMENT_EXTERNAL, /* anybody with hands can plug it in */
	ATTACHMENT_VIRTUAL,  /* made of a file or of memory */
	ATTACHMENTS
};

enum device_kind {
	DEVICE_NOTHING,	   /* it has no size: not listed anywhere */
	DEVICE_VOLUME,	   /* something that can be addressed */
	DEVICE_DISK,	   /* has a partition table */
	DEVICE_MEMBER,	   /* others are made of it */
	DEVICE_BLANK,	   /* neither content nor table */
	DEVICE_UNREADABLE, /* nobody knows */
};

/*
 * A block device as udev, the kernel and libblkid describe it. Texts come from hardware and from
 * superblocks: they are hostile, bounded by whoever fills them in, and NULL where unknown. Each
 * belongs to the device by itself until device_pack().
 */
struct device {
	struct map_node by_name; /* volumes::by_name, or volumes::dismissed */
	struct map_node by_id;	 /* volumes::by_id, while it has an ID */

	char *name;	  /* kernel name, "sda2" */
	char *node;	  /* "/dev/sda2" */
	uint64_t number;  /* dev_t */
	uint64_t diskseq; /* 0: unknown */
	uint64_t size;	  /* bytes */
	uint64_t start;	  /* bytes: of a partition on its disk, or a loop device in its file */
	unsigned int partition; /* partition number, 0: a whole device */
	unsigned int members;	/* devices that its filesystem has, 0: unknown */
	enum attachment attachment;
	bool is_removable : 1;
	bool is_fabric : 1; /* other hosts may reach it, too: iSCSI, FC, NVMe over fabrics */
	bool is_read_only : 1;
	bool is_virtual : 1;	 /* device-mapper or md */
	bool is_held : 1;	 /* by another device, or as swap */
	bool is_component : 1;	 /* belongs to a multipath map or the like */
	bool is_by_kernel : 1;	 /* what only udevd knows is not told */
	bool is_serial_void : 1; /* another disk has the same, so it is not told */
	bool has_partitions : 1; /* a whole device that others are parts of, as its table says */
	bool is_displaced : 1;	 /* decided by volumes: not under the first of its IDs */
	bool is_unwritten : 1; /* likewise: what it brings has yet to be written to the database */
	bool is_unshared : 1;  /* … to that of all hosts, which takes nothing now */
	bool is_arriving : 1;  /* likewise: that its volume has come, too */
	bool is_barred : 1;    /* likewise: it is a stranger to what it says it is */
	bool is_founder : 1; /* likewise: nothing was known of its filesystem of several devices */
	bool is_gone : 1;    /* and that has yet to be decided: its node leads nowhere */
	bool had_names : 1;  /* likewise, in volumes::dismissed: names led to it */
	bool is_packed : 1; /* all texts of the description are one block, which begins with name */
	enum device_kind kind : 4; /* decided by volumes */
	unsigned int identity_count : 4;
	char *slaves; /* kernel names of what it is made of, separated by spaces */

	char *identity[ID_KINDS];
	char *fstype; /* "ext4" */
	char *usage;  /* libblkid's: filesystem, raid, crypto, other */
	char *label;
	char *table;		  /* partition table type: "gpt" */
	char *partition_type;	  /* "0x5", or a GUID */
	char *uuid_sub;		  /* of this device, of the several the filesystem has */
	char *partition_name;	  /* in its table's entry, "EFI system partition" */
	uint64_t partition_flags; /* attributes of a GPT entry; 0 in other tables */
	char *fault;		  /* why its content could not be read */
	char *doubt;		  /* why it may be something else than what is told here */

	/* Decided by volumes: */
	const char *id;		     /* unique ID it is present under, one of its identities */
	char *reason;		     /* why it has none though it might */
	char *former;		     /* the last ID it was present under, while it has none */
	struct identity *identities; /* as IDs, once decided about; one block with their texts */
	struct holding *holdings;    /* of volumes::holdings */
};

/* What a device could be known by, in text; several devices may have the same. */
struct identity {
	struct device *device;
	enum id_scheme scheme;
	const char *text; /* "WWN=0x5000c500a1b2c3d4-part1" */
};

/*
 * What the device is by its content. `ret_reason` (of the device, or static storage): why it has
 * no unique ID; NULL: it is a volume that may have one, or nothing.
 */
enum device_kind device_get_kind(const struct device *device, const char **ret_reason);
bool device_is_volume(const struct device *device);
/* "disk" */
const char *device_kind_get_word(enum device_kind kind);

/* Media that carry a partition table for firmware's sake, yet are used as one filesystem. */
bool device_is_disc(const struct device *device);

/* Whether its filesystem is of a type that may have several devices. */
bool device_has_members(const struct device *device);

/*
 * Whether both are devices of one filesystem, which is addressed by one of them. btrfs numbers its
 * devices, too, but the first may have been removed, and libblkid does not tell.
 */
bool device_is_of_same_filesystem(const struct device *a, const struct device *b);

/* "internal"; NULL for an unknown one. */
const char *attachment_get_name(enum attachment attachment);
/* The attachment with that name; false: there is none. */
bool attachment_parse(const char *name, enum attachment *ret_attachment);

/* The texts of a description, by number; its name is the first. */
#define DEVICE_TEXTS 19
char **device_get_text(const struct device *device, size_t i);

struct device *device_new(const char *name);
void device_free(struct device *device);
/* The description without what volumes decided. */
struct device *device_copy(const struct device *device);
/*
 * Moves the texts of the description into one block: there are many devices, and few change again.
 */
void device_pack(struct device *device);
/*
 * Whether a kernel name matches one of the globs, which are separated by colons, and none of those
 * behind a `!`. Without a positive glob everything else matches. `/dev/` in front of a glob, which
 * no kernel name has, is left out.
 */
bool device_name_matches(const char *name, const char *globs);
/* Whether these are the kernel names of a partition and its disk: sda1, loop2p1. */
bool device_is_partition_of(const char *name, const char *disk);
/* Writes its identities down as IDs, unless they are. */
void device_list_identities(struct device *device);
/* The ID of a scheme, or NULL. */
const char *device_get_identity(const struct device *device, enum id_scheme scheme);
/*
 * What a name is filed under that is given to a device which is no volume: the first of its
 * DM_UUID, MD_UUID, WWN and SERIAL, or NULL. Whatever is on it, these stay.
 */
const char *device_get_own_id(const struct device *device);
/* Kernel names in the order people count: loop2 before loop10. */
int device_compare_names(const char *a, const char *b);
/* The label that a volume suggests for a link, of its filesystem or else its partition, or NULL. */
const char *device_get_suggestion(const struct device *device);
/* Whether the device is made of the one with that name. */
bool device_has_slave(const struct device *device, const char *name);
/*
 * Whether a description is of the same device, with the same medium, as the one before (NULL: there
 * is none). Only the kernel's number of the medium tells, which Linux has had since 5.15.
 */
bool device_is_same(const struct device *before, const struct device *now);
/* Whether both describe the same; what volumes decided is not compared. */
bool device_is_equal(const struct device *a, const struct device *b);

DEFINE_CLEANUP(struct device, device_free)
