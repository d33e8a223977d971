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

#include <mmfs/record.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MMFS_INLINE static __inline__ __attribute__((__unused__))

/* The file at the top of the mount, named as the device on Windows [D]. mmfs_open() finds it. */
#define MMFS_MANAGER_NAME "MountPointManager"

/* How the device is opened there [D][H]: wide strings, for sources that have them. */
#define MOUNTMGR_DEVICE_NAME L"\\Device\\MountPointManager"
#define MOUNTMGR_DOS_DEVICE_NAME L"\\\\.\\MountPointManager"

/* A unit of UTF-16. Who wants another type of 16 bits (char16_t, say) defines it before. */
#ifndef MMFS_WCHAR
#define MMFS_WCHAR uint16_t
#endif
MMFS_ASSERT(sizeof(MMFS_WCHAR) == 2, wchar_size);

/*
 * Control codes: (device type << 16) | (access << 14) | (function << 2) | method. The method is
 * always buffered (0); the device type is 'm', and 'M' for codes that volumes answer [D][H].
 */
#define MOUNTMGRCONTROLTYPE 0x6Du /* 'm' */
#define MOUNTDEVCONTROLTYPE 0x4Du /* 'M' */

#ifndef CTL_CODE
#define CTL_CODE(type, function, method, access) \
	(((type) << 16) | ((access) << 14) | ((function) << 2) | (method))
#endif
#ifndef METHOD_BUFFERED
#define METHOD_BUFFERED 0u
#endif
#ifndef METHOD_IN_DIRECT
#define METHOD_IN_DIRECT 1u
#endif
#ifndef METHOD_OUT_DIRECT
#define METHOD_OUT_DIRECT 2u
#endif
#ifndef METHOD_NEITHER
#define METHOD_NEITHER 3u
#endif

/* Access bits: what the descriptor must have been opened for [H]. */
#ifndef FILE_ANY_ACCESS
#define FILE_ANY_ACCESS 0u
#endif
#ifndef FILE_READ_ACCESS
#define FILE_READ_ACCESS 1u
#endif
#ifndef FILE_WRITE_ACCESS
#define FILE_WRITE_ACCESS 2u
#endif

/* The same by names of mmfs's own. */
#define MMFS_ACCESS_ANY 0u
#define MMFS_ACCESS_READ 1u
#define MMFS_ACCESS_WRITE 2u

#define MMFS_CTL_CODE(type, function, access) \
	(((type) << 16) | ((access) << 14) | ((function) << 2))
#define MMFS_CTL_TYPE(code) ((code) >> 16)
#define MMFS_CTL_FUNCTION(code) (((code) >> 2) & 0xFFFu)
#define MMFS_CTL_ACCESS(code) (((code) >> 14) & 3u)

/* in MOUNTMGR_CREATE_POINT_INPUT and two strings: gives a volume one more link */
#define IOCTL_MOUNTMGR_CREATE_POINT 0x006DC000u
/*
 * in MOUNTMGR_MOUNT_POINT and strings, out MOUNTMGR_MOUNT_POINTS: deletes what matches, returns it
 */
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

/*
 * What the manager asks of volumes [D][H]. mmfs_device_io_control() answers the four that say so
 * for a descriptor of a volume.
 */
/* out MOUNTDEV_UNIQUE_ID; answered */
#define IOCTL_MOUNTDEV_QUERY_UNIQUE_ID 0x004D0000u
#define IOCTL_MOUNTDEV_UNIQUE_ID_CHANGE_NOTIFY 0x004DC004u
/* out MOUNTDEV_NAME: the node; answered */
#define IOCTL_MOUNTDEV_QUERY_DEVICE_NAME 0x004D0008u
/* out MOUNTDEV_SUGGESTED_LINK_NAME; answered */
#define IOCTL_MOUNTDEV_QUERY_SUGGESTED_LINK_NAME 0x004D000Cu
#define IOCTL_MOUNTDEV_LINK_CREATED 0x004DC010u
#define IOCTL_MOUNTDEV_LINK_DELETED 0x004DC014u
/* out MOUNTDEV_STABLE_GUID: of the volume name; answered */
#define IOCTL_MOUNTDEV_QUERY_STABLE_GUID 0x004D0018u
#define IOCTL_MOUNTDEV_QUERY_INTERFACE_NAME 0x004D001Cu

