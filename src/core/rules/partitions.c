/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which disks have partitions. A table alone does not tell: the kernel may make nothing of it,
 * since sectors have another size there, or since it only looks like one. Partitions come and go
 * without an event of their disk, so whoever comes or goes says it of the disk, too.
 *
 * Of what is stacked on whole disks (loop devices, arrays) the kernel makes partitions as well, and
 * does not say that these are the disks' own: each is made of those with its number.
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

/* The same partition of each device that its disk is made of, or NULL. */
static char *get_counterparts(const struct device *partition, const struct device *disk)
{
	_cleanup_free_ char *below = disk->slaves ? xstrdup(disk->slaves) : NULL;
	char *rest = below, *name, *found = NULL;

	/* A loop device that begins elsewhere has other partitions. */
	while (rest && !disk->start && (name = strsep(&rest, " "))) {
		char *before = found;

		if (!*name)
			continue;
		found = xasprintf("%s%s%s%s%u", before ? before : "", before ? " " : "", name,
			strchr(digits, name[strlen(name) - 1]) ? "p" : "", partition->partition);
		free(before);
	}
	return found;
}

static void stack(const struct manager *manager, const struct change *change, struct device *device)
{
	_cleanup_free_ char *name = device->partition ? get_disk_name(device->name) : NULL;
	const struct device *disk =
		name ? volumes_change_find_name(&manager->volumes, &change->volumes, name) : NULL;

	if (disk && !device->slaves)
		device->slaves = get_counterparts(device, disk);
}

/* Those that were told of before their disk, or when it was made of something else. */
static void stack_known(
	const struct manager *manager, struct volumes_change *volumes, const struct device *disk)
{
	const struct device *before = volumes_find_name(&manager->volumes, disk->name);

	if (disk->partition || is_same_text(before ? before->slaves : NULL, disk->slaves))
		return;
	map_for_each (&manager->volumes.by_name, node, next) {
		const struct device *device = container_of(node, struct device, by_name);
		struct device *copy;

		if (!device->partition || !device_is_partition_of(device->name, disk->name) ||
			volumes_change_concerns(volumes, device->name))
			continue;
		copy = device_copy(device);
		free(steal_ptr(copy->slaves));
		volumes_change_put(volumes, copy);
	}
}

void partitions_stack(const struct manager *manager, struct change *change)
{
	size_t puts = change->volumes.puts;

	for (size_t i = 0; i < puts; i++)
		stack_known(manager, &change->volumes, change->volumes.put[i]);
	for (size_t i = 0; i < change->volumes.puts; i++)
		stack(manager, change, change->volumes.put[i]);
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
