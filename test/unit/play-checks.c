/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scripts for the small world of fixture.c: the lines that look at what has come of it.
 */

#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "core/views/render.h"
#include "player.h"

static void check_text(const struct player *player, const char *seen, const char *expected)
{
	if (strcmp(seen, expected) != 0)
		PLAYER_FAIL(player, "it is %s", seen);
}

static void check_pattern(const struct player *player, const char *seen, const char *pattern)
{
	if (fnmatch(pattern, seen, FNM_NOESCAPE) != 0)
		PLAYER_FAIL(player, "it is %s", seen);
}

static void check_number(const struct player *player, uint64_t seen, const char *expected)
{
	if (strcmp(expected, "*") != 0 && seen != strtoul(expected, NULL, 10))
		PLAYER_FAIL(player, "it is %u", (unsigned int)seen);
}

static void check_device(struct player *player, char *rest)
{
	const char *name = player_take_word(&rest);
	const struct device *device = volumes_find_name(&player->world->manager.volumes, name);
	_cleanup_free_ char *seen = NULL;

	if (!device)
		PLAYER_FAIL(player, "no such device");
	seen = device->id ? xstrdup(device->id)
			  : xasprintf("-%s", device->reason ? device->reason : "");
	check_text(player, seen, rest);
	if (device->id && volumes_find_id(&player->world->manager.volumes, device->id) != device)
		PLAYER_FAIL(player, "another has it too");
}

static void parse_link(const struct player *player, const char *text, struct link_name *ret_name)
{
	const char *fault;

	if (link_name_parse(text, strlen(text), ret_name, &fault) < 0)
		PLAYER_FAIL(player, "%s", fault);
}

static void check_link(struct player *player, char *rest)
{
	const struct manager *manager = &player->world->manager;
	const char *text = player_take_word(&rest), *node = "-";
	const struct link *link;
	struct link_name name;

	parse_link(player, text, &name);
	link = manager_find_link(manager, &manager->names, name.path);
	if (link)
		node = manager_get_node(manager, link->record->id);
	if (!node)
		node = "offline";
	if (link && strcmp(link->path, name.path) != 0)
		PLAYER_FAIL(player, "it is spelled %s", link->path);
	check_text(player, node, rest);
}

static void check_mark(struct player *player, char *rest)
{
	const char *id = player_take_word(&rest);
	const struct record *record = names_find_record(&player->world->manager.names, id);
	const char *seen = "-";

	if (!record)
		PLAYER_FAIL(player, "no such record");
	if (record->letter)
		seen = record->no_drive_letter ? "both" : "letter";
	else if (record->no_drive_letter)
		seen = "mark";
	check_text(player, seen, rest);
}

static void check_volume_name(struct player *player, char *rest)
{
	const char *id = player_take_word(&rest);
	const char *name = world_get_volume_name(player->world, id);

	if (!name)
		check_text(player, "-", rest);
	else
		check_text(player, is_same_text(player->volume_name, name) ? "same" : "new", rest);
	if (!name)
		return;
	free(player->volume_name);
	player->volume_name = xstrdup(name);
}

static void check_link_row(const struct player *player, const char *text, const char *expected)
{
	const struct rows *rows = &player->world->rows;
	const char *seen = "-";
	struct link_name name;

	parse_link(player, text, &name);
	for (size_t i = 0; i < rows->link_count; i++)
		if (strcasecmp(rows->links[i].path, name.path) == 0)
			seen = rows->links[i].id;
	check_text(player, seen, expected);
}

static void check_row(struct player *player, char *rest)
{
	const char *text = player_take_word(&rest);
	const struct rows *rows = &player->world->rows;
	_cleanup_free_ char *seen = NULL;

	if (!unique_id_is_valid(text)) {
		check_link_row(player, text, rest);
		return;
	}
	for (size_t i = 0; i < rows->record_count; i++)
		if (strcmp(rows->records[i].id, text) == 0)
			seen = xasprintf("row%s%s", rows->records[i].no_drive_letter ? " mark" : "",
				rows->records[i].keep_links ? " keep" : "");
	check_text(player, seen ? seen : "-", rest);
}

static void check_written(struct player *player, char *rest)
{
	size_t seen = player->world->rows.written - player->written;

	player->written = player->world->rows.written;
	check_number(player, seen, rest);
}