/*
 * The same of the manager, which is mmfs's own: in MOUNTMGR_TARGET_NAME, any name of the volume;
 * out as above. Functions from 0x800 on are nobody else's [D].
 */
#define IOCTL_MMFS_QUERY_UNIQUE_ID 0x006D2000u
#define IOCTL_MMFS_QUERY_DEVICE_NAME 0x006D2008u
#define IOCTL_MMFS_QUERY_SUGGESTED_LINK_NAME 0x006D200Cu
#define IOCTL_MMFS_QUERY_STABLE_GUID 0x006D2018u

/*
 * Statuses, as NTSTATUS has them [H]; the errno that mmfs_device_io_control() returns beside. Those
 * without one never come from it. They are signed, errors and warnings negative; the function
 * stores their 32 bits as unsigned.
 */
#if !defined(MMFS_HAS_NTSTATUS) && !defined(_NTSTATUS_) && !defined(_NTDEF_)
typedef int32_t NTSTATUS;
#endif
#ifndef NT_SUCCESS
#define NT_SUCCESS(status) ((NTSTATUS)(status) >= 0)
#endif
#define MMFS_STATUS(value) ((NTSTATUS)(value))

#ifndef STATUS_SUCCESS
#define STATUS_SUCCESS MMFS_STATUS(0x00000000) /* 0 */
#endif
#ifndef STATUS_PENDING
#define STATUS_PENDING MMFS_STATUS(0x00000103) /* EINPROGRESS: CHANGE_NOTIFY that does not wait */
#endif
#ifndef STATUS_BUFFER_OVERFLOW
#define STATUS_BUFFER_OVERFLOW \
	MMFS_STATUS(0x80000005) /* EOVERFLOW: the header says what is needed */
