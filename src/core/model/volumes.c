/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices present. Which unique ID each is present under is decided in ownership.c.
 *
 * Owns its devices. A device is in by_id exactly while it has an ID, and unprocessed exactly while
 * it has a reason.
 */

#include <assert.h>
#include <string.h>

#include "core/model/volumes.h"

static bool device_has_name(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct device, by_name)->name, key) == 0;
}

static bool device_has_number(const void *object, const void *key)
{
	return ((const struct device *)object)->number == *(const uint64_t *)key;
}

static bool device_has_id(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct device, by_id)->id, key) == 0;
}

static struct device *find_in(const struct map *devices, const char *name)
{
	struct map_node *node = map_find(devices, map_hash_text(name), device_has_name, name);

	return node ? container_of(node, struct device, by_name) : NULL;
}

static struct device *find_name(const struct volumes *volumes, const char *name)
{
	return find_in(&volumes->by_name, name);
}

const struct device *volumes_find_before(const struct volumes *volumes, const char *name)
{
	const struct device *device = find_name(volumes, name);

	return device ? device : find_in(&volumes->dismissed, name);
}

const struct device *volumes_find_name(const struct volumes *volumes, const char *name)
{
	return find_name(volumes, name);
}

const struct device *volumes_find_number(const struct volumes *volumes, uint64_t number)
{
	return index_find(&volumes->by_number, map_hash_number(number), device_has_number, &number);
}

const struct device *volumes_find_id(const struct volumes *volumes, const char *id)
{
	struct map_node *node = map_find(&volumes->by_id, map_hash_text(id), device_has_id, id);

	return node ? container_of(node, struct device, by_id) : NULL;
}

static bool is_in_filesystem(const struct device *device)
{
	return device->uuid_sub && device->identity[ID_UUID];
}

static bool device_is_member(const void *object, const void *key)
{
	return device_is_of_same_filesystem(object, key);
}

const struct device *volumes_next_member(
	const struct volumes *volumes, const struct device *device, const struct device *member)
{
	const struct index *index = &volumes->by_filesystem;
	uint64_t hash;

	if (!is_in_filesystem(device))
		return NULL;
	hash = map_hash_text(device->identity[ID_UUID]);
	return member ? index_find_next(index, hash, member, device_is_member, device)
		      : index_find(index, hash, device_is_member, device);
}

static bool holding_has_id(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct holding, by_id)->id, key) == 0;
}

static struct holding *find_holding(const struct map *holdings, const char *id)
{
	struct map_node *node =
		map_find(holdings, map_hash_text_ignoring_case(id), holding_has_id, id);

	return node ? container_of(node, struct holding, by_id) : NULL;
}

static bool holding_is_alike(const struct map_node *node, const void *key)
{
	return unique_id_is_alike(container_of(node, struct holding, by_id)->id, key);
}

const char *volumes_find_alike(const struct volumes *volumes, const char *id)
{
	const struct map_node *node =
		map_find(&volumes->holdings, map_hash_text_ignoring_case(id), holding_is_alike, id);

	return node && !map_find_next(node, holding_is_alike, id)
		? container_of(node, struct holding, by_id)->id
		: NULL;
}

struct holding *volumes_change_find_holding(const struct volumes_change *change, const char *id)
{
	return find_holding(&change->holdings, id);
}

const struct device *volumes_find_holder(const struct volumes *volumes, const char *id)
{
	const struct device *device = volumes_find_id(volumes, id);
	const struct holding *holding = device ? NULL : find_holding(&volumes->holdings, id);

	return holding ? holding->device : device;
}

static bool identity_has_text(const void *object, const void *key)
{
	return strcmp(((const struct identity *)object)->text, key) == 0;
}

const struct identity *identity_next(
	const struct index *identities, const char *id, const struct identity *identity)
{
	uint64_t hash = map_hash_text(id);

	return identity ? index_find_next(identities, hash, identity, identity_has_text, id)
			: index_find(identities, hash, identity_has_text, id);
}

