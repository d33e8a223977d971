/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/views/tree.h"

struct tree_entry {
	const char *name;
	uint64_t ino;
	enum node_kind kind;
	struct node *node; /* NULL: of `.`, `..`, and files that are made when they are asked for */
	uint64_t cookie;
};

/*
 * Calls `add` for each entry after the one whose cookie is `after` (0: from the start,
 * with `.` and `..`) until it returns false. The cookie of an entry also tells which listing of the
 * folder it belongs to: who goes on after it goes on with the same listing, by its cookies, though
 * entries may have come and gone since.
 */
typedef bool tree_list_fn(void *data, const struct tree_entry *entry);
void tree_list(
	struct tree *tree, struct node *folder, uint64_t after, tree_list_fn *add, void *data);
/* Whether a folder is as it was when a listing began that goes on after this cookie. */
bool tree_list_is_current(const struct node *folder, uint64_t cookie);