#endif
#ifndef STATUS_NO_MORE_FILES
#define STATUS_NO_MORE_FILES MMFS_STATUS(0x80000006)
#endif
#ifndef STATUS_NO_MORE_ENTRIES
#define STATUS_NO_MORE_ENTRIES MMFS_STATUS(0x8000001A)
#endif
#ifndef STATUS_STOPPED_ON_SYMLINK
#define STATUS_STOPPED_ON_SYMLINK MMFS_STATUS(0x8000002D) /* ELOOP */
#endif
#ifndef STATUS_UNSUCCESSFUL
#define STATUS_UNSUCCESSFUL MMFS_STATUS(0xC0000001) /* EIO */
#endif
#ifndef STATUS_NOT_IMPLEMENTED
#define STATUS_NOT_IMPLEMENTED MMFS_STATUS(0xC0000002)
#endif
#ifndef STATUS_INFO_LENGTH_MISMATCH
#define STATUS_INFO_LENGTH_MISMATCH MMFS_STATUS(0xC0000004)
#endif
#ifndef STATUS_ACCESS_VIOLATION
#define STATUS_ACCESS_VIOLATION MMFS_STATUS(0xC0000005) /* EFAULT */
#endif
#ifndef STATUS_INVALID_HANDLE
#define STATUS_INVALID_HANDLE MMFS_STATUS(0xC0000008) /* EBADF: no manager, and no volume */
#endif
#ifndef STATUS_INVALID_PARAMETER
#define STATUS_INVALID_PARAMETER MMFS_STATUS(0xC000000D) /* EINVAL */
#endif
#ifndef STATUS_NO_SUCH_DEVICE
#define STATUS_NO_SUCH_DEVICE MMFS_STATUS(0xC000000E)
#endif
#ifndef STATUS_NO_SUCH_FILE
#define STATUS_NO_SUCH_FILE MMFS_STATUS(0xC000000F)
#endif
#ifndef STATUS_INVALID_DEVICE_REQUEST
#define STATUS_INVALID_DEVICE_REQUEST MMFS_STATUS(0xC0000010) /* ENOTTY */
#endif
#ifndef STATUS_END_OF_FILE
#define STATUS_END_OF_FILE MMFS_STATUS(0xC0000011)
#endif
#ifndef STATUS_NO_MEDIA_IN_DEVICE
#define STATUS_NO_MEDIA_IN_DEVICE MMFS_STATUS(0xC0000013) /* ENOMEDIUM */
#endif
#ifndef STATUS_NO_MEMORY
#define STATUS_NO_MEMORY MMFS_STATUS(0xC0000017)
#endif
#ifndef STATUS_ACCESS_DENIED
#define STATUS_ACCESS_DENIED MMFS_STATUS(0xC0000022) /* EACCES */
#endif
#ifndef STATUS_BUFFER_TOO_SMALL
#define STATUS_BUFFER_TOO_SMALL MMFS_STATUS(0xC0000023)
#endif
#ifndef STATUS_OBJECT_TYPE_MISMATCH
#define STATUS_OBJECT_TYPE_MISMATCH MMFS_STATUS(0xC0000024)
#endif
#ifndef STATUS_OBJECT_NAME_INVALID
#define STATUS_OBJECT_NAME_INVALID MMFS_STATUS(0xC0000033)
#endif
#ifndef STATUS_OBJECT_NAME_NOT_FOUND
#define STATUS_OBJECT_NAME_NOT_FOUND MMFS_STATUS(0xC0000034) /* ENOENT */
#endif
#ifndef STATUS_OBJECT_NAME_COLLISION
#define STATUS_OBJECT_NAME_COLLISION MMFS_STATUS(0xC0000035) /* EEXIST */
#endif
#ifndef STATUS_OBJECT_PATH_INVALID
#define STATUS_OBJECT_PATH_INVALID MMFS_STATUS(0xC0000039)
#endif
#ifndef STATUS_OBJECT_PATH_NOT_FOUND
#define STATUS_OBJECT_PATH_NOT_FOUND MMFS_STATUS(0xC000003A)
#endif
#ifndef STATUS_OBJECT_PATH_SYNTAX_BAD
#define STATUS_OBJECT_PATH_SYNTAX_BAD MMFS_STATUS(0xC000003B)
#endif
#ifndef STATUS_SHARING_VIOLATION
#define STATUS_SHARING_VIOLATION MMFS_STATUS(0xC0000043)
#endif
#ifndef STATUS_DISK_FULL
#define STATUS_DISK_FULL MMFS_STATUS(0xC000007F) /* ENOSPC */
#endif
#ifndef STATUS_INSUFFICIENT_RESOURCES
#define STATUS_INSUFFICIENT_RESOURCES MMFS_STATUS(0xC000009A) /* ENOMEM */
#endif
#ifndef STATUS_DEVICE_NOT_CONNECTED
#define STATUS_DEVICE_NOT_CONNECTED MMFS_STATUS(0xC000009D) /* ENODEV: mmfs stops, or has stopped */
#endif
#ifndef STATUS_DEVICE_NOT_READY
#define STATUS_DEVICE_NOT_READY MMFS_STATUS(0xC00000A3)
#endif
#ifndef STATUS_IO_TIMEOUT
#define STATUS_IO_TIMEOUT MMFS_STATUS(0xC00000B5) /* ETIMEDOUT */
#endif
#ifndef STATUS_NOT_SUPPORTED
#define STATUS_NOT_SUPPORTED MMFS_STATUS(0xC00000BB) /* EOPNOTSUPP */
#endif
#ifndef STATUS_DEVICE_DOES_NOT_EXIST
#define STATUS_DEVICE_DOES_NOT_EXIST MMFS_STATUS(0xC00000C0)
#endif
#ifndef STATUS_NOT_A_DIRECTORY
#define STATUS_NOT_A_DIRECTORY MMFS_STATUS(0xC0000103) /* ENOTDIR */
#endif
#ifndef STATUS_CANCELLED
#define STATUS_CANCELLED MMFS_STATUS(0xC0000120) /* EINTR */
#endif
#ifndef STATUS_NOT_FOUND
#define STATUS_NOT_FOUND MMFS_STATUS(0xC0000225) /* ENOENT */
#endif

