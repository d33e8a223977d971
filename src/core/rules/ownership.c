/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who owns which unique ID.
 *
 * A device-mapper or md device wins over what it is made of, whoever was there first: when one
 * comes, its components have to make their claims anew.
 *
 * Ownership is settled by deferred acceptance: each device without an ID asks for its candidates
 * in its order of preference, each ID keeps the best of those who ask, and who is turned away asks
 * for its next. The outcome is the same whatever the order of asking. A device already present
 * under an ID is never turned away from it but by an administrator's word, so clones cannot steal
 * names; among newcomers the database's fingerprint decides, among perfect twins the place where
 * the owner was last seen, then which is in use, then the kernel name.
 *
 * A stranger to what is remembered under an ID does not get it by itself. As long as nobody has the
 * ID it is not granted any other either: who else wants that ID may come yet. Once somebody has it
 * the stranger is but another clone, and asks for its next.
 */

#include <string.h>

#include "core/rules/components.h"
#include "core/rules/holdings.h"
#include "core/rules/ownership.h"
#include "core/rules/rivals.h"
#include "core/rules/sharing.h"
#include "core/rules/stranger.h"

struct claim {
	struct device *device;
	const char *held; /* ID it is present under now, if any */
	const char *lent; /* ID of it under which something above it was present, which may go */
	size_t order;	  /* volumes_change_get_claim() */
	char candidate[ID_SCHEMES][UNIQUE_ID_MAX + 1];
	size_t candidates;
	size_t next;	       /* candidate to ask for next */
	const char *first;     /* candidate that the configured order puts first */
	char *lost;	       /* first ID it was turned away from */
	struct map_node by_id; /* court::winners, while its last candidate is granted */
	const char *granted;
	const char *barred; /* candidate that it is a stranger to, and that nobody has */
	const char *others; /* candidate that another host has on another disk */
	bool is_part;	    /* of the filesystem that another device stands for */
};

struct court {
	const struct manager *manager;
	const struct volumes *volumes;
	struct rivals rivals;
	const struct names *names;
	const struct volumes_change *change;
	const struct manager_env *env; /* NULL: nobody is to be asked */
	enum strangers strangers;
	struct claim *claims;
	size_t count;
	struct map affected; /* names of devices in the change: struct affected */
	struct map winners;  /* struct claim by granted ID */
};

struct affected {
	struct map_node by_name;
	const char *name;
};

static bool affected_has_name(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct affected, by_name)->name, key) == 0;
}

static bool claim_has_id(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct claim, by_id)->granted, key) == 0;
}

/* How a device stands to what is remembered under one of its IDs. */
struct standing {
	char id[UNIQUE_ID_MAX + 1];
	bool is_own;	   /* remembered for a device with the same identities */
	bool is_settled;   /* and that it is to keep: it is present under it, or there was a twin */
	bool is_here;	   /* and found to be this very one when there was a twin */
	bool is_foreign;   /* remembered for another device */
	bool is_elsewhere; /* found to be another one when there was a twin */
	bool has_chosen;   /* it had all identities that it has now, and settled for this one */
	bool is_unknown;   /* nobody remembers it, and it is none that a mkfs makes */
	bool is_barred;	   /* remembered for a device that is harder to forge */
};

static void standing_init(struct standing *standing, const struct claim *claim,
	enum id_scheme scheme, const struct record *record, enum strangers strangers)
{
	/* Of one that was only named, before it was ever here, nothing is known. */
	const struct fingerprint *known = record && record->last_seen ? &record->fingerprint : NULL;
	bool is_held = is_same_text(claim->held, standing->id);
	bool is_place_known = known && known->has_twin && known->diskseq;
	bool is_at_place = is_place_known && rivals_is_same_place(known, claim->device);
	bool is_same, is_lent;

	is_lent = is_same_text(claim->lent, standing->id);
	standing->is_barred = !is_held && !is_lent && stranger_is(strangers, record, claim->device);
	is_same = known && known->size && !standing->is_barred &&
		fingerprint_has(known, claim->device->identity);
	standing->has_chosen = is_same && known->has_twin;
	standing->is_own = is_held || is_same;
	standing->is_settled = is_held || standing->has_chosen;
	standing->is_here = is_held || (standing->is_own && is_at_place);
	standing->is_foreign = known && !standing->is_own && !is_lent;
	standing->is_elsewhere = is_place_known && !standing->is_here && !is_lent;
	standing->is_unknown = !known && !is_held && scheme != ID_UUID;
}

