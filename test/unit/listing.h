/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/views/tree_list.h"

/* Who reads the names in a folder of the tree, as many at a time as there is room for. */
struct reader {
	struct strbuf names; /* each with a blank behind it */
	uint64_t cookie;     /* of the last */
	size_t room;
};

void read_names(struct reader *reader, struct tree *tree, struct node *folder, size_t room);
