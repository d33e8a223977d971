/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/event.h"

/* What a change touched, for those who show the state. Names of things that may be gone. */
struct touched {
	char **links; /* paths */
	size_t link_count;
	char **ids;	/* unique IDs about which something changed */
	bool *is_moved; /* per ID: its device is another, so all its links are touched */
	size_t id_count;
	char **linked; /* unique IDs of which nothing is different but the links that they have */
	size_t linked_count;
	char **dropped; /* unique IDs of which all links are gone, but for what `links` has */
	size_t dropped_count;
	char **devices; /* kernel names */
	size_t device_count;
	char *renamed[2]; /* the link that has moved, from and to: its inode stays; NULL: none */
	struct events events; /* what the tree does not show */
	char *host;	      /* whose change it is; NULL: of this machine */
	bool has_changed;     /* whether anything a reader could see has changed at all */
};

/* Takes copies of the texts. `is_moved`: the device of the ID is another. */
void touched_add_link(struct touched *touched, const char *link);
void touched_add_id(struct touched *touched, const char *id, bool is_moved);
void touched_add_linked(struct touched *touched, const char *id);
void touched_add_dropped(struct touched *touched, const char *id);
void touched_add_device(struct touched *touched, const char *name);
void touched_fini(struct touched *touched);
