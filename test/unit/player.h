/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "fixture.h"

#define PLAYER_DAY UINT64_C(86400000000) /* µs */

/* Who plays a script: shared by play.c and play-checks.c. */
struct player {
	struct world *world;
	const char *title; /* for messages */
	const char *line;
	bool is_writing; /* requests collect */
	uint32_t epic;	 /* at the last line that asked for it, like the following */
	size_t written;
	uint64_t sequence;
	char *volume_name;
};

#define PLAYER_FAIL(player, format, ...)                                               \
	ck_abort_msg("%s%s%s: " format, (player)->title, *(player)->title ? "\n" : "", \
		(player)->line __VA_OPT__(, ) __VA_ARGS__)

/* Cuts the next word off, leaving the rest of the line. */
char *player_take_word(char **rest);
/* Does a line that checks something. False: there is no such line. */
bool player_check(struct player *player, char verb, char *rest);
