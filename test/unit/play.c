/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scripts for the small world of fixture.c: the steps that do something, and how a failure is
 * shown.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "player.h"

static const struct {
	const char *name;
	int number;
} results[] = {
	{ "ok", 0 },
	{ "EINVAL", EINVAL },
	{ "ENOENT", ENOENT },
	{ "EEXIST", EEXIST },
	{ "EPERM", EPERM },
	{ "EBUSY", EBUSY },
	{ "EMSGSIZE", EMSGSIZE },
};

char *player_take_word(char **rest)
{
	char *word = strsep(rest, " ");

	if (!*rest)
		*rest = word + strlen(word);
	return word;
}

void player_differ(struct player *player, const char *rest, const char *seen)
{
	if (player->has_differed)
		return;
	player->has_differed = true;
	if (!player->differs_at)
		player->differs_at = player->line;
	strbuf_add_format(&player->diff, "-%s\n+%.*s%s\n", player->step,
		(int)(rest - player->words), player->step, seen);
}

void player_reject(const struct player *player, const char *sentence)
{
	ck_abort_msg("%s:%u: %s: %s", player->script, player->line, sentence, player->step);
	abort();
}

/* Words in which \xHH is a byte, as labels may have it. */
static char *unescape(const char *words)
{
	struct strbuf text = STRBUF_INIT;

	for (const char *c = words; *c; c++) {
		if (strncmp(c, "\\x", 2) != 0) {
			strbuf_add_char(&text, *c);
			continue;
		}
		ck_assert_int_ge(hex_get_value(c[2]) | hex_get_value(c[3]), 0);
		strbuf_add_char(&text, (char)(hex_get_value(c[2]) << 4 | hex_get_value(c[3])));
		c += 3;
	}
	strbuf_add(&text, "", 0);
	return strbuf_take(&text);
}

static void play_put(struct player *player, char *rest)
{
	const char *name = player_take_word(&rest);
	_cleanup_free_ char *words = unescape(rest);

	world_put(player->world, name, words);
}

static void play_pull(struct player *player, char *rest)
{
	world_remove(player->world, rest);
}

static void play_settle(struct player *player, char *rest)
{
	world_settle(player->world);
}

static void play_plug(struct player *player, char *rest)
{
	play_put(player, rest);
	world_settle(player->world);
}

static void play_unplug(struct player *player, char *rest)
{
	world_unplug(player->world, rest);
}

static void play_lose(struct player *player, char *rest)
{
	world_lose(player->world, rest);
}

/* Replaces %ID% by the volume name of that ID. */
static char *expand(const struct player *player, const char *line)
{
	struct strbuf text = STRBUF_INIT;
	const char *at = line, *mark;

	while ((mark = strchr(at, '%'))) {
		const char *end = strchr(mark + 1, '%');
		_cleanup_free_ char *id = NULL;
		const char *name;

		if (!end)
			player_reject(player, "where does that ID end?");
		id = xasprintf("%.*s", (int)(end - mark - 1), mark + 1);
		name = world_get_volume_name(player->world, id);
		if (!name)
			player_reject(player, "there is no such volume name");
		strbuf_add(&text, at, (size_t)(mark - at));
		strbuf_add_text(&text, name);
		at = end + 1;
	}
	strbuf_add_text(&text, at);
	return strbuf_take(&text);
}

static int decide(struct player *player, char *line)
{
	const char *operation = player_take_word(&line);
	bool may_replace = strncmp(line, "-n ", 3) != 0;
	const char *from;

	if (strcmp(operation, "mv") == 0) {
		line += may_replace ? 0 : 3;
		from = player_take_word(&line);
		return world_decide_rename(player->world, from, line, may_replace);
	}
	if (!operation_find_saved(operation))
		player_reject(player, "there is no such operation");
	return world_decide(player->world, operation, line);
}

static void play_request(struct player *player, int expected, char *rest)
{
	_cleanup_free_ char *line = expand(player, rest), *seen = NULL;
	int r = decide(player, line);

	if (!player->is_writing)
		world_commit_requests(player->world);
	if (r == expected)
		return;
	seen = xasprintf("%s %s%s%s", r ? strerrorname_np(r) : "ok",
		player->step + (rest - player->words), r ? "   # " : "",
		strbuf_text(&player->world->why));
	player_differ(player, player->words, seen);
}

static void play_begin(struct player *player, char *rest)
{
	player->is_writing = true;
}

static void play_commit(struct player *player, char *rest)
{
	player->is_writing = false;
	world_commit_requests(player->world);
}

static void play_restart(struct player *player, char *rest)
{
	world_reload(player->world);
}

static void play_pass(struct player *player, char *rest)
{
	player->world->env.now += strtoul(rest, NULL, 10) * PLAYER_DAY;
}

static void play_upkeep(struct player *player, char *rest)
{
	world_upkeep(player->world);
}

