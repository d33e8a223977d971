/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/* What was made of a registered mount point, which the next server goes on from. Texts are lent. */
struct mount_attempt {
	const char *host; /* unique ID */
	const char *path; /* on it */
	const char *target;
	uint64_t target_number;
	uint64_t target_diskseq;
	int host_mount; /* id */
	const char *mount_path;
	int mount; /* id of what was mounted; 0: nothing is, it was tried */
};
