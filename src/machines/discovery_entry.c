/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One device, from its first event until it is gone. The states are drawn in discovery.c.
 *
 * An entry has a job exactly in DISCOVERY_AWAITS_PROBE and DISCOVERY_IS_SLOW, and a deadline in
 * every state but DISCOVERY_IDLE.
 */

#include <errno.h>
#include <string.h>

#include "discovery_entry_private.h"
#include "discovery_private.h"

static const char said_gone[] = "an event says that it was removed, and it is still here";
static const char left_to_udevd[] = "udevd has not dealt with it yet: not read";

void discovery_say(
	struct discovery *discovery, enum discovery_message message, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	discovery->world.say(discovery->world.data, message, text);
}

static bool entry_has_name(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct entry, by_name)->name, key) == 0;
}

struct entry *discovery_entry_find(const struct discovery *discovery, const char *name)
{
	struct map_node *node =
		map_find(&discovery->entries, map_hash_text(name), entry_has_name, name);

	return node ? container_of(node, struct entry, by_name) : NULL;
}

struct entry *discovery_entry_get(struct discovery *discovery, const char *name)
{
	struct entry *entry = discovery_entry_find(discovery, name);

	if (!entry) {
		entry = xcalloc(1, offsetof(struct entry, name) + strlen(name) + 1);
		strcpy(entry->name, name);
		map_add(&discovery->entries, &entry->by_name, map_hash_text(name));
	}
	entry->is_seen = true;
	return entry;
}

void discovery_note_deadline(struct discovery *discovery, uint64_t deadline)
{
	if (deadline && (!discovery->deadline || deadline < discovery->deadline))
		discovery->deadline = deadline;
}

/* Every change of what is waited for goes through here. */
static void entry_set_state(struct discovery *discovery, struct entry *entry,
	enum discovery_state state, uint64_t deadline)
{
	discovery->waiting -= entry->state != DISCOVERY_IDLE;
	discovery->slow -= entry->state == DISCOVERY_IS_SLOW;
	entry->state = state;
	entry->deadline = deadline;
	discovery->waiting += entry->state != DISCOVERY_IDLE;
	discovery->slow += entry->state == DISCOVERY_IS_SLOW;
	discovery_note_deadline(discovery, deadline);
}

static void stop_probe(struct discovery *discovery, struct entry *entry)
{
	if (entry->job)
		probing_remove(&discovery->probing, steal_ptr(entry->job));
	entry_set_state(discovery, entry, DISCOVERY_IDLE, 0);
}

/* The device is gone, and so is its entry. */
void discovery_entry_remove(struct discovery *discovery, struct entry *entry)
{
	stop_probe(discovery, entry);
	pending_add(&discovery->pending, entry->name, NULL);
	discovery->world.watch(discovery->world.data, entry->name, NULL);
	map_remove(&discovery->entries, &entry->by_name);
	free(entry);
}

static void entry_show(struct discovery *discovery, struct entry *entry, struct device *device)
{
	entry->is_shown = device->size != 0;
	entry->diskseq = device->diskseq;
	pending_add(&discovery->pending, entry->name, device);
}

/* The device is known as well as it can be for now. */
static void entry_finish(struct discovery *discovery, struct entry *entry, struct device *device)
{
	entry_set_state(discovery, entry, DISCOVERY_IDLE, 0);
	entry_show(discovery, entry, device);
}

/*
 * Until udevd and the prober have come to it, what was on the node before must not be taken for
 * what is there now.
 */
static void entry_check_medium(
	struct discovery *discovery, struct entry *entry, bool is_empty, uint64_t diskseq)
{
	bool is_other = diskseq && entry->diskseq && diskseq != entry->diskseq;

	if (!entry->is_shown || !(is_empty || is_other))
		return;
	stop_probe(discovery, entry);
	entry->is_shown = false;
	pending_add(&discovery->pending, entry->name, NULL);
}

void discovery_entry_check_medium(
	struct discovery *discovery, struct entry *entry, const struct discovery_event *event)
{
	entry_check_medium(discovery, entry, event->is_empty, event->diskseq);
}

void discovery_entry_await_udevd(struct discovery *discovery, struct entry *entry, bool is_written,
	uint64_t limit, uint64_t now)
{
	entry->is_written = is_written;
	stop_probe(discovery, entry); /* what it reads may be half old, half new */
	entry->rounds = BUSY_LIMIT / limit;
	entry_set_state(discovery, entry, DISCOVERY_AWAITS_UDEVD, now + limit);
}

/* Takes over a description; what it does not tell is asked of the prober. */
static void entry_take_report(struct discovery *discovery, struct entry *entry,
	struct device_report *report, bool must_read, uint64_t now)
{
	/* Who looks at everything may come before the event. */
	entry_check_medium(discovery, entry, report->device->size == 0, report->device->diskseq);
	if (report->is_outdated) { /* udevd has an event before it that we have not seen */
		entry->must_read |= must_read;
		discovery_say(discovery, DISCOVERY_DEBUG,
			"%s: waiting for udevd, which knows the medium before", entry->name);
		entry->is_untold = true;
		discovery_entry_await_udevd(discovery, entry, false, WATCH_LIMIT, now);
		device_report_fini(report);
		return;
	}
	discovery->world.watch(discovery->world.data, entry->name, report->device->node);
	entry->is_left_to_udevd &= report->awaits_udevd;
	if (entry->is_left_to_udevd && !must_read) {
		report->wants_probe = false;
		if (!report->device->fault)
			report->device->fault = xstrdup(left_to_udevd);
	}
	if (!report->wants_probe) {
		entry_finish(discovery, entry, steal_ptr(report->device));
		device_report_fini(report);
		return;
	}
	entry->job = probing_add(&discovery->probing, report, entry);
	entry->job->must_read = must_read;
	entry->rounds = QUEUE_ROUNDS;
	entry_set_state(discovery, entry, DISCOVERY_AWAITS_PROBE, now + SLOW_AFTER);
}

