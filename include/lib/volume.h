/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "mmfs/mountmgr.h"

#define VOLUME_TARGET_MAX 1024 /* bytes of a MOUNTMGR_TARGET_NAME of a kernel's name */

/* What the manager is to be asked in place of a volume. */
struct volume_question {
	uint32_t code; /* IOCTL_MMFS_ */
	uint8_t target[VOLUME_TARGET_MAX];
	uint32_t len;
};

/*
 * Whether a link may lead to such a file. Of a directory, the manager knows whether it is a volume.
 */
bool volume_is_one(const struct stat *status);

/*
 * Makes the question of a code that is for the volume behind a descriptor. -EBADF: that is none;
 * -ENOTTY: no volume answers such a code here.
 */
int volume_get_question(int fd, uint32_t code, struct volume_question *ret_question);
