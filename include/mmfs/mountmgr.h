/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The binary interface of mmfs: the control codes, structures and statuses of the mount manager's
 * clients, as documented for Windows, and the one call that carries them to a `MountPointManager`
 * file. For C (from C89 with stdint.h) and C++; needs libmmfs for the call alone.
 *
 * What holds for all structures: they are little endian and naturally aligned; lengths and offsets
 * are bytes; strings are UTF-16LE without a NUL unless it is said. The layouts are the same on 32-
 * and 64-bit machines, which the assertions below hold the compiler to.
 *
 * Where facts come from, in brackets: [D] the documentation of the driver kit for mountmgr.h and
 * mountdev.h; [H] numbers and layouts as the public SDK has them; [T] measured on Windows by public
 * conformance tests. What is mmfs's own says so.
 */
#ifndef MMFS_MOUNTMGR_H
#define MMFS_MOUNTMGR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__cplusplus) && __cplusplus >= 201103L
#define MMFS_ASSERT(condition, name) static_assert(condition, #name)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define MMFS_ASSERT(condition, name) _Static_assert(condition, #name)
#else
#define MMFS_ASSERT(condition, name) typedef char mmfs_assert_##name[(condition) ? 1 : -1]
#endif

#define MMFS_INLINE static __inline__ __attribute__((__unused__))

/* The file at the top of the mount, named as the device on Windows [D]. */
#define MMFS_MANAGER_NAME "MountPointManager"

/*
 * Control codes: (device type << 16) | (access << 14) | (function << 2) | method. The method is
 * always buffered (0); the device type is 'm', and 'M' for codes that volumes answer [D][H].
 */
#define MOUNTMGRCONTROLTYPE 0x6Du /* 'm' */
#define MOUNTDEVCONTROLTYPE 0x4Du /* 'M' */

/* Access bits: what the descriptor must have been opened for [H]. */
#define MMFS_ACCESS_ANY 0u
#define MMFS_ACCESS_READ 1u
#define MMFS_ACCESS_WRITE 2u

#define MMFS_CTL_CODE(type, function, access) \
	(((type) << 16) | ((access) << 14) | ((function) << 2))
#define MMFS_CTL_FUNCTION(code) (((code) >> 2) & 0xFFFu)
#define MMFS_CTL_ACCESS(code) (((code) >> 14) & 3u)

