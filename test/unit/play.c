/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scripts for the small world of fixture.c.
 */

#include <errno.h>
#include <string.h>

#include "fixture.h"

struct player {
	struct world *world;
	const char *line; /* for messages */
	uint32_t epic;
};

static const struct {
	const char *name;
	int number;
} errnos[] = {
	{ ">", 0 },
	{ "EINVAL", EINVAL },
	{ "ENOENT", ENOENT },
	{ "EEXIST", EEXIST },
	{ "EPERM", EPERM },
	{ "EMSGSIZE", EMSGSIZE },
};

/* Cuts the next word off, leaving the rest of the line. */
static char *take_word(char **rest)
{
	char *word = strsep(rest, " ");

	if (!*rest)
		*rest = word + strlen(word);
	return word;
}

static void play_device(struct player *player, const char *verb, char *rest)
{
	const char *name = take_word(&rest);

	if (strcmp(verb, "+") == 0)
		world_plug(player->world, name, rest);
	else if (strcmp(verb, "-") == 0)
		world_unplug(player->world, name);
	else if (strcmp(verb, "&") == 0)
		world_put(player->world, name, rest);
	else
		world_remove(player->world, name);
}

static void play_request(struct player *player, int expected, char *rest)
{
	const char *operation = take_word(&rest);
	int r;

	if (strcmp(operation, "mv") == 0) {
		bool may_replace = strncmp(rest, "-n ", 3) != 0;
		char *from = (rest += may_replace ? 0 : 3, take_word(&rest));

		r = world_rename(player->world, from, rest, may_replace);
	} else {
		r = world_ask(player->world, operation, rest);
	}
	if (r != expected)
		ck_abort_msg(
			"%s: result %d, %s", player->line, r, strbuf_text(&player->world->why));
}

static void check_device(struct player *player, char *rest)
{
	const char *name = take_word(&rest);
	const struct device *device = volumes_find_name(&player->world->manager.volumes, name);
	_cleanup_free_ char *seen = NULL;

	if (!device)
		ck_abort_msg("%s: no such device", player->line);
	seen = device->id ? xstrdup(device->id)
			  : xasprintf("-%s", device->reason ? device->reason : "");
	if (strcmp(seen, rest) != 0)
		ck_abort_msg("%s: it is %s", player->line, seen);
	if (device->id && volumes_find_id(&player->world->manager.volumes, device->id) != device)
		ck_abort_msg("%s: another has it too", player->line);
}

static void check_link(struct player *player, char *rest)
{
	const struct manager *manager = &player->world->manager;
	const char *text = take_word(&rest), *fault;
	const struct link *link;
	struct link_name name;
	const char *node = "-";

	if (link_name_parse(text, strlen(text), &name, &fault) < 0)
		ck_abort_msg("%s: %s", player->line, fault);
	link = manager_find_link(manager, &manager->names, name.path);
	if (link)
		node = manager_get_node(manager, &manager->names, link->record->id);
	if (link && strcmp(link->path, name.path) != 0)
		ck_abort_msg("%s: it is spelled %s", player->line, link->path);
	if (strcmp(node, rest) != 0)
		ck_abort_msg("%s: it is %s", player->line, node);
}

static void check_mark(struct player *player, char *rest)
{
	const char *id = take_word(&rest);
	const struct record *record = names_find_record(&player->world->manager.names, id);
	const char *seen = "-";

	if (!record)
		ck_abort_msg("%s: no such record", player->line);
	if (record->letter)
		seen = record->no_drive_letter ? "both" : "letter";
	else if (record->no_drive_letter)
		seen = "mark";
	if (strcmp(seen, rest) != 0)
		ck_abort_msg("%s: it is %s", player->line, seen);
}

static void check_epic(struct player *player, const char *rest)
{
	uint32_t seen = player->world->manager.epic - player->epic;

	player->epic = player->world->manager.epic;
	if (seen != strtoul(rest, NULL, 10))
		ck_abort_msg("%s: it is %u", player->line, seen);
}

static void check_tree(struct player *player, char *rest)
{
	const char *path = take_word(&rest), *seen = "-";
	struct tree *tree = &player->world->tree;
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folders = xstrndup(path, (size_t)(slash - path));
	char *left = folders, *name;
	struct node *node = tree->root;

	while (node && (name = strsep(&left, "/")))
		node = tree_find_child(tree, node, name);
	if (node)
		node = tree_find_child(tree, node, slash + 1);
	if (node)
		seen = node->target;
	if (strcmp(seen, rest) != 0)
		ck_abort_msg("%s: it is %s", player->line, seen);
}

static void check_notice(struct player *player, const char *rest)
{
	const char *seen = world_take_notice(player->world);

	if (strcmp(seen ? seen : "", rest) != 0)
		ck_abort_msg("%s: it is %s", player->line, seen ? seen : "nothing");
}

static void play_step(struct player *player, const char *verb, char *rest)
{
	for (size_t i = 0; i < ARRAY_SIZE(errnos); i++) {
		if (strcmp(verb, errnos[i].name) == 0) {
			play_request(player, errnos[i].number, rest);
			return;
		}
	}
	if (strchr("+-&", *verb))
		play_device(player, verb, rest);
	else if (*verb == '.')
		world_settle(player->world);
	else if (*verb == 'k' || *verb == 'u')
		world_keep(player->world, rest, *verb == 'k');
	else if (*verb == '~')
		world_reload(player->world);
	else if (*verb == '=')
		check_device(player, rest);
	else if (*verb == '@')
		check_link(player, rest);
	else if (*verb == '?')
		check_mark(player, rest);
	else if (*verb == 'm')
		world_mount(player->world, rest);
	else if (*verb == 't')
		check_tree(player, rest);
	else if (*verb == '!')
		check_notice(player, rest);
	else if (*verb == 'e')
		check_epic(player, rest);
	else
		ck_abort_msg("%s: what is that?", player->line);
}

void world_play(struct world *world, const char *script)
{
	_cleanup_free_ char *copy = xstrdup(script);
	struct player player = { .world = world, .epic = world->manager.epic };
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		_cleanup_free_ char *whole = xstrdup(line);
		const char *verb = take_word(&line);

		player.line = whole;
		if (*verb)
			play_step(&player, verb, line);
	}
}

void world_play_alone(const char *script, bool also_restless)
{
	for (int restless = 0; restless <= also_restless; restless++) {
		struct world world;

		world_init(&world);
		world.is_restless = restless;
		world_play(&world, script);
		world_fini(&world);
	}
}
