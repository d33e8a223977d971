/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/change.h"
#include "core/views/error_log.h"
#include "daemon/ledger.h"
#include "io/fuse/fuse.h"

/* Who asks, and what is told of what failed: what all who decide need of the world. */

void asking_get_random(void *to, size_t len);
/* Borrows who knows of other hosts. */
void asking_set_ledger(const struct ledger *ledger);
/* Whose change it is; NULL: of mmfs itself. */
struct manager_env asking_get_env(const struct fuse_job *job);
/* Finds the number of the device that a request names. */
void asking_find_device(struct request *request);
/* Notes that a line of a job has failed. */
void asking_note_failure(struct error_log *log, const struct fuse_job *job);
/* Notes a failure that no client asked for: of the volume or path that `what` names. */
void asking_note_own_failure(struct error_log *log, int error, const char *what, const char *why);
