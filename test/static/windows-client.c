/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What programs for Windows say with <mountmgr.h>, said with ours: their declarations, their names
 * of types and macros, their comparisons, without a cast that they have not, in C from C89 on and
 * in C++. Is compiled by check-headers.sh, and never run.
 */

#include <stddef.h>
#include <string.h>

#include <mmfs/mountmgr.h>

/* Codes are spelled with the macros of the driver kit by many, and are the same. */
#define OWN_QUERY_POINTS CTL_CODE(MOUNTMGRCONTROLTYPE, 2, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define OWN_CREATE_POINT \
	CTL_CODE(MOUNTMGRCONTROLTYPE, 0, METHOD_BUFFERED, FILE_READ_ACCESS | FILE_WRITE_ACCESS)
#define OWN_CHANGE_NOTIFY CTL_CODE(MOUNTMGRCONTROLTYPE, 8, METHOD_BUFFERED, FILE_READ_ACCESS)
#define OWN_LINK_CREATED \
	CTL_CODE(MOUNTDEVCONTROLTYPE, 4, METHOD_BUFFERED, FILE_READ_ACCESS | FILE_WRITE_ACCESS)
#define OWN_QUERY_UNIQUE_ID CTL_CODE(MOUNTDEVCONTROLTYPE, 0, METHOD_BUFFERED, FILE_ANY_ACCESS)

#define SAME(a, b, name) MMFS_ASSERT((a) == (b), same_##name)
SAME(OWN_QUERY_POINTS, IOCTL_MOUNTMGR_QUERY_POINTS, query_points);
SAME(OWN_CREATE_POINT, IOCTL_MOUNTMGR_CREATE_POINT, create_point);
SAME(OWN_CHANGE_NOTIFY, IOCTL_MOUNTMGR_CHANGE_NOTIFY, change_notify);
SAME(OWN_LINK_CREATED, IOCTL_MOUNTDEV_LINK_CREATED, link_created);
SAME(OWN_QUERY_UNIQUE_ID, IOCTL_MOUNTDEV_QUERY_UNIQUE_ID, query_unique_id);
SAME(IOCTL_MOUNTDEV_UNIQUE_ID_CHANGE_NOTIFY, 0x4DC004, unique_id_change_notify);
SAME(IOCTL_MOUNTDEV_QUERY_DEVICE_NAME, 0x4D0008, query_device_name);
SAME(IOCTL_MOUNTDEV_QUERY_SUGGESTED_LINK_NAME, 0x4D000C, query_suggested_link_name);
SAME(IOCTL_MOUNTDEV_LINK_DELETED, 0x4DC014, link_deleted);
SAME(IOCTL_MOUNTDEV_QUERY_STABLE_GUID, 0x4D0018, query_stable_guid);
SAME(IOCTL_MOUNTDEV_QUERY_INTERFACE_NAME, 0x4D001C, query_interface_name);

/* The names of structures, as tags and as pointers to them. */
struct volume {
	struct _MOUNTMGR_MOUNT_POINTS *points;
	PMOUNTMGR_MOUNT_POINT point;
	PMOUNTMGR_TARGET_NAME target;
	PMOUNTDEV_UNIQUE_ID id;
	struct volume *next;
};

/* Stands for what sends a code: DeviceIoControl, NtDeviceIoControlFile. */
typedef NTSTATUS (*control_function)(void *handle, uint32_t code, void *in, uint32_t in_len,
	void *out, uint32_t out_len, uint32_t *returned);

/* A buffer that is one structure or another, and room behind it. */
union buffer {
	MOUNTMGR_MOUNT_POINT point;
	MOUNTMGR_MOUNT_POINTS points;
	MOUNTMGR_CREATE_POINT_INPUT create;
	MOUNTMGR_TARGET_NAME target;
	MOUNTMGR_VOLUME_MOUNT_POINT folder;
	MOUNTMGR_VOLUME_PATHS paths;
	MOUNTDEV_NAME name;
	MOUNTDEV_UNIQUE_ID id;
	MOUNTDEV_SUGGESTED_LINK_NAME suggested;
	MOUNTDEV_STABLE_GUID guid;
	char bytes[4096];
};

static const wchar_t *const manager_names[] = { MOUNTMGR_DEVICE_NAME, MOUNTMGR_DOS_DEVICE_NAME };