/* Unless it is there already. */
static void claim_add_candidate(struct claim *claim, const struct standing *standing)
{
	for (size_t i = 0; i < claim->candidates; i++)
		if (strcmp(claim->candidate[i], standing->id) == 0)
			return;
	strcpy(claim->candidate[claim->candidates++], standing->id);
}

/* Whether the device is made of the one that has the ID, which may turn out late. */
static bool is_above_owner(const struct court *court, const struct claim *claim, const char *id)
{
	const struct device *owner = volumes_find_id(court->volumes, id);

	return owner && rivals_is_above(&court->rivals, claim->device, owner);
}

/*
 * A device prefers its candidates in the configured order, with two exceptions. An ID that is
 * remembered for another device comes last if the device has settled for some candidate, and so
 * does one that nobody remembers any more if the device had it then. So a clone that had to make do
 * with its second ID keeps that after the owner has gone. To be remembered under an ID is not
 * enough for that: it may stem from before a mkfs. Perfect twins, which share all identities, are
 * told apart by the place noted while both were there. A stranger to any of them prefers what is
 * remembered for itself, and goes by the configured order in all else: whom else it has settled
 * with must not take it past the ID that it is to wait for.
 */
static void claim_init(const struct court *court, struct claim *claim, const struct id_order *order)
{
	struct standing found[ID_SCHEMES];
	bool has_settled = false, has_chosen = false, has_here = false, is_stranger = false;
	size_t count = 0;

	for (size_t i = 0; i < order->count; i++) {
		const char *value = claim->device->identity[order->scheme[i]];
		struct standing *standing = &found[count];

		if (!unique_id_format(
			    order->scheme[i], value, claim->device->partition, standing->id))
			continue;
		standing_init(standing, claim, order->scheme[i],
			names_find_record(court->names, standing->id), court->strangers);
		if (is_above_owner(court, claim, standing->id))
			standing->is_foreign = standing->is_elsewhere = false;
		has_settled |= standing->is_settled;
		has_chosen |= standing->has_chosen;
		has_here |= standing->is_here;
		is_stranger |= standing->is_barred;
		count++;
	}
	if (claim->order && count)
		claim_add_candidate(claim, &found[0]);
	for (int last = 0; last <= 1; last++) {
		for (size_t i = 0; i < count; i++) {
			bool is_last = (has_settled && found[i].is_foreign) ||
				(has_chosen && found[i].is_unknown) ||
				(has_here && found[i].is_elsewhere);

			if (is_last == last && (found[i].is_own || !is_stranger))
				claim_add_candidate(claim, &found[i]);
		}
	}
	for (size_t i = 0; is_stranger && i < count; i++)
		claim_add_candidate(claim, &found[i]);
	for (size_t i = 0; i < claim->candidates; i++)
		if (strcmp(claim->candidate[i], found[0].id) == 0)
			claim->first = claim->candidate[i];
}

bool ownership_is_part(const struct volumes *volumes, const struct volumes_change *change,
	const struct device *part, const struct device *whole)
{
	const struct rivals rivals = { .volumes = volumes, .change = change };

	return rivals_is_part(&rivals, part, whole);
}

/* Whether somebody gave a word that the ID is its own; of two the later counts. */
static size_t claim_get_word(const struct claim *claim, const char *id)
{
	return is_same_text(claim->first, id) ? claim->order : 0;
}

/* Whether another device has names that were given to the identity as such. */
static bool is_reserved(const struct court *court, const struct claim *claim, const char *id)
{
	const struct record *record = names_find_record(court->names, id);
	const struct device *holder;

	if (claim_get_word(claim, id) || !record || !names_has_identity(court->names, record))
		return false;
	holder = holdings_choose(court->manager, court->change, court->names, id);
	return holder && holder != claim->device;
}

