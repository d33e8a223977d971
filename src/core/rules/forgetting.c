/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When volumes were last here, and when nothing is remembered of them any more: on request, or
 * because nobody gave a volume a name, marked or kept it, and it has not been seen for long, or too
 * many such came after it.
 *
 * What is noted of a volume that goes (upkeep) is a step of its own, behind the one in which its
 * links went: those never wait for the disk that the database is on.
 */

#include <errno.h>
#include <string.h>

#include "core/model/mount_points.h"
#include "core/model/triples.h"
#include "core/rules/dropping.h"
#include "core/rules/forgetting.h"
#include "core/rules/mounted.h"
#include "core/syntax/link_name.h"

#define DAY (UINT64_C(86400) * 1000000) /* µs */
#define UNNAMED_MAX 4096		/* absent volumes that nobody named */

/* IDs of records that have to stay, or of which a part has to; sorted. */
struct id_list {
	char **list;
	size_t count;
};

static void id_list_fini(struct id_list *ids)
{
	for (size_t i = 0; i < ids->count; i++)
		free(ids->list[i]);
	free(ids->list);
}

static void id_list_add(struct id_list *ids, const char *id)
{
	ids->list = xgrow(ids->list, ids->count, sizeof(*ids->list));
	ids->list[ids->count++] = xstrdup(id);
}

static void id_list_sort(struct id_list *ids)
{
	if (ids->count)
		qsort(ids->list, ids->count, sizeof(*ids->list), text_compare_at);
}

static bool id_list_has(const struct id_list *ids, const char *id)
{
	return ids->count &&
		bsearch(&id, ids->list, ids->count, sizeof(*ids->list), text_compare_at);
}

/*
 * IDs under which present clones would be looked for first, had the database forgotten the owners:
 * at the next start they would take these, and leave behind the names they have now.
 */
static void add_owed(const struct manager *manager, struct id_list *ids)
{
	char id[UNIQUE_ID_MAX + 1];

	map_for_each (&manager->volumes.by_name, node, next) {
		const struct device *device = container_of(node, struct device, by_name);

		for (size_t i = 0; device->is_displaced && i < ID_SCHEMES; i++)
			if (unique_id_format(
				    (enum id_scheme)i, device->identity[i], device->partition, id))
				id_list_add(ids, id);
	}
}

/* IDs of volumes that mount points are on or lead to. */
static void add_hosting(const struct names *view, struct id_list *ids)
{
	_cleanup_free_ const struct mount_point **points = NULL;
	size_t count = mount_points_get(view, &points);

	for (size_t i = 0; i < count; i++) {
		const struct link *link = names_find_link(view, points[i]->volume);

		id_list_add(ids, points[i]->host);
		if (link)
			id_list_add(ids, link->record->id);
	}
}

/* Forgets a volume. If its ID is owed, its fingerprint stays, to keep clones from it. */
static void forget(const struct manager *manager, const struct manager_env *env,
	const char *operation, const char *id, bool is_owed, struct change *change)
{
	struct names *names = &change->names;
	const struct record *record = names_find_record(names, id);
	struct fingerprint fingerprint = { 0 };
	uint64_t last_seen = record->last_seen;
	struct triple triple = { .id = id };

	if (is_owed && !names_next_link(names, id, NULL) && !record->no_drive_letter &&
		!record->keep_links)
		return;
	change_add_entry(change, manager, env, operation, &triple);
	fingerprint_copy(&fingerprint, &record->fingerprint);
	dropping_remove_record(manager, env, names, id);
	if (is_owed) {
		struct record *rest = names_edit_record(names, id);

		fingerprint_copy(&rest->fingerprint, &fingerprint);
		rest->last_seen = last_seen;
	}
	fingerprint_fini(&fingerprint);
}

int forgetting_decide_scrub(struct decision *decision)
{
	const struct manager *manager = decision->manager;
	struct id_list owed = { 0 };

	add_owed(manager, &owed);
	id_list_sort(&owed);
	map_for_each (&manager->names.records, node, next) {
		const char *id = container_of(node, struct record, by_id)->id;

		if (names_find_record(&decision->change->names, id) &&
			!decision_shows(decision, id) &&
			!manager_env_has_seen(decision->env, &decision->change->names, id))
			forget(manager, decision->env, "scrub_registry", id, id_list_has(&owed, id),
				decision->change);
	}
	id_list_fini(&owed);
	return 0;
}

static bool has_own_name(const struct names *view, const char *id)
{
	const struct link *link = NULL;

	while ((link = names_next_link(view, id, link)))
		if (!link_name_is_volume(link->path))
			return true;
	return false;
}

