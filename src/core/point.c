/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registered mount points: the part of the database in memory that says which directory of a hosting
 * volume leads to which volume name. At most one per directory. A mount point goes with its host's
 * record and with its volume name; who takes these out of the view drops it, too.
 */

#include <string.h>
#include <strings.h>

#include "core/names.h"

struct place {
	const char *host;
	const char *path;
};

static bool point_has_place(const struct map_node *node, const void *key)
{
	const struct point *point = container_of(node, struct point, by_place);
	const struct place *place = key;

	return strcmp(point->path, place->path) == 0 && strcmp(point->host, place->host) == 0;
}

static uint64_t hash_place(const char *host, const char *path)
{
	return map_hash_text(path) ^ map_hash_number(map_hash_text(host));
}

static struct point *find_own_point(const struct names *names, const char *host, const char *path)
{
	struct place place = { host, path };
	struct map_node *node =
		map_find(&names->points, hash_place(host, path), point_has_place, &place);

	return node ? container_of(node, struct point, by_place) : NULL;
}

static void point_free(struct point *point)
{
	free(point->host);
	free(point->path);
	free(point->volume);
	free(point->options);
	free(point);
}

void names_fini_points(struct names *names)
{
	map_for_each (&names->points, node, next)
		point_free(container_of(node, struct point, by_place));
	map_fini(&names->points);
}

const struct point *names_find_point(const struct names *names, const char *host, const char *path)
{
	const struct point *point = find_own_point(names, host, path);

	if (!point && names->base)
		point = find_own_point(names->base, host, path);
	return point && !point->is_removed ? point : NULL;
}

static int compare_points(const void *a, const void *b)
{
	const struct point *const *point_a = a, *const *point_b = b;
	int order = strcmp((*point_a)->host, (*point_b)->host);

	return order ? order : strcmp((*point_a)->path, (*point_b)->path);
}

size_t names_get_points(const struct names *names, const struct point ***ret_points)
{
	size_t count = names->points.count + (names->base ? names->base->points.count : 0);
	const struct point **points = xcalloc(count, sizeof(*points));

	count = 0;
	map_for_each (&names->points, node, next) {
		const struct point *point = container_of(node, struct point, by_place);

		if (!point->is_removed)
			points[count++] = point;
	}
	if (names->base) {
		map_for_each (&names->base->points, node, next) {
			const struct point *point = container_of(node, struct point, by_place);

			if (!find_own_point(names, point->host, point->path))
				points[count++] = point;
		}
	}
	if (count)
		qsort(points, count, sizeof(*points), compare_points);
	*ret_points = points;
	return count;
}

/* The point of this layer, made if there is none. */
static struct point *edit_point(struct names *layer, const char *host, const char *path)
{
	struct point *point = find_own_point(layer, host, path);

	if (point)
		return point;
	point = xcalloc(1, sizeof(*point));
	point->host = xstrdup(host);
	point->path = xstrdup(path);
	map_add(&layer->points, &point->by_place, hash_place(host, path));
	return point;
}

void names_set_point(struct names *layer, const struct point *point)
{
	char *volume = xstrdup(point->volume);
	char *options = point->options ? xstrdup(point->options) : NULL;
	bool is_replicated = point->is_replicated;
	const char *reason = point->reason;
	uint64_t changed = point->changed;
	struct point *own = edit_point(layer, point->host, point->path);

	free(own->volume);
	free(own->options);
	own->volume = volume;
	own->options = options;
	own->is_replicated = is_replicated;
	own->reason = reason;
	own->changed = changed;
	own->is_removed = false;
}

void names_remove_point(struct names *layer, const char *host, const char *path, const char *reason)
{
	const struct point *below = layer->base ? find_own_point(layer->base, host, path) : NULL;
	struct point *own;

	if (!names_find_point(layer, host, path))
		return;
	if (!below) {
		own = find_own_point(layer, host, path);
		map_remove(&layer->points, &own->by_place);
		point_free(own);
		return;
	}
	own = edit_point(layer, host, path);
	free(own->volume);
	own->volume = xstrdup(below->volume);
	own->reason = reason;
	own->is_removed = true;
}

void names_drop_points(struct names *layer, const char *host, const char *volume)
{
	_cleanup_free_ const struct point **points = NULL;
	size_t count;

	if (!layer->points.count && !(layer->base && layer->base->points.count))
		return;
	count = names_get_points(layer, &points);
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *owner = NULL, *path = NULL;

		if ((host && strcmp(points[i]->host, host) != 0) ||
			(volume && strcasecmp(points[i]->volume, volume) != 0))
			continue;
		owner = xstrdup(points[i]->host);
		path = xstrdup(points[i]->path);
		names_remove_point(layer, owner, path, NULL);
	}
}

void names_move_points(struct names *layer, const char *host, const char *to)
{
	_cleanup_free_ const struct point **points = NULL;
	size_t count = names_get_points(layer, &points);

	for (size_t i = 0; i < count; i++) {
		struct point moved = *points[i];

		if (strcmp(moved.host, host) != 0 || names_find_point(layer, to, moved.path))
			continue;
		moved.host = (char *)to;
		names_set_point(layer, &moved);
	}
	names_drop_points(layer, host, NULL);
}

void names_rename_points(struct names *layer, const char *volume, const char *to)
{
	_cleanup_free_ const struct point **points = NULL;
	size_t count = names_get_points(layer, &points);

	for (size_t i = 0; i < count; i++) {
		struct point renamed = *points[i];

		if (strcasecmp(renamed.volume, volume) != 0)
			continue;
		renamed.volume = (char *)to;
		renamed.is_replicated = false;
		names_set_point(layer, &renamed);
	}
}

/* Whether more is new than that the hosting volume's file was seen. */
bool names_has_changed_points(const struct names *layer)
{
	map_for_each (&layer->points, node, next) {
		const struct point *point = container_of(node, struct point, by_place);
		const struct point *below =
			layer->base ? find_own_point(layer->base, point->host, point->path) : NULL;

		if (point->is_removed || !below || strcmp(below->volume, point->volume) != 0 ||
			!is_same_text(below->options, point->options))
			return true;
	}
	return false;
}

void names_merge_points(struct names *base, struct names *layer)
{
	map_for_each (&layer->points, node, next) {
		struct point *point = container_of(node, struct point, by_place);
		struct point *below = find_own_point(base, point->host, point->path);

		map_remove(&layer->points, node);
		if (below) {
			map_remove(&base->points, &below->by_place);
			point_free(below);
		}
		point->reason = NULL;
		if (point->is_removed)
			point_free(point);
		else
			map_add(&base->points, node, hash_place(point->host, point->path));
	}
}