/* The text of a member of an answer, as a counted string. */
static void get_text(
	PMOUNTMGR_MOUNT_POINTS points, uint32_t offset, uint16_t length, PUNICODE_STRING text)
{
	static MMFS_WCHAR copy[2048];

	memcpy(copy, (const char *)points + offset, length);
	text->Buffer = copy;
	text->Length = length;
	text->MaximumLength = length;
}

/* Asks once for the size, and then for the list; takes the letter and the volume name from it. */
static NTSTATUS find_names(control_function control, void *handle, PMOUNTDEV_NAME device,
	PUNICODE_STRING letter, PUNICODE_STRING volume_name)
{
	union buffer in, out;
	PMOUNTMGR_MOUNT_POINT point = &in.point;
	PMOUNTMGR_MOUNT_POINTS points = &out.points;
	uint32_t size = sizeof(MOUNTMGR_MOUNT_POINT) + device->NameLength, i;
	NTSTATUS status;

	memset(&in, 0, sizeof(in));
	point->DeviceNameOffset = sizeof(MOUNTMGR_MOUNT_POINT);
	point->DeviceNameLength = device->NameLength;
	memcpy(&point[1], device->Name, device->NameLength);
	status = control(handle, IOCTL_MOUNTMGR_QUERY_POINTS, point, size, points,
		sizeof(MOUNTMGR_MOUNT_POINTS), NULL);
	if (status == STATUS_BUFFER_OVERFLOW)
		status = control(handle, IOCTL_MOUNTMGR_QUERY_POINTS, point, size, points,
			points->Size, NULL);
	if (!NT_SUCCESS(status))
		return status;
	for (i = 0; i < points->NumberOfMountPoints; i++) {
		UNICODE_STRING name;

		get_text(points, points->MountPoints[i].SymbolicLinkNameOffset,
			points->MountPoints[i].SymbolicLinkNameLength, &name);
		if (MOUNTMGR_IS_DRIVE_LETTER(&name))
			*letter = name;
		else if (MOUNTMGR_IS_VOLUME_NAME(&name))
			*volume_name = name;
	}
	return points->NumberOfMountPoints ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
}

static NTSTATUS create_letter(
	control_function control, void *handle, PUNICODE_STRING link, PCUNICODE_STRING device)
{
	union buffer in;
	PMOUNTMGR_CREATE_POINT_INPUT create = &in.create;

	create->SymbolicLinkNameOffset = sizeof(MOUNTMGR_CREATE_POINT_INPUT);
	create->SymbolicLinkNameLength = link->Length;
	create->DeviceNameOffset = (uint16_t)(sizeof(MOUNTMGR_CREATE_POINT_INPUT) + link->Length);
	create->DeviceNameLength = device->Length;
	memcpy(in.bytes + create->SymbolicLinkNameOffset, link->Buffer, link->Length);
	memcpy(in.bytes + create->DeviceNameOffset, device->Buffer, device->Length);
	switch (control(handle, OWN_CREATE_POINT, create, sizeof(in), NULL, 0, NULL)) {
	case STATUS_SUCCESS:
		return STATUS_SUCCESS;
	case STATUS_OBJECT_NAME_COLLISION:
	case STATUS_INVALID_PARAMETER:
		return STATUS_OBJECT_NAME_COLLISION;
	case STATUS_NO_MEDIA_IN_DEVICE:
	case STATUS_NO_SUCH_DEVICE:
	case STATUS_OBJECT_PATH_NOT_FOUND:
	case STATUS_OBJECT_NAME_INVALID:
		return STATUS_NO_SUCH_DEVICE;
	default:
		return STATUS_UNSUCCESSFUL;
	}
}

/* Turns letters off while something arrives. */
static NTSTATUS announce(control_function control, void *handle, PMOUNTMGR_TARGET_NAME target)
{
	MOUNTMGR_QUERY_AUTO_MOUNT query;
	MOUNTMGR_SET_AUTO_MOUNT set;
	MOUNTMGR_AUTO_MOUNT_STATE before;
	PMOUNTMGR_SET_AUTO_MOUNT argument = &set;
	NTSTATUS status;

	status = control(
		handle, IOCTL_MOUNTMGR_QUERY_AUTO_MOUNT, NULL, 0, &query, sizeof(query), NULL);
	if (!NT_SUCCESS(status))
		return status;
	before = query.CurrentState;
	set.NewState = Disabled;
	if (before == Enabled)
		status = control(handle, IOCTL_MOUNTMGR_SET_AUTO_MOUNT, argument, sizeof(set), NULL,
			0, NULL);
	if (NT_SUCCESS(status))
		status = control(handle, IOCTL_MOUNTMGR_VOLUME_ARRIVAL_NOTIFICATION, target,
			(uint32_t)(offsetof(MOUNTMGR_TARGET_NAME, DeviceName) +
				target->DeviceNameLength),
			NULL, 0, NULL);
	set.NewState = before;
	control(handle, IOCTL_MOUNTMGR_SET_AUTO_MOUNT, argument, sizeof(set), NULL, 0, NULL);
	return status;
}

