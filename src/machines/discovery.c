/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From events to devices.
 *
 *	                      ┌───────────── all is known ────────────┐
 *	                      │                                       ▼
 *	event ──► AWAITS_UDEVD ──► described ──► AWAITS_PROBE ──────► IDLE
 *	  ▲          │  ▲  └ udevd busy           │     │ SLOW_AFTER   ▲
 *	  │          └──┘                         │     ▼              │
 *	  │                    news meanwhile: ───┘   IS_SLOW ─ answer, PROBE_LIMIT
 *	 IDLE                  described anew
 *
 * Every device there is has an entry. When the entry has all it can get, the description is put on
 * the list of what is pending. With udevd, its word counts, and the prober reads what udevd has
 * nothing to say about; without, the prober reads everything. A probe that does not answer is
 * reported as a fault of its device, and goes on in the background.
 *
 * What is owed is in the entries (`deadline`), `rescan_at` and `look_at`, and the one timer is
 * set for the earliest when an input has been dealt with: every public function that is told the
 * time ends in end_turn().
 */

#include <errno.h>
#include <string.h>

#include "discovery_entry_private.h"
#include "discovery_private.h"

#define QUIET (SECOND / 10)	  /* after lost events, before looking at everything, */
#define QUIET_LIMIT (2 * SECOND)  /* and at the latest */
#define RETRY_FIRST SECOND	  /* after a list that could not be had; then twice as long, … */
#define RETRY_LIMIT (60 * SECOND) /* … up to this */

#define LOOKS_PER_TURN 4 /* at devices, of a list: about a millisecond */

static bool is_wanted(const struct discovery *discovery, const char *name)
{
	return device_name_matches(name, discovery->globs);
}

/* What could not be probed, the deadline of all, and what the prober can take now. */
static void end_turn(struct discovery *discovery, uint64_t now)
{
	uint64_t at = discovery->rescan_at;
	struct probe_answer answer;
	struct probing_job *job;

	while ((job = probing_take_failed(&discovery->probing, &answer)))
		discovery_entry_handle_answer(discovery, job, &answer, now);
	if (!discovery->waiting)
		discovery->deadline = 0;
	if (discovery->deadline && (!at || discovery->deadline < at))
		at = discovery->deadline;
	if (discovery->listed && (!at || discovery->look_at < at))
		at = discovery->look_at;
	if (at == discovery->timer)
		return;
	discovery->timer = at;
	discovery->world.set_timer(discovery->world.data, at);
}

/*
 * While everything is about to be looked at anyway it may as well become quiet first, up to a
 * limit.
 */
static void note_event(struct discovery *discovery, uint64_t now)
{
	discovery->counters.events++;
	if (discovery->rescan_at && !discovery->rescan_pause)
		discovery->rescan_at = now + QUIET < discovery->rescan_limit
			? now + QUIET
			: discovery->rescan_limit;
}

void discovery_handle_kernel(
	struct discovery *discovery, const struct discovery_event *event, uint64_t now)
{
	struct entry *entry = discovery_entry_find(discovery, event->name);

	note_event(discovery, now);
	if (event->is_gone) {
		if (entry)
			discovery_entry_handle_gone(discovery, entry, now);
	} else if (is_wanted(discovery, event->name)) {
		entry = discovery_entry_get(discovery, event->name);
		discovery_entry_trust(entry);
		discovery_entry_check_medium(discovery, entry, event);
		entry->sequence = event->sequence;
		entry->is_untold = true;
		if (discovery->uses_udevd)
			discovery_entry_await_udevd(discovery, entry, false, UDEVD_LIMIT, now);
		else
			discovery_entry_look(discovery, entry, event->source, false, now);
	}
	end_turn(discovery, now);
}

/* The kernel has announced every device before, so one without an entry is gone. */
void discovery_handle_udevd(
	struct discovery *discovery, const struct discovery_event *event, uint64_t now)
{
	struct entry *entry = discovery_entry_find(discovery, event->name);

	discovery->heard = now;
	note_event(discovery, now);
	/* Else a newer word is on its way, or has been taken. */
	if (discovery->uses_udevd && entry && event->sequence >= entry->sequence) {
		/* It may be late in telling of the one before: that is no reason for doubt. */
		if (!event->is_gone) {
			discovery_entry_trust(entry);
			entry->is_untold = false;
			entry->is_ahead = false;
		}
		discovery_entry_look(
			discovery, entry, event->is_gone ? NULL : event->source, true, now);
	}
	end_turn(discovery, now);
}

static void rescan_later(struct discovery *discovery, uint64_t now)
{
	if (!discovery->rescan_at || discovery->rescan_pause)
		discovery->rescan_limit = now + QUIET_LIMIT;
	discovery->rescan_pause = 0;
	discovery->rescan_at =
		now + QUIET < discovery->rescan_limit ? now + QUIET : discovery->rescan_limit;
}