static bool claim_is_better(
	const struct court *court, const struct claim *a, const struct claim *b, const char *id)
{
	const struct record *record = names_find_record(court->names, id);
	unsigned int weight_a, weight_b;

	if (rivals_is_above(&court->rivals, a->device, b->device) ||
		rivals_is_above(&court->rivals, b->device, a->device))
		return rivals_is_above(&court->rivals, a->device, b->device);
	if (claim_get_word(a, id) != claim_get_word(b, id))
		return claim_get_word(a, id) > claim_get_word(b, id);
	if (is_same_text(a->held, id) || is_same_text(b->held, id))
		return is_same_text(a->held, id);
	weight_a = rivals_get_weight(&court->rivals, a->device, record);
	weight_b = rivals_get_weight(&court->rivals, b->device, record);
	if (weight_a != weight_b)
		return weight_a > weight_b;
	return device_compare_names(a->device->name, b->device->name) < 0;
}

static bool is_affected(const struct court *court, const char *name)
{
	return map_find(&court->affected, map_hash_text(name), affected_has_name, name) != NULL;
}

/* Whether the ID is in the hands of a device that this change does not concern. */
static bool is_taken(const struct court *court, const char *id)
{
	const struct device *owner = volumes_find_id(court->volumes, id);

	return owner && !is_affected(court, owner->name);
}

static struct claim *court_find_winner(const struct court *court, const char *id)
{
	struct map_node *node = map_find(&court->winners, map_hash_text(id), claim_has_id, id);

	return node ? container_of(node, struct claim, by_id) : NULL;
}

static void claim_grant(struct court *court, struct claim *claim, const char *id)
{
	claim->granted = id;
	map_add(&court->winners, &claim->by_id, map_hash_text(id));
}

static bool claim_has_candidate(const struct claim *claim, const char *id)
{
	for (size_t i = 0; i < claim->candidates; i++)
		if (strcmp(claim->candidate[i], id) == 0)
			return true;
	return false;
}

/* What a device already has is its own, and so is what something has that it is made of. */
static bool claim_is_stranger(const struct court *court, const struct claim *claim, const char *id)
{
	const struct record *record = names_find_record(court->names, id);

	if (is_same_text(claim->held, id) || is_same_text(claim->lent, id) ||
		claim_get_word(claim, id) || !stranger_is(court->strangers, record, claim->device))
		return false;
	for (size_t i = 0; claim->device->slaves && i < court->count; i++) {
		const struct claim *part = &court->claims[i];

		if (claim_has_candidate(part, id) &&
			!stranger_is(court->strangers, record, part->device) &&
			rivals_is_part(&court->rivals, part->device, claim->device))
			return false;
	}
	return true;
}

/*
 * Whether a volume of all hosts is somebody else's: an equal ID on another disk, as images and
 * snapshots have. What was never here came from whoever has it.
 */
static bool is_others(const struct court *court, const struct claim *claim, const char *id)
{
	const struct record *record = names_find_record(court->names, id);

	return record && record->is_shared && !is_same_text(claim->held, id) &&
		(record->last_seen || sharing_is_meant(court->manager, claim->device)) &&
		!claim_get_word(claim, id) && stranger_is_clone(record, claim->device) &&
		(!record->last_seen ||
			(court->env && manager_env_has_seen(court->env, court->names, id)));
}

/* Lets one device ask until an ID is granted or none is left; returns whom it displaced. */
static struct claim *claim_settle(struct court *court, struct claim *claim)
{
	claim->barred = NULL;
	while (claim->next < claim->candidates) {
		const char *id = claim->candidate[claim->next++];
		struct claim *winner = court_find_winner(court, id);

		if (is_others(court, claim, id)) {
			claim->others = id;
			continue;
		}
		if (!is_taken(court, id) && claim_is_stranger(court, claim, id)) {
			if (!winner) {
				claim->barred = id;
				claim->next--;
				return NULL;
			}
			if (!claim->lost)
				claim->lost = xstrdup(id);
			continue;
		}
		if (is_reserved(court, claim, id)) {
			if (!claim->lost)
				claim->lost = xstrdup(id);
			continue;
		}
		if (!is_taken(court, id) && !winner) {
			claim_grant(court, claim, id);
			return NULL;
		}
		if (winner && claim_is_better(court, claim, winner, id)) {
			map_remove(&court->winners, &winner->by_id);
			if (!winner->lost)
				winner->lost = xstrdup(id);
			winner->granted = NULL;
			claim_grant(court, claim, id);
			return winner;
		}
		if (!claim->lost)
			claim->lost = xstrdup(id);
	}
	return NULL;
}

