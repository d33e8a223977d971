/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

struct fuse_server;

/*
 * Opens again what was open in an earlier process, with jobs that are to be submitted. What makes
 * no sense is dropped: returns how many files those are.
 */
size_t kept_files_load(struct fuse_server *server);
