/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

struct fuse_server;

/*
 * Goes on with what was open in an earlier process, before its requests are served again. What
 * makes no sense is dropped, and the kernel gets ESTALE for it: returns how many files those are.
 * Jobs whose writes have returned are submitted again, and who polls is woken.
 */
size_t kept_files_load(struct fuse_server *server);
