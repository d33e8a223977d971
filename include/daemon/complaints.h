/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/loop.h"

#define COMPLAINTS_MAX 10
#define COMPLAINTS_TIME UINT64_C(60000000) /* µs */

/*
 * Warnings about what others send, who may send as much of it as they like: so many in a
 * minute are written, and then how many more there were.
 */
struct complaints {
	struct loop *loop;
	struct timer timer; /* armed: the minute has begun */
	const char *about;  /* borrowed */
	size_t count;	    /* in it */
};

void complaints_init(struct complaints *complaints, struct loop *loop, const char *about);
void complaints_add(struct complaints *complaints, const char *format, ...) _printf_(2, 3);
