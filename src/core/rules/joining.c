/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A volume that was known here before its names could be shared joins those of all hosts, with
 * all its names but for a letter. It must not be one that they have already: under one ID there
 * may be two, and whose names count only people can say.
 *
 * The same is done for links of a shared volume that the database of all hosts lacks.
 *
 * And a volume of all hosts leaves them here, when its ID comes with a disk that is not meant.
 */

#include <errno.h>
#include <string.h>

#include "core/model/mount_points.h"
#include "core/model/shadows.h"
#include "core/rules/elsewhere.h"
#include "core/rules/joining.h"
#include "core/rules/sharing.h"

static int check(struct decision *decision, const char *id)
{
	const struct names *names = &decision->change->names;
	const struct device *device = volumes_find_id(&decision->manager->volumes, id);
	const struct record *record = names_find_record(names, id);
	const struct link *link = NULL;

	if (decision->manager->share == SHARE_OFF)
		return decision_fail(decision, -EOPNOTSUPP,
			"mmfs was started without cluster=, or with share=off");
	if (!device || !record)
		return decision_fail(decision, -ENOENT, "%s is offline", id);
	if (!sharing_is_meant(decision->manager, device))
		return decision_fail(
			decision, -EOPNOTSUPP, "%s is not what share= says", device->node);
	if (record->revision && !record->is_shared)
		return decision_fail(decision, -EEXIST,
			"other hosts have a volume with the ID %s: forget it there, or here while "
			"it is absent",
			id);
	while ((link = names_next_link(names, id, link))) {
		const struct shadow *shadow = shadows_find(names, link->path);

		if (shadow && !elsewhere_is_lacking(names, link->path))
			return decision_fail(decision, -EEXIST, "%s is a link of %s on other hosts",
				shadow->path, shadow->id);
		if (!link_name_is_letter(link->path) &&
			manager_env_is_taken(decision->env, link->path, decision->why))
			return -EEXIST;
	}
	return 0;
}

/* Whether all hosts are to learn of it by that. */
static bool is_to_share(const struct names *names, const struct link *link, bool was_shared)
{
	return !link->is_unrecorded && !link_name_is_letter(link->path) &&
		(!was_shared || elsewhere_is_lacking(names, link->path));
}

/* What is about the volume is made anew, so that it is written for all. */
static size_t share_links(struct names *names, const char *id, bool was_shared)
{
	const struct link *link = NULL;
	char **paths = NULL;
	size_t count = 0;

	while ((link = names_next_link(names, id, link))) {
		if (!is_to_share(names, link, was_shared))
			continue;
		paths = xgrow(paths, count, sizeof(*paths));
		paths[count++] = xstrdup(link->path);
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t changed = names_find_link(names, paths[i])->changed;

		shadows_remove(names, paths[i]);
		names_remove_link(names, paths[i]);
		names_set_link(names, paths[i], id, changed);
		free(paths[i]);
	}
	free(paths);
	return count;
}

/* Of a volume that was shared only what all hosts lack; false: that is nothing. */
static bool share_points(struct decision *decision, const char *id, bool is_rest)
{
	struct names *names = &decision->change->names;
	_cleanup_free_ const struct mount_point **points = NULL;
	size_t count = mount_points_get(&decision->manager->names, &points);
	bool is_any = false;

	for (size_t i = 0; i < count; i++) {
		const struct link *link = names_find_link(names, points[i]->volume);
		struct mount_point point = *points[i];
		bool is_lacking = !point.changed && !elsewhere_is_lacking(names, points[i]->volume);

		if ((is_rest && !is_lacking) ||
			(strcmp(point.host, id) != 0 &&
				(!link || strcmp(link->record->id, id) != 0)))
			continue;
		if (is_lacking)
			point.changed = decision->env->now;
		mount_points_set(names, &point);
		is_any = true;
	}
	return is_any;
}

void joining_leave(struct change *change, const char *id)
{
	struct names *names = &change->names;
	const struct link *link = names_next_link(names, id, NULL);
	struct record *record;

	while (link) {
		const struct link *next = names_next_link(names, id, link);

		if (names_is_shared(link))
			names_remove_link(names, link->path);
		link = next;
	}
	mount_points_drop(names, id, NULL);
	shadows_drop(names, id);
	record = names_edit_record(names, id);
	record->is_shared = record->keep_links = false;
}

int joining_decide(struct decision *decision)
{
	struct names *names = &decision->change->names;
	const char *selected;
	_cleanup_free_ char *id = NULL;
	bool was_shared, has_links;
	int r = decision_select_volume(decision, &selected);

	if (r == 0)
		r = check(decision, selected);
	if (r < 0 || decision->request->given & KEY_BIT(KEY_TRY))
		return r;
	id = xstrdup(selected);
	was_shared = names_find_record(names, id)->is_shared;
	if (!was_shared)
		names_edit_record(names, id)->is_shared = true;
	has_links = share_links(names, id, was_shared) != 0;
	if (share_points(decision, id, was_shared && !has_links) || has_links || !was_shared)
		decision_add_entry(decision, "cluster_join", NULL, id);
	return 0;
}
