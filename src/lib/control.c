/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmfs_device_io_control(): which way a record takes. Holds no state, so that any number of threads
 * and forked processes can use one descriptor.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/nt_status.h"
#include "lib/pieces.h"
#include "lib/volume.h"
#include "mmfs/client.h"

#define RECORD_SIZE sizeof(struct mmfs_record)
#define STALE_MAX 64 /* times that an answer is lost to those of other threads */

struct call {
	int fd;
	struct mmfs_record record; /* of the request, then of the answer */
	const void *in;
	void *out;
};

/* -ESTALE: there is less. */
static int read_all(int fd, void *to, size_t len, uint64_t at)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(fd, (char *)to + done, len - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ESTALE;
		done += (size_t)n;
	}
	return 0;
}

/* The output goes to the caller only where it has room for it, whatever the daemon says. */
static int check_answer(const struct call *call, uint32_t room)
{
	return call->record.info <= room ? 0 : -EPROTO;
}

/*
 * The error of an ioctl(2). What is no MountPointManager is told from it: other files do not know
 * the number, and devices may say anything of it.
 */
static int get_error(int fd, int error)
{
	struct stat status;

	if (error == ENOTTY || (fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)))
		return -EBADF;
	return -error;
}

/* The carrier has zeros, but for the record's data. */
static int call_by_ioctl(struct call *call, void *carrier, size_t size, unsigned long number)
{
	uint32_t room = call->record.out_len;
	char *data = (char *)carrier + RECORD_SIZE;
	int r;

	memcpy(carrier, &call->record, RECORD_SIZE);
	if (ioctl(call->fd, number, carrier) < 0)
		return get_error(call->fd, errno);
	memcpy(&call->record, carrier, RECORD_SIZE);
	r = check_answer(call, room);
	if (r < 0 || !call->record.info)
		return r;
	if (call->record.flags & MMFS_RECORD_REST)
		return read_all(
			call->fd, call->out, call->record.info, call->record.ticket + RECORD_SIZE);
	if (call->record.info > size - RECORD_SIZE)
		return -EPROTO;
	memcpy(call->out, data, call->record.info);
	return 0;
}

/* -EBADF: the descriptor is of something else, which a write would change. */
static int check_manager(int fd)
{
	struct mmfs_carrier_4k carrier = { .record = { .version = MMFS_RECORD_VERSION } };

	return ioctl(fd, MMFS_IOC_4K, &carrier) < 0 ? get_error(fd, errno) : 0;
}

/*
 * The position and the answer of a written record belong to an open file: it gets one of its own.
 */
static int reopen(int fd)
{
	char path[64];
	int flags = fcntl(fd, F_GETFL), own;

	if (flags < 0)
		return -errno;
	if ((flags & O_ACCMODE) != O_RDWR)
		return -EACCES;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, O_RDWR | O_CLOEXEC);
	return own < 0 ? -errno : own;
}

static int transact(struct call *call, int fd, const void *record, size_t size)
{
	uint32_t room = call->record.out_len;
	ssize_t n = write(fd, record, size);
	int r;

	if (n < 0)
		return -errno;
	if ((size_t)n != size)
		return -EMSGSIZE;
	r = read_all(fd, &call->record, RECORD_SIZE, 0);
	if (r == 0)
		r = check_answer(call, room);
	return r < 0 ? r : read_all(fd, call->out, call->record.info, RECORD_SIZE);
}

static int call_by_write(struct call *call)
{
	size_t size = RECORD_SIZE + call->record.in_len;
	int r = check_manager(call->fd), fd = r < 0 ? r : reopen(call->fd);
	char *record;

	if (fd < 0)
		return fd;
	record = malloc(size);
	if (!record) {
		close(fd);
		return -ENOMEM;
	}
	memcpy(record, &call->record, RECORD_SIZE);
	memcpy(record + RECORD_SIZE, call->in, call->record.in_len);
	r = transact(call, fd, record, size);
	free(record);
	close(fd);
	return r;
}

