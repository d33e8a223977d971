/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which serial numbers tell one disk from another.
 *
 * Knows what each device that is here says of itself, also those to which that is not granted: when
 * the other one leaves it is theirs again. Several paths to one disk may have its number, and so
 * may what is made of them: paths are known by the disk's WWN, or as such.
 *
 * Invariant: the items of one number are all void, or none is.
 */

#include <string.h>

#include "machines/serials.h"

struct item {
	struct map_node by_name;
	struct map_node by_id;
	char *name;
	char *id;	 /* "SERIAL=…", of the disk also for a partition */
	char *serial;	 /* as the device has it */
	char *wwn;	 /* NULL: none that is worth anything */
	size_t disk_len; /* bytes of the name that are its disk's */
	bool is_void;
};

static const char digits[] = "0123456789";

static bool item_has_name(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct item, by_name)->name, key) == 0;
}

static bool item_has_id(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct item, by_id)->id, key) == 0;
}

static struct item *item_find(const struct serials *serials, const char *name)
{
	struct map_node *node =
		map_find(&serials->by_name, map_hash_text(name), item_has_name, name);

	return node ? container_of(node, struct item, by_name) : NULL;
}

/* The next with the number behind `item`, the first without one. */
static struct item *item_next(
	const struct serials *serials, const char *id, const struct item *item)
{
	struct map_node *node = item
		? map_find_next(&item->by_id, item_has_id, id)
		: map_find(&serials->by_id, map_hash_text(id), item_has_id, id);

	return node ? container_of(node, struct item, by_id) : NULL;
}

static void item_remove(struct serials *serials, struct item *item)
{
	map_remove(&serials->by_name, &item->by_name);
	map_remove(&serials->by_id, &item->by_id);
	free(item->name);
	free(item->id);
	free(item->serial);
	free(item->wwn);
	free(item);
}

void serials_fini(struct serials *serials)
{
	map_for_each (&serials->by_name, node, next)
		item_remove(serials, container_of(node, struct item, by_name));
	map_fini(&serials->by_name);
	map_fini(&serials->by_id);
}

/* "sda" of the partition "sda1", "nvme0n1" of "nvme0n1p2". */
static size_t get_disk_len(const struct device *device)
{
	size_t len = strlen(device->name);

	if (!device->partition)
		return len;
	while (len && strchr(digits, device->name[len - 1]))
		len--;
	if (len > 1 && device->name[len - 1] == 'p' && strchr(digits, device->name[len - 2]))
		len--;
	return len;
}

static void item_add(struct serials *serials, const struct device *device, const char *id)
{
	struct item *item = xcalloc(1, sizeof(*item));
	char wwn[UNIQUE_ID_MAX + 1];

	item->name = xstrdup(device->name);
	item->id = xstrdup(id);
	item->serial = xstrdup(device->identity[ID_SERIAL]);
	if (unique_id_format(ID_WWN, device->identity[ID_WWN], 0, wwn))
		item->wwn = xstrdup(wwn);
	item->disk_len = get_disk_len(device);
	map_add(&serials->by_name, &item->by_name, map_hash_text(item->name));
	map_add(&serials->by_id, &item->by_id, map_hash_text(item->id));
}

static bool is_of_same_disk(const struct item *a, const struct item *b)
{
	if (a->wwn && b->wwn)
		return strcmp(a->wwn, b->wwn) == 0;
	return a->disk_len == b->disk_len && memcmp(a->name, b->name, a->disk_len) == 0;
}

static bool is_shared(const struct serials *serials, const char *id)
{
	const struct item *first = item_next(serials, id, NULL), *item = first;

	while ((item = item ? item_next(serials, id, item) : NULL))
		if (!is_of_same_disk(first, item))
			return true;
	return false;
}

/* Has those that are here, and not in the change, told anew. */
static void settle(struct serials *serials, const char *id, const struct volumes *volumes,
	struct volumes_change *change)
{
	bool is_void = is_shared(serials, id);
	struct item *item = NULL;

	while ((item = item_next(serials, id, item))) {
		const struct device *device = volumes_find_name(volumes, item->name);

		if (item->is_void == is_void)
			continue;
		item->is_void = is_void;
		if (device && !volumes_change_concerns(change, item->name))
			volumes_change_put(change, device_copy(device));
	}
}

static void forget(struct serials *serials, const char *name, const struct volumes *volumes,
	struct volumes_change *change)
{
	struct item *item = item_find(serials, name);
	_cleanup_free_ char *id = item ? xstrdup(item->id) : NULL;

	if (!item)
		return;
	item_remove(serials, item);
	settle(serials, id, volumes, change);
}

static bool is_noted(const struct item *item, const struct device *device, const char *id)
{
	char wwn[UNIQUE_ID_MAX + 1];
	bool has_wwn = unique_id_format(ID_WWN, device->identity[ID_WWN], 0, wwn);

	return item && strcmp(item->id, id) == 0 && item->disk_len == get_disk_len(device) &&
		is_same_text(item->wwn, has_wwn ? wwn : NULL);
}

static void note(struct serials *serials, const struct device *device,
	const struct volumes *volumes, struct volumes_change *change)
{
	const struct device *before = volumes_find_name(volumes, device->name);
	const char *serial = device->identity[ID_SERIAL];
	char id[UNIQUE_ID_MAX + 1];

	/* The kernel may not know what udevd did, and knows that it is the same. */
	if (!serial && device->is_by_kernel && device_is_same(before, device))
		return;
	if (device->size == 0 || device->is_virtual || device->is_component ||
		!unique_id_format(ID_SERIAL, serial, 0, id)) {
		forget(serials, device->name, volumes, change);
		return;
	}
	if (is_noted(item_find(serials, device->name), device, id))
		return;
	forget(serials, device->name, volumes, change);
	item_add(serials, device, id);
	settle(serials, id, volumes, change);
}

static void tell(const struct serials *serials, struct device *device)
{
	const struct item *item = item_find(serials, device->name);

	device->is_serial_void = item && item->is_void;
	if (device->is_serial_void)
		free(steal_ptr(device->identity[ID_SERIAL]));
	else if (item && !device->identity[ID_SERIAL])
		device->identity[ID_SERIAL] = xstrdup(item->serial);
}

void serials_decide(
	struct serials *serials, const struct volumes *volumes, struct volumes_change *change)
{
	size_t puts = change->puts; /* those behind are told anew */

	for (size_t i = 0; i < change->gones; i++)
		forget(serials, change->gone[i], volumes, change);
	for (size_t i = 0; i < puts; i++)
		note(serials, change->put[i], volumes, change);
	for (size_t i = 0; i < change->puts; i++)
		tell(serials, change->put[i]);
}
