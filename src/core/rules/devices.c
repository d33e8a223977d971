/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What follows when devices come, change and go: who is present under which unique ID, what is
 * remembered of them, and what newcomers are given.
 */

#include <string.h>

#include "core/rules/deletion.h"
#include "core/rules/devices.h"
#include "core/rules/holdings.h"
#include "core/rules/id_change.h"
#include "core/rules/joining.h"
#include "core/rules/letters.h"
#include "core/rules/mounted.h"
#include "core/rules/ownership.h"
#include "core/rules/sharing.h"
#include "core/rules/spelling.h"
#include "core/syntax/link_name.h"

static void fingerprint_take(struct fingerprint *fingerprint, const struct device *device)
{
	struct fingerprint seen = {
		.size = device->size,
		.start = device->start,
		.node = device->node,
		.attachment = device->attachment ? device->attachment : fingerprint->attachment,
		.diskseq = fingerprint->has_twin || mounted_is_device(device) ? device->diskseq : 0,
		.has_twin = fingerprint->has_twin,
	};

	for (size_t i = 0; i < ID_SCHEMES; i++)
		if (i != ID_UUID)
			seen.value[i] = device->identity[i];
	fingerprint_copy(fingerprint, &seen);
}

static bool has_remembered_ids(const struct record *record, const struct device *device)
{
	const struct fingerprint *known = &record->fingerprint;

	return fingerprint_has(known, device->identity) &&
		(known->start == device->start || !known->start) &&
		(known->attachment == device->attachment || !device->attachment ||
			!known->attachment);
}

static bool is_remembered(const struct record *record, const struct device *device)
{
	return has_remembered_ids(record, device) && record->fingerprint.size == device->size;
}

/* Whether what is remembered is of a device that this one is made of: that gets the ID back. */
static bool is_component_remembered(const struct manager *manager, const struct record *record,
	const struct device *device, const struct change *change)
{
	_cleanup_free_ char *slaves = device->slaves ? xstrdup(device->slaves) : NULL;
	char *rest = slaves, *name;

	while (rest && (name = strsep(&rest, " "))) {
		const struct device *slave =
			volumes_change_find_name(&manager->volumes, &change->volumes, name);

		if (slave && is_remembered(record, slave))
			return true;
	}
	return false;
}

/*
 * Remembers where a volume is, for the day when that is all there is to tell: it may be kept, or
 * have a twin (`has_twin`, which sticks), or be no block device, or one of several that its
 * filesystem has.
 */
static void decide_hint(
	const struct device *owner, const char *id, bool has_twin, struct change *change)
{
	const struct fingerprint *known = &names_find_record(&change->names, id)->fingerprint;
	uint64_t diskseq;
	struct fingerprint *hint;

	has_twin |= known->has_twin;
	diskseq = has_twin || mounted_is_device(owner) ? owner->diskseq : 0;
	if (is_same_text(known->node, owner->node) && known->diskseq == diskseq &&
		known->has_twin == has_twin)
		return;
	hint = &names_edit_hint(&change->names, id)->fingerprint;
	free(hint->node);
	hint->node = xstrdup(owner->node);
	hint->diskseq = diskseq;
	hint->has_twin = has_twin;
}

/* A volume that was on other hosts alone is here, too: which is no change of the volume. */
static void decide_seen(const struct manager_env *env, const char *id, struct change *change)
{
	const struct record *record = names_find_record(&change->names, id);

	if (record && record->is_shared && !record->last_seen)
		names_edit_hint(&change->names, id)->last_seen = env->now;
}

/* Nobody had noted it when the volume was last here, which is no change of it, either. */
static void decide_unnoted(const struct device *owner, const char *id, struct change *change)
{
	const struct record *record = names_find_record(&change->names, id);

	if (owner->attachment && !record->fingerprint.attachment)
		names_edit_hint(&change->names, id)->fingerprint.attachment = owner->attachment;
	if (owner->start && !record->fingerprint.start)
		names_edit_hint(&change->names, id)->fingerprint.start = owner->start;
}

/* What is remembered of a device that is new, or another one than before. */
static void decide_description(const struct manager_env *env, const struct device *device,
	const char *id, struct change *change)
{
	struct record *record = names_edit_record(&change->names, id);

	fingerprint_take(&record->fingerprint, device);
	record->last_seen = env->now;
}

