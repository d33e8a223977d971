/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which disks have partitions. A table alone does not tell: the kernel may make nothing of it,
 * since sectors have another size there, or since it only looks like one. Partitions come and go
 * without an event of their disk, so whoever comes or goes says it of the disk, too.
 */

#include <string.h>

#include "core/rules/partitions.h"

static const char digits[] = "0123456789";

/* "sda" of "sda1", "loop2" of "loop2p1". */
static char *get_disk_name(const char *partition)
{
	char *name = xstrdup(partition);
	size_t len = strlen(name);

	while (len && strchr(digits, name[len - 1]))
		len--;
	if (len > 1 && name[len - 1] == 'p' && strchr(digits, name[len - 2]))
		len--;
	name[len] = '\0';
	return name;
}

/* Whether a partition is there beside those that go. */
static bool has_other(const struct manager *manager, const struct change *change, const char *disk)
{
	for (size_t i = 0; i < change->volumes.puts; i++)
		if (change->volumes.put[i]->partition &&
			device_is_partition_of(change->volumes.put[i]->name, disk))
			return true;
	map_for_each (&manager->volumes.by_name, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		if (device->partition && device_is_partition_of(device->name, disk) &&
			volumes_change_find_name(&manager->volumes, &change->volumes, device->name))
			return true;
	}
	return false;
}

static void set_partitions(
	const struct manager *manager, struct change *change, const char *name, bool has_any)
{
	struct volumes_change *volumes = &change->volumes;
	const struct device *disk;
	struct device *copy;

	if (!has_any && has_other(manager, change, name))
		return;
	for (size_t i = 0; i < volumes->puts; i++)
		if (strcmp(volumes->put[i]->name, name) == 0)
			volumes->put[i]->has_partitions = has_any;
	disk = volumes_find_name(&manager->volumes, name);
	if (!disk || !disk->table || disk->has_partitions == has_any ||
		volumes_change_concerns(volumes, name))
		return;
	copy = device_copy(disk);
	copy->has_partitions = has_any;
	volumes_change_put(volumes, copy);
}

void partitions_decide(const struct manager *manager, struct change *change)
{
	size_t puts = change->volumes.puts;

	/* The table may just have been read anew, and the partitions be what they were. */
	for (size_t i = 0; i < puts; i++) {
		struct device *disk = change->volumes.put[i];

		if (disk->table && !disk->partition && !disk->has_partitions)
			disk->has_partitions = has_other(manager, change, disk->name);
	}
	for (size_t i = 0; i < puts; i++) {
		const struct device *device = change->volumes.put[i];
		_cleanup_free_ char *disk = get_disk_name(device->name);

		if (device->partition && device->size)
			set_partitions(manager, change, disk, true);
	}
	for (size_t i = 0; i < change->volumes.gones; i++) {
		const struct device *device =
			volumes_find_name(&manager->volumes, change->volumes.gone[i]);
		_cleanup_free_ char *disk = device ? get_disk_name(device->name) : NULL;

		if (device && device->partition)
			set_partitions(manager, change, disk, false);
	}
}