/* A GUID as Windows has it: the first three members are numbers, little endian as all others. */
#ifndef GUID_DEFINED
#define GUID_DEFINED
typedef struct _GUID {
	uint32_t Data1;
	uint16_t Data2;
	uint16_t Data3;
	uint8_t Data4[8];
} GUID;
#endif
MMFS_ASSERT(sizeof(GUID) == 16, guid_size);

/* The class of interfaces by which volumes make themselves known there [D][H]. */
static const GUID MOUNTDEV_MOUNTED_DEVICE_GUID __attribute__((__unused__)) = { 0x53F5630Du, 0xB6BFu,
	0x11D0u, { 0x94, 0xF2, 0x00, 0xA0, 0xC9, 0x1E, 0xFB, 0x8B } };

/* Structures [D][H]. Offsets of inputs count from the start of the structure. */

/* Input of CREATE_POINT. Both strings lie in the first 64 KiB. */
typedef struct _MOUNTMGR_CREATE_POINT_INPUT {
	uint16_t SymbolicLinkNameOffset;
	uint16_t SymbolicLinkNameLength; /* of the link: `\DosDevices\X:`, `\??\Volume{…}` */
	uint16_t DeviceNameOffset;
	uint16_t DeviceNameLength; /* of any name of the volume: device, link, unique ID */
} MOUNTMGR_CREATE_POINT_INPUT, *PMOUNTMGR_CREATE_POINT_INPUT;
MMFS_ASSERT(sizeof(MOUNTMGR_CREATE_POINT_INPUT) == 8, create_point_size);
MMFS_ASSERT(offsetof(MOUNTMGR_CREATE_POINT_INPUT, SymbolicLinkNameLength) == 2, create_point_2);
MMFS_ASSERT(offsetof(MOUNTMGR_CREATE_POINT_INPUT, DeviceNameOffset) == 4, create_point_4);
MMFS_ASSERT(offsetof(MOUNTMGR_CREATE_POINT_INPUT, DeviceNameLength) == 6, create_point_6);

/*
 * One triple. In an input, a member that is not given has the offset or the length 0. Offsets in
 * an output count from the start of the whole output, and are even.
 */
typedef struct _MOUNTMGR_MOUNT_POINT {
	uint32_t SymbolicLinkNameOffset;
	uint16_t SymbolicLinkNameLength;
	uint16_t Reserved1;
	uint32_t UniqueIdOffset;
	uint16_t UniqueIdLength; /* bytes of `UUID=…`, which may be odd */
	uint16_t Reserved2;
	uint32_t DeviceNameOffset;
	uint16_t DeviceNameLength; /* UTF-16LE of `/dev/…` */
	uint16_t Reserved3;
} MOUNTMGR_MOUNT_POINT, *PMOUNTMGR_MOUNT_POINT;
MMFS_ASSERT(sizeof(MOUNTMGR_MOUNT_POINT) == 24, mount_point_size);
MMFS_ASSERT(offsetof(MOUNTMGR_MOUNT_POINT, SymbolicLinkNameLength) == 4, mount_point_4);
MMFS_ASSERT(offsetof(MOUNTMGR_MOUNT_POINT, UniqueIdOffset) == 8, mount_point_8);
MMFS_ASSERT(offsetof(MOUNTMGR_MOUNT_POINT, UniqueIdLength) == 12, mount_point_12);
MMFS_ASSERT(offsetof(MOUNTMGR_MOUNT_POINT, DeviceNameOffset) == 16, mount_point_16);
MMFS_ASSERT(offsetof(MOUNTMGR_MOUNT_POINT, DeviceNameLength) == 20, mount_point_20);