void devices_decide_holder(const struct manager *manager, const struct manager_env *env,
	const char *id, struct change *change)
{
	const struct record *record = names_find_record(&change->names, id);
	const struct device *device;

	if (!record || !names_is_of_identity(&change->names, record))
		return;
	device = change_find_device(manager, change, id);
	if (!device || manager_env_has_seen(env, &change->names, id))
		return;
	if (!volumes_change_find_id(&manager->volumes, &change->volumes, id) &&
		(!record->last_seen || !has_remembered_ids(record, device))) {
		decide_description(env, device, id, change);
		names_edit_record(&change->names, id)->fingerprint.size = 0;
	}
	record = names_find_record(&change->names, id);
	if (holdings_is_contested(manager, change, id))
		decide_hint(device, id, true, change);
	else if (record->fingerprint.has_twin || record->keep_links)
		decide_hint(device, id, false, change);
}

static bool is_new_here(const struct manager *manager, const struct device *device, const char *id)
{
	const struct device *before = volumes_find_name(&manager->volumes, device->name);

	return !before || before->is_arriving || !is_same_text(before->id, id);
}

/* The ID under which is known what is known by this one now; NULL: there is none. */
static const char *find_followed(const struct manager *manager, const struct manager_env *env,
	const struct assignment *assignment, const struct change *change, bool is_in_place)
{
	const struct device *device = assignment->device;
	const char *id = assignment->id;
	const struct record *record = id ? names_find_record(&change->names, id) : NULL;

	if (!id ||
		(record &&
			!(is_new_here(manager, device, id) &&
				names_is_of_identity(&change->names, record))))
		return NULL;
	return is_in_place ? id_change_follow_in_place(manager, env, change, device, id)
			   : id_change_follow_entry(manager, env, change, device, id);
}

/* Moves what is known to where the volume is known by now; returns whether there was anything. */
static bool decide_following(const struct manager *manager, const struct manager_env *env,
	const struct assignment *assignment, struct change *change, bool is_in_place)
{
	const char *old = find_followed(manager, env, assignment, change, is_in_place);

	if (!old)
		return false;
	id_change_note(manager, change, env, assignment->device, old, assignment->id);
	id_change_move(change, env, old, assignment->id);
	return true;
}

/*
 * mkfs makes a filesystem of several devices, or gives it another UUID, one by one: who is told of
 * first stands for it, and need not be who had the names. These stay where other hosts still see
 * what had them: by when they have noticed, the filesystem may have been made, and have names.
 */
static void decide_joining(const struct manager *manager, const struct manager_env *env,
	const struct device *device, struct change *change)
{
	const char *id, *old = id_change_follow_filesystem(manager, env, change, device, &id);
	const struct link *link;

	if (!old || manager_env_has_seen(env, &change->names, old))
		return;
	while ((link = names_next_link(&change->names, id, NULL))) {
		_cleanup_free_ char *path = xstrdup(link->path);

		names_remove_link(&change->names, path);
	}
	id_change_note(manager, change, env, device, old, id);
	id_change_move(change, env, old, id);
}

/* That a device is the same one says more than a number in a table, which may be a copy. */
static void decide_followers(
	const struct manager *manager, const struct manager_env *env, struct change *change)
{
	const struct volumes_change *volumes = &change->volumes;
	_cleanup_free_ bool *has_followed =
		xcalloc(volumes->assignment_count, sizeof(*has_followed));

	for (size_t i = 0; i < volumes->assignment_count; i++)
		has_followed[i] =
			decide_following(manager, env, &volumes->assignments[i], change, true);
	for (size_t i = 0; i < volumes->assignment_count; i++)
		if (!has_followed[i])
			decide_following(manager, env, &volumes->assignments[i], change, false);
	for (size_t i = 0; i < volumes->puts; i++)
		decide_joining(manager, env, volumes->put[i], change);
}

/* Whether all hosts may hear of one more volume now: one change has room for so many. */
static bool may_share(const struct manager_env *env, const struct change *change)
{
	return !env->cannot_share && (!env->most_sharing || change->sharing < env->most_sharing);
}

