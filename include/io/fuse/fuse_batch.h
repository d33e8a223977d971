/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/fuse/fuse.h"

struct open_file;

/*
 * Lines of batches. Part of io/fuse. Gathers the lines of `text`, up to a `commit`, which fills the
 * job. Returns how many bytes are left.
 */
size_t fuse_batch_add_lines(
	struct open_file *file, struct fuse_job *job, const struct strbuf *text);
