/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of the operations on links: create, delete, rename, query.
 */

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/model/mount_points.h"
#include "core/model/shadows.h"
#include "core/rules/elsewhere.h"
#include "core/model/triples.h"
#include "core/rules/devices.h"
#include "core/rules/dropping.h"
#include "core/rules/identity_names.h"
#include "core/rules/links.h"
#include "core/rules/near.h"

struct found {
	struct triple *triples;
	size_t count;
};

static void add_triples(const struct decision *decision, const char *id, struct found *found)
{
	_cleanup_free_ struct triple *more = NULL;
	size_t count = manager_get_triples(decision->manager, &decision->change->names, id, &more);

	if (!count)
		return;
	found->triples = xrealloc(found->triples, found->count + count, sizeof(*found->triples));
	memcpy(found->triples + found->count, more, count * sizeof(*more));
	found->count += count;
}

/* The device that device= means, by whatever: all links that lead to it are meant. */
static const struct device *find_device(const struct decision *decision, const char *id)
{
	const struct request *request = decision->request;
	const struct device *named;

	if (!(request->given & KEY_BIT(KEY_DEVICE)) || request->given & KEY_BIT(KEY_ID))
		return NULL;
	named = decision_find_named(decision);
	return named ? named : manager_find_device(decision->manager, &decision->change->names, id);
}

/* What is meant, or NULL for all: of a device the volume that it is, if it is one. */
static int select_meant(struct decision *decision, const char **ret_id)
{
	const struct device *device;
	int r = decision_select_by_triple(decision, -EINVAL, ret_id);

	device = r == 0 && *ret_id ? find_device(decision, *ret_id) : NULL;
	if (device && device->id)
		*ret_id = device->id;
	return r;
}

static void select_all_of(const struct decision *decision, const char *id, struct found *found)
{
	const struct device *device = id ? find_device(decision, id) : NULL;

	add_triples(decision, id, found);
	if (!device)
		return;
	if (device->id && strcmp(device->id, id) != 0)
		add_triples(decision, device->id, found);
	for (const struct holding *holding = device->holdings; holding; holding = holding->next)
		if (strcmp(holding->id, id) != 0 &&
			manager_find_device(
				decision->manager, &decision->change->names, holding->id) == device)
			add_triples(decision, holding->id, found);
	triples_sort(found->triples, found->count);
}

/* Whether the link is one of those that are meant. */
static bool is_meant(const struct decision *decision, const char *id, const struct link *link)
{
	const struct device *device = id ? find_device(decision, id) : NULL;

	return !id || strcmp(id, link->record->id) == 0 ||
		(device &&
			manager_find_device(decision->manager, &decision->change->names,
				link->record->id) == device);
}

/* Selects the triples that match all that the request gives, ordered by link. */
static int select_triples(struct decision *decision, struct triple **ret_triples, size_t *ret_count)
{
	const struct request *request = decision->request;
	struct found found = { 0 };
	const struct link *link;
	const char *id, *node;
	int r = select_meant(decision, &id);

	if (r < 0)
		return r;
	if (!(request->given & KEY_BIT(KEY_LINK))) {
		select_all_of(decision, id, &found);
		*ret_triples = found.triples;
		*ret_count = found.count;
		return 0;
	}
	link = decision_find_link(decision, request->link.path);
	if (!link)
		return decision_fail_link(decision, -ENOENT, request->link.path);
	if (!is_meant(decision, id, link))
		return decision_fail(
			decision, -EINVAL, "%s is a link of %s", link->path, link->record->id);
	id = link->record->id;
	*ret_triples = xcalloc(1, sizeof(**ret_triples));
	node = decision_get_node(decision, id);
	**ret_triples = (struct triple){ link->path, id, node ? node : "" };
	*ret_count = 1;
	return 0;
}

static void reply_triples(struct decision *decision, const struct triple *triples, size_t count)
{
	reply_reserve(decision->reply, count);
	for (size_t i = 0; i < count; i++)
		reply_add_triple(decision->reply, &triples[i]);
}

int links_decide_query_points(struct decision *decision)
{
	_cleanup_free_ struct triple *triples = NULL;
	size_t count;
	int r = select_triples(decision, &triples, &count);

	if (r == 0)
		reply_triples(decision, triples, count);
	return r;
}

/*
 * Whether a volume may have the drive letter `path`. In a rename, its link `leaving` goes, and so
 * does what `path` was before.
 */
static int check_letter(
	struct decision *decision, const char *id, const char *path, const char *leaving)
{
	const struct record *record = names_find_record(&decision->change->names, id);