static int entry_describe(struct discovery *discovery, const struct entry *entry,
	const void *source, bool use_udevd, bool must_read, struct device_report *ret_report)
{
	const struct discovery_world *world = &discovery->world;
	int r = world->describe(world->data, entry->name, source, use_udevd, ret_report);

	if (r < 0)
		return r;
	if (must_read)
		device_report_decide_probe(ret_report, true);
	if (!entry->is_said_gone)
		return 0;
	ret_report->wants_probe = false;
	if (!ret_report->device->fault)
		ret_report->device->fault = xstrdup(said_gone);
	return 0;
}

/* Describes the device anew; of an event, which has found it, if there is one. */
void discovery_entry_look(struct discovery *discovery, struct entry *entry, const void *source,
	bool use_udevd, uint64_t now)
{
	struct device_report report;
	bool must_read = entry->must_read || entry->is_ahead;

	if (entry->state == DISCOVERY_AWAITS_PROBE) {
		entry->job->has_news = true;
		entry->job->news_at = now;
		return;
	}
	stop_probe(discovery, entry);
	entry->must_read = false;
	if (entry_describe(discovery, entry, source, use_udevd, must_read, &report) < 0)
		discovery_entry_remove(discovery, entry);
	else
		entry_take_report(discovery, entry, &report, must_read, now);
}

/*
 * After news during a probe: what was before the prober began it has read, if the device is the
 * same.
 */
static void entry_look_again(struct discovery *discovery, struct entry *entry,
	const struct probing_job *job, uint64_t began, uint64_t now)
{
	bool is_old = job->is_repeated || job->news_at > began;
	bool must_read = entry->must_read || entry->is_ahead || (job->must_read && !is_old);
	struct device_report report;

	entry->must_read = false;
	if (entry_describe(discovery, entry, NULL, discovery->uses_udevd, must_read, &report) < 0)
		discovery_entry_remove(discovery, entry);
	else if (is_old || !device_report_is_equal(&report, &job->report))
		entry_take_report(discovery, entry, &report, must_read, now);
	else
		device_report_fini(&report);
}

void discovery_entry_handle_answer(struct discovery *discovery, struct probing_job *job,
	struct probe_answer *answer, uint64_t now)
{
	struct entry *entry = job->data;
	struct device *device = device_copy(job->report.device);

	entry->job = NULL;
	discovery->counters.faults += answer->fault != NULL;
	device_fill(device, answer);
	entry_finish(discovery, entry, device);
	if (job->has_news || entry->must_read)
		entry_look_again(discovery, entry, job, answer->began, now);
	probing_job_free(job);
	probe_answer_fini(answer);
}

/* Whatever it was doubted for, it is looked at anew. */
void discovery_entry_trust(struct entry *entry)
{
	entry->is_said_gone = false;
	entry->is_left_to_udevd = false;
}

/* An event can say so, and the device is here: anybody may write `remove` to its file in sysfs. */
void discovery_entry_handle_gone(struct discovery *discovery, struct entry *entry, uint64_t now)
{
	entry->is_said_gone = true;
	entry->is_left_to_udevd = false; /* it forgets what it knew */
	if (entry->state == DISCOVERY_AWAITS_PROBE)
		stop_probe(discovery, entry);
	discovery_entry_look(discovery, entry, NULL, discovery->uses_udevd, now);
}

/* A probe has taken long: its device is shown with that fault, and the answer may still come. */
static void handle_slow_probe(struct discovery *discovery, struct entry *entry, uint64_t now)
{
	struct device *device;

	if (entry->job->state == PROBING_QUEUED && entry->rounds > 1) {
		entry->rounds--; /* those before it are slow by now: its turn comes */
		entry_set_state(discovery, entry, DISCOVERY_AWAITS_PROBE, now + SLOW_AFTER);
		return;
	}
	if (entry->state == DISCOVERY_IS_SLOW) {
		stop_probe(discovery, entry);
		discovery_say(discovery, DISCOVERY_WARNING, "%s: gave up reading it", entry->name);
		return;
	}
	device = device_copy(entry->job->report.device);
	device->fault = xstrdup("reading it takes long");
	discovery->counters.faults++;
	discovery_say(discovery, DISCOVERY_WARNING, "%s: %s", entry->name, device->fault);
	entry_show(discovery, entry, device);
	probing_set_slow(&discovery->probing, entry->job);
	entry_set_state(discovery, entry, DISCOVERY_IS_SLOW, now + PROBE_LIMIT);
}

void discovery_entry_handle_time(
	struct discovery *discovery, struct entry *entry, bool is_busy, uint64_t now)
{
	if (entry->state != DISCOVERY_AWAITS_UDEVD) {
		handle_slow_probe(discovery, entry, now);
	} else if (is_busy && entry->rounds > 1) {
		entry->rounds--;
		/* It will come to that write, and then we need not read the disk. */
		entry_set_state(discovery, entry, DISCOVERY_AWAITS_UDEVD, now + WATCH_LIMIT);
	} else {
		discovery_say(discovery, DISCOVERY_DEBUG, "%s: udevd says nothing: reading it",
			entry->name);
		/* Of what it may not have come to, it knows what was there before. */
		entry->must_read |= entry->is_written;
		discovery_entry_look(discovery, entry, NULL,
			discovery->uses_udevd && entry->is_written && !entry->is_untold, now);
	}
}
