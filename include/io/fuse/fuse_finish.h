/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/fuse/fuse.h"

/*
 * A job is over: tells the kernel of `deltas`, then the client of the result. Takes over both.
 * `job` is NULL when nobody asked (a device came or went).
 */
void fuse_finish(struct fuse_server *server, struct fuse_job *job, struct deltas *deltas);