void volumes_fini(struct volumes *volumes)
{
	map_for_each (&volumes->by_name, node, next)
		device_free(container_of(node, struct device, by_name));
	map_fini(&volumes->by_name);
	map_for_each (&volumes->dismissed, node, next)
		device_free(container_of(node, struct device, by_name));
	map_fini(&volumes->dismissed);
	index_fini(&volumes->by_number);
	map_fini(&volumes->by_id);
	index_fini(&volumes->by_filesystem);
	index_fini(&volumes->identities);
	map_for_each (&volumes->holdings, node, next)
		free(container_of(node, struct holding, by_id));
	map_fini(&volumes->holdings);
}

void volumes_change_fini(struct volumes_change *change)
{
	for (size_t i = 0; i < change->puts; i++)
		device_free(change->put[i]);
	for (size_t i = 0; i < change->gones; i++)
		free(change->gone[i]);
	for (size_t i = 0; i < change->claims; i++)
		free(change->claim[i]);
	for (size_t i = 0; i < change->assignment_count; i++) {
		free(change->assignments[i].id);
		free(change->assignments[i].reason);
	}
	map_for_each (&change->holdings, node, next)
		free(container_of(node, struct holding, by_id));
	map_fini(&change->holdings);
	index_fini(&change->identities);
	free(change->put);
	free(change->gone);
	free(change->claim);
	free(change->assignments);
	*change = (struct volumes_change){ 0 };
}

void volumes_change_put(struct volumes_change *change, struct device *device)
{
	change->put = xgrow(change->put, change->puts, sizeof(*change->put));
	change->put[change->puts++] = device;
}

void volumes_change_remove(struct volumes_change *change, const char *name)
{
	change->gone = xgrow(change->gone, change->gones, sizeof(*change->gone));
	change->gone[change->gones++] = xstrdup(name);
}

void volumes_change_claim(struct volumes_change *change, const char *name)
{
	change->claim = xgrow(change->claim, change->claims, sizeof(*change->claim));
	change->claim[change->claims++] = xstrdup(name);
}

void volumes_change_assign(struct volumes_change *change, struct assignment assignment)
{
	change->assignments =
		xgrow(change->assignments, change->assignment_count, sizeof(*change->assignments));
	change->assignments[change->assignment_count++] = assignment;
}

size_t volumes_change_get_claim(const struct volumes_change *change, const char *name)
{
	size_t found = 0;

	for (size_t i = 0; i < change->claims; i++)
		if (strcmp(change->claim[i], name) == 0)
			found = i + 1;
	return found;
}

static void add_identities(struct index *identities, struct device *device)
{
	device_list_identities(device);
	for (size_t i = 0; i < device->identity_count; i++)
		index_add(identities, &device->identities[i],
			map_hash_text(device->identities[i].text));
}

void volumes_change_list_identities(struct volumes_change *change)
{
	index_fini(&change->identities);
	for (size_t i = 0; i < change->puts; i++)
		add_identities(&change->identities, change->put[i]);
}

static const struct device *find_put(const struct volumes_change *change, const char *name)
{
	for (size_t i = 0; i < change->puts; i++)
		if (strcmp(change->put[i]->name, name) == 0)
			return change->put[i];
	return NULL;
}

static bool is_in_change(const struct volumes_change *change, const char *name)
{
	for (size_t i = 0; i < change->puts; i++)
		if (strcmp(change->put[i]->name, name) == 0)
			return true;
	for (size_t i = 0; i < change->gones; i++)
		if (strcmp(change->gone[i], name) == 0)
			return true;
	return false;
}

bool volumes_change_concerns(const struct volumes_change *change, const char *name)
{
	for (size_t i = 0; i < change->assignment_count; i++)
		if (strcmp(change->assignments[i].device->name, name) == 0)
			return true;
	return is_in_change(change, name);
}