	if (link_name_is_letter(path) || link_name_is_volume(path)) {
		int r = decision_check_volume(decision, id, -EINVAL);

		if (r == 0 && unique_id_is_place(id))
			r = decision_fail(decision, -EINVAL,
				"%s is a place: only volumes have drive letters and volume names",
				id);
		if (r < 0)
			return r;
	}
	if (!link_name_is_letter(path) || !record || !record->letter)
		return 0;
	if (leaving &&
		(link_name_get_base(path)[0] == record->letter ||
			(link_name_is_letter(leaving) &&
				link_name_get_base(leaving)[0] == record->letter)))
		return 0;
	return decision_fail(
		decision, -EINVAL, "%s has the drive letter %c: already", id, record->letter);
}

/*
 * What does not show here is not free if another host has the volume, or if all hosts have that
 * name for one of theirs and it is only here that another has its place. A volume of this machine
 * alone takes no name from all hosts, so nobody need be asked for its names.
 */
static int check_elsewhere(struct decision *decision, const char *id, const char *path)
{
	const struct names *names = &decision->change->names;
	const struct link *link = names_find_link(names, path);
	const struct record *record = names_find_record(names, id);
	bool is_shared = record && record->is_shared;
	struct elsewhere_link theirs;

	if (link && names_is_shared(link) &&
		manager_env_has_seen(decision->env, names, link->record->id))
		return decision_fail(decision, -EEXIST,
			"%s is a link of %s, which other hosts have", link->path, link->record->id);
	if (!elsewhere_find_link(names, path, &theirs))
		return is_shared && manager_env_is_taken(decision->env, path, decision->why)
			? -EEXIST
			: 0;
	if (is_shared == (shadows_find(names, path) != NULL))
		return decision_fail(decision, -EEXIST, "%s is a link of %s on other hosts",
			theirs.path, theirs.id);
	return 0;
}

/* A name that shows is another volume's, which need not be here. */
static int fail_taken(struct decision *decision, const struct link *link)
{
	const char *owner = link->record->id;

	if (!decision_get_node(decision, owner))
		return decision_fail(decision, -EEXIST, "%s is kept for %s, which is offline",
			link->path, owner);
	return decision_fail(decision, -EEXIST, "%s is a link of %s", link->path, owner);
}

/* Whether a name that is not to be replaced is free, or was an absent volume's. */
static int check_free(struct decision *decision, const char *id, const char *path)
{
	const struct link *link = decision_find_link(decision, path);
	const char *owner;

	if (!link)
		return check_elsewhere(decision, id, path);
	owner = link->record->id;
	if (strcmp(owner, id) == 0)
		return decision_fail(
			decision, -EEXIST, "%s has the link %s already", owner, link->path);
	return fail_taken(decision, link);
}

/* What a device is named by that is no volume, for who means one that has nothing of the kind. */
static void tell_what_is_missing(struct decision *decision)
{
	const struct device *device = decision_find_named(decision);

	if (device && device->kind != DEVICE_VOLUME && device->kind != DEVICE_NOTHING &&
		!device_get_own_id(device))
		strbuf_add_text(decision->why,
			" (its names would be of its DM_UUID, MD_UUID, WWN or SERIAL, and it has "
			"none)");
}

/* With absent=ok an ID that is given alone is that of a volume, whether it was ever here or not. */
static int select_owner(struct decision *decision, const char **ret_id)
{
	const struct request *request = decision->request;
	bool is_device_id = request->device.kind == VOLUME_BY_ID;
	unsigned int given = request->given & (KEY_BIT(KEY_ID) | KEY_BIT(KEY_DEVICE));
	int r;

	if (request->given & KEY_BIT(KEY_ABSENT)) {
		if (given == KEY_BIT(KEY_ID) || (given == KEY_BIT(KEY_DEVICE) && is_device_id)) {
			*ret_id = decision_take_id(decision,
				given == KEY_BIT(KEY_ID) ? request->id : request->device.text);
			return decision_check_held_back(decision, *ret_id);
		}
	}
	r = decision_select_by_triple(decision, -ENOENT, ret_id);
	if (r == -ENOENT && given & KEY_BIT(KEY_ID))
		near_add(decision->manager, &decision->change->names, request->id, decision->why);
	else if (r == -ENOENT && is_device_id)
		near_add(decision->manager, &decision->change->names, request->device.text,
			decision->why);
	else if (r == -ENOENT)
		tell_what_is_missing(decision);
	return r;
}

