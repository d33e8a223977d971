/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/mount_attempt.h"
#include "io/fuse/kept_notes.h"

/* What was made of registered mount points, in memory that can outlive the process. */
/*
 * Begins without any, and tells what an earlier process has noted, to be noted anew as far as it
 * goes on. A record that makes no sense is passed over.
 */
void kept_attempts_begin(struct kept_notes *attempts, struct kept *kept,
	void (*take)(void *data, const struct mount_attempt *attempt), void *data);
void kept_attempts_note(struct kept_notes *attempts, const struct mount_attempt *attempt);
/* It is over and done with. */
void kept_attempts_forget(struct kept_notes *attempts, const char *host, const char *path);
