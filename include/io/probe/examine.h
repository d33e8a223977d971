/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/probe/probe.h"

#define FINDINGS_FAULT_MAX 512 /* bytes of a fault, with its NUL */
/* Of a value, with its NUL. The longest is a label of HFS+: 255 UTF-16 units are 765 bytes. */
#define FINDINGS_VALUE_MAX 768

enum finding {
	FINDING_DOUBT, /* why the rest of the content cannot be told */
	FINDING_UUID,
	FINDING_UUID_SUB,
	FINDING_FSTYPE,
	FINDING_USAGE,
	FINDING_LABEL,
	FINDING_TABLE,
	FINDING_PARTUUID,
	FINDING_PARTITION_TYPE,
	FINDING_PARTITION_NAME,
	FINDING_PARTITION_FLAGS, /* hexadecimal */
	FINDING_MEMBERS,
	FINDINGS,
};

/* What a device holds, in a form that passes from one process to another. Empty: nothing there. */
struct findings {
	char fault[FINDINGS_FAULT_MAX]; /* if there is one, nothing else counts */
	char values[FINDINGS][FINDINGS_VALUE_MAX];
};

void findings_set_fault(struct findings *findings, const char *format, ...) _printf_(2, 3);
/* Copies what another process has left, which may be anything, into well-formed findings. */
void findings_copy(struct findings *findings, const struct findings *hostile);
/* Turns findings from another process into owned texts, ticket 0; -EBADMSG if malformed. */
int findings_parse(const struct findings *findings, struct probe_answer *ret_answer);

/* A device about to be read. */
struct examination;

/*
 * Asks the kernel (ioctl, /sys) what kind of devices they are, and to have ready what is going to
 * be read; nothing that they hold is looked at. `disk_fd` is the whole disk on which `fd` is the
 * partition that starts at `start` (in units of 512 bytes), or -1. Images and memfds will do, too.
 * The descriptors stay the caller's.
 */
int examination_new(int fd, int disk_fd, uint64_t start, struct examination **ret_examination);
void examination_free(struct examination *examination);
DEFINE_CLEANUP(struct examination, examination_free)
/* Reads the devices. Needs what the sandbox permits, and no more. */
void examination_run(const struct examination *examination, struct findings *findings);