static int call_once(struct call *call)
{
	union {
		struct mmfs_carrier_4k small;
		struct mmfs_carrier_16k large;
	} carrier;
	uint32_t in_len = call->record.in_len, out_len = call->record.out_len;
	bool is_small =
		in_len <= sizeof(carrier.small.data) && out_len <= sizeof(carrier.small.data);

	if (in_len > MMFS_INPUT_MAX)
		return -EMSGSIZE;
	memset(&carrier, 0, is_small ? sizeof(carrier.small) : sizeof(carrier.large));
	if (in_len > sizeof(carrier.large.data)) {
		if (MMFS_CTL_ACCESS(call->record.code) & MMFS_ACCESS_WRITE)
			return call_by_write(call);
		/* Who may only read cannot write(2); and few of so many bytes mean anything. */
		call->record.flags |= MMFS_RECORD_PIECES;
		pieces_add_input(call->record.code, call->in, in_len, &carrier.large);
	} else if (in_len) {
		memcpy(carrier.large.data, call->in, in_len);
	}
	return is_small ? call_by_ioctl(call, &carrier, sizeof(carrier.small), MMFS_IOC_4K)
			: call_by_ioctl(call, &carrier, sizeof(carrier.large), MMFS_IOC_16K);
}

/* Sends the code, and stores the header of the answer. */
static int ask(int fd, uint32_t code, const void *in, uint32_t in_len, void *out, uint32_t out_len,
	struct mmfs_record *ret_answer)
{
	const struct mmfs_record record = {
		.version = MMFS_RECORD_VERSION,
		.code = code,
		.in_len = in_len,
		.out_len = out_len,
		.flags = code == IOCTL_MOUNTMGR_CHANGE_NOTIFY && fcntl(fd, F_GETFL) & O_NONBLOCK
			? MMFS_RECORD_NOWAIT
			: 0,
	};
	struct call call = { .fd = fd, .in = in, .out = out };
	int r = -ESTALE;

	/* Only what changes nothing may be asked again. */
	for (int i = 0; i < STALE_MAX && r == -ESTALE; i++) {
		call.record = record;
		r = call_once(&call);
		if (MMFS_CTL_ACCESS(code) != MMFS_ACCESS_ANY)
			break;
	}
	if (r == 0)
		*ret_answer = call.record;
	return r;
}

/*
 * A volume cannot answer itself: its device is the kernel's. Opens the manager for the one
 * question.
 */
static int ask_about(
	int volume, uint32_t code, void *out, uint32_t out_len, struct mmfs_record *ret_answer)
{
	struct volume_question question;
	int r = volume_get_question(volume, code, &question), fd;

	if (r < 0)
		return r;
	fd = mmfs_open(NULL, O_RDONLY);
	if (fd < 0)
		return fd;
	r = ask(fd, question.code, question.target, question.len, out, out_len, ret_answer);
	close(fd);
	return r;
}

/* A directory that is no volume is a file as any other. */
static int ask_for_volume(
	int volume, uint32_t code, void *out, uint32_t out_len, struct mmfs_record *ret_answer)
{
	int r = ask_about(volume, code, out, out_len, ret_answer);
	bool is_unknown = r < 0 || ret_answer->status == (uint32_t)STATUS_OBJECT_NAME_NOT_FOUND;
	struct stat status;

	return is_unknown && fstat(volume, &status) == 0 && S_ISDIR(status.st_mode) ? -EBADF : r;
}

/* Whether the code is for what is behind the descriptor, and that may be a volume. */
static bool is_of_volume(int fd, uint32_t code)
{
	struct stat status;

	return MMFS_CTL_TYPE(code) == MOUNTDEVCONTROLTYPE && fstat(fd, &status) == 0 &&
		volume_is_one(&status);
}

int mmfs_device_io_control(int fd, uint32_t code, const void *in, uint32_t in_len, void *out,
	uint32_t out_len, uint32_t *bytes_returned, uint32_t *ntstatus)
{
	struct mmfs_record answer = { 0 };
	int r = -EFAULT;

	if ((in || !in_len) && (out || !out_len))
		r = is_of_volume(fd, code) ? ask_for_volume(fd, code, out, out_len, &answer)
					   : ask(fd, code, in, in_len, out, out_len, &answer);
	if (r < 0)
		answer.status = nt_status_from_errno(-r);
	else
		r = -nt_status_to_errno(answer.status);
	if (bytes_returned)
		*bytes_returned = answer.info;
	if (ntstatus)
		*ntstatus = answer.status;
	return r;
}