/* The volume's side. */
static NTSTATUS ask_volume(control_function control, void *volume, uint8_t *guid)
{
	union buffer out;
	PMOUNTDEV_NAME name = &out.name;
	PMOUNTDEV_UNIQUE_ID id = &out.id;
	PMOUNTDEV_SUGGESTED_LINK_NAME suggested = &out.suggested;
	PMOUNTDEV_STABLE_GUID stable = &out.guid;
	const GUID *class_id = &MOUNTDEV_MOUNTED_DEVICE_GUID;
	NTSTATUS status;

	status =
		control(volume, IOCTL_MOUNTDEV_QUERY_DEVICE_NAME, NULL, 0, name, sizeof(out), NULL);
	if (status == STATUS_INVALID_DEVICE_REQUEST || status == STATUS_NOT_SUPPORTED ||
		name->NameLength == 0)
		return STATUS_NOT_FOUND;
	status = control(volume, IOCTL_MOUNTDEV_QUERY_UNIQUE_ID, NULL, 0, id, sizeof(out), NULL);
	if (status == STATUS_BUFFER_TOO_SMALL || id->UniqueIdLength > 64)
		return STATUS_NO_MEMORY;
	control(volume, IOCTL_MOUNTDEV_QUERY_SUGGESTED_LINK_NAME, NULL, 0, suggested, sizeof(out),
		NULL);
	if (suggested->UseOnlyIfThereAreNoOtherLinks)
		return STATUS_NO_MORE_ENTRIES;
	control(volume, IOCTL_MOUNTDEV_QUERY_STABLE_GUID, NULL, 0, stable, sizeof(*stable), NULL);
	memcpy(guid, &stable->StableGuid, sizeof(GUID));
	return memcmp(class_id, &stable->StableGuid, sizeof(GUID)) ? STATUS_SUCCESS
								   : STATUS_INVALID_HANDLE;
}

static int count_forms(PUNICODE_STRING name)
{
	return MOUNTMGR_IS_DOS_VOLUME_NAME(name) + MOUNTMGR_IS_DOS_VOLUME_NAME_WB(name) +
		MOUNTMGR_IS_NT_VOLUME_NAME(name) + MOUNTMGR_IS_NT_VOLUME_NAME_WB(name);
}

NTSTATUS use_all(control_function control, void *handle, struct volume *volume);
NTSTATUS use_all(control_function control, void *handle, struct volume *volume)
{
	UNICODE_STRING letter = { 0, 0, NULL }, name = { 0, 0, NULL };
	MOUNTMGR_CHANGE_NOTIFY_INFO changes;
	MOUNTMGR_DRIVE_LETTER_INFORMATION information;
	PMOUNTMGR_DRIVE_LETTER_INFORMATION given = &information;
	union buffer device;
	uint8_t guid[16];
	NTSTATUS status = find_names(control, handle, &device.name, &letter, &name);

	changes.EpicNumber = 0;
	control(handle, OWN_CHANGE_NOTIFY, &changes, sizeof(changes), &changes, sizeof(changes),
		NULL);
	if (status == STATUS_OBJECT_NAME_NOT_FOUND && manager_names[0] != manager_names[1])
		status = announce(control, handle, volume->target);
	if (NT_SUCCESS(status))
		status = create_letter(control, handle, &letter, &name);
	if (status == STATUS_PENDING || status == STATUS_CANCELLED ||
		status == STATUS_ACCESS_DENIED)
		return status;
	control(handle, IOCTL_MOUNTMGR_NEXT_DRIVE_LETTER, volume->target, 64, given, sizeof(*given),
		NULL);
	if (given->DriveLetterWasAssigned && given->CurrentDriveLetter == 'A')
		return STATUS_INSUFFICIENT_RESOURCES;
	return count_forms(&name) == 1 ? ask_volume(control, handle, guid) : STATUS_NOT_IMPLEMENTED;
}
