/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/fuse/notify.h"

/* The calls on open files. Part of io/fuse. */

/* Each answers `req`, at once or when its job is over. */
void fuse_op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info);
void fuse_op_read(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info);
void fuse_op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
	struct fuse_file_info *info);
void fuse_op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info);
