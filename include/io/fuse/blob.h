/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/map.h"
#include "base/sheets.h"
#include "core/views/tree.h"

/* Texts that open files show, and who pays for them. Part of io/fuse. */

struct budget;
struct fuse_server;

/* A user with open files that show a text. */
struct blob_holder {
	struct blob_holder *next;
	uint32_t uid;
	size_t count;
};

/* Text that several open files may show at once. */
struct blob {
	struct map_node by_generation; /* in fuse_server::texts, if it is the text of a view */
	struct fuse_server *server;    /* … else NULL */
	enum node_kind view;
	size_t references;
	struct blob_holder *holders; /* who is charged for it */
	uint64_t generation;	     /* fuse_server::generation when it was made */
	struct sheets text;
	uint64_t charged;	    /* bytes, to each holder */
	struct blob *older, *newer; /* texts of the same view that are there */
	uint64_t number;	    /* where it is noted */
	struct kept *kept;	    /* … in which record, or 0 */
	uint32_t kept_record;
};

/* It is one of the texts of a view, which are found by the generation. */
void blob_list(struct blob *blob, struct fuse_server *server, enum node_kind view);
/* Gives up a reference; the last frees it. NULL is fine. */
void blob_release(struct blob *blob);
/* An open file of this user shows it, shows it no more. */
void blob_hold(struct blob *blob, struct budget *budget, uint32_t uid);
void blob_drop(struct blob *blob, struct budget *budget, uint32_t uid);
