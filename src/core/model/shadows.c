/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of shared volumes in the shadow of the machine's own. There are few of them, or none.
 *
 * An entry of a layer hides that of its base; one without an ID says that there is none.
 */

#include <string.h>
#include <strings.h>

#include "core/model/shadows.h"

static bool has_path(const struct map_node *node, const void *key)
{
	return strcasecmp(container_of(node, struct shadow, by_path)->path, key) == 0;
}

static struct shadow *find_own(const struct names *names, const char *path)
{
	struct map_node *node = names->shadows.count
		? map_find(&names->shadows, map_hash_text_ignoring_case(path), has_path, path)
		: NULL;

	return node ? container_of(node, struct shadow, by_path) : NULL;
}

static void shadow_free(struct shadow *shadow)
{
	free(shadow->id);
	free(shadow);
}

const struct shadow *shadows_find(const struct names *names, const char *path)
{
	const struct shadow *shadow = find_own(names, path);

	if (!shadow && names->base)
		shadow = find_own(names->base, path);
	return shadow && shadow->id ? shadow : NULL;
}

static void put(struct names *layer, const char *path, const char *id, uint64_t changed)
{
	struct shadow *shadow = find_own(layer, path);

	if (!shadow) {
		shadow = xcalloc(1, sizeof(*shadow) + strlen(path) + 1);
		strcpy(shadow->path, path);
		map_add(&layer->shadows, &shadow->by_path, map_hash_text_ignoring_case(path));
	}
	strcpy(shadow->path, path); /* the same but for case */
	free(shadow->id);
	shadow->id = id ? xstrdup(id) : NULL;
	shadow->changed = changed;
}

void shadows_set(struct names *layer, const char *path, const char *id, uint64_t changed)
{
	put(layer, path, id, changed);
}

void shadows_remove(struct names *layer, const char *path)
{
	if (shadows_find(layer, path))
		put(layer, path, NULL, 0);
}

void shadows_visit(const struct names *names,
	void (*visit)(void *data, const struct shadow *shadow), void *data)
{
	const struct names *parts[] = { names, names->base };

	for (size_t i = 0; i < ARRAY_SIZE(parts) && parts[i]; i++) {
		map_for_each (&parts[i]->shadows, node, next) {
			const struct shadow *shadow = container_of(node, struct shadow, by_path);

			if (shadow->id && (i == 0 || !find_own(names, shadow->path)))
				visit(data, shadow);
		}
	}
}

struct drop {
	struct names *layer;
	const char *id;
};

static void drop(void *data, const struct shadow *shadow)
{
	const struct drop *drop = data;

	if (strcmp(shadow->id, drop->id) == 0)
		shadows_remove(drop->layer, shadow->path);
}

void shadows_drop(struct names *layer, const char *id)
{
	struct drop data = { layer, id };

	shadows_visit(layer, drop, &data);
}

void shadows_fini(struct names *names)
{
	map_for_each (&names->shadows, node, next)
		shadow_free(container_of(node, struct shadow, by_path));
	map_fini(&names->shadows);
}

void shadows_merge(struct names *base, struct names *layer)
{
	map_for_each (&layer->shadows, node, next) {
		struct shadow *shadow = container_of(node, struct shadow, by_path);
		struct shadow *below = find_own(base, shadow->path);

		map_remove(&layer->shadows, node);
		if (below) {
			map_remove(&base->shadows, &below->by_path);
			shadow_free(below);
		}
		if (shadow->id)
			map_add(&base->shadows, node, map_hash_text_ignoring_case(shadow->path));
		else
			shadow_free(shadow);
	}
}
