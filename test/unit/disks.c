/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See disks.h. */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "disks.h"

#define NO_PROBE SIZE_MAX

struct disks disks;
static uint64_t sequence;

static struct disk *find(const char *name)
{
	for (size_t i = 0; i < DISKS; i++)
		if (strcmp(disks.list[i].name, name) == 0)
			return &disks.list[i];
	ck_abort_msg("a disk %s?", name);
	return NULL;
}

static int list(void *data, char ***ret_names, size_t *ret_count)
{
	char **names = xcalloc(DISKS + 1, sizeof(*names));
	size_t count = 0;

	disks.lists++;
	if (disks.list_error) {
		free(names);
		return disks.list_error;
	}
	for (size_t i = 0; i < DISKS; i++)
		if (disks.list[i].is_present)
			names[count++] = xstrdup(disks.list[i].name);
	*ret_names = names;
	*ret_count = count;
	return 0;
}

static int describe(void *data, const char *name, const void *source, bool use_udevd,
	struct device_report *ret_report)
{
	struct disk *disk = find(name);
	struct device_report report = { 0 };
	bool is_known = use_udevd && disk->is_known_to_udevd;

	if (!disk->is_present)
		return -ENODEV;
	report.device = device_new(name);
	report.device->node = xasprintf("/dev/%s", name);
	report.device->number = (uint64_t)(disk - disks.list) + 1;
	report.device->diskseq = disk->diskseq;
	report.device->size = disk->is_empty ? 0 : 1000;
	if (is_known && disk->udevd_content) {
		report.device->identity[ID_UUID] = xasprintf("%u", disk->udevd_content);
		report.device->fstype = xstrdup("ext4");
	}
	if (is_known)
		report.device->identity[ID_PATH] = xasprintf("port-%s", name);
	report.awaits_udevd = use_udevd && !is_known;
	report.is_outdated = is_known && disk->is_outdated_for_udevd;
	report.must_not_read = disk->must_not_read;
	if (disk->must_not_read)
		report.device->fault = xstrdup("must not be read");
	device_report_decide_probe(&report, is_known && disk->is_unwatched);
	*ret_report = report;
	return 0;
}

static bool is_udevd_busy(void *data)
{
	return disks.is_udevd_busy;
}

static void watch(void *data, const char *name, const char *node)
{
	find(name)->is_watched = node != NULL;
}

static void set_timer(void *data, uint64_t at)
{
	disks.timer = at;
	disks.timers++;
}

static void say(void *data, enum discovery_message message, const char *text)
{
	size_t len = strlen(disks.said);

	snprintf(disks.said + len, sizeof(disks.said) - len, "%s\n", text);
}

static int begin(void *data, uint64_t ticket, const struct device_report *report)
{
	struct disk *disk = find(report->device->name);

	if (disks.begin_error)
		return disks.begin_error;
	ck_assert_uint_lt(disks.probe_count, ARRAY_SIZE(disks.probes));
	ck_assert(!report->must_not_read);
	disks.probes[disks.probe_count].ticket = ticket;
	disks.probes[disks.probe_count].began = disks.now;
	disks.probes[disks.probe_count].disk = disk;
	disks.probes[disks.probe_count++].content = disk->content;
	return 0;
}

static void remove_probe(size_t n)
{
	disks.probes[n] = disks.probes[--disks.probe_count];
}

static void abandon(void *data, uint64_t ticket)
{
	for (size_t i = 0; i < disks.probe_count; i++)
		if (disks.probes[i].ticket == ticket) {
			remove_probe(i);
			return;
		}
	ck_abort_msg("no such probe is under way");
}

void disks_init(const char *globs, bool uses_udevd)
{
	const struct discovery_world world = {
		.list = list,
		.describe = describe,
		.is_udevd_busy = is_udevd_busy,
		.watch = watch,
		.set_timer = set_timer,
		.say = say,
		.prober = { .begin = begin, .abandon = abandon },
	};

	disks = (struct disks){ .now = 100 * SECOND };
	for (size_t i = 0; i < DISKS; i++)
		snprintf(disks.list[i].name, sizeof(disks.list[i].name), "d%zu", i);
	disks.discovery = discovery_new(&world, globs);
	discovery_set_udevd(disks.discovery, uses_udevd, uses_udevd, disks.now);
	discovery_start(disks.discovery, disks.now);
}

