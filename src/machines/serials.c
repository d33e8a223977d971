/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which serial numbers tell one disk from another.
 *
 * Knows what each device that is here says of itself, also those to which that is not granted: when
 * the other one leaves it is theirs again. Several paths to one disk may have its number, and so
 * may what is made of them: paths are known by the disk's WWN, or as such.
 *
 * A number has the disks that say it, a disk its devices: itself and its partitions. Disks with one
 * WWN are one unit; a number of several units is void. Units are counted as disks come and go, and
 * devices are told anew only where a number has become void in the whole of a change, or valid.
 */

#include <string.h>

#include "machines/serials.h"

struct unit {
	struct map_node by_key;
	size_t disks;
	char key[]; /* number, and WWN or the disk's name */
};

struct number {
	struct map_node by_id;
	struct disk *first;
	struct number *next; /* serials::touched */
	size_t units;
	bool is_touched, is_void; /* what its devices have been told */
	char id[];		  /* "SERIAL=…" */
};

struct disk {
	struct map_node by_key;
	struct number *number;
	struct disk *next, **previous; /* number::first */
	struct item *first;
	struct unit *unit;
	char key[]; /* number and name */
};

struct item {
	struct map_node by_name;
	struct disk *disk;
	struct item *next, **previous; /* disk::first */
	char *name;
	char *serial;	/* as the device has it */
	char *wwn;	/* NULL: none that is worth anything */
	uint64_t round; /* in which a device was last heard of */
};

static const char digits[] = "0123456789";

static bool item_has_name(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct item, by_name)->name, key) == 0;
}

static bool number_has_id(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct number, by_id)->id, key) == 0;
}

static bool disk_has_key(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct disk, by_key)->key, key) == 0;
}

static bool unit_has_key(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct unit, by_key)->key, key) == 0;
}

static struct item *item_find(const struct serials *serials, const char *name)
{
	struct map_node *node =
		map_find(&serials->by_name, map_hash_text(name), item_has_name, name);

	return node ? container_of(node, struct item, by_name) : NULL;
}

static struct number *number_get(struct serials *serials, const char *id)
{
	uint64_t hash = map_hash_text(id);
	struct map_node *node = map_find(&serials->by_id, hash, number_has_id, id);
	struct number *number;

	if (node)
		return container_of(node, struct number, by_id);
	number = xcalloc(1, sizeof(*number) + strlen(id) + 1);
	strcpy(number->id, id);
	map_add(&serials->by_id, &number->by_id, hash);
	return number;
}

static struct disk *disk_get(struct serials *serials, struct number *number, const char *name)
{
	_cleanup_free_ char *key = xasprintf("%s %s", number->id, name);
	uint64_t hash = map_hash_text(key);
	struct map_node *node = map_find(&serials->disks, hash, disk_has_key, key);
	struct disk *disk;

	if (node)
		return container_of(node, struct disk, by_key);
	disk = xcalloc(1, sizeof(*disk) + strlen(key) + 1);
	strcpy(disk->key, key);
	map_add(&serials->disks, &disk->by_key, hash);
	disk->number = number;
	disk->next = number->first;
	disk->previous = &number->first;
	if (disk->next)
		disk->next->previous = &disk->next;
	number->first = disk;
	return disk;
}

/* What its number is to tell it from: its WWN, if one of its devices knows that. */
static char *disk_get_unit_key(const struct disk *disk)
{
	const char *wwn = NULL;

	for (const struct item *item = disk->first; item; item = item->next)
		if (item->wwn && (!wwn || strcmp(item->wwn, wwn) < 0))
			wwn = item->wwn;
	return wwn ? xasprintf("%s %s", disk->number->id, wwn) : xstrdup(disk->key);
}

static void unit_leave(struct serials *serials, struct disk *disk)
{
	struct unit *unit = steal_ptr(disk->unit);

	if (!unit || --unit->disks)
		return;
	disk->number->units--;
	map_remove(&serials->units, &unit->by_key);
	free(unit);
}

static void unit_join(struct serials *serials, struct disk *disk, const char *key)
{
	uint64_t hash = map_hash_text(key);
	struct map_node *node = map_find(&serials->units, hash, unit_has_key, key);
	struct unit *unit = node ? container_of(node, struct unit, by_key) : NULL;

	if (!unit) {
		unit = xcalloc(1, sizeof(*unit) + strlen(key) + 1);
		strcpy(unit->key, key);
		map_add(&serials->units, &unit->by_key, hash);
		disk->number->units++;
	}
	unit->disks++;
	disk->unit = unit;
}

/* What it is to be told by follows from its devices; without any it is none. */
static void disk_settle(struct serials *serials, struct disk *disk)
{
	struct number *number = disk->number;
	_cleanup_free_ char *key = disk->first ? disk_get_unit_key(disk) : NULL;

	if (!number->is_touched) {
		number->next = serials->touched;
		serials->touched = number;
		number->is_touched = true;
	}
	if (key && disk->unit && strcmp(disk->unit->key, key) == 0)
		return;
	unit_leave(serials, disk);
	if (key) {
		unit_join(serials, disk, key);
		return;
	}
	map_remove(&serials->disks, &disk->by_key);
	*disk->previous = disk->next;
	if (disk->next)
		disk->next->previous = disk->previous;
	free(disk);
}

