/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device is known to be stays so while it is the same device and nothing says that it is
 * something else.
 *
 * Names must not leave a disk because reading it failed once, nor go to another because somebody
 * wrote a superblock into a file system that is mounted. So where a new description says less than
 * is known, or something else of a device that is in use, the content known before is put in its
 * place, and the description has a doubt: why.
 */

#include <string.h>

#include "core/model/filesystem.h"
#include "core/rules/doubt.h"

#define IN_USE "it is in use"

/*
 * Of holders that are not here nothing is known. A loop device does not keep others from what it is
 * over.
 */
static bool is_held_by_present(const struct manager *manager, const struct device *device)
{
	map_for_each (&manager->volumes.by_name, node, next) {
		const struct device *holder = container_of(node, struct device, by_name);

		if (holder->is_virtual && device_has_slave(holder, device->name))
			return true;
	}
	return false;
}

bool doubt_is_in_use(const struct manager *manager, const struct device *device)
{
	const struct device *known = volumes_find_before(&manager->volumes, device->name);

	/* What it says of itself now may be what somebody wrote into it. */
	return device->is_held || is_held_by_present(manager, device) ||
		filesystem_is_mounted(&manager->volumes, &manager->mounts, known ? known : device);
}

bool doubt_awaits_reading(const struct manager *manager, const struct device *device)
{
	return device->doubt && strncmp(device->doubt, IN_USE, strlen(IN_USE)) == 0 &&
		!filesystem_is_mounted(&manager->volumes, &manager->mounts, device) &&
		!is_held_by_present(manager, device);
}

static bool has_other_identities(
	const struct device *before, const struct device *now, bool also_serial)
{
	for (size_t i = 0; i < ID_SCHEMES; i++)
		if ((i != ID_SERIAL || also_serial) &&
			!is_same_text(before->identity[i], now->identity[i]))
			return true;
	return false;
}

static bool has_other_content(const struct device *before, const struct device *now)
{
	return has_other_identities(before, now, !now->is_serial_void) ||
		!is_same_text(before->fstype, now->fstype) ||
		!is_same_text(before->table, now->table) ||
		before->has_partitions != now->has_partitions;
}

/* What a device of RAID or LVM holds is a member of it by now: that explains the holder. */
static bool has_become_member(const struct manager *manager, const struct device *now)
{
	return now->is_held && is_same_text(now->usage, "raid") &&
		!mounts_has(&manager->mounts, now->number);
}

/* It was added to a filesystem that is mounted, or took the place of a device of it. */
static bool has_joined(const struct manager_env *env, const struct device *now)
{
	return now->uuid_sub && now->identity[ID_UUID] && env->has_member &&
		env->has_member(now->identity[ID_UUID], now->name);
}

/* It was taken out of a filesystem that stays mounted, on other devices. */
static bool has_left(
	const struct manager_env *env, const struct device *before, const struct device *now)
{
	return before->uuid_sub && before->identity[ID_UUID] &&
		manager_env_has_without(env, before->identity[ID_UUID], now->name) &&
		!(env->is_mounted_elsewhere && env->is_mounted_elsewhere(now->name));
}

/* Who mounts in a namespace of his own is asked about when it matters. */
static bool is_in_use(
	const struct manager *manager, const struct manager_env *env, const struct device *now)
{
	return doubt_is_in_use(manager, now) ||
		(env->is_mounted_elsewhere && env->is_mounted_elsewhere(now->name));
}

static bool is_frozen(const struct manager *manager, const struct manager_env *env,
	const struct device *before, const struct device *now)
{
	return (has_other_content(before, now) || has_other_identities(before, now, true)) &&
		is_in_use(manager, env, now) && !has_become_member(manager, now) &&
		!has_joined(env, now) && !has_left(env, before, now);
}

/* Why the description does not count against what is known, or NULL. */
static char *find_doubt(const struct manager *manager, const struct manager_env *env,
	const struct device *before, const struct device *now)
{
	if (now->fault)
		return xstrdup(now->fault);
	if (now->doubt)
		return xstrdup(now->doubt);
	if (now->is_component && !before->is_component && strncmp(now->name, "dm-", 3) == 0)
		return xstrdup("device-mapper says that it is not to be read");
	if (!is_frozen(manager, env, before, now))
		return NULL;
	if (has_other_content(before, now))
		return xasprintf(IN_USE "; its content has changed (%s%s): it is read again "
					"when it is free",
			now->fstype ? now->fstype : "none",
			now->identity[ID_UUID] ? " with another UUID" : "");
	return xstrdup(IN_USE "; another disk has the same serial number: it loses that when it "
			      "is free");
}

static void replace(char **text, const char *by)
{
	free(*text);
	*text = by ? xstrdup(by) : NULL;
}

static void keep_content(struct device *now, const struct device *before)
{
	for (size_t i = 0; i < ID_SCHEMES; i++)
		replace(&now->identity[i], before->identity[i]);
	if (!now->identity[ID_PATH])
		replace(&now->identity[ID_PATH], before->identity[ID_PATH]);
	replace(&now->fstype, before->fstype);
	replace(&now->usage, before->usage);
	replace(&now->label, before->label);
	replace(&now->table, before->table);
	replace(&now->partition_type, before->partition_type);
	replace(&now->uuid_sub, before->uuid_sub);
	now->members = before->members;
	replace(&now->partition_name, before->partition_name);
	now->partition_flags = before->partition_flags;
	now->is_component = before->is_component;
	now->has_partitions = before->has_partitions;
	if (now->fault && before->slaves &&
		!now->is_virtual) { /* nobody else tells what it is on */
		replace(&now->slaves, before->slaves);
		now->attachment = before->attachment;
	}
	replace(&now->fault, NULL);
}

/* A volume, or a disk or member of which an identity is named. */
static bool has_names(const struct manager *manager, const struct device *device)
{
	const struct holding *holding = device->holdings;

	if (device->had_names)
		return true;
	if (device->id || (device->kind != DEVICE_DISK && device->kind != DEVICE_MEMBER))
		return device->id;
	while (holding && !manager_find_device(manager, &manager->names, holding->id))
		holding = holding->next;
	return holding;
}

void doubt_decide(
	const struct manager *manager, const struct manager_env *env, struct change *change)
{
	for (size_t i = 0; i < change->volumes.puts; i++) {
		struct device *now = change->volumes.put[i];
		const struct device *before = volumes_find_before(&manager->volumes, now->name);
		char *doubt = NULL;

		if (device_is_same(before, now) && has_names(manager, before))
			doubt = find_doubt(manager, env, before, now);
		if (!doubt)
			continue;
		keep_content(now, before);
		free(now->doubt);
		now->doubt = doubt;
	}
}
