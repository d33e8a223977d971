/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

#define HISTORY_MAX 1000 /* entries kept */

/*
 * One change of the database: who did what. Texts are NULL where they do not apply. There are many:
 * each is one block, with its texts behind it. free() ends it.
 */
struct history_entry {
	uint64_t sequence; /* counts on over restarts */
	uint64_t time;	   /* µs since 1970 */
	uint32_t epic;
	uint32_t uid;
	uint32_t pid;
	const char *operation;
	const char *link;
	const char *id;
	const char *device;
	const char *command;
	const char *host; /* another than this one */
};

/* The last HISTORY_MAX entries, oldest first. */
struct history {
	struct history_entry **entries; /* a window of `count` that slides over `room` */
	struct history_entry **room;	/* of 2 * HISTORY_MAX: at its end the window starts anew */
	size_t count;
	uint64_t next_sequence;
};

void history_init(struct history *history);
void history_fini(struct history *history);
/* Takes over the entry; the oldest entry makes room. */
void history_add(struct history *history, struct history_entry *entry);
/* A copy of a description with borrowed texts. */
struct history_entry *history_entry_new(const struct history_entry *from);