/* in MOUNTMGR_CREATE_POINT_INPUT and two strings: gives a volume one more link */
#define IOCTL_MOUNTMGR_CREATE_POINT 0x006DC000u
/* in MOUNTMGR_MOUNT_POINT and strings, out MOUNTMGR_MOUNT_POINTS: deletes what matches, returns it */
#define IOCTL_MOUNTMGR_DELETE_POINTS 0x006DC004u
/* the same: returns what matches */
#define IOCTL_MOUNTMGR_QUERY_POINTS 0x006D0008u
/* the same: deletes what matches from the database; links stay until their volume goes */
#define IOCTL_MOUNTMGR_DELETE_POINTS_DBONLY 0x006DC00Cu
/* in MOUNTMGR_DRIVE_LETTER_TARGET, out MOUNTMGR_DRIVE_LETTER_INFORMATION */
#define IOCTL_MOUNTMGR_NEXT_DRIVE_LETTER 0x006DC010u
/* no data: letters for all volumes, and for those that arrive from then on */
#define IOCTL_MOUNTMGR_AUTO_DL_ASSIGNMENTS 0x006DC014u
/* in MOUNTMGR_VOLUME_MOUNT_POINT and two strings: a volume is now mounted on a folder of another */
#define IOCTL_MOUNTMGR_VOLUME_MOUNT_POINT_CREATED 0x006DC018u
/* the same: it is no more */
#define IOCTL_MOUNTMGR_VOLUME_MOUNT_POINT_DELETED 0x006DC01Cu
/* in and out MOUNTMGR_CHANGE_NOTIFY_INFO: waits until the number of changes is another */
#define IOCTL_MOUNTMGR_CHANGE_NOTIFY 0x006D4020u
/* in MOUNTMGR_TARGET_NAME: keeps the links of a volume while it is absent */
#define IOCTL_MOUNTMGR_KEEP_LINKS_WHEN_OFFLINE 0x006DC024u
/* no data: looks once more at devices without a unique ID */
#define IOCTL_MOUNTMGR_CHECK_UNPROCESSED_VOLUMES 0x006D4028u
/* in MOUNTMGR_TARGET_NAME: looks at a device now */
#define IOCTL_MOUNTMGR_VOLUME_ARRIVAL_NOTIFICATION 0x006D402Cu
/* in MOUNTMGR_TARGET_NAME, out MOUNTMGR_VOLUME_PATHS: the path a volume is best known by */
#define IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATH 0x006D0030u
/* the same: all paths of a volume */
#define IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATHS 0x006D0034u
/* no data: forgets volumes that are neither present nor kept */
#define IOCTL_MOUNTMGR_SCRUB_REGISTRY 0x006DC038u
/* out MOUNTMGR_QUERY_AUTO_MOUNT */
#define IOCTL_MOUNTMGR_QUERY_AUTO_MOUNT 0x006D003Cu
/* in MOUNTMGR_SET_AUTO_MOUNT */
#define IOCTL_MOUNTMGR_SET_AUTO_MOUNT 0x006DC040u
/* Not documented [H]: mmfs answers STATUS_INVALID_DEVICE_REQUEST, as to any unknown code. */
#define IOCTL_MOUNTMGR_BOOT_DL_ASSIGNMENT 0x006DC044u
#define IOCTL_MOUNTMGR_TRACELOG_CACHE 0x006D4048u
/* in MOUNTMGR_TARGET_NAME: what is known of a volume goes with it; takes that back */
#define IOCTL_MOUNTMGR_PREPARE_VOLUME_DELETE 0x006DC04Cu
#define IOCTL_MOUNTMGR_CANCEL_VOLUME_DELETE 0x006DC050u
/* in MOUNTMGR_SILO_ARRIVAL_INPUT; not served by mmfs */
#define IOCTL_MOUNTMGR_SILO_ARRIVAL 0x006DC054u
/* in MOUNTMGR_TARGET_NAME: takes a device for gone until its next event */
#define IOCTL_MOUNTMGR_VOLUME_REMOVAL_NOTIFICATION 0x006D4058u
/* What the manager asks of volumes; declared for completeness, not served by mmfs [H]. */
#define IOCTL_MOUNTDEV_QUERY_DEVICE_NAME 0x004D0008u

/* Statuses, as NTSTATUS has them [H]; the errno that mmfs_device_io_control() returns beside. */
#ifndef STATUS_SUCCESS
#define STATUS_SUCCESS 0x00000000u /* 0 */
#endif
#ifndef STATUS_PENDING
#define STATUS_PENDING 0x00000103u /* EINPROGRESS: CHANGE_NOTIFY that does not wait */
#endif
#ifndef STATUS_STOPPED_ON_SYMLINK
#define STATUS_STOPPED_ON_SYMLINK 0x8000002Du /* ELOOP */
#endif
#ifndef STATUS_BUFFER_OVERFLOW
#define STATUS_BUFFER_OVERFLOW 0x80000005u /* EOVERFLOW: the header says what is needed */
#endif
#ifndef STATUS_UNSUCCESSFUL
#define STATUS_UNSUCCESSFUL 0xC0000001u /* EIO */
#endif
#ifndef STATUS_INVALID_PARAMETER
#define STATUS_INVALID_PARAMETER 0xC000000Du /* EINVAL */
#endif
#ifndef STATUS_INVALID_DEVICE_REQUEST
#define STATUS_INVALID_DEVICE_REQUEST 0xC0000010u /* ENOTTY */
#endif
#ifndef STATUS_ACCESS_DENIED
#define STATUS_ACCESS_DENIED 0xC0000022u /* EACCES */
#endif
#ifndef STATUS_OBJECT_NAME_NOT_FOUND
#define STATUS_OBJECT_NAME_NOT_FOUND 0xC0000034u /* ENOENT */
#endif
#ifndef STATUS_OBJECT_NAME_COLLISION
#define STATUS_OBJECT_NAME_COLLISION 0xC0000035u /* EEXIST */
#endif
#ifndef STATUS_DISK_FULL
#define STATUS_DISK_FULL 0xC000007Fu /* ENOSPC */
#endif
#ifndef STATUS_INSUFFICIENT_RESOURCES
#define STATUS_INSUFFICIENT_RESOURCES 0xC000009Au /* ENOMEM */
#endif
#ifndef STATUS_DEVICE_NOT_CONNECTED
#define STATUS_DEVICE_NOT_CONNECTED 0xC000009Du /* ENODEV: mmfs stops, or has stopped */
#endif
#ifndef STATUS_IO_TIMEOUT
#define STATUS_IO_TIMEOUT 0xC00000B5u /* ETIMEDOUT */
#endif
#ifndef STATUS_NOT_SUPPORTED
#define STATUS_NOT_SUPPORTED 0xC00000BBu /* EOPNOTSUPP */
#endif
#ifndef STATUS_NOT_A_DIRECTORY
#define STATUS_NOT_A_DIRECTORY 0xC0000103u /* ENOTDIR */
#endif
#ifndef STATUS_CANCELLED
#define STATUS_CANCELLED 0xC0000120u /* EINTR */
#endif
#ifndef STATUS_NOT_FOUND
#define STATUS_NOT_FOUND 0xC0000225u /* ENOENT */
#endif