/* An absent volume of which nothing is remembered but that it was here. */
struct unnamed {
	const char *id;
	uint64_t last_seen;
};

static int compare_unnamed(const void *a, const void *b)
{
	const struct unnamed *x = a, *y = b;

	if (x->last_seen != y->last_seen)
		return x->last_seen < y->last_seen ? -1 : 1;
	return strcmp(x->id, y->id);
}

/* Those that nobody named, marked or kept, the longest unseen first; the caller frees the array. */
static size_t get_unnamed(const struct manager *manager, const struct manager_env *env,
	const struct names *view, struct unnamed **ret_list)
{
	struct unnamed *list = xcalloc(manager->names.records.count, sizeof(*list));
	struct id_list bound = { 0 };
	size_t count = 0;

	add_owed(manager, &bound);
	add_hosting(view, &bound);
	id_list_sort(&bound);
	map_for_each (&manager->names.records, node, next) {
		const char *id = container_of(node, struct record, by_id)->id;
		const struct record *record = names_find_record(view, id);

		if (record && !record->keep_links && !record->no_drive_letter &&
			!manager_find_device(manager, view, id) && !has_own_name(view, id) &&
			!id_list_has(&bound, id) && !manager_env_has_seen(env, view, id))
			list[count++] = (struct unnamed){ id, record->last_seen };
	}
	id_list_fini(&bound);
	if (count)
		qsort(list, count, sizeof(*list), compare_unnamed);
	*ret_list = list;
	return count;
}

static bool is_older(const struct unnamed *unnamed, uint64_t now, uint64_t days)
{
	return unnamed->last_seen <= now && now - unnamed->last_seen >= days * DAY;
}

static void reply_links(struct decision *decision, const char *id)
{
	_cleanup_free_ struct triple *triples = NULL;
	const struct link *link = NULL;
	size_t count = 0;

	while ((link = names_next_link(&decision->change->names, id, link))) {
		triples = xgrow(triples, count, sizeof(*triples));
		triples[count++] = (struct triple){ link->path, id, "" };
	}
	triples_sort(triples, count);
	for (size_t i = 0; i < count; i++)
		reply_add_triple(decision->reply, &triples[i]);
}

static void forget_asked(struct decision *decision, const char *id)
{
	struct id_list owed = { 0 };

	add_owed(decision->manager, &owed);
	id_list_sort(&owed);
	reply_links(decision, id);
	forget(decision->manager, decision->env, "forget", id, id_list_has(&owed, id),
		decision->change);
	id_list_fini(&owed);
}

static int forget_unnamed(struct decision *decision)
{
	_cleanup_free_ struct unnamed *list = NULL;
	size_t count =
		get_unnamed(decision->manager, decision->env, &decision->change->names, &list);

	for (size_t i = 0; i < count; i++) {
		if (!is_older(&list[i], decision->env->now, decision->request->days))
			continue;
		reply_links(decision, list[i].id);
		forget(decision->manager, decision->env, "forget", list[i].id, false,
			decision->change);
	}
	return 0;
}

/* A drive letter that was given in advance to what is here, and is no volume. */
static int forget_hidden(struct decision *decision, const struct link *link)
{
	_cleanup_free_ char *path = xstrdup(link->path), *id = xstrdup(link->record->id);

	reply_add_triple(decision->reply, &(struct triple){ path, id, "" });
	names_remove_link(&decision->change->names, path);
	decision_add_entry(decision, "forget", path, id);
	return 0;
}

int forgetting_decide_forget(struct decision *decision)
{
	const struct request *request = decision->request;
	const struct names *names = &decision->change->names;
	const char *id =
		request->given & KEY_BIT(KEY_ID) ? decision_take_id(decision, request->id) : NULL;
	_cleanup_free_ char *own_id = NULL;
	const struct link *link;

	if (request->given & KEY_BIT(KEY_UNNAMED))
		return forget_unnamed(decision);
	if (request->given & KEY_BIT(KEY_LINK)) {
		link = names_find_link(names, request->link.path);
		if (!link)
			return decision_fail(
				decision, -ENOENT, "there is no link %s", request->link.path);
		if (id && strcmp(id, link->record->id) != 0)
			return decision_fail(decision, -EINVAL, "%s is a link of %s", link->path,
				link->record->id);
		id = link->record->id;
		if (!manager_may_show(
			    manager_find_device(decision->manager, names, id), id, link->path))
			return forget_hidden(decision, link);
	}
	if (!names_find_record(names, id))
		return decision_fail(decision, -ENOENT, "nothing is known of %s", id);
	if (manager_find_device(decision->manager, names, id))
		return decision_fail(decision, -EBUSY,
			"%s is present: only what is absent can be forgotten", id);
	if (manager_env_has_seen(decision->env, names, id))
		return decision_fail(decision, -EBUSY,
			"%s is present on another host: only what is absent can be forgotten", id);
	own_id = xstrdup(id); /* what the link said goes with it */
	forget_asked(decision, own_id);
	return 0;
}

