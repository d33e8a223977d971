/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In which order a folder lists its entries. */

#include "listing_private.h"

void listing_add(struct node *node)
{
	struct folder_content *folder = node->parent->content;

	node->previous = folder->last;
	if (folder->last)
		folder->last->next = node;
	else
		folder->first = node;
	folder->last = node;
}

void listing_remove(struct node *node)
{
	struct folder_content *folder = node->parent->content;

	if (!node->previous && !node->next && folder->first != node)
		return; /* a file of a volume folder is never listed */
	if (node->previous)
		node->previous->next = node->next;
	else
		folder->first = node->next;
	if (node->next)
		node->next->previous = node->previous;
	else
		folder->last = node->previous;
	node->next = node->previous = NULL;
}

static int compare_nodes(const void *a, const void *b)
{
	const struct node *const *node_a = a, *const *node_b = b;
	uint64_t ino_a = (*node_a)->ino, ino_b = (*node_b)->ino;

	return ino_a < ino_b ? -1 : ino_a > ino_b;
}

void listing_sort(struct node *folder)
{
	_cleanup_free_ struct node **list = NULL;
	size_t count = 0, capacity = 0;

	for (struct node *node = folder->content->first; node; node = node->next)
		capacity++;
	if (!capacity)
		return;
	list = xcalloc(capacity, sizeof(struct node *));
	for (struct node *node = folder->content->first; node; node = node->next)
		list[count++] = node;
	qsort(list, count, sizeof(struct node *), compare_nodes);
	folder->content->first = list[0];
	folder->content->last = list[count - 1];
	for (size_t i = 0; i < count; i++) {
		list[i]->previous = i ? list[i - 1] : NULL;
		list[i]->next = i + 1 < count ? list[i + 1] : NULL;
	}
}
