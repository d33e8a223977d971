/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other hosts have written, one change after the other and in their order. It has happened, so
 * there is nobody to refuse it to: where it cannot be written here it waits, and all behind it.
 */

#include "base/clock.h"
#include "base/log.h"
#include "core/rules/elsewhere.h"
#include "daemon/elsewhere_source.h"

#define PAUSE 5000000u /* µs, before it is tried again */

static bool begin(void *data, struct change *change)
{
	struct elsewhere_source *source = data;
	const struct elsewhere *elsewhere;
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

	if (!source->ledger || source->timer.at)
		return false;
	elsewhere = ledger_get_elsewhere(source->ledger);
	if (!elsewhere)
		return false;
	elsewhere_decide(source->manager, elsewhere, change, &why);
	if (why.len)
		log_error("%s", strbuf_text(&why));
	return true;
}

static void end(void *data, int error, const char *why, struct deltas *deltas)
{
	struct elsewhere_source *source = data;

	if (error)
		loop_set_timer(source->loop, &source->timer, clock_get_monotonic() + PAUSE);
	else
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
	change_queue_add_source(source->queue, &source->source);
}
