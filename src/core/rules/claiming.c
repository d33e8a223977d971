/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The administrator's word on which of several devices is the volume.
 *
 * Who claims is put into the change together with the present owner, and the rules of ownership
 * decide of both, with a claim before all that speaks for others. So the former owner falls to its
 * next identity as any clone does. What is remembered of the owner is then of the device that
 * claimed: after a restart it is found by that, and the claim itself need not be remembered.
 */

#include <errno.h>
#include <string.h>

#include "core/rules/claiming.h"
#include "core/rules/ownership.h"

/* The first of its identities: the one that counts when nobody else has it. */
static bool find_first_id(const struct decision *decision, const struct device *device,
	char ret_id[UNIQUE_ID_MAX + 1])
{
	const struct id_order *order = &decision->manager->order;

	for (size_t i = 0; i < order->count; i++)
		if (unique_id_format(order->scheme[i], device->identity[order->scheme[i]],
			    device->partition, ret_id))
			return true;
	return false;
}

static int check_kind(struct decision *decision, const struct device *device)
{
	if (device_is_volume(device))
		return 0;
	return decision_fail(decision, -ENOENT, "%s is no volume: %s", device->node,
		device->reason ? device->reason : "it has nothing to address");
}

static void put(struct volumes_change *change, const struct device *device)
{
	if (!volumes_change_concerns(change, device->name))
		volumes_change_put(change, device_copy(device));
}

int claiming_decide(struct decision *decision)
{
	const struct volumes *volumes = &decision->manager->volumes;
	struct volumes_change *change = &decision->change->volumes;
	const struct device *device, *owner;
	char id[UNIQUE_ID_MAX + 1];
	struct triple triple = { .id = id };
	int r = decision_select_present(decision, &device);

	if (r == 0 && !volumes_change_find_name(volumes, change, device->name))
		r = decision_fail(decision, -ENOENT, "%s is present no more", device->node);
	if (r == 0)
		r = check_kind(decision, device);
	if (r < 0)
		return r;
	if (!find_first_id(decision, device, id))
		return decision_fail(decision, -ENOENT, "%s has no unique ID", device->node);
	owner = volumes_find_id(volumes, id);
	if (owner && ownership_is_part(volumes, change, device, owner))
		return decision_fail(decision, -EBUSY, "%s, which has %s, is made of %s",
			owner->node, id, device->node);
	if (manager_env_has_seen(decision->env, &decision->change->names, id))
		return decision_fail(decision, -EBUSY,
			"%s is present on another host, as it was known so far", id);
	put(change, device);
	if (owner)
		put(change, owner);
	volumes_change_claim(change, device->name);
	triple.node = device->node;
	change_add_entry(
		decision->change, decision->manager, decision->env, "claim_unique_id", &triple);
	return 0;
}