/* Output of QUERY_POINTS and DELETE_POINTS; the strings follow the array. At least 32 bytes [T]. */
typedef struct _MOUNTMGR_MOUNT_POINTS {
	uint32_t Size; /* of the whole answer; with STATUS_BUFFER_OVERFLOW, what is needed */
	uint32_t NumberOfMountPoints;
	MOUNTMGR_MOUNT_POINT MountPoints[1];
} MOUNTMGR_MOUNT_POINTS, *PMOUNTMGR_MOUNT_POINTS;
MMFS_ASSERT(sizeof(MOUNTMGR_MOUNT_POINTS) == 32, mount_points_size);
MMFS_ASSERT(offsetof(MOUNTMGR_MOUNT_POINTS, NumberOfMountPoints) == 4, mount_points_4);
MMFS_ASSERT(offsetof(MOUNTMGR_MOUNT_POINTS, MountPoints) == 8, mount_points_8);

/* Input of NEXT_DRIVE_LETTER: a name of the volume. At least 4 bytes, whatever the length. */
typedef struct _MOUNTMGR_DRIVE_LETTER_TARGET {
	uint16_t DeviceNameLength;
	MMFS_WCHAR DeviceName[1];
} MOUNTMGR_DRIVE_LETTER_TARGET, *PMOUNTMGR_DRIVE_LETTER_TARGET;
MMFS_ASSERT(sizeof(MOUNTMGR_DRIVE_LETTER_TARGET) == 4, drive_letter_target_size);
MMFS_ASSERT(offsetof(MOUNTMGR_DRIVE_LETTER_TARGET, DeviceName) == 2, drive_letter_target_2);

/* Output of NEXT_DRIVE_LETTER. */
typedef struct _MOUNTMGR_DRIVE_LETTER_INFORMATION {
	uint8_t DriveLetterWasAssigned; /* 1: by this very call */
	uint8_t CurrentDriveLetter;	/* 'A'…'Z'; 0: the volume has none, and gets none */
} MOUNTMGR_DRIVE_LETTER_INFORMATION, *PMOUNTMGR_DRIVE_LETTER_INFORMATION;
MMFS_ASSERT(sizeof(MOUNTMGR_DRIVE_LETTER_INFORMATION) == 2, drive_letter_information_size);

/* Input of the VOLUME_MOUNT_POINT codes: a folder, and the name of the volume mounted there. */
typedef struct _MOUNTMGR_VOLUME_MOUNT_POINT {
	uint16_t SourceVolumeNameOffset;
	uint16_t SourceVolumeNameLength;
	uint16_t TargetVolumeNameOffset;
	uint16_t TargetVolumeNameLength;
} MOUNTMGR_VOLUME_MOUNT_POINT, *PMOUNTMGR_VOLUME_MOUNT_POINT;
MMFS_ASSERT(sizeof(MOUNTMGR_VOLUME_MOUNT_POINT) == 8, volume_mount_point_size);
MMFS_ASSERT(offsetof(MOUNTMGR_VOLUME_MOUNT_POINT, SourceVolumeNameLength) == 2, volume_mount_2);
MMFS_ASSERT(offsetof(MOUNTMGR_VOLUME_MOUNT_POINT, TargetVolumeNameOffset) == 4, volume_mount_4);
MMFS_ASSERT(offsetof(MOUNTMGR_VOLUME_MOUNT_POINT, TargetVolumeNameLength) == 6, volume_mount_6);

/*
 * The number of changes of the database since mmfs was started, from 1. In: the number that the
 * client knows. Compare for equality only: it wraps.
 */
