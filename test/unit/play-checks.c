/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scripts for the small world of fixture.c: the steps that look at what has come of it.
 */

#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "core/views/render.h"
#include "player.h"

static void check_text(struct player *player, const char *rest, const char *seen)
{
	if (strcmp(seen, rest) != 0)
		player_differ(player, rest, seen);
}

static void check_pattern(struct player *player, const char *rest, const char *seen)
{
	if (fnmatch(rest, seen, FNM_NOESCAPE) != 0)
		player_differ(player, rest, seen);
}

/* What is counted begins anew. */
static void check_number(struct player *player, const char *rest, const char *sign, uint64_t seen)
{
	_cleanup_free_ char *text = xasprintf("%s%u", sign, (unsigned int)seen);

	if (strcmp(rest, "*") != 0)
		check_text(player, rest, text);
}

static void check_device(struct player *player, char *rest)
{
	const char *name = player_take_word(&rest);
	const struct device *device = volumes_find_name(&player->world->manager.volumes, name);
	_cleanup_free_ char *seen = NULL;

	if (!device) {
		player_differ(player, rest, "# is not present");
		return;
	}
	seen = device->id ? xstrdup(device->id)
			  : xasprintf("-%s", device->reason ? device->reason : "");
	check_text(player, rest, seen);
	if (device->id && volumes_find_id(&player->world->manager.volumes, device->id) != device)
		player_differ(player, rest, "# another has it, too");
}

static void parse_link(const struct player *player, const char *text, struct link_name *ret_name)
{
	const char *fault;

	if (link_name_parse(text, strlen(text), ret_name, &fault) < 0)
		player_reject(player, fault);
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
		node = manager_get_node(manager, &manager->names, link->record->id);
	if (!node)
		node = "offline";
	if (link && strcmp(link->path, name.path) != 0)
		node = link->path; /* which is spelled otherwise */
	check_text(player, rest, node);
}

static void check_letter(struct player *player, char *rest)
{
	const char *id = player_take_word(&rest);
	const struct record *record = names_find_record(&player->world->manager.names, id);
	const char *seen = "free";

	if (!record)
		seen = "# is not known";
	else if (record->letter)
		seen = record->no_drive_letter ? "has, and refuses" : "has";
	else if (record->no_drive_letter)
		seen = "refuses";
	check_text(player, rest, seen);
}

static void check_volume_name(struct player *player, char *rest)
{
	const char *id = player_take_word(&rest);
	const char *name = world_get_volume_name(player->world, id);

	if (!name)
		check_text(player, rest, "-");
	else
		check_text(player, rest, is_same_text(player->volume_name, name) ? "same" : "new");
	if (!name)
		return;
	free(player->volume_name);
	player->volume_name = xstrdup(name);
}

static void check_link_row(struct player *player, const char *text, const char *rest)
{
	const struct rows *rows = &player->world->rows;
	const char *seen = "-";
	struct link_name name;

	parse_link(player, text, &name);
	for (size_t i = 0; i < rows->link_count; i++)
		if (strcasecmp(rows->links[i].path, name.path) == 0)
			seen = rows->links[i].id;
	check_text(player, rest, seen);
}

static void check_stored(struct player *player, char *rest)
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
	check_text(player, rest, seen ? seen : "-");
}

static void check_written(struct player *player, char *rest)
{
	size_t seen = player->world->rows.written - player->written;

	player->written = player->world->rows.written;
	check_number(player, rest, "", seen);
}

static void check_last_seen(struct player *player, char *rest)
{
	const char *id = player_take_word(&rest);
	const struct record *record = names_find_record(&player->world->manager.names, id);
	_cleanup_free_ char *seen = NULL;

	if (!record) {
		player_differ(player, rest, "# is not known");
		return;
	}
	seen = record->last_seen ? xasprintf("%u", (unsigned int)(record->last_seen / PLAYER_DAY))
				 : xstrdup("-");
	check_text(player, rest, seen);
}

static void check_last_device(struct player *player, char *rest)
{
	const char *id = player_take_word(&rest);
	const struct record *record = names_find_record(&player->world->manager.names, id);

	if (!record)
		player_differ(player, rest, "# is not known");
	else
		check_text(player, rest, record->fingerprint.node ? record->fingerprint.node : "-");
}

static void check_epic(struct player *player, char *rest)
{
	uint32_t seen = player->world->manager.epic - player->epic;

	player->epic = player->world->manager.epic;
	check_number(player, rest, "+", seen);
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
	check_pattern(player, rest, strbuf_text(&seen));
}

static void check_file(struct player *player, char *rest)
{
	const char *id = player_take_word(&rest), *file = player_take_word(&rest);
	_cleanup_strbuf_ struct strbuf seen = STRBUF_INIT;

	for (size_t i = 0; i < volume_file_count; i++)
		if (strcmp(volume_files[i].name, file) == 0)
			volume_files[i].render(&player->world->manager, id, &seen);
	if (!seen.len)
		player_reject(player, "there is no such file");
	strbuf_resize(&seen, seen.len - 1); /* its newline */
	check_pattern(player, rest, strbuf_text(&seen));
}

static void check_history_device(struct player *player, char *rest)
{
	const struct history *history = &player->world->manager.history;
	const char *device = history->count ? history->entries[history->count - 1]->device : NULL;

	check_text(player, rest, device ? device : "-");
}

static void check_reply(struct player *player, char *rest)
{
	_cleanup_strbuf_ struct strbuf seen = STRBUF_INIT;

	for (const char *c = strbuf_text(&player->world->reply); *c; c++) {
		if (*c != '\n')
			strbuf_add_char(&seen, *c);
		if (*c == '\n' ? c[1] != '\0' : c[1] == '\0')
			strbuf_add_text(&seen, *c == '\n' ? " | " : "# no newline");
	}
	check_pattern(player, rest, strbuf_text(&seen));
}

static void check_why(struct player *player, char *rest)
{
	if (!strstr(strbuf_text(&player->world->why), rest))
		player_differ(player, rest, strbuf_text(&player->world->why));
}

static void check_target(struct player *player, char *rest)
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
	check_text(player, rest, seen);
}

static void check_event(struct player *player, char *rest)
{
	const char *seen = world_take_notice(player->world);

	check_text(player, rest, seen ? seen : "# no more");
}

static void check_no_event(struct player *player, char *rest)
{
	const char *seen = world_take_notice(player->world);

	if (seen)
		player_differ(player, rest, seen);
}

bool player_check(struct player *player, const char *verb, char *rest)
{
	static const struct {
		const char *verb;
		void (*check)(struct player *player, char *rest);
	} checks[] = {
		{ "device", check_device },
		{ "link", check_link },
		{ "target", check_target },
		{ "letter", check_letter },
		{ "volume_name", check_volume_name },
		{ "stored", check_stored },
		{ "written", check_written },
		{ "epic", check_epic },
		{ "history", check_history },
		{ "history_device", check_history_device },
		{ "file", check_file },
		{ "reply", check_reply },
		{ "why", check_why },
		{ "last_seen", check_last_seen },
		{ "last_device", check_last_device },
		{ "event", check_event },
		{ "no_event", check_no_event },
	};

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		if (strcmp(checks[i].verb, verb) == 0) {
			checks[i].check(player, rest);
			return true;
		}
	}
	return false;
}