/* A volume gets its ID: it is remembered, and has a Volume{GUID} name from then on. */
static void decide_arrival(const struct manager *manager, const struct manager_env *env,
	const struct device *device, const char *id, struct change *change)
{
	const struct record *record = names_find_record(&change->names, id);
	bool is_known = record != NULL;

	if (env->elsewhere && record && record->is_shared && !record->last_seen &&
		!sharing_is_meant(manager, device))
		joining_leave(change, id);
	decide_seen(env, id, change);
	record = names_find_record(&change->names, id);
	if (record && record->is_shared && !may_share(env, change)) {
		decide_hint(device, id, false, change);
		return;
	}
	if (!record ||
		(!is_remembered(record, device) &&
			!is_component_remembered(manager, record, device, change) &&
			!manager_env_has_seen(env, &change->names, id))) {
		decide_description(env, device, id, change);
		/* The record is written in any case; else upkeep does it, behind the change. */
		if (!mounted_is_device(device))
			names_edit_hint(&change->names, id)->fingerprint.medium =
				fingerprint_get_medium(manager->boot, device);
		change->sharing += record && record->is_shared;
	} else if (record->fingerprint.has_twin || record->keep_links ||
		mounted_is_device(device) || device_has_members(device)) {
		decide_hint(device, id, false, change);
	}
	decide_unnoted(device, id, change);
	if (!is_known && sharing_is_meant(manager, device))
		names_edit_record(&change->names, id)->is_shared = true;
	if (!record || (is_new_here(manager, device, id) && record->volume_names == 0)) {
		struct triple triple = { .id = id, .node = device->node };
		char path[LINK_PATH_MAX];
		uint8_t random[16];

		env->get_random(random, sizeof(random));
		link_name_format_volume(random, path);
		names_set_link(&change->names, path, id, env->now);
		triple.link = path;
		change_add_entry(change, manager, env, "volume_arrival", &triple);
	}
}

static bool has_link_of_its_own(const struct names *view, const char *id)
{
	const struct link *link = NULL;

	while ((link = names_next_link(view, id, link)))
		if (!link_name_is_volume(link->path))
			return true;
	return false;
}

/* Takes a label for a link, if the volume has none that somebody chose, nor has anybody else. */
static void decide_suggestion(const struct manager *manager, const struct manager_env *env,
	const struct applicant *applicant, struct change *change)
{
	const char *label = device_get_suggestion(applicant->device), *why;
	_cleanup_free_ char *path = NULL;
	struct triple triple = { .id = applicant->id, .node = applicant->device->node };
	bool is_shared = names_find_record(&change->names, applicant->id)->is_shared;
	_cleanup_strbuf_ struct strbuf fault = STRBUF_INIT;
	struct link_name name;

	if (!label || has_link_of_its_own(&change->names, applicant->id) ||
		(env->cannot_share && is_shared))
		return;
	path = xasprintf(LINK_FOLDER_DOS_DEVICES "%s", label);
	if (link_name_parse(path, strlen(path), &name, &why) < 0 || name.kind != LINK_OTHER ||
		names_find_link(&change->names, name.path) ||
		(is_shared && manager_env_is_taken(env, name.path, &fault)))
		return;
	names_set_link(&change->names, name.path, applicant->id, env->now);
	triple.link = name.path;
	change_add_entry(change, manager, env, "volume_arrival", &triple);
}

/* Whether a volume is here, and the database knows that it has come. */
static bool has_arrived(const struct manager *manager, const char *id)
{
	const struct device *device = volumes_find_id(&manager->volumes, id);

	return device && !device->is_arriving;
}

/* What volumes get that were not here before, in an order that is not that of their coming. */
static void decide_newcomers(
	const struct manager *manager, const struct manager_env *env, struct change *change)
{
	const struct volumes_change *volumes = &change->volumes;
	_cleanup_free_ struct applicant *list = NULL;
	size_t count = 0;

	if (!manager->suggests_label && !manager->gives_letters)
		return;
	list = xcalloc(volumes->assignment_count, sizeof(*list));
	for (size_t i = 0; i < volumes->assignment_count; i++) {
		const struct assignment *assignment = &volumes->assignments[i];

		if (assignment->id && !has_arrived(manager, assignment->id))
			list[count++] = (struct applicant){ assignment->device, assignment->id };
	}
	applicants_sort(list, count);
	for (size_t i = 0; manager->suggests_label && i < count; i++)
		decide_suggestion(manager, env, &list[i], change);
	if (manager->gives_letters)
		letters_assign_all(manager, env, list, count, change);
}

