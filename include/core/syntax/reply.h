/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"
#include "core/syntax/triple.h"

/*
 * What an operation answers, one item after the other. Text for the control files is made of it,
 * and bytes for the binary interface: see wire.h.
 */
struct reply {
	struct strbuf items; /* each its kind, and texts that end in NUL */
	size_t triples;	     /* how many of them are */
	bool is_unread;	     /* nobody can read it: triples are left out */
	bool is_nameless;    /* the volume is known, but there is nothing to call it */
	uint32_t number; /* what the state alone answers, in binary: a switch, the epic number */
};

enum reply_item_kind {
	ITEM_TRIPLE = 'T',
	ITEM_PATH = 'P',	/* a drive letter "C:", or a folder */
	ITEM_VOLUME_PATH = 'V', /* a canonical link, for want of a path */
	ITEM_LETTER = 'L',
	ITEM_VOLUME = 'I',
};

/* Texts point into the reply. */
struct reply_item {
	enum reply_item_kind kind;
	const char *link; /* ITEM_TRIPLE; ITEM_VOLUME: its volume name, or "" */
	const char *id;
	const char *node;
	const char
		*path; /* ITEM_PATH, ITEM_VOLUME_PATH; ITEM_VOLUME: the link it suggests, or "" */
	char letter;   /* ITEM_LETTER; 0: none */
	bool is_new;   /* the letter was given now */
};

void reply_fini(struct reply *reply);

/* Makes room for so many more. */
void reply_reserve(struct reply *reply, size_t triples);
void reply_add_triple(struct reply *reply, const struct triple *triple);
void reply_add_path(struct reply *reply, const char *path);
void reply_add_volume_path(struct reply *reply, const char *link);
/* What a volume says of itself; NULL is "". */
void reply_add_volume(struct reply *reply, const struct reply_item *item);
void reply_add_letter(struct reply *reply, char letter, bool is_new);

/* The item at `at`, which starts at 0 and is moved on. False: there are no more. */
bool reply_next(const struct reply *reply, size_t *at, struct reply_item *ret_item);

/* Whether these bytes are items, as they come from another process. */
bool reply_is_sound(const char *items, size_t len);

/* As the control files show it. */
void reply_format(const struct reply *reply, struct strbuf *ret_text);