void disks_fini(void)
{
	discovery_free(disks.discovery);
	volumes_fini(&disks.volumes);
}

static void tell(size_t i, bool is_gone)
{
	const struct discovery_event event = {
		.name = disks.list[i].name,
		.is_gone = is_gone,
		.is_empty = disks.list[i].is_empty,
		.diskseq = disks.list[i].diskseq,
		.sequence = ++sequence,
		.source = &disks,
	};

	discovery_handle_kernel(disks.discovery, &event, disks.now);
}

void disk_plug(size_t i, unsigned int content)
{
	disks.list[i].is_present = true;
	disks.list[i].is_empty = false;
	disks.list[i].is_known_to_udevd = disks.list[i].is_outdated_for_udevd = false;
	disks.list[i].content = content;
	disks.list[i].diskseq = ++sequence;
	tell(i, false);
}

void disk_eject(size_t i)
{
	disks.list[i].is_empty = true;
	disks.list[i].content = 0;
	tell(i, false);
}

void disk_unplug(size_t i)
{
	disks.list[i].is_present = false;
	tell(i, true);
}

void disk_write(size_t i, unsigned int content)
{
	disks.list[i].content = content;
	discovery_handle_written(disks.discovery, disks.list[i].name, disks.now);
}

void disk_udevd(size_t i, uint64_t number)
{
	const struct discovery_event event = {
		.name = disks.list[i].name,
		.is_gone = !disks.list[i].is_present,
		.sequence = number ? number : sequence,
		.source = &disks,
	};

	disks.list[i].is_known_to_udevd = disks.list[i].is_present;
	disks.list[i].udevd_content = disks.list[i].content;
	disks.list[i].is_outdated_for_udevd = false;
	discovery_handle_udevd(disks.discovery, &event, disks.now);
}

bool disks_answer(size_t n, const char *fault)
{
	unsigned int content;
	struct probe_answer answer;

	if (n >= disks.probe_count)
		return false;
	content = disks.probes[n].content;
	answer = (struct probe_answer){
		.ticket = disks.probes[n].ticket,
		.began = disks.probes[n].began,
		.fault = fault ? xstrdup(fault) : NULL,
		.uuid = fault || !content ? NULL : xasprintf("%u", content),
		.fstype = fault || !content ? NULL : xstrdup("ext4"),
	};
	remove_probe(n);
	discovery_handle_answer(disks.discovery, &answer, disks.now);
	return true;
}

size_t disks_find_probe(size_t i)
{
	for (size_t n = 0; n < disks.probe_count; n++)
		if (disks.probes[n].disk == &disks.list[i])
			return n;
	return NO_PROBE;
}

void disks_wait(uint64_t time)
{
	uint64_t end = disks.now + time;
	unsigned int turns = 0;

	while (disks.timer && disks.timer <= end) {
		ck_assert_msg(++turns < 10000, "a busy loop");
		disks.now = disks.timer > disks.now ? disks.timer : disks.now;
		disks.timer = 0;
		discovery_handle_time(disks.discovery, disks.now);
	}
	disks.now = end;
}

void disks_take(void)
{
	struct volumes_change change = { 0 };

	discovery_take(disks.discovery, &change);
	volumes_apply(&disks.volumes, &change);
	volumes_change_fini(&change);
}

const struct device *disk_find(size_t i)
{
	return volumes_find_name(&disks.volumes, disks.list[i].name);
}

int disk_get(size_t i)
{
	const struct device *device = disk_find(i);

	if (!device)
		return -2;
	if (!device->size)
		return 0; /* whatever udevd still has of it */
	if (device->fault)
		return -1;
	return device->identity[ID_UUID] ? atoi(device->identity[ID_UUID]) : 0;
}

void disk_expect(size_t i, int content)
{
	disks_take();
	ck_assert_int_eq(disk_get(i), content);
}

void disk_expect_fault(size_t i, const char *fault)
{
	disks_take();
	ck_assert_ptr_nonnull(disk_find(i));
	ck_assert_pstr_eq(disk_find(i)->fault, fault);
}

void disk_answer(size_t i)
{
	ck_assert(disks_answer(disks_find_probe(i), NULL));
}
