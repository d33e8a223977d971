/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * Takes `KEY="value"` off a line of such pairs, undoes its escapes in place, and moves on to what
 * follows. NULL, and nothing taken, if something else stands there.
 */
char *pairs_take(char **at, const char *key);

/*
 * Takes a whole line of pairs: the values of the keys, in whatever order they stand, NULL for those
 * that are not there. Pairs of other keys are passed over. False: there are no more lines.
 */
bool pairs_take_line(char **at, const char *const keys[], char *values[], size_t count);

/* A copy with each \xHH undone: names of files in ids/ and devices/, and udev's texts. */
char *text_unescape(const char *text);

struct shown_point {
	const char *link;
	const char *id;
	const char *device;
};

/* Triples, with the text they were read from. */
struct shown_points {
	char *text;
	struct shown_point *list;
	size_t count;
};

void points_fini(struct shown_points *points);
/* Takes the text over. */
void points_parse(char *text, struct shown_points *ret_points);