typedef struct _MOUNTMGR_CHANGE_NOTIFY_INFO {
	uint32_t EpicNumber;
} MOUNTMGR_CHANGE_NOTIFY_INFO, *PMOUNTMGR_CHANGE_NOTIFY_INFO;
MMFS_ASSERT(sizeof(MOUNTMGR_CHANGE_NOTIFY_INFO) == 4, change_notify_size);

/* A name of a volume. At least 4 bytes, whatever the length. */
typedef struct _MOUNTMGR_TARGET_NAME {
	uint16_t DeviceNameLength;
	MMFS_WCHAR DeviceName[1];
} MOUNTMGR_TARGET_NAME, *PMOUNTMGR_TARGET_NAME;
MMFS_ASSERT(sizeof(MOUNTMGR_TARGET_NAME) == 4, target_name_size);
MMFS_ASSERT(offsetof(MOUNTMGR_TARGET_NAME, DeviceName) == 2, target_name_2);

/* Paths, each with a NUL, and one more NUL behind the last; all of them count. */
typedef struct _MOUNTMGR_VOLUME_PATHS {
	uint32_t MultiSzLength; /* bytes; with STATUS_BUFFER_OVERFLOW, what is needed */
	MMFS_WCHAR MultiSz[1];
} MOUNTMGR_VOLUME_PATHS, *PMOUNTMGR_VOLUME_PATHS;
MMFS_ASSERT(sizeof(MOUNTMGR_VOLUME_PATHS) == 8, volume_paths_size);
MMFS_ASSERT(offsetof(MOUNTMGR_VOLUME_PATHS, MultiSz) == 4, volume_paths_4);

/* Whether new volumes that are not removable may get a drive letter by themselves. */
typedef enum _MOUNTMGR_AUTO_MOUNT_STATE {
	Disabled = 0,
	Enabled = 1
} MOUNTMGR_AUTO_MOUNT_STATE,
	*PMOUNTMGR_AUTO_MOUNT_STATE;

typedef struct _MOUNTMGR_QUERY_AUTO_MOUNT {
	MOUNTMGR_AUTO_MOUNT_STATE CurrentState;
} MOUNTMGR_QUERY_AUTO_MOUNT, *PMOUNTMGR_QUERY_AUTO_MOUNT;
MMFS_ASSERT(sizeof(MOUNTMGR_QUERY_AUTO_MOUNT) == 4, query_auto_mount_size);

typedef struct _MOUNTMGR_SET_AUTO_MOUNT {
	MOUNTMGR_AUTO_MOUNT_STATE NewState; /* anything but 0 enables */
} MOUNTMGR_SET_AUTO_MOUNT, *PMOUNTMGR_SET_AUTO_MOUNT;
MMFS_ASSERT(sizeof(MOUNTMGR_SET_AUTO_MOUNT) == 4, set_auto_mount_size);

/* A handle as wide as on 64-bit Windows. */
typedef struct _MOUNTMGR_SILO_ARRIVAL_INPUT {
	uint64_t JobHandle;
} MOUNTMGR_SILO_ARRIVAL_INPUT, *PMOUNTMGR_SILO_ARRIVAL_INPUT;
MMFS_ASSERT(sizeof(MOUNTMGR_SILO_ARRIVAL_INPUT) == 8, silo_arrival_size);

/* What volumes and the manager tell each other [D][H]. */
typedef struct _MOUNTDEV_NAME {
	uint16_t NameLength;
	MMFS_WCHAR Name[1];
} MOUNTDEV_NAME, *PMOUNTDEV_NAME;
MMFS_ASSERT(sizeof(MOUNTDEV_NAME) == 4, mountdev_name_size);