static void play_option(struct player *player, char *option)
{
	struct world *world = player->world;

	if (strcmp(option, "auto_dl") == 0)
		world->has_auto_dl = world->manager.gives_letters = true;
	else if (strcmp(option, "nofollow") == 0)
		world->manager.follow = FOLLOW_OFF;
	else if (strcmp(option, "follow") == 0)
		world->manager.follow = FOLLOW_PARTUUID;
	else if (strcmp(option, "strangers identity") == 0)
		world->manager.strangers = STRANGERS_IDENTITY;
	else if (strcmp(option, "strangers accept") == 0)
		world->manager.strangers = STRANGERS_ACCEPT;
	else if (strcmp(option, "suggest") == 0)
		world->manager.suggests_label = true;
	else if (strncmp(option, "expire ", 7) == 0)
		world->manager.expire_days = (uint32_t)strtoul(option + 7, NULL, 10);
	else if (strcmp(option, "full") == 0 || strcmp(option, "writable") == 0)
		world->is_full = *option == 'f';
	else
		player_reject(player, "there is no such option");
}

static void play_mount(struct player *player, char *rest)
{
	const char *name = player_take_word(&rest);

	world_change_mount(player->world, name, rest);
}

static void play_unmount(struct player *player, char *rest)
{
	world_change_mount(player->world, rest, NULL);
}

static void play_mounts(struct player *player, char *rest)
{
	world_mount(player->world, rest);
}

/* The filesystem of several devices that the kernel has in use, and the one device that it has. */
static struct {
	char uuid[64], name[64];
} in_use;

static bool has_member(const char *uuid, const char *name)
{
	return strcmp(uuid, in_use.uuid) == 0 && (!name || strcmp(name, in_use.name) == 0);
}

/* UUID NAME, or nothing: there is none any more. */
static void play_in_use(struct player *player, char *rest)
{
	in_use.uuid[0] = in_use.name[0] = '\0';
	sscanf(rest, "%63s %63s", in_use.uuid, in_use.name);
	player->world->env.has_member = has_member;
}

static void play_step(struct player *player, const char *verb, char *rest)
{
	static const struct {
		const char *verb;
		void (*play)(struct player *player, char *rest);
	} steps[] = {
		{ "plug", play_plug },
		{ "unplug", play_unplug },
		{ "lose", play_lose },
		{ "put", play_put },
		{ "pull", play_pull },
		{ "settle", play_settle },
		{ "mount", play_mount },
		{ "unmount", play_unmount },
		{ "mounts", play_mounts },
		{ "in_use", play_in_use },
		{ "begin", play_begin },
		{ "commit", play_commit },
		{ "restart", play_restart },
		{ "pass", play_pass },
		{ "upkeep", play_upkeep },
		{ "option", play_option },
	};

	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		if (strcmp(verb, results[i].name) == 0) {
			play_request(player, results[i].number, rest);
			return;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (strcmp(verb, steps[i].verb) == 0) {
			steps[i].play(player, rest);
			return;
		}
	}
	if (!player_check(player, verb, rest))
		player_reject(player, "there is no such verb");
}

void world_play_part(struct world *world, const char *script, const struct script_part *part)
{
	struct player player = {
		.world = world,
		.script = script,
		.epic = world->manager.epic,
		.written = world->rows.written,
		.sequence = world->manager.history.next_sequence,
	};

	for (size_t i = 0; i < part->count; i++) {
		_cleanup_free_ char *words = xstrdup(part->steps[i].text);
		char *rest = words;
		const char *verb = player_take_word(&rest);

		player.step = part->steps[i].text;
		player.line = part->steps[i].line;
		player.words = words;
		player.has_differed = false;
		play_step(&player, verb, rest);
		if (!player.has_differed)
			strbuf_add_format(&player.diff, " %s\n", player.step);
	}
	if (player.differs_at)
		ck_abort_msg("%s:%u: %s%s\n%s", script, player.differs_at, part->title,
			world->is_restless ? ", with a restart after each change" : "",
			strbuf_text(&player.diff));
	strbuf_fini(&player.diff);
	free(player.volume_name);
}

void world_play_steps(struct world *world, const char *const *steps, size_t count)
{
	struct script_part part = { .title = "steps", .count = count };

	part.steps = xcalloc(count, sizeof(*part.steps));
	for (size_t i = 0; i < count; i++)
		part.steps[i] = (struct script_step){ steps[i], (unsigned int)i + 1 };
	world_play_part(world, "step", &part);
	free(part.steps);
}

static void play_alone(const struct script *script, const struct script_part *part, bool restless)
{
	struct world world;

	world_init(&world);
	world.is_restless = restless;
	world_play_part(&world, script->name, part);
	world_fini(&world);
}

/* Check hands a test its number and nothing else. */
static struct script script;

START_TEST(script_case)
{
	play_alone(&script, &script.cases[_i], false);
	if (!script.cases[_i].is_at_rest)
		play_alone(&script, &script.cases[_i], true);
}
END_TEST

void fixture_add_script(TCase *tcase, const char *name)
{
	script_fini(&script);
	script_load(&script, name);
	tcase_add_loop_test(tcase, script_case, 0, (int)script.case_count);
}