/* Until nobody who waits for an ID to be granted to somebody else can go on. */
static void court_settle(struct court *court)
{
	bool has_progress = true;

	for (size_t i = 0; i < court->count; i++)
		for (struct claim *claim = &court->claims[i]; claim;)
			claim = claim_settle(court, claim);
	while (has_progress) {
		has_progress = false;
		for (size_t i = 0; i < court->count; i++) {
			struct claim *claim = &court->claims[i];

			if (!claim->barred || !court_find_winner(court, claim->barred))
				continue;
			has_progress = true;
			while (claim)
				claim = claim_settle(court, claim);
		}
	}
}

static const struct device *court_find_owner(const struct court *court, const char *id)
{
	const struct claim *winner = court_find_winner(court, id);
	const struct device *taken =
		is_taken(court, id) ? volumes_find_id(court->volumes, id) : NULL;

	return winner ? winner->device : taken;
}

/*
 * Of the devices of one filesystem only the owner of its UUID is a volume, whatever other IDs they
 * have. Which one that is, is decided as among clones; when it goes another one takes its place.
 */
static void claim_yield(struct court *court, struct claim *claim)
{
	const struct device *device = claim->device, *owner;
	char id[UNIQUE_ID_MAX + 1];

	if (!device->uuid_sub || !unique_id_format(ID_UUID, device->identity[ID_UUID], 0, id))
		return;
	owner = court_find_owner(court, id);
	claim->is_part = owner && device_is_of_same_filesystem(owner, device);
	if (claim->is_part && claim->granted)
		map_remove(&court->winners, &claim->by_id);
}

static bool has_owned_candidate(const struct court *court, const struct claim *claim)
{
	for (size_t i = 0; i < claim->candidates; i++)
		if (court_find_owner(court, claim->candidate[i]))
			return true;
	return false;
}

/* Why a device has no ID that it could want. */
static const char *get_lack(const struct device *device)
{
	if (device->doubt)
		return device->doubt;
	return device->is_serial_void ? "no unique ID: another disk has the same serial number"
				      : "no unique ID";
}

static void claim_conclude(
	const struct court *court, struct claim *claim, struct assignment *ret_assignment)
{
	struct assignment assignment = { .device = claim->device, .kind = DEVICE_VOLUME };
	const struct device *owner = claim->lost ? court_find_owner(court, claim->lost) : NULL;
	char id[UNIQUE_ID_MAX + 1];

	if (claim->lost && !owner) /* the names of an identity */
		owner = holdings_choose(court->manager, court->change, court->names, claim->lost);
	assignment.is_barred = !claim->is_part && claim->barred;
	if (assignment.is_barred)
		assignment.is_displaced = has_owned_candidate(court, claim);
	else if (!claim->is_part)
		assignment.is_displaced = claim->granted != claim->first;
	if (!claim->is_part && claim->granted)
		assignment.id = xstrdup(claim->granted);
	else if (assignment.is_barred)
		assignment.reason = stranger_get_reason(
			names_find_record(court->names, claim->barred), claim->device);
	else if (!claim->is_part && owner)
		assignment.reason =
			xasprintf("duplicate of %s, which has %s", owner->node, claim->lost);
	else if (!claim->is_part && claim->others)
		assignment.reason = xasprintf("duplicate of what another host has as %s, by its "
					      "WWN or serial number",
			claim->others);
	else if (!claim->is_part)
		assignment.reason = xstrdup(get_lack(claim->device));
	if (claim->is_part) {
		unique_id_format(ID_UUID, claim->device->identity[ID_UUID], 0, id);
		assignment.kind = DEVICE_MEMBER;
		assignment.reason = xasprintf("member of the %s filesystem on %s",
			claim->device->fstype, court_find_owner(court, id)->node);
	}
	*ret_assignment = assignment;
}

static void court_init(struct court *court, struct affected *affected)
{
	const struct volumes_change *change = court->change;

	for (size_t i = 0; i < change->puts + change->gones; i++) {
		const char *name =
			i < change->puts ? change->put[i]->name : change->gone[i - change->puts];

		affected[i].name = name;
		map_add(&court->affected, &affected[i].by_name, map_hash_text(name));
	}
	court->claims = xcalloc(change->puts + court->volumes->awaiting, sizeof(*court->claims));
}

static void court_fini(struct court *court)
{
	for (size_t i = 0; i < court->count; i++)
		free(court->claims[i].lost);
	free(court->claims);
	map_fini(&court->affected);
	map_fini(&court->winners);
}

