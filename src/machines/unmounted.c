/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When devices are read because their mounts have changed.
 *
 * A device is read at once when it is mounted, or mounted nowhere any more. The list of mounts
 * loses a mount before its filesystem has written the last of it: so while the kernel still has the
 * filesystem in use the device is read once more, when it has not. That nobody tells, so it is
 * asked for, less and less often: in another mount namespace it may stay mounted for long.
 */

#include <string.h>

#include "machines/unmounted.h"

#define PAUSE_FIRST 20000u   /* µs, before it is asked for again; then twice as long, … */
#define PAUSE_LIMIT 2000000u /* … up to this */

struct awaited {
	struct map_node by_name;
	uint64_t at;
	uint64_t pause;
	char name[];
};

static bool awaited_has_name(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct awaited, by_name)->name, key) == 0;
}

static struct awaited *find(const struct unmounted *unmounted, const char *name)
{
	struct map_node *node =
		map_find(&unmounted->awaited, map_hash_text(name), awaited_has_name, name);

	return node ? container_of(node, struct awaited, by_name) : NULL;
}

static void forget(struct unmounted *unmounted, struct awaited *awaited)
{
	map_remove(&unmounted->awaited, &awaited->by_name);
	free(awaited);
}

void unmounted_fini(struct unmounted *unmounted)
{
	map_for_each (&unmounted->awaited, node, next)
		free(container_of(node, struct awaited, by_name));
	map_fini(&unmounted->awaited);
}

void unmounted_note(struct unmounted *unmounted, const char *name, bool is_mounted, uint64_t now)
{
	const struct unmounted_effects *effects = &unmounted->effects;
	struct awaited *awaited = find(unmounted, name);

	effects->read(effects->data, name);
	if (is_mounted || !effects->is_held(effects->data, name)) {
		if (awaited)
			forget(unmounted, awaited);
		return;
	}
	if (!awaited) {
		awaited = xcalloc(1, offsetof(struct awaited, name) + strlen(name) + 1);
		strcpy(awaited->name, name);
		map_add(&unmounted->awaited, &awaited->by_name, map_hash_text(name));
	}
	awaited->pause = PAUSE_FIRST;
	awaited->at = now + awaited->pause;
}

void unmounted_look(struct unmounted *unmounted, bool all, uint64_t now)
{
	const struct unmounted_effects *effects = &unmounted->effects;

	map_for_each (&unmounted->awaited, node, next) {
		struct awaited *awaited = container_of(node, struct awaited, by_name);
		bool is_due = awaited->at <= now;

		if (!is_due && !all)
			continue;
		if (!effects->is_held(effects->data, awaited->name)) {
			effects->read(effects->data, awaited->name);
			forget(unmounted, awaited);
		} else if (is_due) {
			awaited->pause =
				awaited->pause < PAUSE_LIMIT / 2 ? 2 * awaited->pause : PAUSE_LIMIT;
			awaited->at = now + awaited->pause;
		}
	}
}

uint64_t unmounted_get_deadline(const struct unmounted *unmounted)
{
	uint64_t deadline = 0;

	map_for_each (&unmounted->awaited, node, next) {
		uint64_t at = container_of(node, struct awaited, by_name)->at;

		if (!deadline || at < deadline)
			deadline = at;
	}
	return deadline;
}
