/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/index.h"
#include "base/kept.h"
#include "base/strbuf.h"
#include "io/fuse/kept_kind.h"

/*
 * Records of one kind in memory that can outlive the process, one for each key: a head of fixed
 * length, the key with its NUL, and more.
 */
struct kept_notes {
	struct kept *kept;
	enum kept_kind kind;
	size_t head;	      /* bytes in front of the key */
	struct index records; /* their numbers, by key */
};

/* Begins without any: what an earlier process has left of the kind is removed. */
void kept_notes_init(struct kept_notes *notes, struct kept *kept, enum kept_kind kind, size_t head);
void kept_notes_fini(struct kept_notes *notes);
/* Makes these bytes what is noted of the key; none: nothing is. */
void kept_notes_put(struct kept_notes *notes, const char *key, const struct strbuf *bytes);

/* Adds a text with its NUL, takes one. NULL: there is none any more that ends. */
void kept_notes_add_text(struct strbuf *bytes, const char *text);
const char *kept_notes_take_text(const char **at, const char *end);