static void court_add_claim(
	struct court *court, struct device *device, const struct id_order *order)
{
	struct claim *claim = &court->claims[court->count++];
	const struct device *before = volumes_find_name(court->volumes, device->name);

	claim->device = device;
	/* The number of a partition may be that of another by now. */
	claim->held = before && before->start == device->start ? before->id : NULL;
	claim->lent = components_find_lent(court->volumes, device, order);
	claim->order = volumes_change_get_claim(court->change, device->name);
	claim_init(court, claim, order);
}

/* Brings forward everyone who may get an ID: newcomers, and those present without one. */
static void court_summon(
	struct court *court, const struct id_order *order, struct volumes_change *change)
{
	for (size_t i = 0; i < change->puts; i++) {
		const char *reason = NULL;
		enum device_kind kind = device_get_kind(change->put[i], &reason);

		if (kind == DEVICE_VOLUME && !reason)
			court_add_claim(court, change->put[i], order);
		else
			volumes_change_assign(change,
				(struct assignment){
					.device = change->put[i],
					.kind = kind,
					.reason = reason ? xstrdup(reason) : NULL,
				});
	}
	if (!court->volumes->awaiting)
		return;
	map_for_each (&court->volumes->by_name, node, next) {
		struct device *device = container_of(node, struct device, by_name);

		if (device_awaits_id(device) && !is_affected(court, device->name))
			court_add_claim(court, device, order);
	}
}

static bool is_barred(const struct manager *manager, const struct device *device)
{
	for (size_t i = 0; i < manager->order.count; i++) {
		enum id_scheme scheme = manager->order.scheme[i];
		char id[UNIQUE_ID_MAX + 1];

		if (unique_id_format(scheme, device->identity[scheme], device->partition, id) &&
			!volumes_find_id(&manager->volumes, id))
			return stranger_is(
				manager->strangers, names_find_record(&manager->names, id), device);
	}
	return false;
}

/* Whether names of an identity, which kept it away from an ID, are deleted by now. */
static bool has_chance(const struct manager *manager, const struct device *device)
{
	for (size_t i = 0; i < manager->order.count; i++) {
		const char *id = device_get_identity(device, manager->order.scheme[i]);
		const struct record *record = id ? names_find_record(&manager->names, id) : NULL;

		if (id && !volumes_find_id(&manager->volumes, id) &&
			!stranger_is(manager->strangers, record, device) &&
			!(record && names_has_identity(&manager->names, record)))
			return true;
	}
	return false;
}

bool ownership_is_overdue(const struct manager *manager)
{
	if (!manager->volumes.barred && !manager->volumes.losers)
		return false;
	map_for_each (&manager->volumes.by_name, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		if (device->is_barred && !is_barred(manager, device))
			return true;
		if (device->is_displaced && !device->is_barred && !device->id &&
			has_chance(manager, device))
			return true;
	}
	return false;
}

void ownership_decide(const struct manager *manager, const struct manager_env *env,
	const struct names *names, struct volumes_change *change)
{
	const struct volumes *volumes = &manager->volumes;
	const struct id_order *order = &manager->order;
	_cleanup_free_ struct affected *affected = NULL;
	struct court court = {
		.manager = manager,
		.volumes = volumes,
		.rivals = { volumes, change, &manager->mounts },
		.names = names,
		.change = change,
		.env = env,
		.strangers = manager->strangers,
	};

	components_put(manager, change);
	volumes_change_list_identities(change);
	affected = xcalloc(change->puts + change->gones, sizeof(*affected));
	court_init(&court, affected);
	court_summon(&court, order, change);
	court_settle(&court);
	for (size_t i = 0; i < court.count; i++)
		claim_yield(&court, &court.claims[i]);
	for (size_t i = 0; i < court.count; i++) {
		struct claim *claim = &court.claims[i];
		struct assignment assignment;

		claim_conclude(&court, claim, &assignment);
		if (volumes_find_name(volumes, claim->device->name) == claim->device &&
			!assignment.id && is_same_text(claim->device->reason, assignment.reason) &&
			claim->device->is_displaced == assignment.is_displaced)
			free(assignment.reason); /* still a duplicate, or a stranger: nothing new */
		else
			volumes_change_assign(change, assignment);
	}
	court_fini(&court);
	holdings_decide(manager, names, change);
}