void discovery_handle_overrun(struct discovery *discovery, uint64_t now)
{
	discovery->counters.overruns++;
	if (!discovery->rescan_at)
		discovery_say(discovery, DISCOVERY_WARNING,
			"events of devices were lost: looking at all of them again");
	rescan_later(discovery, now);
	end_turn(discovery, now);
}

void discovery_set_udevd(
	struct discovery *discovery, bool uses_udevd, bool is_running, uint64_t now)
{
	discovery->is_udevd_running = is_running;
	if (discovery->uses_udevd == uses_udevd)
		return;
	discovery->uses_udevd = uses_udevd;
	discovery_say(discovery, DISCOVERY_DEBUG, "taking events from %s",
		uses_udevd ? "udevd" : "the kernel");
	if (uses_udevd)
		rescan_later(discovery, now);
	map_for_each (&discovery->entries, node, next) {
		struct entry *entry = container_of(node, struct entry, by_name);

		if (uses_udevd ||
			(entry->state != DISCOVERY_AWAITS_UDEVD && !entry->is_left_to_udevd))
			continue;
		entry->is_left_to_udevd = false;
		discovery_entry_look(discovery, entry, NULL, false, now);
	}
	end_turn(discovery, now);
}

/* Without udevd, which would say so: who writes to a disk may have written its partition table. */
static void look_at_partitions(struct discovery *discovery, const char *disk, uint64_t now)
{
	map_for_each (&discovery->entries, node, next) {
		struct entry *entry = container_of(node, struct entry, by_name);

		if (!device_is_partition_of(entry->name, disk))
			continue;
		if (entry->state == DISCOVERY_AWAITS_PROBE) /* the disk's cache is flushed later */
			entry->job->is_repeated = true;
		discovery_entry_look(discovery, entry, NULL, false, now);
	}
}

void discovery_handle_written(struct discovery *discovery, const char *name, uint64_t now)
{
	struct entry *entry = discovery_entry_find(discovery, name);

	if (entry && !discovery->uses_udevd) {
		discovery_entry_look(discovery, entry, NULL, false, now);
		look_at_partitions(discovery, name, now);
	} else if (entry && entry->state != DISCOVERY_AWAITS_UDEVD) {
		discovery_entry_await_udevd(discovery, entry, true, WATCH_LIMIT, now);
	}
	end_turn(discovery, now);
}

void discovery_handle_answer(struct discovery *discovery, struct probe_answer *answer, uint64_t now)
{
	struct probing_job *job = probing_take(&discovery->probing, answer->ticket);

	if (job)
		discovery_entry_handle_answer(discovery, job, answer, now);
	else
		probe_answer_fini(answer);
	end_turn(discovery, now);
}

void discovery_handle_room(struct discovery *discovery, uint64_t now)
{
	end_turn(discovery, now);
}

void discovery_handle_prober_end(struct discovery *discovery, uint64_t now)
{
	probing_set_dead(&discovery->probing);
	end_turn(discovery, now);
}

static void look_at(struct discovery *discovery, const char *name, bool must_read, uint64_t now)
{
	struct entry *entry;

	if (!is_wanted(discovery, name))
		return;
	entry = discovery_entry_get(discovery, name);
	entry->must_read |= must_read;
	entry->is_ahead |= must_read;
	discovery_entry_trust(entry);
	discovery_entry_look(discovery, entry, NULL, discovery->uses_udevd, now);
	end_turn(discovery, now);
}

void discovery_look(struct discovery *discovery, const char *name, uint64_t now)
{
	look_at(discovery, name, false, now);
}

void discovery_read(struct discovery *discovery, const char *name, uint64_t now)
{
	look_at(discovery, name, true, now);
}

static void free_list(struct discovery *discovery)
{
	while (discovery->listed_count > discovery->listed_next)
		free(discovery->listed[--discovery->listed_count]);
	free(steal_ptr(discovery->listed));
	discovery->listed_count = discovery->listed_next = 0;
}

/*
 * What a list of all devices has is looked at, up to `limit` of them: meanwhile a device may go,
 * and another one take its node, which must not wait for the rest. What the list has not is gone,
 * unless it was heard of since.
 */
static void look_at_listed(struct discovery *discovery, size_t limit, uint64_t now)
{
	if (!discovery->listed)
		return;
	for (; limit && discovery->listed_next < discovery->listed_count; limit--) {
		_cleanup_free_ char *name = discovery->listed[discovery->listed_next++];
		struct entry *entry;

		if (!is_wanted(discovery, name))
			continue;
		entry = discovery_entry_get(discovery, name);
		entry->must_read |= discovery->rescan_must_read;
		entry->is_left_to_udevd |= discovery->is_starting && discovery->is_udevd_running;
		if (discovery->rescan_must_read)
			discovery_entry_trust(entry);
		discovery_entry_look(discovery, entry, NULL, discovery->uses_udevd, now);
	}
	discovery->look_at = now;
	if (discovery->listed_next < discovery->listed_count)
		return;
	map_for_each (&discovery->entries, node, next) {
		struct entry *entry = container_of(node, struct entry, by_name);

		if (!entry->is_seen)
			discovery_entry_remove(discovery, entry);
	}
	free_list(discovery);
	discovery->rescan_must_read = false;
}

