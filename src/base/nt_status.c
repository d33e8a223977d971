/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statuses of the binary interface and our errnos.
 */

#include <errno.h>

#include "base/base.h"
#include "base/nt_status.h"

/* Of several rows, the first counts. */
static const struct {
	NTSTATUS status;
	int error;
} statuses[] = {
	{ STATUS_SUCCESS, 0 },
	{ STATUS_PENDING, EINPROGRESS },
	{ STATUS_BUFFER_OVERFLOW, EOVERFLOW },
	{ STATUS_INVALID_PARAMETER, EINVAL },
	{ STATUS_INVALID_PARAMETER, EMSGSIZE },
	{ STATUS_INVALID_DEVICE_REQUEST, ENOTTY },
	{ STATUS_INVALID_HANDLE, EBADF },
	{ STATUS_ACCESS_VIOLATION, EFAULT },
	{ STATUS_ACCESS_DENIED, EACCES },
	{ STATUS_ACCESS_DENIED, EPERM },
	{ STATUS_ACCESS_DENIED, EROFS },
	{ STATUS_OBJECT_NAME_NOT_FOUND, ENOENT },
	{ STATUS_OBJECT_NAME_COLLISION, EEXIST },
	{ STATUS_DISK_FULL, ENOSPC },
	{ STATUS_INSUFFICIENT_RESOURCES, ENOMEM },
	{ STATUS_DEVICE_NOT_CONNECTED, ENODEV },
	{ STATUS_DEVICE_NOT_CONNECTED, ENOTCONN },
	{ STATUS_DEVICE_NOT_CONNECTED, ECONNABORTED },
	{ STATUS_NO_MEDIA_IN_DEVICE, ENOMEDIUM },
	{ STATUS_IO_TIMEOUT, ETIMEDOUT },
	{ STATUS_NOT_SUPPORTED, EOPNOTSUPP },
	{ STATUS_NOT_A_DIRECTORY, ENOTDIR },
	{ STATUS_STOPPED_ON_SYMLINK, ELOOP },
	{ STATUS_CANCELLED, EINTR },
	{ STATUS_CANCELLED, ECANCELED },
	{ STATUS_NOT_FOUND, ENOENT },
	{ STATUS_UNSUCCESSFUL, EIO },
};

uint32_t nt_status_from_errno(int error)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].error == error)
			return (uint32_t)statuses[i].status;
	return (uint32_t)STATUS_UNSUCCESSFUL;
}

int nt_status_to_errno(uint32_t status)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if ((uint32_t)statuses[i].status == status)
			return statuses[i].error;
	return EIO;
}
