/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/names.h"

/*
 * Links that went all at once: nobody sees them any more, but their memory is still to be freed,
 * and so is what others have for each of them.
 */

/* Frees up to `count` of them, each after `fn` was told of it (NULL: nobody). */
void dropped_sweep(struct names *names, size_t count,
	void (*fn)(void *data, const struct link *link), void *data);

/* Parts of the functions of names. Takes a record from its place, with its links. */
void dropped_add(struct names *names, struct record *record);
void dropped_fini(struct names *names);
