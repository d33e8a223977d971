/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Warnings about what others send: see the header.
 */

#include <stdarg.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/complaints.h"

static void on_time(void *data, uint64_t now)
{
	struct complaints *complaints = data;

	if (complaints->count > COMPLAINTS_MAX)
		log_warning("%zu more warnings about %s are left out",
			complaints->count - COMPLAINTS_MAX, complaints->about);
	complaints->count = 0;
}

void complaints_init(struct complaints *complaints, struct loop *loop, const char *about)
{
	*complaints = (struct complaints){
		.loop = loop,
		.timer = { .fn = on_time, .data = complaints },
		.about = about,
	};
}

void complaints_add(struct complaints *complaints, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	if (!complaints->count)
		loop_set_timer(complaints->loop, &complaints->timer,
			clock_get_monotonic() + COMPLAINTS_TIME);
	if (complaints->count++ >= COMPLAINTS_MAX)
		return;
	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	log_warning("%s", text);
}