/* A hint, so that no change is counted. */
static void note_seen(struct change *change, const char *id, uint64_t time, const char *node)
{
	struct record *record = names_edit_hint(&change->names, id);

	record->last_seen = time;
	if (!is_same_text(record->fingerprint.node, node)) {
		free(record->fingerprint.node);
		record->fingerprint.node = xstrdup(node);
	}
}

static void note_medium(struct change *change, const struct record *record, uint64_t medium)
{
	if (record && record->fingerprint.medium != medium)
		names_edit_hint(&change->names, record->id)->fingerprint.medium = medium;
}

/* By that the next start knows a device whatever is on it then: see recall.h. */
static void note_place(
	const struct manager *manager, const struct device *device, struct change *change)
{
	if (!mounted_is_device(device))
		note_medium(change, names_find_record(&change->names, device->id),
			fingerprint_get_medium(manager->boot, device));
}

static void note_arrivals(const struct manager *manager, struct change *change)
{
	for (size_t i = 0; i < manager->arrival_count; i++) {
		const struct device *device =
			volumes_find_id(&manager->volumes, manager->arrivals[i]);

		if (device)
			note_place(manager, device, change);
	}
}

/* Also those of which a commit has failed. */
static void note_all_places(const struct manager *manager, struct change *change)
{
	map_for_each (&manager->volumes.by_id, node, next)
		note_place(manager, container_of(node, struct device, by_id), change);
}

/* What was on a device is not that which is there by now. */
static void note_replaced(
	const struct manager *manager, const struct departure *departure, struct change *change)
{
	const struct record *record = names_find_record(&change->names, departure->id);
	const struct device *device = volumes_find_name(&manager->volumes, departure->name);

	if (device && device->id &&
		record->fingerprint.medium == fingerprint_get_medium(manager->boot, device))
		note_medium(change, record, 0);
}

static void note_departures(
	const struct manager *manager, const struct manager_env *env, struct change *change)
{
	for (size_t i = 0; i < manager->departure_count; i++) {
		const struct departure *departure = &manager->departures[i];

		if (names_find_record(&change->names, departure->id) &&
			!manager_find_device(manager, &change->names, departure->id)) {
			note_seen(change, departure->id, env->now, departure->node);
			note_replaced(manager, departure, change);
		}
	}
}

static void note_here(const struct manager_env *env, const struct device *device, const char *id,
	struct change *change)
{
	const struct record *record = names_find_record(&change->names, id);

	if (record && (record->last_seen > env->now || env->now - record->last_seen >= DAY))
		note_seen(change, id, env->now, device->node);
}

/* Of volumes that stay for long, once a day: the machine may lose its power. */
static void note_present(
	const struct manager *manager, const struct manager_env *env, struct change *change)
{
	map_for_each (&manager->volumes.by_id, node, next) {
		const struct device *device = container_of(node, struct device, by_id);

		note_here(env, device, device->id, change);
	}
	map_for_each (&manager->volumes.holdings, node, next) {
		const struct holding *holding = container_of(node, struct holding, by_id);

		if (manager_find_device(manager, &change->names, holding->id))
			note_here(env, holding->device, holding->id, change);
	}
}

static void expire(
	const struct manager *manager, const struct manager_env *env, struct change *change)
{
	_cleanup_free_ struct unnamed *list = NULL;
	size_t count = get_unnamed(manager, env, &change->names, &list);

	for (size_t i = 0; i < count; i++)
		if (count - i > UNNAMED_MAX ||
			(manager->expire_days &&
				is_older(&list[i], env->now, manager->expire_days)))
			forget(manager, env, "expire", list[i].id, false, change);
}

void forgetting_decide_upkeep(const struct manager *manager, const struct manager_env *env,
	bool is_whole, struct change *change)
{
	note_departures(manager, env, change);
	note_arrivals(manager, change);
	if (!is_whole)
		return;
	note_all_places(manager, change);
	note_present(manager, env, change);
	expire(manager, env, change);
}