static void check_last_seen(struct player *player, char *rest)
{
	const char *id = player_take_word(&rest);
	const struct record *record = names_find_record(&player->world->manager.names, id);
	_cleanup_free_ char *seen = NULL;

	if (!record)
		PLAYER_FAIL(player, "no such record");
	seen = record->last_seen ? xasprintf("%u", (unsigned int)(record->last_seen / PLAYER_DAY))
				 : xstrdup("-");
	check_text(player, seen, rest);
}

static void check_last_device(struct player *player, char *rest)
{
	const char *id = player_take_word(&rest);
	const struct record *record = names_find_record(&player->world->manager.names, id);

	if (!record)
		PLAYER_FAIL(player, "no such record");
	check_text(player, record->fingerprint.node ? record->fingerprint.node : "-", rest);
}

static void check_epic(struct player *player, char *rest)
{
	uint32_t seen = player->world->manager.epic - player->epic;

	player->epic = player->world->manager.epic;
	check_number(player, seen, rest);
}

static void check_history(struct player *player, char *rest)
{
	const struct history *history = &player->world->manager.history;
	_cleanup_strbuf_ struct strbuf seen = STRBUF_INIT;

	for (size_t i = 0; i < history->count; i++) {
		const struct history_entry *entry = history->entries[i];

		if (entry->sequence >= player->sequence)
			strbuf_add_format(&seen, "%s%s %s %s", seen.len ? ", " : "",
				entry->operation, entry->link ? entry->link : "-",
				entry->id ? entry->id : "-");
	}
	player->sequence = history->next_sequence;
	check_pattern(player, strbuf_text(&seen), rest);
}

static void check_file(struct player *player, char *rest)
{
	const char *id = player_take_word(&rest), *file = player_take_word(&rest);
	_cleanup_strbuf_ struct strbuf seen = STRBUF_INIT;

	for (size_t i = 0; i < volume_file_count; i++)
		if (strcmp(volume_files[i].name, file) == 0)
			volume_files[i].render(&player->world->manager, id, &seen);
	if (!seen.len)
		PLAYER_FAIL(player, "there is no such file");
	strbuf_resize(&seen, seen.len - 1); /* its newline */
	check_pattern(player, strbuf_text(&seen), rest);
}

static void check_last_node(struct player *player, char *rest)
{
	const struct history *history = &player->world->manager.history;
	const char *device = history->count ? history->entries[history->count - 1]->device : NULL;

	check_text(player, device ? device : "-", rest);
}

static void check_reply(struct player *player, char *rest)
{
	_cleanup_strbuf_ struct strbuf seen = STRBUF_INIT;

	for (const char *c = strbuf_text(&player->world->reply); *c; c++) {
		if (*c != '\n')
			strbuf_add_char(&seen, *c);
		else
			strbuf_add_text(&seen, " | ");
	}
	check_pattern(player, strbuf_text(&seen), rest);
}

static void check_why(struct player *player, char *rest)
{
	if (!strstr(strbuf_text(&player->world->why), rest))
		PLAYER_FAIL(player, "it is %s", strbuf_text(&player->world->why));
}

static void check_tree(struct player *player, char *rest)
{
	const char *path = player_take_word(&rest), *seen = "-";
	struct tree *tree = &player->world->tree;
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folders = xstrndup(path, (size_t)(slash - path));
	_cleanup_strbuf_ struct strbuf room = STRBUF_INIT;
	char *left = folders, *name;
	struct node *node = tree->root;

	while (node && (name = strsep(&left, "/")))
		node = tree_find_child(tree, node, name);
	if (node)
		node = tree_find_child(tree, node, slash + 1);
	if (node)
		seen = tree_get_target(node, &room);
	check_text(player, seen, rest);
}

static void check_notice(struct player *player, char *rest)
{
	const char *seen = world_take_notice(player->world);

	check_text(player, seen ? seen : "", rest);
}

bool player_check(struct player *player, char verb, char *rest)
{
	static const struct {
		char verb;
		void (*check)(struct player *player, char *rest);
	} checks[] = { { '=', check_device }, { '@', check_link }, { '?', check_mark },
		{ 'g', check_volume_name }, { 'd', check_row }, { 't', check_written },
		{ 'e', check_epic }, { 'f', check_file }, { 'h', check_history },
		{ 'n', check_last_node }, { '<', check_reply }, { 'w', check_why },
		{ 'T', check_tree }, { '!', check_notice }, { 's', check_last_seen },
		{ 'l', check_last_device } };

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		if (checks[i].verb == verb) {
			checks[i].check(player, rest);
			return true;
		}
	}
	return false;
}