/* Structures [D][H]. Offsets of inputs count from the start of the structure. */

/* Input of CREATE_POINT. Both strings lie in the first 64 KiB. */
typedef struct {
	uint16_t SymbolicLinkNameOffset;
	uint16_t SymbolicLinkNameLength; /* of the link: `\DosDevices\X:`, `\??\Volume{…}` */
	uint16_t DeviceNameOffset;
	uint16_t DeviceNameLength; /* of any name of the volume: device, link, unique ID */
} MOUNTMGR_CREATE_POINT_INPUT;
MMFS_ASSERT(sizeof(MOUNTMGR_CREATE_POINT_INPUT) == 8, create_point_size);
MMFS_ASSERT(offsetof(MOUNTMGR_CREATE_POINT_INPUT, SymbolicLinkNameLength) == 2, create_point_2);
MMFS_ASSERT(offsetof(MOUNTMGR_CREATE_POINT_INPUT, DeviceNameOffset) == 4, create_point_4);
MMFS_ASSERT(offsetof(MOUNTMGR_CREATE_POINT_INPUT, DeviceNameLength) == 6, create_point_6);

/*
 * One triple. In an input, a member that is not given has the offset or the length 0. Offsets in
 * an output count from the start of the whole output, and are even.
 */
typedef struct {
	uint32_t SymbolicLinkNameOffset;
	uint16_t SymbolicLinkNameLength;
	uint16_t Reserved1;
	uint32_t UniqueIdOffset;
	uint16_t UniqueIdLength; /* bytes of `UUID=…`, which may be odd */
	uint16_t Reserved2;
	uint32_t DeviceNameOffset;
	uint16_t DeviceNameLength; /* UTF-16LE of `/dev/…` */
	uint16_t Reserved3;
} MOUNTMGR_MOUNT_POINT;
MMFS_ASSERT(sizeof(MOUNTMGR_MOUNT_POINT) == 24, mount_point_size);
MMFS_ASSERT(offsetof(MOUNTMGR_MOUNT_POINT, SymbolicLinkNameLength) == 4, mount_point_4);
MMFS_ASSERT(offsetof(MOUNTMGR_MOUNT_POINT, UniqueIdOffset) == 8, mount_point_8);
MMFS_ASSERT(offsetof(MOUNTMGR_MOUNT_POINT, UniqueIdLength) == 12, mount_point_12);
MMFS_ASSERT(offsetof(MOUNTMGR_MOUNT_POINT, DeviceNameOffset) == 16, mount_point_16);
MMFS_ASSERT(offsetof(MOUNTMGR_MOUNT_POINT, DeviceNameLength) == 20, mount_point_20);

/* Output of QUERY_POINTS and DELETE_POINTS; the strings follow the array. At least 32 bytes [T]. */
typedef struct {
	uint32_t Size; /* of the whole answer; with STATUS_BUFFER_OVERFLOW, what is needed */
	uint32_t NumberOfMountPoints;
	MOUNTMGR_MOUNT_POINT MountPoints[1];
} MOUNTMGR_MOUNT_POINTS;
MMFS_ASSERT(sizeof(MOUNTMGR_MOUNT_POINTS) == 32, mount_points_size);
MMFS_ASSERT(offsetof(MOUNTMGR_MOUNT_POINTS, NumberOfMountPoints) == 4, mount_points_4);
MMFS_ASSERT(offsetof(MOUNTMGR_MOUNT_POINTS, MountPoints) == 8, mount_points_8);

