/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reader of `events`, and whether what it was told is the truth.
 */

#include <check.h>
#include <string.h>

#include "core/views/tree_list.h"
#include "core/model/filesystem.h"
#include "core/syntax/link_name.h"
#include "follower.h"

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void follower_fini(struct follower *follower)
{
	for (size_t i = 0; i < follower->count; i++)
		free(follower->lines[i]);
	free(follower->lines);
	*follower = (struct follower){ 0 };
}

static char **follower_find(const struct follower *follower, const char *line)
{
	if (!follower->count)
		return NULL;
	return bsearch(&line, follower->lines, follower->count, sizeof(line), compare_lines);
}

static void follower_add(struct follower *follower, char *line)
{
	if (follower_find(follower, line))
		ck_abort_msg("told of %s twice", line);
	follower->lines = xgrow(follower->lines, follower->count, sizeof(*follower->lines));
	follower->lines[follower->count++] = line;
	qsort(follower->lines, follower->count, sizeof(*follower->lines), compare_lines);
}

static void follower_remove(struct follower *follower, char *line)
{
	char **found = follower_find(follower, line);

	if (!found)
		ck_abort_msg("told of the end of %s, which was not there", line);
	free(*found);
	memmove(found, found + 1,
		(size_t)(follower->lines + --follower->count - found) * sizeof(*found));
	free(line);
}

bool text_has_word(const char *text, const char *word)
{
	_cleanup_free_ char *padded = xasprintf(" %s ", text ? text : "");
	_cleanup_free_ char *wanted = xasprintf(" %s ", word);

	return strstr(padded, wanted) != NULL;
}

/* An event has the members that are listed, and no others. */
static void check_members(const struct event *event)
{
	const struct event_type *type = &event_types[event->kind];
	const struct {
		const char *name;
		const char *text;
	} list[] = {
		{ "link", event->link },
		{ "id", event->id },
		{ "device", event->device },
		{ "path", event->path },
		{ "reason", event->reason },
	};

	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		_cleanup_free_ char *optional = xasprintf("[%s]", list[i].name);

		ck_assert_msg(text_has_word(type->members, optional) ||
				text_has_word(type->members, list[i].name) == !!list[i].text,
			"%s with %s=%s", type->name, list[i].name,
			list[i].text ? list[i].text : "-");
	}
}

void follower_take(struct follower *follower, const struct events *events)
{
	for (size_t i = 0; i < events->count; i++) {
		const struct event *event = &events->list[i];

		check_members(event);
		switch (event->kind) {
		case EVENT_VOLUME_ARRIVED:
			follower_add(follower, xasprintf("volume %s", event->id));
			break;
		case EVENT_VOLUME_REMOVED:
			follower_remove(follower, xasprintf("volume %s", event->id));
			break;
		case EVENT_LINK_CREATED:
			follower_add(follower, xasprintf("link %s %s", event->link, event->id));
			break;
		case EVENT_LINK_DELETED:
			follower_remove(follower, xasprintf("link %s %s", event->link, event->id));
			break;
		case EVENT_MOUNTED:
			follower_add(follower, xasprintf("mount %s %s", event->id, event->path));
			break;
		case EVENT_UNMOUNTED:
			follower_remove(follower, xasprintf("mount %s %s", event->id, event->path));
			break;
		case EVENT_VOLUME_CHANGED:
		case EVENT_VOLUME_UNPROCESSED:
		case EVENT_DUPLICATE:
		case EVENT_MOUNT_POINT_CREATED:
		case EVENT_MOUNT_POINT_DELETED:
		case EVENT_MOUNT_POINT_REFUSED:
		case EVENT_LINK_SHADOWED:
		case EVENT_CLUSTER_LOST:
		case EVENT_CLUSTER_BACK:
		case EVENT_UNIQUE_ID_CHANGED:
		case EVENT_KINDS:
			break;
		}
	}
}

static void add_state(const struct manager *manager, struct follower *state)
{
	_cleanup_free_ struct triple *triples = NULL;
	size_t count = manager_get_triples(manager, &manager->names, NULL, &triples);

	for (size_t i = 0; i < count; i++)
		follower_add(state, xasprintf("link %s %s", triples[i].link, triples[i].id));
	map_for_each (&manager->volumes.by_id, node, next) {
		const struct device *device = container_of(node, struct device, by_id);
		const struct mount *mount = NULL;

		if (device->is_gone)
			continue;
		follower_add(state, xasprintf("volume %s", device->id));
		while ((mount = filesystem_next_mount(
				&manager->volumes, &manager->mounts, device, mount)))
			follower_add(state, xasprintf("mount %s %s", device->id, mount->path));
	}
}