typedef struct _MOUNTDEV_UNIQUE_ID {
	uint16_t UniqueIdLength;
	uint8_t UniqueId[1];
} MOUNTDEV_UNIQUE_ID, *PMOUNTDEV_UNIQUE_ID;
MMFS_ASSERT(sizeof(MOUNTDEV_UNIQUE_ID) == 4, mountdev_unique_id_size);
MMFS_ASSERT(offsetof(MOUNTDEV_UNIQUE_ID, UniqueId) == 2, mountdev_unique_id_2);

typedef struct _MOUNTDEV_SUGGESTED_LINK_NAME {
	uint8_t UseOnlyIfThereAreNoOtherLinks;
	uint16_t NameLength;
	MMFS_WCHAR Name[1];
} MOUNTDEV_SUGGESTED_LINK_NAME, *PMOUNTDEV_SUGGESTED_LINK_NAME;
MMFS_ASSERT(sizeof(MOUNTDEV_SUGGESTED_LINK_NAME) == 6, mountdev_suggested_size);
MMFS_ASSERT(offsetof(MOUNTDEV_SUGGESTED_LINK_NAME, NameLength) == 2, mountdev_suggested_2);
MMFS_ASSERT(offsetof(MOUNTDEV_SUGGESTED_LINK_NAME, Name) == 4, mountdev_suggested_4);

typedef struct _MOUNTDEV_UNIQUE_ID_CHANGE_NOTIFY_OUTPUT {
	uint32_t Size;
	uint16_t OldUniqueIdOffset;
	uint16_t OldUniqueIdLength;
	uint16_t NewUniqueIdOffset;
	uint16_t NewUniqueIdLength;
} MOUNTDEV_UNIQUE_ID_CHANGE_NOTIFY_OUTPUT, *PMOUNTDEV_UNIQUE_ID_CHANGE_NOTIFY_OUTPUT;
MMFS_ASSERT(sizeof(MOUNTDEV_UNIQUE_ID_CHANGE_NOTIFY_OUTPUT) == 12, mountdev_id_change_size);

typedef struct _MOUNTDEV_STABLE_GUID {
	GUID StableGuid;
} MOUNTDEV_STABLE_GUID, *PMOUNTDEV_STABLE_GUID;
MMFS_ASSERT(sizeof(MOUNTDEV_STABLE_GUID) == 16, mountdev_stable_guid_size);

/* Text with its lengths, in bytes [D]. It is never in an input or output. */
#if !defined(MMFS_HAS_UNICODE_STRING) && !defined(_NTDEF_) && !defined(__UNICODE_STRING_DEFINED)
#define __UNICODE_STRING_DEFINED
typedef struct _UNICODE_STRING {
	uint16_t Length; /* without a NUL */
	uint16_t MaximumLength;
	MMFS_WCHAR *Buffer; /* UTF-16LE */
} UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;
#endif

/*
 * Forms of names [H]. The macros take a pointer to a UNICODE_STRING, or to anything else with a
 * `Length` in bytes and a `Buffer` of units of 16 bits; nothing beyond the length is looked at. The
 * hexadecimal digits of a volume name are not looked at either. The functions beneath are mmfs's
 * own.
 */

/* One unit, of text at any address. */
MMFS_INLINE unsigned int mmfs_name_unit(const void *name, size_t i)
{
	const uint8_t *unit = (const uint8_t *)name + 2 * i;

	return unit[0] | (unsigned int)unit[1] << 8;
}

/* The units from `at` on are these characters. */
MMFS_INLINE int mmfs_name_has(const void *name, size_t at, const char *text, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (mmfs_name_unit(name, at + i) != (unsigned char)text[i])
			return 0;
	return 1;
}

MMFS_INLINE int mmfs_name_is_letter(const void *name, size_t length)
{
	return length == 28 && mmfs_name_has(name, 0, "\\DosDevices\\", 12) &&
		mmfs_name_unit(name, 12) >= 'A' && mmfs_name_unit(name, 12) <= 'Z' &&
		mmfs_name_unit(name, 13) == ':';
}

