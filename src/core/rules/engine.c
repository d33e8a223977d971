/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How changes are made of requests and devices: what belongs together, in which order, and what
 * becomes of devices when the database cannot be written.
 *
 * A device is what it is, written down or not. One that had to do without the database is marked;
 * each round of devices takes the marked ones up again, so that nothing is missing once a commit
 * succeeds.
 */

#include <string.h>

#include "core/rules/deletion.h"
#include "core/rules/devices.h"
#include "core/rules/dispatch.h"
#include "core/rules/doubt.h"
#include "core/rules/elsewhere.h"
#include "core/rules/engine.h"
#include "core/rules/ownership.h"
#include "core/rules/partitions.h"

const char engine_lost_race[] =
	"others were faster each time with changes of the same names: try it again";

void engine_begin_requests(struct change *change)
{
	if (change->clients++)
		change_end_step(change);
}

/* A rename that is all there is moves the entry that the kernel has moved already. */
static void note_rename(struct change *change, const struct request *request, int result)
{
	bool is_alone = change->requests++ == 0;

	for (size_t i = 0; i < ARRAY_SIZE(change->renamed); i++)
		free(steal_ptr(change->renamed[i]));
	if (result < 0 || !is_alone || request->operation->kind != OP_RENAME)
		return;
	change->renamed[0] = xstrdup(request->link.path);
	change->renamed[1] = xstrdup(request->new_link.path);
}

int engine_decide_request(const struct manager *manager, const struct manager_env *env,
	const struct request *request, struct change *change, struct reply *reply,
	struct strbuf *why)
{
	size_t entries = change->entry_count;
	int r = dispatch_decide(manager, env, request, change, reply, why);

	if (change->entry_count == entries)
		change->is_refusal = true;
	elsewhere_surface(change);
	note_rename(change, request, r);
	return r;
}

static void put_unwritten(const struct volumes *volumes, struct volumes_change *change)
{
	if (!volumes->unwritten)
		return;
	map_for_each (&volumes->by_name, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		if (device->is_unwritten && !volumes_change_concerns(change, device->name))
			volumes_change_put(change, device_copy(device));
	}
}

void engine_end_requests(
	const struct manager *manager, const struct manager_env *env, struct change *change)
{
	if (change->volumes.gones || change->volumes.puts) {
		put_unwritten(&manager->volumes, &change->volumes);
		devices_decide(manager, env, change);
		elsewhere_surface(change);
	}
	if (change->clients > 1)
		change_end_step(change);
}

/*
 * A partition has no entry in a table that is just being rewritten, or grows before the kernel is
 * told. Until it has one again, or another medium is there, the one that it had goes on counting.
 */
static void keep_entry(struct device *device, const struct device *before)
{
	if (!device->partition || device->partition_type || device->identity[ID_PARTUUID] ||
		!before->identity[ID_PARTUUID] || before->number != device->number ||
		before->diskseq != device->diskseq)
		return;
	device->identity[ID_PARTUUID] = xstrdup(before->identity[ID_PARTUUID]);
	if (before->partition_type)
		device->partition_type = xstrdup(before->partition_type);
	if (before->partition_name && !device->partition_name)
		device->partition_name = xstrdup(before->partition_name);
	device->partition_flags = before->partition_flags;
}

/*
 * Of what udevd knows the kernel may know nothing. Where udevd is late, or has ended, the hardware
 * is called what it was, as long as it is the same.
 */
static void keep_hardware(struct device *device, const struct device *before)
{
	static const enum id_scheme schemes[] = { ID_WWN, ID_SERIAL, ID_PATH };

	if (!device->is_by_kernel || !device_is_same(before, device))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		const char *known = before->identity[schemes[i]];

		if (schemes[i] == ID_SERIAL && device->is_serial_void)
			continue;
		if (known && !device->identity[schemes[i]])
			device->identity[schemes[i]] = xstrdup(known);
	}
}

/* Takes out what describes a device as it is known, or tells of the end of one that is not. */
static void drop_old_news(const struct volumes *volumes, struct volumes_change *change)
{
	size_t puts = 0, gones = 0;

	for (size_t i = 0; i < change->puts; i++) {
		struct device *device = change->put[i];
		const struct device *before = volumes_find_name(volumes, device->name);
		const struct device *known = volumes_find_before(volumes, device->name);

		if (known)
			keep_entry(device, known);
		keep_hardware(device, known);
		if (before && !before->is_unwritten && !before->is_gone &&
			device_is_equal(before, device))
			device_free(device);
		else
			change->put[puts++] = device;
	}
	for (size_t i = 0; i < change->gones; i++) {
		if (volumes_find_before(volumes, change->gone[i]))
			change->gone[gones++] = change->gone[i];
		else
			free(change->gone[i]);
	}
	change->puts = puts;
	change->gones = gones;
}

bool engine_decide_devices(
	const struct manager *manager, const struct manager_env *env, struct change *change)
{
	partitions_stack(manager, change);
	drop_old_news(&manager->volumes, &change->volumes);
	partitions_decide(manager, change);
	doubt_decide(manager, env, change);
	put_unwritten(&manager->volumes, &change->volumes);
	if (!change->volumes.puts && !change->volumes.gones && !manager->owes_holders &&
		!deletion_is_overdue(manager) && !ownership_is_overdue(manager))
		return false;
	devices_decide(manager, env, change);
	elsewhere_surface(change);
	return true;
}

void engine_retry(const struct manager *manager, struct change *change)
{
	struct volumes_change devices = {
		.put = steal_ptr(change->volumes.put),
		.puts = change->volumes.puts,
		.gone = steal_ptr(change->volumes.gone),
		.gones = change->volumes.gones,
		.dismisses = change->volumes.dismisses,
	};

	change->volumes.puts = change->volumes.gones = 0;
	change_fini(change);
	change_init(change, manager);
	change->volumes = devices;
	devices_decide_unwritten(manager, change);
}

bool engine_has_unwritten(const struct manager *manager)
{
	return manager->volumes.unwritten || deletion_is_overdue(manager);
}

bool engine_is_overdue(const struct manager *manager)
{
	return engine_has_unwritten(manager) || ownership_is_overdue(manager);
}