const struct device *volumes_change_find_name(
	const struct volumes *volumes, const struct volumes_change *change, const char *name)
{
	const struct device *put = find_put(change, name);

	if (put)
		return put;
	return is_in_change(change, name) ? NULL : volumes_find_name(volumes, name);
}

const struct device *volumes_change_find_id(
	const struct volumes *volumes, const struct volumes_change *change, const char *id)
{
	const struct device *owner = volumes_find_id(volumes, id);

	for (size_t i = 0; i < change->assignment_count; i++)
		if (is_same_text(change->assignments[i].id, id))
			return change->assignments[i].device;
	return owner && !is_in_change(change, owner->name) ? owner : NULL;
}

bool device_awaits_id(const struct device *device)
{
	return !device->id && device_is_volume(device);
}

static void count_in(struct volumes *volumes, const struct device *device)
{
	volumes->awaiting += device_awaits_id(device);
	volumes->losers += device->is_displaced;
	volumes->unwritten += device->is_unwritten;
	volumes->formers += device->former != NULL;
	volumes->doubts += device->doubt != NULL;
	volumes->barred += device->is_barred;
}

static void count_out(struct volumes *volumes, const struct device *device)
{
	volumes->awaiting -= device_awaits_id(device);
	volumes->losers -= device->is_displaced;
	volumes->unwritten -= device->is_unwritten;
	volumes->formers -= device->former != NULL;
	volumes->doubts -= device->doubt != NULL;
	volumes->barred -= device->is_barred;
}

static void remove_holding(struct volumes *volumes, struct holding *holding)
{
	struct holding **at = &holding->device->holdings;

	while (*at != holding)
		at = &(*at)->next;
	*at = holding->next;
	map_remove(&volumes->holdings, &holding->by_id);
	free(holding);
}

/* Puts in place what was decided about identities. */
static void apply_holdings(struct volumes *volumes, struct volumes_change *change)
{
	map_for_each (&change->holdings, node, next) {
		struct holding *holding = container_of(node, struct holding, by_id);
		struct holding *before = find_holding(&volumes->holdings, holding->id);

		map_remove(&change->holdings, node);
		if (before)
			remove_holding(volumes, before);
		if (!holding->device) {
			free(holding);
			continue;
		}
		holding->next = holding->device->holdings;
		holding->device->holdings = holding;
		map_add(&volumes->holdings, &holding->by_id,
			map_hash_text_ignoring_case(holding->id));
	}
}

static void detach(struct volumes *volumes, struct device *device)
{
	count_out(volumes, device);
	while (device->holdings)
		remove_holding(volumes, device->holdings);
	for (size_t i = 0; i < device->identity_count; i++)
		index_remove(&volumes->identities, &device->identities[i],
			map_hash_text(device->identities[i].text));
	map_remove(&volumes->by_name, &device->by_name);
	index_remove(&volumes->by_number, device, map_hash_number(device->number));
	if (device->id)
		map_remove(&volumes->by_id, &device->by_id);
	if (is_in_filesystem(device)) {
		index_remove(
			&volumes->by_filesystem, device, map_hash_text(device->identity[ID_UUID]));
		volumes->member_changes++;
	}
}

static void volumes_remove(struct volumes *volumes, struct device *device)
{
	detach(volumes, device);
	device_free(device);
}

void volumes_dismiss(struct volumes *volumes, struct device *device)
{
	map_add(&volumes->dismissed, &device->by_name, map_hash_text(device->name));
}

/* Takes a device out, and remembers what it was: as one that has no ID any more. */
static void dismiss(struct volumes *volumes, struct device *device)
{
	device->had_names = device->id ||
		(device->holdings &&
			(device->kind == DEVICE_DISK || device->kind == DEVICE_MEMBER));
	detach(volumes, device);
	if (device->id) {
		free(device->former);
		device->former = xstrdup(device->id);
		device->id = NULL;
	}
	volumes_dismiss(volumes, device);
}