/* The owner of one of a device's IDs, with the ID, or NULL. */
static const struct device *find_owner(const struct manager *manager, const struct change *change,
	const struct device *device, size_t scheme, char ret_id[UNIQUE_ID_MAX + 1])
{
	if (!unique_id_format(
		    (enum id_scheme)scheme, device->identity[scheme], device->partition, ret_id))
		return NULL;
	return volumes_change_find_id(&manager->volumes, &change->volumes, ret_id);
}

/* What is above it has its ID for as long as it is there, and is no other one. */
static bool is_below_owner(
	const struct manager *manager, const struct device *device, const struct change *change)
{
	char id[UNIQUE_ID_MAX + 1];

	for (size_t i = 0; i < ID_SCHEMES; i++)
		if (ownership_is_part(&manager->volumes, &change->volumes, device,
			    find_owner(manager, change, device, i, id)))
			return true;
	return false;
}

/* Notes where the owners of all IDs of a device are that had to make do with another, or none. */
static void decide_twin(
	const struct manager *manager, const struct device *twin, struct change *change)
{
	if (is_below_owner(manager, twin, change))
		return;
	for (size_t i = 0; i < ID_SCHEMES; i++) {
		char id[UNIQUE_ID_MAX + 1];
		const struct device *owner = find_owner(manager, change, twin, i, id);

		if (owner)
			decide_hint(owner, id, true, change);
	}
}

/* IDs that two devices claim: a restart must find the same owners, so they are written down. */
static void decide_twins(const struct manager *manager, struct change *change)
{
	const struct volumes_change *volumes = &change->volumes;

	for (size_t i = 0; i < volumes->assignment_count; i++)
		if (volumes->assignments[i].is_displaced)
			decide_twin(manager, volumes->assignments[i].device, change);
	if (!manager->volumes.losers)
		return;
	map_for_each (&manager->volumes.by_name, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		if (device->is_displaced && !volumes_change_concerns(volumes, device->name))
			decide_twin(manager, device, change);
	}
}

/* Kept volumes that go: their links will point at the last node, also after a restart. */
static void decide_kept(
	const struct manager *manager, const struct device *device, struct change *change)
{
	const struct record *record = names_find_record(&change->names, device->id);

	if (record && record->keep_links)
		decide_hint(device, device->id, false, change);
}

/* Calls `decide` for every volume whose device goes or is described anew. */
static void for_each_before(const struct manager *manager, struct change *change,
	void (*decide)(
		const struct manager *manager, const struct device *device, struct change *change))
{
	for (size_t i = 0; i < change->volumes.gones + change->volumes.puts; i++) {
		const char *name = i < change->volumes.gones
			? change->volumes.gone[i]
			: change->volumes.put[i - change->volumes.gones]->name;
		const struct device *device = volumes_find_name(&manager->volumes, name);

		if (device && device->id)
			decide(manager, device, change);
	}
}

/*
 * Links that the database does not know go with their volume, and do not come again with one that
 * was kept when they were deleted: they stay only where the same device has the ID, before and
 * after.
 */
static void drop_unrecorded(const struct manager *manager, const char *id, struct change *change)
{
	const struct device *before, *after;

	if (!names_has_unrecorded(&change->names, id))
		return;
	before = manager_find_device(manager, &manager->names, id);
	after = change_find_device(manager, change, id);
	if (!before && !after)
		return;
	if (!before || !after || strcmp(before->name, after->name) != 0)
		names_remove_unrecorded(&change->names, id);
}

static void decide_going(
	const struct manager *manager, const struct device *device, struct change *change)
{
	drop_unrecorded(manager, device->id, change);
}

static void decide_unrecorded(const struct manager *manager, struct change *change)
{
	for_each_before(manager, change, decide_going);
	for (size_t i = 0; i < change->volumes.assignment_count; i++)
		if (change->volumes.assignments[i].id)
			drop_unrecorded(manager, change->volumes.assignments[i].id, change);
	map_for_each (&change->volumes.holdings, node, next)
		drop_unrecorded(manager, container_of(node, struct holding, by_id)->id, change);
}

/* Whether something is filed under an identity of the device as such, however it is spelled. */
static bool has_named_identity(const struct names *view, const struct device *device)
{
	for (size_t i = 0; i < device->identity_count; i++) {
		const struct record *record = NULL;

		while ((record = names_next_alike(view, device->identities[i].text, record)))
			if (names_is_of_identity(view, record))
				return true;
	}
	return false;
}

