/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"
#include "io/store/store.h"

/* The database on its way into the state, which nobody else looks at meanwhile. */
struct reading;

/* Begins, in a thread of its own if there can be one. The path and the manager are borrowed. */
struct reading *reading_begin(const char *path, struct manager *manager);
/*
 * Waits for the end, and frees. Below 0: it cannot be read, and `why` has a sentence; also then
 * there may be a store, which is the caller's.
 */
int reading_end(struct reading *reading, struct store **ret_store, struct strbuf *why);
