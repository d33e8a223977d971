/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "listing.h"

static bool read_name(void *data, const struct tree_entry *entry)
{
	struct reader *reader = data;

	if (!reader->room)
		return false;
	reader->room--;
	strbuf_add_format(&reader->names, "%s ", entry->name);
	reader->cookie = entry->cookie;
	return true;
}

void read_names(struct reader *reader, struct tree *tree, struct node *folder, size_t room)
{
	reader->room = room;
	tree_list(tree, folder, reader->cookie, read_name, reader);
}