/* What is known of it by another way counts. */
static void end_dismissal(struct volumes *volumes, const char *name)
{
	struct device *device = find_in(&volumes->dismissed, name);

	if (!device)
		return;
	map_remove(&volumes->dismissed, &device->by_name);
	device_free(device);
}

/* The ID is somebody else's now: who had it before does not lead to it any more. */
static void forget_former(struct volumes *volumes, const char *id)
{
	map_for_each (&volumes->dismissed, node, next) {
		struct device *device = container_of(node, struct device, by_name);

		if (is_same_text(device->former, id))
			free(steal_ptr(device->former));
	}
	if (!volumes->formers)
		return;
	map_for_each (&volumes->by_name, node, next) {
		struct device *device = container_of(node, struct device, by_name);

		if (!is_same_text(device->former, id))
			continue;
		free(steal_ptr(device->former));
		volumes->formers--;
	}
}

const struct device *volumes_note_gone(
	struct volumes *volumes, const char *name, const struct device *now)
{
	struct device *device = find_name(volumes, name);

	if (!device || (!device->id && !device->holdings) || device->is_gone)
		return NULL;
	if (now && now->size && now->number == device->number &&
		(now->diskseq == device->diskseq || !now->diskseq || !device->diskseq))
		return NULL;
	device->is_gone = true;
	return device;
}

/* Of the device's own: an ID that it is given is one of these. NULL stays NULL. */
static const char *find_identity(const struct device *device, const char *id)
{
	for (size_t i = 0; id && i < device->identity_count; i++)
		if (strcmp(device->identities[i].text, id) == 0)
			return device->identities[i].text;
	assert(!id);
	return NULL;
}

void volumes_apply(struct volumes *volumes, struct volumes_change *change)
{
	index_fini(&change->identities);
	for (size_t i = 0; i < change->gones; i++) {
		struct device *device = find_name(volumes, change->gone[i]);

		end_dismissal(volumes, change->gone[i]);
		if (device && change->dismisses)
			dismiss(volumes, device);
		else if (device)
			volumes_remove(volumes, device);
	}
	for (size_t i = 0; i < change->puts; i++) {
		struct device *device = steal_ptr(change->put[i]);
		const struct device *known = volumes_find_before(volumes, device->name);
		struct device *before = find_name(volumes, device->name);

		if (device_is_same(known, device) && (known->id || known->former))
			device->former = xstrdup(known->id ? known->id : known->former);
		if (before)
			volumes_remove(volumes, before);
		end_dismissal(volumes, device->name);
		device_pack(device);
		add_identities(&volumes->identities, device);
		map_add(&volumes->by_name, &device->by_name, map_hash_text(device->name));
		index_add(&volumes->by_number, device, map_hash_number(device->number));
		if (is_in_filesystem(device))
			index_add(&volumes->by_filesystem, device,
				map_hash_text(device->identity[ID_UUID]));
		count_in(volumes, device);
	}
	for (size_t i = 0; i < change->assignment_count; i++) {
		struct assignment *assignment = &change->assignments[i];
		struct device *device = assignment->device;

		assert(!device->id);
		count_out(volumes, device);
		free(device->reason);
		device->kind = assignment->kind;
		device->id = find_identity(device, assignment->id);
		device->reason = steal_ptr(assignment->reason);
		device->is_displaced = assignment->is_displaced;
		device->is_unwritten = assignment->is_unwritten;
		device->is_unshared = assignment->is_unshared;
		device->is_arriving = assignment->is_arriving;
		device->is_barred = assignment->is_barred;
		device->is_founder = assignment->is_founder;
		if (device->id) {
			free(steal_ptr(device->former));
			map_add(&volumes->by_id, &device->by_id, map_hash_text(device->id));
		}
		count_in(volumes, device);
		if (device->id)
			forget_former(volumes, device->id);
	}
	change->puts = 0;
	apply_holdings(volumes, change);
}
