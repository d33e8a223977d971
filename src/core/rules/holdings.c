/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has the names that are filed under an identity which is no volume's unique ID: a disk by its
 * WWN, whatever is on it; a bay by its path, whatever disk is in it.
 *
 * A device has one unique ID, as a volume, and holds every other identity of its own that no volume
 * has for its unique ID, unless another device that has the same is preferred. Who held it before
 * goes on to, but what is made of others comes before them; among newcomers it is decided as among
 * volumes. What multipath makes of several paths holds what they have in common: the paths come
 * and go.
 */

#include <string.h>

#include "core/rules/holdings.h"
#include "core/rules/rivals.h"
#include "core/rules/stranger.h"

struct contest {
	struct rivals rivals;
	const char *id;
	const struct record *record;
	enum strangers strangers;
	const struct device *best, *last;
	bool is_contested;
};

static bool is_map_of(const struct device *device, const char *path)
{
	return device->is_virtual && device_has_slave(device, path);
}

/* What multipath has made of a path to a disk, or the path. */
static const struct device *find_map(const struct rivals *rivals, const struct device *path)
{
	for (size_t i = 0; path->is_component && i < rivals->change->puts; i++)
		if (is_map_of(rivals->change->put[i], path->name))
			return rivals->change->put[i];
	if (!path->is_component)
		return path;
	map_for_each (&rivals->volumes->by_name, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		if (is_map_of(device, path->name) &&
			volumes_change_find_name(rivals->volumes, rivals->change, device->name) ==
				device)
			return device;
	}
	return path;
}

/* Whether it had the identity before; the number of a partition may be that of another by now. */
static bool is_holder(const struct contest *contest, const struct device *device)
{
	const struct device *holder = volumes_find_holder(contest->rivals.volumes, contest->id);

	return holder && strcmp(holder->name, device->name) == 0 && holder->start == device->start;
}

static bool is_better(const struct contest *contest, const struct device *a, const struct device *b)
{
	const struct rivals *rivals = &contest->rivals;
	unsigned int weight_a, weight_b;

	if (rivals_is_above(rivals, a, b) || rivals_is_above(rivals, b, a))
		return rivals_is_above(rivals, a, b);
	if (is_holder(contest, a) || is_holder(contest, b))
		return is_holder(contest, a);
	weight_a = rivals_get_weight(rivals, a, contest->record);
	weight_b = rivals_get_weight(rivals, b, contest->record);
	if (weight_a != weight_b)
		return weight_a > weight_b;
	return device_compare_names(a->name, b->name) < 0;
}

static void enter(struct contest *contest, const struct identity *identity)
{
	const struct device *device = identity->device;
	bool is_place = identity->scheme == ID_PATH;

	if (device->size == 0)
		return;
	if (!is_place) /* which is the path's own */
		device = find_map(&contest->rivals, device);
	contest->is_contested |= contest->last && device != contest->last;
	contest->last = device;
	if (device == contest->best)
		return;
	if (!is_place && !is_holder(contest, device) &&
		stranger_is(contest->strangers, contest->record, device))
		return;
	if (!contest->best || is_better(contest, device, contest->best))
		contest->best = device;
}

static struct contest hold_contest(const struct manager *manager,
	const struct volumes_change *change, const struct names *names, const char *id)
{
	const struct volumes *volumes = &manager->volumes;
	struct contest contest = {
		.rivals = { volumes, change, &manager->mounts },
		.id = id,
		.record = names_find_record(names, id),
		.strangers = manager->strangers,
	};
	const struct identity *identity = NULL;

	while ((identity = identity_next(&change->identities, id, identity)))
		enter(&contest, identity);
	while ((identity = identity_next(&volumes->identities, id, identity)))
		if (volumes_change_find_name(volumes, change, identity->device->name) ==
			identity->device)
			enter(&contest, identity);
	return contest;
}

const struct device *holdings_choose(const struct manager *manager,
	const struct volumes_change *change, const struct names *names, const char *id)
{
	return hold_contest(manager, change, names, id).best;
}

bool holdings_is_contested(
	const struct manager *manager, const struct change *change, const char *id)
{
	return hold_contest(manager, &change->volumes, &change->names, id).is_contested;
}

static void add_holding(struct volumes_change *change, const char *id, const struct device *device)
{
	struct holding *holding = xcalloc(1, sizeof(*holding) + strlen(id) + 1);

	strcpy(holding->id, id);
	holding->device = (struct device *)device;
	map_add(&change->holdings, &holding->by_id, map_hash_text_ignoring_case(id));
}

static void decide(const struct manager *manager, const struct names *names,
	struct volumes_change *change, const char *id)
{
	const struct device *owner = volumes_find_id(&manager->volumes, id), *device = NULL;

	if (volumes_change_find_holding(change, id))
		return;
	if (!owner || volumes_change_find_name(&manager->volumes, change, owner->name) != owner)
		device = holdings_choose(manager, change, names, id);
	add_holding(change, id, device);
}

static void decide_all_of(const struct manager *manager, const struct names *names,
	struct volumes_change *change, const struct device *device)
{
	for (size_t i = 0; i < device->identity_count; i++)
		decide(manager, names, change, device->identities[i].text);
	for (const struct holding *holding = device->holdings; holding; holding = holding->next)
		decide(manager, names, change, holding->id);
}

/* And of the paths that it is made of: what they have in common may be its own, or no longer. */
static void decide_device(const struct manager *manager, const struct names *names,
	struct volumes_change *change, const struct device *device)
{
	_cleanup_free_ char *slaves = device->slaves ? xstrdup(device->slaves) : NULL;
	char *rest = slaves, *name;

	decide_all_of(manager, names, change, device);
	while (rest && (name = strsep(&rest, " "))) {
		const struct device *slave =
			volumes_change_find_name(&manager->volumes, change, name);

		if (slave && slave->is_component)
			decide_all_of(manager, names, change, slave);
	}
}

void holdings_decide(
	const struct manager *manager, const struct names *names, struct volumes_change *change)
{
	for (size_t i = 0; i < change->assignment_count; i++)
		if (change->assignments[i].id)
			add_holding(change, change->assignments[i].id, NULL);
	for (size_t i = 0; i < change->puts + change->gones; i++) {
		const char *name =
			i < change->puts ? change->put[i]->name : change->gone[i - change->puts];
		const struct device *before = volumes_find_name(&manager->volumes, name);

		if (i < change->puts)
			decide_device(manager, names, change, change->put[i]);
		if (before)
			decide_device(manager, names, change, before);
	}
}
