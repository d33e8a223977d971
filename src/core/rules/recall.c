/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an earlier server knew of devices, as the state of the next one. */

#include <string.h>

#include "core/rules/apply.h"
#include "core/rules/holdings.h"
#include "core/rules/recall.h"

struct recall {
	const struct manager *manager;
	struct change change;
	struct index ids; /* that are somebody's */
};

static bool is_id(const void *object, const void *key)
{
	return strcmp(object, key) == 0;
}

/* The ID that it was present under, unless another device claims that, too; NULL: none. */
static const char *take_id(
	struct recall *recall, struct device *device, const struct recalled *recalled)
{
	const char *id = NULL;

	device_list_identities(device);
	if (recalled->had_id)
		id = device_get_identity(device, recalled->scheme);
	if (!id || !names_find_record(&recall->manager->names, id) ||
		volumes_find_id(&recall->manager->volumes, id) ||
		index_find(&recall->ids, map_hash_text(id), is_id, id))
		return NULL;
	index_add(&recall->ids, (void *)id, map_hash_text(id));
	return id;
}

/* It may be here all the same: then it is what it was. */
static void dismiss(struct manager *manager, const struct recalled *recalled)
{
	const char *former = recalled->device->former;
	struct device *device = device_copy(recalled->device);

	device->had_names = true;
	if (former && names_find_record(&manager->names, former))
		device->former = xstrdup(former);
	volumes_dismiss(&manager->volumes, device);
}

static void add(struct recall *recall, const struct recalled *recalled)
{
	struct device *device = device_copy(recalled->device);
	const char *former = recalled->device->former, *reason;
	const char *id = take_id(recall, device, recalled);
	struct assignment assignment = {
		.device = device,
		.kind = device_get_kind(device, &reason),
		.is_unwritten = true, /* so it is decided about, whatever is found now */
		.is_founder = recalled->is_founder,
	};

	if (former && names_find_record(&recall->manager->names, former))
		device->former = xstrdup(former);
	if (!id && !device->former && assignment.kind != DEVICE_DISK &&
		assignment.kind != DEVICE_MEMBER) {
		device_free(device);
		return;
	}
	assignment.id = id ? xstrdup(id) : NULL;
	volumes_change_put(&recall->change.volumes, device);
	volumes_change_assign(&recall->change.volumes, assignment);
}

void recall_devices(struct manager *manager, const struct recalled *list, size_t count,
	struct touched *ret_touched)
{
	struct recall recall = { .manager = manager };
	struct change *change = &recall.change;

	change_init(change, manager);
	for (size_t i = 0; i < count; i++)
		if (list[i].is_dismissed)
			dismiss(manager, &list[i]);
		else
			add(&recall, &list[i]);
	index_fini(&recall.ids);
	volumes_change_list_identities(&change->volumes);
	holdings_decide(manager, &change->names, &change->volumes);
	apply_change(manager, change, ret_touched);
	change_fini(change);
}

/* The volume that the database has on the medium of a device. */
struct memory {
	uint64_t medium;
	const struct device *device;
	const struct record *record;
};

static int compare_media(const void *a, const void *b)
{
	const struct memory *one = a, *other = b;

	return one->medium < other->medium ? -1 : one->medium > other->medium;
}

static void find_records(const struct manager *manager, struct memory *list, size_t count)
{
	if (count)
		qsort(list, count, sizeof(*list), compare_media);
	map_for_each (&manager->names.records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);
		const struct memory key = { .medium = record->fingerprint.medium };
		struct memory *memory = key.medium && count
			? bsearch(&key, list, count, sizeof(key), compare_media)
			: NULL;

		if (memory && (!memory->record || memory->record->last_seen < record->last_seen))
			memory->record = record;
	}
}

static void replace(char **text, const char *by)
{
	free(*text);
	*text = by ? xstrdup(by) : NULL;
}

/* The scheme of the device's identity that is the ID. False: it has none such. */
static bool find_scheme(struct device *device, const char *id, enum id_scheme *ret_scheme)
{
	device_list_identities(device);
	for (size_t i = 0; i < device->identity_count; i++) {
		if (strcmp(device->identities[i].text, id) != 0)
			continue;
		*ret_scheme = device->identities[i].scheme;
		return true;
	}
	return false;
}

/* Of its content the database has the identities alone; a mount tells of the filesystem. */
static struct device *describe(const struct manager *manager, const struct memory *memory)
{
	struct device *device = device_copy(memory->device);
	const struct mount *mount = mounts_next(&manager->mounts, device->number, NULL);
	const struct record *record = memory->record;
	char **const contents[] = { &device->usage, &device->label, &device->table,
		&device->uuid_sub, &device->fault, &device->doubt };

	for (size_t i = 0; i < ID_SCHEMES; i++)
		replace(&device->identity[i], record->fingerprint.value[i]);
	if (strncmp(record->id, "UUID=", strlen("UUID=")) == 0)
		replace(&device->identity[ID_UUID], record->id + strlen("UUID="));
	for (size_t i = 0; i < ARRAY_SIZE(contents); i++)
		replace(contents[i], NULL);
	replace(&device->fstype, mount ? mount->fstype : NULL);
	device->members = 0;
	device->has_partitions = false;
	return device;
}

/* False: it is what it was, or cannot be. */
static bool remember(
	const struct manager *manager, const struct memory *memory, struct recalled *ret_recalled)
{
	_cleanup_(device_free_p) struct device *now = NULL;
	enum id_scheme scheme;
	struct device *before;

	if (!memory->record)
		return false;
	now = device_copy(memory->device);
	if (find_scheme(now, memory->record->id, &scheme))
		return false;
	before = describe(manager, memory);
	if (!find_scheme(before, memory->record->id, &scheme)) {
		device_free(before);
		return false;
	}
	*ret_recalled = (struct recalled){ .device = before, .had_id = true, .scheme = scheme };
	return true;
}

bool recall_remembered(struct manager *manager, const struct device *const *here, size_t count,
	struct touched *ret_touched)
{
	_cleanup_free_ struct memory *list = xcalloc(count + 1, sizeof(*list));
	_cleanup_free_ struct recalled *recalled = xcalloc(count + 1, sizeof(*recalled));
	size_t known = 0, found = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t medium = fingerprint_get_medium(manager->boot, here[i]);

		if (medium && here[i]->size)
			list[known++] = (struct memory){ .medium = medium, .device = here[i] };
	}
	find_records(manager, list, known);
	for (size_t i = 0; i < known; i++)
		found += remember(manager, &list[i], &recalled[found]);
	if (found)
		recall_devices(manager, recalled, found, ret_touched);
	for (size_t i = 0; i < found; i++)
		device_free(recalled[i].device);
	return found;
}