/* Input of NEXT_DRIVE_LETTER: a name of the volume. At least 4 bytes, whatever the length. */
typedef struct {
	uint16_t DeviceNameLength;
	uint16_t DeviceName[1];
} MOUNTMGR_DRIVE_LETTER_TARGET;
MMFS_ASSERT(sizeof(MOUNTMGR_DRIVE_LETTER_TARGET) == 4, drive_letter_target_size);
MMFS_ASSERT(offsetof(MOUNTMGR_DRIVE_LETTER_TARGET, DeviceName) == 2, drive_letter_target_2);

/* Output of NEXT_DRIVE_LETTER. */
typedef struct {
	uint8_t DriveLetterWasAssigned; /* 1: by this very call */
	uint8_t CurrentDriveLetter;	/* 'A'…'Z'; 0: the volume has none, and gets none */
} MOUNTMGR_DRIVE_LETTER_INFORMATION;
MMFS_ASSERT(sizeof(MOUNTMGR_DRIVE_LETTER_INFORMATION) == 2, drive_letter_information_size);

/* Input of the VOLUME_MOUNT_POINT codes: a folder, and the name of the volume mounted there. */
typedef struct {
	uint16_t SourceVolumeNameOffset;
	uint16_t SourceVolumeNameLength;
	uint16_t TargetVolumeNameOffset;
	uint16_t TargetVolumeNameLength;
} MOUNTMGR_VOLUME_MOUNT_POINT;
MMFS_ASSERT(sizeof(MOUNTMGR_VOLUME_MOUNT_POINT) == 8, volume_mount_point_size);
MMFS_ASSERT(offsetof(MOUNTMGR_VOLUME_MOUNT_POINT, SourceVolumeNameLength) == 2, volume_mount_2);
MMFS_ASSERT(offsetof(MOUNTMGR_VOLUME_MOUNT_POINT, TargetVolumeNameOffset) == 4, volume_mount_4);
MMFS_ASSERT(offsetof(MOUNTMGR_VOLUME_MOUNT_POINT, TargetVolumeNameLength) == 6, volume_mount_6);

/*
 * The number of changes of the database since mmfs was started, from 1. In: the number that the
 * client knows. Compare for equality only: it wraps.
 */
typedef struct {
	uint32_t EpicNumber;
} MOUNTMGR_CHANGE_NOTIFY_INFO;
MMFS_ASSERT(sizeof(MOUNTMGR_CHANGE_NOTIFY_INFO) == 4, change_notify_size);

/* A name of a volume. At least 4 bytes, whatever the length. */
typedef struct {
	uint16_t DeviceNameLength;
	uint16_t DeviceName[1];
} MOUNTMGR_TARGET_NAME;
MMFS_ASSERT(sizeof(MOUNTMGR_TARGET_NAME) == 4, target_name_size);
MMFS_ASSERT(offsetof(MOUNTMGR_TARGET_NAME, DeviceName) == 2, target_name_2);

/* Paths, each with a NUL, and one more NUL behind the last; all of them count. */
typedef struct {
	uint32_t MultiSzLength; /* bytes; with STATUS_BUFFER_OVERFLOW, what is needed */
	uint16_t MultiSz[1];
} MOUNTMGR_VOLUME_PATHS;
MMFS_ASSERT(sizeof(MOUNTMGR_VOLUME_PATHS) == 8, volume_paths_size);
MMFS_ASSERT(offsetof(MOUNTMGR_VOLUME_PATHS, MultiSz) == 4, volume_paths_4);

/* Whether new volumes that are not removable may get a drive letter by themselves. */
enum { MmfsAutoMountDisabled = 0, MmfsAutoMountEnabled = 1 };

typedef struct {
	int32_t CurrentState;
} MOUNTMGR_QUERY_AUTO_MOUNT;
MMFS_ASSERT(sizeof(MOUNTMGR_QUERY_AUTO_MOUNT) == 4, query_auto_mount_size);

typedef struct {
	int32_t NewState; /* anything but 0 enables */
} MOUNTMGR_SET_AUTO_MOUNT;
MMFS_ASSERT(sizeof(MOUNTMGR_SET_AUTO_MOUNT) == 4, set_auto_mount_size);

/* A handle as wide as on 64-bit Windows. */
typedef struct {
	uint64_t JobHandle;
} MOUNTMGR_SILO_ARRIVAL_INPUT;
MMFS_ASSERT(sizeof(MOUNTMGR_SILO_ARRIVAL_INPUT) == 8, silo_arrival_size);