/* A failure to list them may have to do with what is short just now, and passes. */
static void rescan(struct discovery *discovery, uint64_t now)
{
	char **names = NULL;
	size_t count = 0;
	int r = discovery->world.list(discovery->world.data, &names, &count);

	discovery->rescan_at = 0;
	if (r < 0) {
		uint64_t pause =
			discovery->rescan_pause ? 2 * discovery->rescan_pause : RETRY_FIRST;

		if (!discovery->rescan_pause)
			discovery_say(discovery, DISCOVERY_ERROR, "cannot list block devices: %s",
				strerror(-r));
		discovery->rescan_pause = pause < RETRY_LIMIT ? pause : RETRY_LIMIT;
		discovery->rescan_at = now + discovery->rescan_pause;
		return;
	}
	discovery->rescan_pause = 0;
	free_list(discovery);
	discovery->listed = names ? names : xcalloc(1, sizeof(*names));
	discovery->listed_count = count;
	discovery->look_at = now;
	map_for_each (&discovery->entries, node, next)
		container_of(node, struct entry, by_name)->is_seen = false;
}

void discovery_start(struct discovery *discovery, uint64_t now)
{
	discovery->is_starting = true;
	discovery->start = discovery->heard = now;
	rescan(discovery, now);
	look_at_listed(discovery, SIZE_MAX, now); /* nobody waits for anything else yet */
	discovery->is_starting = false;
	end_turn(discovery, now);
}

void discovery_rescan(struct discovery *discovery, uint64_t now)
{
	discovery->rescan_must_read = true;
	rescan(discovery, now);
	look_at_listed(discovery, LOOKS_PER_TURN, now);
	end_turn(discovery, now);
}

bool discovery_is_enumerated(const struct discovery *discovery)
{
	return !discovery->listed && discovery->waiting == discovery->slow &&
		(!discovery->rescan_at || discovery->rescan_pause);
}

bool discovery_is_settled(const struct discovery *discovery)
{
	return discovery_is_enumerated(discovery) && pending_is_empty(&discovery->pending);
}

static bool has_left_to_udevd(const struct discovery *discovery)
{
	map_for_each (&discovery->entries, node, next)
		if (container_of(node, struct entry, by_name)->is_left_to_udevd)
			return true;
	return false;
}

bool discovery_awaits_udevd(const struct discovery *discovery, uint64_t now)
{
	return discovery->uses_udevd && now < discovery->heard + BUSY_LIMIT &&
		has_left_to_udevd(discovery) &&
		discovery->world.is_udevd_busy(discovery->world.data);
}

bool discovery_has_begun(const struct discovery *discovery, uint64_t now)
{
	bool is_early = now < discovery->start + BUSY_LIMIT;

	if (!discovery_is_enumerated(discovery))
		return false;
	if (!is_early)
		return !discovery_awaits_udevd(discovery, now);
	return !discovery->uses_udevd || !discovery->world.is_udevd_busy(discovery->world.data);
}

void discovery_handle_time(struct discovery *discovery, uint64_t now)
{
	bool is_busy =
		discovery->uses_udevd && discovery->world.is_udevd_busy(discovery->world.data);

	if (discovery->rescan_at && discovery->rescan_at <= now)
		rescan(discovery, now);
	look_at_listed(discovery, LOOKS_PER_TURN, now);
	if (discovery->deadline && discovery->deadline <= now) {
		discovery->deadline = 0;
		map_for_each (&discovery->entries, node, next) {
			struct entry *entry = container_of(node, struct entry, by_name);

			if (!entry->deadline || entry->deadline > now)
				discovery_note_deadline(discovery, entry->deadline);
			else
				discovery_entry_handle_time(discovery, entry, is_busy, now);
		}
	}
	discovery->timer = 0; /* it has fired */
	end_turn(discovery, now);
}

void discovery_peek(const struct discovery *discovery,
	void (*look)(void *data, const char *name, const struct device *device), void *data)
{
	pending_look(&discovery->pending, look, data);
}

void discovery_take(struct discovery *discovery, struct volumes_change *change)
{
	pending_take(&discovery->pending, change);
}

const struct discovery_counters *discovery_get_counters(struct discovery *discovery)
{
	discovery->counters.probes = discovery->probing.count;
	return &discovery->counters;
}

struct discovery *discovery_new(const struct discovery_world *world, const char *globs)
{
	struct discovery *discovery = xcalloc(1, sizeof(*discovery));

	discovery->world = *world;
	discovery->globs = globs;
	pending_init(&discovery->pending);
	probing_init(&discovery->probing, &discovery->world.prober);
	return discovery;
}

void discovery_free(struct discovery *discovery)
{
	if (!discovery)
		return;
	map_for_each (&discovery->entries, node, next)
		free(container_of(node, struct entry, by_name));
	map_fini(&discovery->entries);
	free_list(discovery);
	pending_fini(&discovery->pending);
	probing_fini(&discovery->probing);
	free(discovery);
}
