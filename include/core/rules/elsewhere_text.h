/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/rules/elsewhere.h"
#include "core/syntax/cluster_line.h"

/* A change of another host that owns all its texts. */
struct elsewhere_change {
	struct elsewhere elsewhere;
	struct elsewhere_change *next;
	size_t texts; /* bytes of memory that they take, about */
};

struct elsewhere_change *elsewhere_change_new(const char *host, uint64_t revision, uint64_t head);
void elsewhere_change_free(struct elsewhere_change *change);
/* Bytes of memory that it takes, about. */
size_t elsewhere_change_measure(const struct elsewhere_change *change);
/* The key that a row has in the engine. */
void elsewhere_row_add_key(const struct elsewhere_row *row, struct strbuf *key);
/*
 * Adds what one row of the engine says, its value read in place. What is no business of the names
 * is left out. -EBADMSG with a sentence in `why`: it says nothing that can be.
 */
int elsewhere_change_add(
	struct elsewhere_change *change, struct cluster_row *row, struct strbuf *why);
/*
 * Of all there is: the row of the log of this machine's own change of that number. If it has
 * happened, that is noted, and what only the log tells of it is added.
 */
int elsewhere_change_add_own(struct elsewhere_change *change, uint64_t number,
	struct cluster_row *row, struct strbuf *why);
DEFINE_CLEANUP(struct elsewhere_change, elsewhere_change_free)
