/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/views/tree.h"

#define KERNEL_ENTRIES_MAX 64

/*
 * A naive kernel that caches without limit: entries of DosDevices, Volumes and mounts, names that
 * are not there, and what the folders list. What it has been told of is forgotten; all else must be
 * so.
 */
struct kernel {
	struct kernel_entry {
		uint64_t parent;
		uint64_t ino; /* 0: there is no such name */
		char *name;
	} entries[KERNEL_ENTRIES_MAX];
	size_t count;
	uint64_t listings[3]; /* hashes; 0: not cached */
	uint64_t steps;
};

void kernel_fini(struct kernel *kernel);
/* A client has renamed a link through the folder: the kernel knows. */
void kernel_rename(struct kernel *kernel, struct tree *tree, const struct node *folder,
	const char *name, const char *new_name);
/* Takes the news, checks that all it still has is right, and looks at some more. */
void kernel_take(struct kernel *kernel, struct tree *tree, const struct deltas *deltas);