/* What volumes and the manager tell each other [D][H]; not used by mmfs. */
typedef struct {
	uint16_t NameLength;
	uint16_t Name[1];
} MOUNTDEV_NAME;
MMFS_ASSERT(sizeof(MOUNTDEV_NAME) == 4, mountdev_name_size);

typedef struct {
	uint16_t UniqueIdLength;
	uint8_t UniqueId[1];
} MOUNTDEV_UNIQUE_ID;
MMFS_ASSERT(sizeof(MOUNTDEV_UNIQUE_ID) == 4, mountdev_unique_id_size);
MMFS_ASSERT(offsetof(MOUNTDEV_UNIQUE_ID, UniqueId) == 2, mountdev_unique_id_2);

typedef struct {
	uint8_t UseOnlyIfThereAreNoOtherLinks;
	uint16_t NameLength;
	uint16_t Name[1];
} MOUNTDEV_SUGGESTED_LINK_NAME;
MMFS_ASSERT(sizeof(MOUNTDEV_SUGGESTED_LINK_NAME) == 6, mountdev_suggested_size);
MMFS_ASSERT(offsetof(MOUNTDEV_SUGGESTED_LINK_NAME, NameLength) == 2, mountdev_suggested_2);
MMFS_ASSERT(offsetof(MOUNTDEV_SUGGESTED_LINK_NAME, Name) == 4, mountdev_suggested_4);

typedef struct {
	uint32_t Size;
	uint16_t OldUniqueIdOffset;
	uint16_t OldUniqueIdLength;
	uint16_t NewUniqueIdOffset;
	uint16_t NewUniqueIdLength;
} MOUNTDEV_UNIQUE_ID_CHANGE_NOTIFY_OUTPUT;
MMFS_ASSERT(sizeof(MOUNTDEV_UNIQUE_ID_CHANGE_NOTIFY_OUTPUT) == 12, mountdev_id_change_size);

typedef struct {
	uint8_t StableGuid[16];
} MOUNTDEV_STABLE_GUID;
MMFS_ASSERT(sizeof(MOUNTDEV_STABLE_GUID) == 16, mountdev_stable_guid_size);

/*
 * Forms of names [H]. `length` is in bytes, without a NUL; nothing beyond it is looked at. The
 * hexadecimal digits of a volume name are not looked at either.
 */

/* The first `count` units of the name are these characters. Mmfs's own. */
MMFS_INLINE int mmfs_name_begins(const uint16_t *name, const char *text, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (name[i] != (uint16_t)(unsigned char)text[i])
			return 0;
	return 1;
}

/* `\DosDevices\X:`, X from A to Z: 28 bytes, spelled so. */
MMFS_INLINE int MOUNTMGR_IS_DRIVE_LETTER(const uint16_t *name, size_t length)
{
	return length == 28 && mmfs_name_begins(name, "\\DosDevices\\", 12) && name[12] >= 'A' &&
		name[12] <= 'Z' && name[13] == ':';
}

/* `\??\Volume{…}` or `\\?\Volume{…}`: 96 bytes, or 98 with a backslash behind. */
MMFS_INLINE int MOUNTMGR_IS_VOLUME_NAME(const uint16_t *name, size_t length)
{
	if (length != 96 && !(length == 98 && name[48] == '\\'))
		return 0;
	return name[0] == '\\' && (name[1] == '?' || name[1] == '\\') && name[2] == '?' &&
		name[3] == '\\' && mmfs_name_begins(name + 4, "Volume{", 7) && name[19] == '-' &&
		name[24] == '-' && name[29] == '-' && name[34] == '-' && name[47] == '}';
}

/* `\\?\Volume{…}` */
MMFS_INLINE int MOUNTMGR_IS_DOS_VOLUME_NAME(const uint16_t *name, size_t length)
{
	return MOUNTMGR_IS_VOLUME_NAME(name, length) && length == 96 && name[1] == '\\';
}

/* `\\?\Volume{…}\` */
MMFS_INLINE int MOUNTMGR_IS_DOS_VOLUME_NAME_WB(const uint16_t *name, size_t length)
{
	return MOUNTMGR_IS_VOLUME_NAME(name, length) && length == 98 && name[1] == '\\';
}

