/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/syntax/wire.h"
#include "fixture.h"

#define CREATE IOCTL_MOUNTMGR_CREATE_POINT
#define DELETE IOCTL_MOUNTMGR_DELETE_POINTS
#define DBONLY IOCTL_MOUNTMGR_DELETE_POINTS_DBONLY
#define QUERY IOCTL_MOUNTMGR_QUERY_POINTS
#define LETTER IOCTL_MOUNTMGR_NEXT_DRIVE_LETTER
#define KEEP IOCTL_MOUNTMGR_KEEP_LINKS_WHEN_OFFLINE
#define PATH IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATH
#define PATHS IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATHS

#define EMPTY_POINT "L0 0 0 L0 0 0 L0 0 0"
#define TARGET_A "18 '/dev/sda1'"
#define TARGET_NONE "18 '/dev/sdx1'"
#define AS_LINK(length, name) "L24 " #length " 0 L0 0 0 L0 0 0 '" name "'"
#define AS_DEVICE(length, name) "L0 0 0 L0 0 0 L24 " #length " 0 '" name "'"

struct bytes {
	uint8_t data[1024];
	size_t len;
};

/*
 * An input from words: 12 is 16 bits, L12 is 32 bits, z12 so many zeros, 'text' UTF-16, =text
 * bytes, x0d byte 0x0d.
 */
void bytes_parse(const char *words, struct bytes *ret_bytes);

/* Decodes from memory of exactly the size, so that sanitizers see the first byte beyond. */
int wire_call_decode(const struct wire_code *code, const struct bytes *bytes, size_t room,
	struct request *ret_request, struct strbuf *why);

/* What the daemon does with one call, without the daemon. */
NTSTATUS wire_call(struct world *world, uint32_t number, const char *input, size_t room,
	struct strbuf *ret_output);
