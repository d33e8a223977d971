/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other hosts have written, in the order in which it happened: so there is nobody to refuse it
 * to, and where it cannot be written here it waits, and all behind it. Who writes faster than the
 * disk here is caught up with: what one host has written meanwhile is one commit.
 */

#include <string.h>

#include "base/clock.h"
#include "core/rules/elsewhere.h"
#include "daemon/elsewhere_source.h"

#define PAUSE 5000000u /* µs, before it is tried again */
#define TAKEN_MAX 256  /* in one commit */

/* Events of one change name one host; all there is comes alone. */
static bool can_follow(const struct elsewhere *first, const struct elsewhere *next)
{
	return next && !first->is_all && !next->is_all && strcmp(first->host, next->host) == 0;
}

static void take(
	struct elsewhere_source *source, const struct elsewhere *next, struct change *change)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

	if (source->taken++)
		change_end_step(change);
	elsewhere_decide(source->manager, next, change, &why);
	if (why.len)
		complaints_add(&source->complaints, "%s", strbuf_text(&why));
}

static bool begin(void *data, struct change *change)
{
	struct elsewhere_source *source = data;
	const struct elsewhere *first, *next;

	if (!source->ledger || source->timer.at)
		return false;
	first = next = ledger_next_elsewhere(source->ledger, NULL);
	if (!first)
		return false;
	source->taken = 0;
	do {
		take(source, next, change);
		next = ledger_next_elsewhere(source->ledger, next);
	} while (source->taken < TAKEN_MAX && can_follow(first, next));
	return true;
}

static void end(void *data, int error, const char *why, struct deltas *deltas)
{
	struct elsewhere_source *source = data;

	if (error) {
		loop_set_timer(source->loop, &source->timer, clock_get_monotonic() + PAUSE);
		return;
	}
	for (; source->taken; source->taken--)
		ledger_drop_elsewhere(source->ledger);
}

static void on_time(void *data, uint64_t now)
{
	struct elsewhere_source *source = data;

	change_queue_work(source->queue);
}

void elsewhere_source_init(struct elsewhere_source *source)
{
	source->source = (struct change_source){ .begin = begin, .end = end, .data = source };
	source->timer = (struct timer){ .fn = on_time, .data = source };
	complaints_init(&source->complaints, source->loop, "what other hosts have sent");
	change_queue_add_source(source->queue, &source->source);
}