/* `\??\Volume{…}` */
MMFS_INLINE int MOUNTMGR_IS_NT_VOLUME_NAME(const uint16_t *name, size_t length)
{
	return MOUNTMGR_IS_VOLUME_NAME(name, length) && length == 96 && name[1] == '?';
}

/* `\??\Volume{…}\` */
MMFS_INLINE int MOUNTMGR_IS_NT_VOLUME_NAME_WB(const uint16_t *name, size_t length)
{
	return MOUNTMGR_IS_VOLUME_NAME(name, length) && length == 98 && name[1] == '?';
}

/*
 * The record that ioctl(2) and write(2) carry. Mmfs's own: most programs have no need of it, since
 * mmfs_device_io_control() knows it. Integers are in the machine's byte order, which is little
 * endian wherever the structures above are.
 *
 * A record has this header and then `in_len` bytes of input; the answer has the header again, with
 * `status` and `info` filled in, and then `info` bytes of output.
 *
 * - ioctl(2) with MMFS_IOC_4K or MMFS_IOC_16K: the record in, the answer out. An output that does
 *   not fit the carrier comes with MMFS_RECORD_REST: `ticket` is then the file offset at which
 *   pread(2) on the same open file finds the answer. The newest four of them are kept.
 * - write(2) of exactly one record, for an input that does not fit; then pread(2) from offset 0.
 *   Here CHANGE_NOTIFY never waits.
 */
#define MMFS_RECORD_VERSION 1u
#define MMFS_RECORD_NOWAIT 1u  /* in: CHANGE_NOTIFY does not wait, but for poll(2) from then on */
#define MMFS_RECORD_REST 2u    /* out: the output has to be read */
#define MMFS_INPUT_MAX 524288u /* bytes of an input that mmfs takes */

struct mmfs_record {
	uint32_t version; /* MMFS_RECORD_VERSION */
	uint32_t code;	  /* one of IOCTL_MOUNTMGR_… */
	uint32_t in_len;
	uint32_t out_len; /* bytes that the caller has room for */
	uint32_t status;  /* out: STATUS_… */
	uint32_t flags;
	uint32_t info; /* out: bytes of output */
	uint32_t reserved;
	uint64_t ticket; /* out, with MMFS_RECORD_REST */
};
MMFS_ASSERT(sizeof(struct mmfs_record) == 40, record_size);
MMFS_ASSERT(offsetof(struct mmfs_record, ticket) == 32, record_32);

/* A number of ioctl(2) says the size of what it carries: 16 KiB less some is the most there is. */
struct mmfs_carrier_4k {
	struct mmfs_record record;
	uint8_t data[4096 - 40];
};
MMFS_ASSERT(sizeof(struct mmfs_carrier_4k) == 4096, carrier_4k_size);

struct mmfs_carrier_16k {
	struct mmfs_record record;
	uint8_t data[16376 - 40];
};
MMFS_ASSERT(sizeof(struct mmfs_carrier_16k) == 16376, carrier_16k_size);

/* For who includes <sys/ioctl.h>. */
#define MMFS_IOC_4K _IOWR('m', 1, struct mmfs_carrier_4k)
#define MMFS_IOC_16K _IOWR('m', 2, struct mmfs_carrier_16k)

/*
 * Sends one control code to the mount manager behind `fd`, an open MountPointManager file, and
 * waits for the result. At most `in_len` bytes are read at `in`, at most `out_len` written at
 * `out`; both may be NULL where their length is 0, and may be the same buffer.
 *
 * Returns 0 with STATUS_SUCCESS, else a negative errno as listed with the statuses. Stores the
 * bytes written in `bytes_returned` and the status in `ntstatus`, unless these are NULL. With
 * STATUS_BUFFER_OVERFLOW the header of the output says what is needed; with any other failure
 * nothing is written. What fails before it is a request, such as EBADF, has STATUS_UNSUCCESSFUL.
 *
 * A descriptor that is open for reading only may ask, but not change anything. CHANGE_NOTIFY
 * waits, until a signal handler is run (-EINTR); with O_NONBLOCK it returns -EINPROGRESS instead,
 * and poll(2) says POLLIN when the number is another. Any number of threads may use one descriptor.
 */
#pragma GCC visibility push(default)
int mmfs_device_io_control(int fd, uint32_t code, const void *in, uint32_t in_len, void *out,
	uint32_t out_len, uint32_t *bytes_returned, uint32_t *ntstatus);
#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