static void format(const struct follower *follower, struct strbuf *text)
{
	for (size_t i = 0; i < follower->count; i++)
		strbuf_add_format(text, "%s\n", follower->lines[i]);
}

static void check_same(const struct follower *seen, const struct follower *expected)
{
	_cleanup_strbuf_ struct strbuf is = STRBUF_INIT, wanted = STRBUF_INIT;

	format(seen, &is);
	format(expected, &wanted);
	if (strcmp(strbuf_text(&is), strbuf_text(&wanted)) != 0)
		ck_abort_msg("it is\n%sand not\n%s", strbuf_text(&is), strbuf_text(&wanted));
}

void follower_begin(struct follower *follower, const struct manager *manager)
{
	follower_fini(follower);
	add_state(manager, follower);
}

void follower_check(const struct follower *follower, const struct manager *manager)
{
	struct follower state = { 0 };

	add_state(manager, &state);
	check_same(follower, &state);
	follower_fini(&state);
}

struct listed {
	const struct node *folder;
	struct follower *list;
};

static bool add_entry(void *data, const struct tree_entry *entry)
{
	const struct listed *listed = data;

	if (entry->kind == NODE_LINK)
		follower_add(listed->list,
			xasprintf("%s/%s -> %s", listed->folder->name, entry->name,
				node_get_target(entry->node)));
	return true;
}

static void add_folder(struct tree *tree, struct node *folder, struct follower *list)
{
	struct listed listed = { folder, list };

	tree_list(tree, folder, 0, add_entry, &listed);
}

void follower_check_tree(struct tree *tree, const struct manager *manager)
{
	_cleanup_free_ struct triple *triples = NULL;
	size_t count = manager_get_triples(manager, &manager->names, NULL, &triples);
	struct follower seen = { 0 }, expected = { 0 };

	add_folder(tree, tree->dos_devices, &seen);
	add_folder(tree, tree->volumes, &seen);
	add_folder(tree, tree->mounts, &seen);
	for (size_t i = 0; i < count; i++) {
		const struct device *device =
			manager_get_node(manager, &manager->names, triples[i].id)
			? manager_find_device(manager, &manager->names, triples[i].id)
			: NULL;
		const struct mount *mount = device
			? filesystem_next_mount(&manager->volumes, &manager->mounts, device, NULL)
			: NULL;
		_cleanup_free_ char *target = NULL;

		if (device)
			target = xstrdup(device->node);
		else
			target = xasprintf("../ids/%s/device", triples[i].id);
		follower_add(&expected, xasprintf("%s -> %s", triples[i].link + 1, target));
		if (mount)
			follower_add(&expected,
				xasprintf("mounts/%s -> %s", strrchr(triples[i].link, '/') + 1,
					mount->path));
	}
	check_same(&seen, &expected);
	follower_fini(&seen);
	follower_fini(&expected);
}

void describe_notice(const struct event *event, struct strbuf *text)
{
	static const char *const words[EVENT_KINDS] = {
		[EVENT_VOLUME_ARRIVED] = "arrived",
		[EVENT_VOLUME_REMOVED] = "removed",
		[EVENT_VOLUME_CHANGED] = "changed",
		[EVENT_LINK_CREATED] = "created",
		[EVENT_LINK_DELETED] = "deleted",
		[EVENT_VOLUME_UNPROCESSED] = "unprocessed",
		[EVENT_DUPLICATE] = "duplicate",
		[EVENT_MOUNTED] = "mounted",
		[EVENT_UNMOUNTED] = "unmounted",
		[EVENT_MOUNT_POINT_CREATED] = "point-created",
		[EVENT_MOUNT_POINT_DELETED] = "point-deleted",
		[EVENT_MOUNT_POINT_REFUSED] = "point-refused",
		[EVENT_UNIQUE_ID_CHANGED] = "unique-id-changed",
	};
	const char *const texts[] = { event->link, event->id, event->device, event->path,
		event->reason };

	strbuf_add_text(text, words[event->kind]);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		bool is_volume_name = texts[i] &&
			strncmp(texts[i], LINK_FOLDER_VOLUMES, strlen(LINK_FOLDER_VOLUMES)) == 0;

		if (!texts[i])
			continue;
		strbuf_add_char(text, ' ');
		strbuf_add_text(text, is_volume_name ? "Volume" : *texts[i] ? texts[i] : "\"\"");
	}
}
