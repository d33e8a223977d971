/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/fuse/fuse.h"
#include "io/fuse/notify.h"

/* MountPointManager. Part of io/fuse. */

struct open_file;

#define FUSE_MANAGER_RESTS 4 /* answers that an open file keeps */

/* Answers `req`, at once or when its job is over. */
void fuse_op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int command, void *argument,
	struct fuse_file_info *info, unsigned int flags, const void *in, size_t in_size,
	size_t out_size);
/* Notes what the open file may ask for, by the flags it was opened with. */
void fuse_manager_open(struct open_file *file, const struct fuse_file_info *info);
/* A record, whole in one write: answers `req` when its job is over. */
void fuse_manager_write(
	fuse_req_t req, struct open_file *file, const char *data, size_t size, uint64_t offset);
/* Answers `req` with the answer that is kept at a position. False: none is. */
bool fuse_manager_read(fuse_req_t req, struct open_file *file, size_t size, uint64_t position);
/* A request is over: leaves the answer in the open file, or in the reply to the ioctl. */
void fuse_manager_finish(struct fuse_job *job, struct notify_reply *ret_reply);