/* Whether the volume has the link already, while that does not show. */
static int check_hidden(struct decision *decision, const char *id, const char *path)
{
	const struct link *link = names_find_link(&decision->change->names, path);

	if (!(decision->request->given & KEY_BIT(KEY_ABSENT)) || !link ||
		strcmp(link->record->id, id) != 0)
		return 0;
	return decision_fail(decision, -EEXIST, "%s has the link %s already", id, link->path);
}

/* One that is replaced does not stay in the other folder either. */
static void drop_twin(struct decision *decision, const char *path)
{
	struct names *names = &decision->change->names;
	char twin[LINK_PATH_MAX];

	if (link_name_get_twin(path, twin) && names_find_link(names, twin))
		names_remove_link(names, twin);
}

int links_decide_create_point(struct decision *decision)
{
	const char *path = decision->request->link.path, *id;
	int r = select_owner(decision, &id);

	if (r == 0)
		r = check_letter(decision, id, path, NULL);
	if (r == 0)
		r = check_free(decision, id, path);
	if (r == 0)
		r = check_hidden(decision, id, path);
	if (r == 0)
		r = identity_names_prepare(decision, id);
	if (r < 0)
		return r;
	drop_twin(decision, path);
	names_set_link(&decision->change->names, path, id, decision->env->now);
	if (link_name_is_letter(path))
		decision_set_mark(decision, id, false);
	devices_decide_holder(decision->manager, decision->env, id, decision->change);
	decision_add_entry(decision, "create_point", path, id);
	return 0;
}

/* Volumes whose links are all forgotten may get a letter again: one, or (NULL) all that show. */
static void clear_marks(struct decision *decision, const char *id)
{
	const struct names *names = &decision->manager->names;

	if (id) {
		decision_set_mark(decision, id, false);
		return;
	}
	map_for_each (&names->records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);

		if (decision_shows(decision, record->id))
			decision_set_mark(decision, record->id, false);
	}
}

/* One link goes: altogether, or from the database only. */
static void delete_link(struct decision *decision, const struct triple *triple)
{
	const struct request *request = decision->request;
	struct names *names = &decision->change->names;
	bool is_db_only = request->operation->kind == OP_DELETE_POINTS_DBONLY;
	_cleanup_free_ char *path = xstrdup(triple->link), *id = xstrdup(triple->id);

	if (!names_find_link(names, path)->is_unrecorded)
		decision_add_entry(decision, request->operation->name, path, id);
	if (is_db_only)
		names_unrecord_link(names, path);
	else
		names_remove_link(names, path);
	if (request->given == KEY_BIT(KEY_LINK) && link_name_is_letter(path) &&
		!names_find_record(names, id)->letter)
		decision_set_mark(decision, id, true);
	devices_decide_holder(decision->manager, decision->env, id, decision->change);
}

/* Whether links of a device are meant that it has by other identities than this one. */
static bool has_others(const struct decision *decision, const char *id)
{
	const struct names *names = &decision->change->names;
	const struct device *device = find_device(decision, id);

	if (!device)
		return false;
	if (device->id && strcmp(device->id, id) != 0)
		return true;
	for (const struct holding *holding = device->holdings; holding; holding = holding->next)
		if (strcmp(holding->id, id) != 0 && names_next_link(names, holding->id, NULL))
			return true;
	return false;
}

/* Whether links of a unique ID, and all that it has, are meant, and can go at once. */
static bool can_drop(const struct decision *decision, const char *id)
{
	const struct manager *manager = decision->manager;
	const struct names *names = &decision->change->names;

	return dropping_is_possible(manager, decision->env, names, id) &&
		manager_shows(manager, names, id) &&
		manager_may_show_volume(manager_find_device(manager, names, id), id) &&
		!has_others(decision, id);
}

static void add_id(const char ***ids, size_t *count, const char *id)
{
	*ids = xgrow(*ids, *count, sizeof(**ids));
	(*ids)[(*count)++] = id;
}

/*
 * The unique IDs whose links are to go at once: `selected`, or (NULL) all that can, if it is a
 * great many that they have.
 */
static size_t find_many(
	const struct decision *decision, const char *selected, const char ***ret_ids)
{
	const struct map *records = &decision->manager->names.records;
	size_t most = (size_t)decision->manager->links_told + 1, count = 0, links = 0;

	*ret_ids = NULL;
	if (decision->request->given & KEY_BIT(KEY_LINK) ||
		decision->request->operation->kind != OP_DELETE_POINTS)
		return 0;
	if (selected && can_drop(decision, selected))
		add_id(ret_ids, &count, selected);
	map_for_each (records, node, next) {
		const char *id = container_of(node, struct record, by_id)->id;

		if (selected)
			break;
		if (can_drop(decision, id))
			add_id(ret_ids, &count, id);
	}
	for (size_t i = 0; i < count && links < most; i++)
		links += dropping_count(&decision->change->names, (*ret_ids)[i], most - links);
	return links < most ? 0 : count;
}

