/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listings of the folders of the tree, in pieces. Entries come by rising inode number.
 */

#include "core/views/render.h"
#include "core/views/tree_list.h"
#include "tree_private.h"

/* Cookies of listings: the number of the listing, above the place of the entry. */
enum { LISTING_BITS = 20, PLACE_BITS = 43, DOTS = 2 };

static uint64_t make_cookie(uint64_t listing, uint64_t place)
{
	return (listing & ((UINT64_C(1) << LISTING_BITS) - 1)) << PLACE_BITS | place;
}

static uint64_t get_place(uint64_t cookie)
{
	return cookie & ((UINT64_C(1) << PLACE_BITS) - 1);
}

/*
 * Where to look for what is behind a place: at the node that it is the place of, or near where the
 * last listing stood, as whoever has little room for a page goes on in the midst of it.
 */
static struct node *find_start(struct tree *tree, struct node *folder, uint64_t place)
{
	const struct node *last = place > DOTS ? tree_find(tree, place - DOTS) : NULL;
	struct node *near = place > DOTS ? tree->listed : NULL;

	if (last && last->parent == folder)
		return last->next;
	while (near && near->parent == folder && DOTS + near->ino > place)
		near = near->previous;
	if (near && near->parent == folder)
		return near;
	if (folder->content->first)
		return folder->content->first;
	return tree_find_child(tree, folder, VOLUME_DEVICE);
}

/* What needs no node: `.` and `..`, and the files of a volume. False: `add` has had enough. */
static bool list_fixed(
	const struct node *folder, uint64_t listing, uint64_t place, tree_list_fn *add, void *data)
{
	const struct node *parent = folder->parent ? folder->parent : folder;
	struct tree_entry dots[DOTS] = { { ".", folder->ino, NODE_FOLDER },
		{ "..", parent->ino, NODE_FOLDER } };

	for (size_t i = place; i < DOTS; i++) {
		dots[i].cookie = make_cookie(listing, i + 1);
		if (!add(data, &dots[i]))
			return false;
	}
	for (size_t i = 0; folder->is_volume_folder && i < volume_file_count; i++) {
		struct tree_entry file = { volume_files[i].name, folder->ino + 1 + i, NODE_VOLUME };

		file.cookie = make_cookie(listing, DOTS + 1 + i);
		if (DOTS + 1 + i > place && !add(data, &file))
			return false;
	}
	return true;
}

void tree_list(
	struct tree *tree, struct node *folder, uint64_t after, tree_list_fn *add, void *data)
{
	uint64_t listing = after ? after >> PLACE_BITS : folder->content->listing;
	uint64_t place = get_place(after);
	struct node *child, *next, *last = NULL;

	if (!list_fixed(folder, listing, place, add, data))
		return;
	for (child = find_start(tree, folder, place); child; child = next) {
		struct node *before = child->previous;
		struct node *shown = DOTS + child->ino > place ? tree_show(tree, child) : NULL;
		struct tree_entry entry;

		/* One that is another node now is the last of all. */
		if (shown && shown != child) {
			next = before ? before->next : folder->content->first;
			continue;
		}
		next = child->next;
		if (!shown)
			continue;
		entry = (struct tree_entry){ child->name, child->ino, child->kind, child,
			make_cookie(listing, DOTS + child->ino) };
		if (!add(data, &entry))
			break;
		last = child;
	}
	if (!last)
		return;
	tree_index(tree, last);
	tree->listed = last;
}

bool tree_list_is_current(const struct node *folder, uint64_t cookie)
{
	return make_cookie(folder->content->listing, get_place(cookie)) == cookie;
}
