/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/views/tree.h"

/* The entries of a folder of the tree, by rising inode number. */

/* Puts the node at the end of its folder's listing: its number is the highest so far. */
void listing_add(struct node *node);
/* Takes it out. A file of a volume's folder is in none. */
void listing_remove(struct node *node);
/* Puts those in order that were not added by rising number. */
void listing_sort(struct node *folder);
