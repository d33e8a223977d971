/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record by which ioctl(2) and write(2) on MountPointManager carry a control code. Mmfs's own:
 * most programs have no need of it, since mmfs_device_io_control() knows it. Part of
 * <mmfs/mountmgr.h>. Integers are in the machine's byte order, unlike those of the data, which are
 * little endian.
 *
 * A record has this header and then `in_len` bytes of input; the answer has the header again, with
 * `status` and `info` filled in, and then `info` bytes of output.
 *
 * - ioctl(2) with MMFS_IOC_4K or MMFS_IOC_16K: the record in, the answer out. An output that does
 *   not fit the carrier comes with MMFS_RECORD_REST: `ticket` is then the file offset at which
 *   pread(2) on the same open file finds the answer. The newest four of them are kept.
 *   With MMFS_RECORD_PIECES the data is no input, but the parts of a longer one that mean
 *   something: of each a struct mmfs_piece and its bytes, one behind the other, up to the end of
 *   the carrier or a piece of 0 bytes. The rest of the input is taken for zeros.
 * - write(2) of exactly one record, for an input that does not fit; then pread(2) from offset 0.
 *   Here CHANGE_NOTIFY never waits.
 */
#ifndef MMFS_RECORD_H
#define MMFS_RECORD_H

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus) && __cplusplus >= 201103L
#define MMFS_ASSERT(condition, name) static_assert(condition, #name)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define MMFS_ASSERT(condition, name) _Static_assert(condition, #name)
#else
#define MMFS_ASSERT(condition, name) typedef char mmfs_assert_##name[(condition) ? 1 : -1]
#endif

#define MMFS_RECORD_VERSION 1u
#define MMFS_RECORD_NOWAIT 1u  /* in: CHANGE_NOTIFY does not wait, but for poll(2) from then on */
#define MMFS_RECORD_REST 2u    /* out: the output has to be read */
#define MMFS_RECORD_PIECES 4u  /* in: the data is pieces of the input */
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

struct mmfs_piece {
	uint32_t offset; /* from the start of the input, inside it */
	uint32_t len;
};
MMFS_ASSERT(sizeof(struct mmfs_piece) == 8, piece_size);

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

#endif