/* "sda" of the partition "sda1", "nvme0n1" of "nvme0n1p2". */
static char *get_disk_name(const struct device *device)
{
	char *name = xstrdup(device->name);
	size_t len = strlen(name);

	if (!device->partition)
		return name;
	while (len && strchr(digits, name[len - 1]))
		len--;
	if (len > 1 && name[len - 1] == 'p' && strchr(digits, name[len - 2]))
		len--;
	name[len] = '\0';
	return name;
}

static void item_remove(struct serials *serials, struct item *item)
{
	map_remove(&serials->by_name, &item->by_name);
	*item->previous = item->next;
	if (item->next)
		item->next->previous = item->previous;
	disk_settle(serials, item->disk);
	free(item->name);
	free(item->serial);
	free(item->wwn);
	free(item);
}

static void item_add(struct serials *serials, const struct device *device, struct disk *disk,
	const char *serial, const char *wwn)
{
	struct item *item = xcalloc(1, sizeof(*item));

	item->name = xstrdup(device->name);
	item->serial = xstrdup(serial);
	item->wwn = wwn ? xstrdup(wwn) : NULL;
	item->round = serials->round;
	item->disk = disk;
	item->next = disk->first;
	item->previous = &disk->first;
	if (item->next)
		item->next->previous = &item->next;
	disk->first = item;
	map_add(&serials->by_name, &item->by_name, map_hash_text(item->name));
	disk_settle(serials, disk);
}

/* Frees numbers that nobody says any more, once nothing is to be told of them. */
static void drop_unused(struct serials *serials, struct number *number)
{
	if (number->first)
		return;
	map_remove(&serials->by_id, &number->by_id);
	free(number);
}

static struct number *take_touched(struct serials *serials)
{
	struct number *number = serials->touched;

	if (number) {
		serials->touched = number->next;
		number->is_touched = false;
	}
	return number;
}

void serials_fini(struct serials *serials)
{
	struct number *number;

	map_for_each (&serials->by_name, node, next)
		item_remove(serials, container_of(node, struct item, by_name));
	while ((number = take_touched(serials)))
		drop_unused(serials, number);
	map_fini(&serials->by_name);
	map_fini(&serials->by_id);
	map_fini(&serials->disks);
	map_fini(&serials->units);
}

static void forget(struct serials *serials, const char *name)
{
	struct item *item = item_find(serials, name);

	if (item)
		item_remove(serials, item);
}

static void note(
	struct serials *serials, const struct device *device, const struct volumes *volumes)
{
	const struct device *before = volumes_find_name(volumes, device->name);
	struct item *item = item_find(serials, device->name);
	const char *serial = device->identity[ID_SERIAL];
	_cleanup_free_ char *name = get_disk_name(device);
	char id[UNIQUE_ID_MAX + 1], wwn[UNIQUE_ID_MAX + 1];
	bool has_wwn = unique_id_format(ID_WWN, device->identity[ID_WWN], 0, wwn);
	struct disk *disk;

	if (item)
		item->round = serials->round;
	/* The kernel may not know what udevd did, and knows that it is the same. */
	if (!serial && device->is_by_kernel && device_is_same(before, device)) {
		if (item)
			return;
		serial = before->identity[ID_SERIAL]; /* as an earlier server knew it */
	}
	if (device->size == 0 || device->is_virtual || device->is_component ||
		!unique_id_format(ID_SERIAL, serial, 0, id)) {
		forget(serials, device->name);
		return;
	}
	disk = disk_get(serials, number_get(serials, id), name);
	if (item && item->disk == disk && is_same_text(item->wwn, has_wwn ? wwn : NULL))
		return;
	item_add(serials, device, disk, serial, has_wwn ? wwn : NULL);
	if (item)
		item_remove(serials, item);
}

static void tell(const struct serials *serials, struct device *device)
{
	const struct item *item = item_find(serials, device->name);

	device->is_serial_void = item && item->disk->number->is_void;
	if (device->is_serial_void)
		free(steal_ptr(device->identity[ID_SERIAL]));
	else if (item && !device->identity[ID_SERIAL])
		device->identity[ID_SERIAL] = xstrdup(item->serial);
}

/* Has those that are here, and not in the change, told anew. */
static void tell_others(const struct serials *serials, const struct number *number,
	const struct volumes *volumes, struct volumes_change *change)
{
	for (const struct disk *disk = number->first; disk; disk = disk->next) {
		for (const struct item *item = disk->first; item; item = item->next) {
			const struct device *device = volumes_find_name(volumes, item->name);

			if (device && item->round != serials->round)
				volumes_change_put(change, device_copy(device));
		}
	}
}

void serials_decide(
	struct serials *serials, const struct volumes *volumes, struct volumes_change *change)
{
	struct number *number;

	serials->round++;
	for (size_t i = 0; i < change->gones; i++)
		forget(serials, change->gone[i]);
	for (size_t i = 0; i < change->puts; i++)
		note(serials, change->put[i], volumes);
	while ((number = take_touched(serials))) {
		if (number->is_void != (number->units > 1)) {
			number->is_void = number->units > 1;
			tell_others(serials, number, volumes, change);
		}
		drop_unused(serials, number);
	}
	for (size_t i = 0; i < change->puts; i++)
		tell(serials, change->put[i]);
}
