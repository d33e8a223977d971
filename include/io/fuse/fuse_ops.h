/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/fuse/notify.h"

/* All that the kernel may ask for. Part of io/fuse. */
extern const struct fuse_lowlevel_ops fuse_ops;
