/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel is told of a change, name by name.
 */

#include "io/fuse/notify_deltas.h"
#include "io/fuse/teller.h"

bool notify_deltas_has_parent(const struct deltas *deltas, size_t before, uint64_t parent)
{
	/* Changes come in runs of the same few folders: looking back a little finds nearly all. */
	for (size_t i = before, looked = 0; i > 0 && looked < 8; i--, looked++)
		if (deltas->list[i - 1].parent == parent && !deltas->list[i - 1].ino)
			return true;
	return false;
}

void notify_deltas_format(const struct deltas *deltas, uint64_t except, struct strbuf *ret_messages)
{
	for (size_t i = 0; i < deltas->count; i++) {
		const struct delta *delta = &deltas->list[i];

		if (!delta->parent) /* attributes only: an offset below 0 takes no page locks */
			teller_add_inode(ret_messages, delta->ino, -1);
		else if (delta->parent != except && delta->name)
			teller_add_entry(ret_messages, delta->parent, delta->name);
	}
	for (size_t i = 0; i < deltas->count; i++) {
		uint64_t parent = deltas->list[i].parent;

		if (parent && !deltas->list[i].ino && parent != except &&
			!notify_deltas_has_parent(deltas, i, parent))
			teller_add_inode(ret_messages, parent, 0);
	}
}
