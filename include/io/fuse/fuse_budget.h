/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "io/fuse/fuse.h"

/* What is charged to whom. Part of io/fuse. */

struct blob;
struct open_file;

/* 0, or a negative errno after a line in the log of failures. `operation` may be NULL. */
int fuse_check_budget(struct fuse_server *server, uint32_t uid, enum budget_kind kind,
	const struct operation *operation);
/* Something of what the file holds has become larger or smaller. */
void fuse_charge(struct open_file *file);
/* A file of this user is open, it is closed. */
void fuse_charge_open(struct open_file *file, uint32_t uid);
void fuse_charge_close(struct open_file *file);
/* The file shows this text from now on; takes over the reference. */
void fuse_hold_text(struct open_file *file, struct blob *blob);
/* It shows none any more. */
void fuse_drop_text(struct open_file *file);