/* Volumes that the database does not know are none yet. */
static void refuse_unknown(const struct manager *manager, struct change *change)
{
	for (size_t i = 0; i < change->volumes.assignment_count; i++) {
		struct assignment *assignment = &change->volumes.assignments[i];

		assignment->is_unwritten = assignment->id || assignment->is_displaced ||
			has_named_identity(&change->names, assignment->device);
		if (!assignment->id)
			continue;
		assignment->is_arriving = !has_arrived(manager, assignment->id);
		if (names_find_record(&change->names, assignment->id))
			continue;
		free(steal_ptr(assignment->id));
		assignment->reason = xstrdup("the database cannot be written");
	}
}

/* It is no volume yet. Takes over the reason. */
static void hold(const struct manager *manager, struct assignment *assignment, char *reason)
{
	assignment->is_unwritten = true;
	assignment->is_arriving = !has_arrived(manager, assignment->id);
	free(steal_ptr(assignment->id));
	assignment->reason = reason;
}

/* What names would leave for new content, and other hosts still see; NULL: nothing. */
static const char *find_unnoticed(const struct manager *manager, const struct manager_env *env,
	const struct assignment *assignment, const struct change *change)
{
	const char *old = find_followed(manager, env, assignment, change, true);

	if (!old)
		old = find_followed(manager, env, assignment, change, false);
	return old && manager_env_has_seen(env, &change->names, old) ? old : NULL;
}

/*
 * Of a volume that all hosts are to know of, none of them may hear now: it is none yet. What is the
 * machine's own goes on. Where it is for want of room, the rest comes when this is written.
 */
static void hold_back(
	const struct manager *manager, const struct manager_env *env, struct change *change)
{
	for (size_t i = 0; i < change->volumes.assignment_count; i++) {
		struct assignment *assignment = &change->volumes.assignments[i];
		const char *old = find_unnoticed(manager, env, assignment, change);

		if (old) {
			change->awaits_others = true;
			hold(manager, assignment,
				xasprintf("other hosts still see %s here: its names follow when "
					  "they have noticed",
					old));
			continue;
		}
		if (!assignment->id || names_find_record(&change->names, assignment->id) ||
			!sharing_is_meant(manager, assignment->device))
			continue;
		if (may_share(env, change)) {
			change->sharing++;
			continue;
		}
		assignment->is_unshared = true;
		hold(manager, assignment,
			xstrdup("the names of the cluster cannot be changed now"));
	}
}

/* Of identities that this is about; of all if something could not be written before. */
static void decide_holders(
	const struct manager *manager, const struct manager_env *env, struct change *change)
{
	change->has_devices = true;
	map_for_each (&change->volumes.holdings, node, next)
		devices_decide_holder(
			manager, env, container_of(node, struct holding, by_id)->id, change);
	if (!manager->owes_holders)
		return;
	map_for_each (&manager->names.records, node, next)
		devices_decide_holder(
			manager, env, container_of(node, struct record, by_id)->id, change);
}

void devices_decide_unwritten(const struct manager *manager, struct change *change)
{
	ownership_decide(manager, NULL, &change->names, &change->volumes);
	refuse_unknown(manager, change);
	decide_unrecorded(manager, change);
	change->has_devices = change->is_unwritten = true;
}

void devices_decide(
	const struct manager *manager, const struct manager_env *env, struct change *change)
{
	struct volumes_change *volumes = &change->volumes;

	for_each_before(manager, change, decide_kept);
	spelling_decide(manager, env, change);
	ownership_decide(manager, env, &change->names, volumes);
	hold_back(manager, env, change);
	decide_unrecorded(manager, change);
	decide_followers(manager, env, change);
	for (size_t i = 0; i < volumes->assignment_count; i++) {
		struct assignment *assignment = &volumes->assignments[i];

		if (!assignment->id)
			continue;
		assignment->is_founder =
			id_change_is_founder(manager, assignment->device, assignment->id);
		decide_arrival(manager, env, assignment->device, assignment->id, change);
	}
	decide_holders(manager, env, change);
	decide_newcomers(manager, env, change);
	deletion_decide(manager, env, change);
	decide_twins(manager, change);
}