MMFS_INLINE int mmfs_name_is_volume(const void *name, size_t length)
{
	if (length != 96 && !(length == 98 && mmfs_name_has(name, 48, "\\", 1)))
		return 0;
	return (mmfs_name_has(name, 0, "\\??\\Volume{", 11) ||
		       mmfs_name_has(name, 0, "\\\\?\\Volume{", 11)) &&
		mmfs_name_has(name, 19, "-", 1) && mmfs_name_has(name, 24, "-", 1) &&
		mmfs_name_has(name, 29, "-", 1) && mmfs_name_has(name, 34, "-", 1) &&
		mmfs_name_has(name, 47, "}", 1);
}

/* `second` is the second character, which tells the forms apart; `length` the one it has. */
MMFS_INLINE int mmfs_name_is_volume_as(
	const void *name, size_t length, char second, size_t expected)
{
	return length == expected && mmfs_name_is_volume(name, length) &&
		mmfs_name_has(name, 1, &second, 1);
}

/* `\DosDevices\X:`, X from A to Z: 28 bytes, spelled so. */
#define MOUNTMGR_IS_DRIVE_LETTER(s) (mmfs_name_is_letter((s)->Buffer, (s)->Length))
/* `\??\Volume{…}` or `\\?\Volume{…}`: 96 bytes, or 98 with a backslash behind. */
#define MOUNTMGR_IS_VOLUME_NAME(s) (mmfs_name_is_volume((s)->Buffer, (s)->Length))
/* `\\?\Volume{…}` */
#define MOUNTMGR_IS_DOS_VOLUME_NAME(s) (mmfs_name_is_volume_as((s)->Buffer, (s)->Length, '\\', 96))
/* `\\?\Volume{…}\` */
#define MOUNTMGR_IS_DOS_VOLUME_NAME_WB(s) \
	(mmfs_name_is_volume_as((s)->Buffer, (s)->Length, '\\', 98))
/* `\??\Volume{…}` */
#define MOUNTMGR_IS_NT_VOLUME_NAME(s) (mmfs_name_is_volume_as((s)->Buffer, (s)->Length, '?', 96))
/* `\??\Volume{…}\` */
#define MOUNTMGR_IS_NT_VOLUME_NAME_WB(s) (mmfs_name_is_volume_as((s)->Buffer, (s)->Length, '?', 98))

/*
 * Sends one control code to the mount manager behind `fd`, an open MountPointManager file, and
 * waits for the result. At most `in_len` bytes are read at `in`, at most `out_len` written at
 * `out`; both may be NULL where their length is 0, and may be the same buffer.
 *
 * Returns 0 with STATUS_SUCCESS, else a negative errno as listed with the statuses. Stores the
 * bytes written in `bytes_returned` and the status in `ntstatus`, unless these are NULL. With
 * STATUS_BUFFER_OVERFLOW the header of the output says what is needed; with any other failure
 * nothing is written. NULL with a length is STATUS_ACCESS_VIOLATION, a descriptor of anything else
 * STATUS_INVALID_HANDLE; other errors of the system have STATUS_UNSUCCESSFUL.
 *
 * A descriptor that is open for reading only may ask, but not change anything. CHANGE_NOTIFY
 * waits, until a signal handler is run (-EINTR); with O_NONBLOCK it returns -EINPROGRESS instead,
 * and poll(2) says POLLIN when the number is another. Any number of threads may use one descriptor.
 *
 * With an IOCTL_MOUNTDEV_ code `fd` is a volume: its block device, opened by any of its names with
 * any flags, O_PATH too, or the folder where one is mounted that is on no block device. The manager
 * that mmfs_open(NULL, O_RDONLY) finds answers for it.
 */
#pragma GCC visibility push(default)
int mmfs_device_io_control(int fd, uint32_t code, const void *in, uint32_t in_len, void *out,
	uint32_t out_len, uint32_t *bytes_returned, uint32_t *ntstatus);
#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