/* History has no more of them than it keeps (`left`): of a great many, any. */
static void drop_links(struct decision *decision, const char *id, size_t *left)
{
	struct names *names = &decision->change->names;
	_cleanup_free_ struct triple *triples = xcalloc(*left + 1, sizeof(*triples));
	const struct link *link = NULL;
	size_t count = 0;

	while (count < *left && (link = names_next_link(names, id, link)))
		triples[count++] = (struct triple){ .link = link->path };
	triples_sort(triples, count);
	for (size_t i = 0; i < count; i++)
		decision_add_entry(
			decision, decision->request->operation->name, triples[i].link, id);
	*left -= count;
	names_drop_links(names, id);
	devices_decide_holder(decision->manager, decision->env, id, decision->change);
}

/* What the request means, and what of that is left to be deleted link by link. */
static int delete_many(struct decision *decision, const char *selected, const char **ids,
	size_t id_count, struct found *found)
{
	size_t left = HISTORY_MAX;
	int r = decision->reply->is_unread
		? 0
		: select_triples(decision, &found->triples, &found->count);

	if (r < 0)
		return r;
	reply_triples(decision, found->triples, found->count);
	for (size_t i = 0; i < id_count; i++)
		drop_links(decision, ids[i], &left);
	free(found->triples);
	*found = (struct found){ 0 };
	return selected ? 0 : select_triples(decision, &found->triples, &found->count);
}

int links_decide_delete_points(struct decision *decision)
{
	const struct request *request = decision->request;
	_cleanup_free_ const char **many = NULL;
	const char *selected =
		NULL; /* known before its links, one of which may name it, are gone */
	struct found found = { 0 };
	int r = select_meant(decision, &selected);
	size_t many_count = r == 0 ? find_many(decision, selected, &many) : 0;

	if (many_count)
		r = delete_many(decision, selected, many, many_count, &found);
	else if (r == 0)
		r = select_triples(decision, &found.triples, &found.count);
	if (r < 0)
		return r;
	if (!many_count)
		reply_triples(decision, found.triples, found.count);
	for (size_t i = 0; i < found.count; i++)
		delete_link(decision, &found.triples[i]);
	free(found.triples);
	if (!(request->given & KEY_BIT(KEY_LINK)))
		clear_marks(decision, selected);
	return 0;
}

static int check_rename(struct decision *decision, const struct link *old)
{
	const struct link_name *name = &decision->request->new_link;
	const struct link *over = decision_find_link(decision, name->path);

	if (!over)
		return check_elsewhere(decision, old->record->id, name->path);
	if (over == old)
		return 0;
	/* Of its own names a volume may replace one that is kept, as `ln -sf` does. */
	if (!decision->request->may_replace || strcmp(over->path, name->path) != 0 ||
		(strcmp(over->record->id, old->record->id) != 0 &&
			!decision_get_node(decision, over->record->id)))
		return fail_taken(decision, over);
	return 0;
}

int links_decide_rename(struct decision *decision)
{
	const struct link_name *name = &decision->request->new_link;
	const struct link *old = decision_find_link(decision, decision->request->link.path);
	_cleanup_free_ char *id = NULL, *path = NULL;
	int r;

	if (!old)
		return decision_fail_link(decision, -ENOENT, decision->request->link.path);
	if ((decision->request->link.kind == LINK_VOLUME) != (name->kind == LINK_VOLUME))
		return decision_fail(decision, -EPERM, "a link cannot move to another folder");
	id = xstrdup(old->record->id);
	path = xstrdup(old->path);
	r = check_rename(decision, old);
	if (r == 0)
		r = check_letter(decision, id, name->path, path);
	if (r == 0 && strcmp(path, name->path) != 0) {
		if (link_name_is_letter(name->path))
			decision_set_mark(decision, id, false);
		mount_points_rename(&decision->change->names, path, name->path);
		if (strcasecmp(path, name->path) != 0)
			names_remove_link(&decision->change->names, path);
		drop_twin(decision, name->path);
		names_set_link(&decision->change->names, name->path, id, decision->env->now);
		decision_add_entry(decision, "rename", name->path, id);
	}
	return r;
}
