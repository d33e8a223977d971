/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registered mount points: the part of the database in memory that says which directory of a
 * hosting volume leads to which volume name. At most one per directory. A mount point goes with its
 * host's record and with its volume name; who takes these out of the view drops it, too.
 */

#include <string.h>
#include <strings.h>

#include "core/model/mount_points.h"

struct place {
	const char *host;
	const char *path;
};

static bool point_has_place(const struct map_node *node, const void *key)
{
	const struct mount_point *point = container_of(node, struct mount_point, by_place);
	const struct place *place = key;

	return strcmp(point->path, place->path) == 0 && strcmp(point->host, place->host) == 0;
}

static uint64_t hash_place(const char *host, const char *path)
{
	return map_hash_text(path) ^ map_hash_number(map_hash_text(host));
}

static struct mount_point *find_own_point(
	const struct names *names, const char *host, const char *path)
{
	struct place place = { host, path };
	struct map_node *node =
		map_find(&names->mount_points, hash_place(host, path), point_has_place, &place);

	return node ? container_of(node, struct mount_point, by_place) : NULL;
}

static void point_free(struct mount_point *point)
{
	free(point->host);
	free(point->path);
	free(point->volume);
	free(point->options);
	free(point);
}

void mount_points_fini(struct names *names)
{
	map_for_each (&names->mount_points, node, next)
		point_free(container_of(node, struct mount_point, by_place));
	map_fini(&names->mount_points);
}

const struct mount_point *mount_points_find(
	const struct names *names, const char *host, const char *path)
{
	const struct mount_point *point = find_own_point(names, host, path);

	if (!point && names->base)
		point = find_own_point(names->base, host, path);
	return point && !point->is_removed ? point : NULL;
}

static int compare_points(const void *a, const void *b)
{
	const struct mount_point *const *point_a = a, *const *point_b = b;
	int order = strcmp((*point_a)->host, (*point_b)->host);

	return order ? order : strcmp((*point_a)->path, (*point_b)->path);
}

size_t mount_points_get(const struct names *names, const struct mount_point ***ret_points)
{
	size_t count =
		names->mount_points.count + (names->base ? names->base->mount_points.count : 0);
	const struct mount_point **points = xcalloc(count, sizeof(*points));

	count = 0;
	map_for_each (&names->mount_points, node, next) {
		const struct mount_point *point = container_of(node, struct mount_point, by_place);

		if (!point->is_removed)
			points[count++] = point;
	}
	if (names->base) {
		map_for_each (&names->base->mount_points, node, next) {
			const struct mount_point *point =
				container_of(node, struct mount_point, by_place);

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
static struct mount_point *edit_point(struct names *layer, const char *host, const char *path)
{
	struct mount_point *point = find_own_point(layer, host, path);

	if (point)
		return point;
	point = xcalloc(1, sizeof(*point));
	point->host = xstrdup(host);
	point->path = xstrdup(path);
	map_add(&layer->mount_points, &point->by_place, hash_place(host, path));
	return point;
}

void mount_points_set(struct names *layer, const struct mount_point *point)
{
	char *volume = xstrdup(point->volume);
	char *options = point->options ? xstrdup(point->options) : NULL;
	bool is_replicated = point->is_replicated, is_found = point->is_found;
	const char *reason = point->reason;
	uint64_t changed = point->changed;
	struct mount_point *own = edit_point(layer, point->host, point->path);

	free(own->volume);
	free(own->options);
	own->volume = volume;
	own->options = options;
	own->is_replicated = is_replicated;
	own->is_found = is_found;
	own->reason = reason;
	own->changed = changed;
	own->is_removed = false;
}

void mount_points_remove(
	struct names *layer, const char *host, const char *path, const char *reason)
{
	const struct mount_point *below =
		layer->base ? find_own_point(layer->base, host, path) : NULL;
	struct mount_point *own;

	if (!mount_points_find(layer, host, path))
		return;
	if (!below) {
		own = find_own_point(layer, host, path);
		map_remove(&layer->mount_points, &own->by_place);
		point_free(own);
		return;
	}
	own = edit_point(layer, host, path);
	free(own->volume);
	own->volume = xstrdup(below->volume);
	own->reason = reason;
	own->is_removed = true;
}

void mount_points_drop(struct names *layer, const char *host, const char *volume)
{
	_cleanup_free_ const struct mount_point **points = NULL;
	size_t count;

	if (!layer->mount_points.count && !(layer->base && layer->base->mount_points.count))
		return;
	count = mount_points_get(layer, &points);
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *owner = NULL, *path = NULL;

		if ((host && strcmp(points[i]->host, host) != 0) ||
			(volume && strcasecmp(points[i]->volume, volume) != 0))
			continue;
		owner = xstrdup(points[i]->host);
		path = xstrdup(points[i]->path);
		mount_points_remove(layer, owner, path, NULL);
	}
}

void mount_points_move(struct names *layer, const char *host, const char *to)
{
	_cleanup_free_ const struct mount_point **points = NULL;
	size_t count = mount_points_get(layer, &points);

	for (size_t i = 0; i < count; i++) {
		struct mount_point moved = *points[i];

		if (strcmp(moved.host, host) != 0 || mount_points_find(layer, to, moved.path))
			continue;
		moved.host = (char *)to;
		mount_points_set(layer, &moved);
	}
	mount_points_drop(layer, host, NULL);
}

void mount_points_rename(struct names *layer, const char *volume, const char *to)
{
	_cleanup_free_ const struct mount_point **points = NULL;
	size_t count = mount_points_get(layer, &points);

	for (size_t i = 0; i < count; i++) {
		struct mount_point renamed = *points[i];

		if (strcasecmp(renamed.volume, volume) != 0)
			continue;
		renamed.volume = (char *)to;
		renamed.is_replicated = false;
		mount_points_set(layer, &renamed);
	}
}

/* Whether more is new than that the hosting volume's file was seen. */
bool mount_points_has_changes(const struct names *layer)
{
	map_for_each (&layer->mount_points, node, next) {
		const struct mount_point *point = container_of(node, struct mount_point, by_place);
		const struct mount_point *below =
			layer->base ? find_own_point(layer->base, point->host, point->path) : NULL;

		if (point->is_removed || !below || strcmp(below->volume, point->volume) != 0 ||
			!is_same_text(below->options, point->options) ||
			below->is_found != point->is_found)
			return true;
	}
	return false;
}

void mount_points_merge(struct names *base, struct names *layer)
{
	map_for_each (&layer->mount_points, node, next) {
		struct mount_point *point = container_of(node, struct mount_point, by_place);
		struct mount_point *below = find_own_point(base, point->host, point->path);

		map_remove(&layer->mount_points, node);
		if (below) {
			map_remove(&base->mount_points, &below->by_place);
			point_free(below);
		}
		point->reason = NULL;
		if (point->is_removed)
			point_free(point);
		else
			map_add(&base->mount_points, node, hash_place(point->host, point->path));
	}
}
