/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/fuse/fuse.h"
#include "io/fuse/notify.h"

/* Sessions of libfuse. Part of io/fuse. */

/* NULL: the options are wrong. */
struct fuse_session *fuse_session_make(
	const struct fuse_options *options, const struct fuse_lowlevel_ops *ops, void *data);
/* From now on what libfuse says goes to the log; before, it explains a failure. */
void fuse_session_has_started(void);
/* As if libfuse had said so. */
void fuse_session_set_message(const char *message);
/* The last thing that it has said, with ": " in front, or "". */
const char *fuse_session_get_message(void);
/* Ends its connection with the kernel, for this process. A negative errno if that cannot be. */
int fuse_session_disconnect(struct fuse_session *session);
