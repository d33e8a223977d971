/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scripts for the small world of fixture.c: the steps.
 */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "player.h"

static const struct {
	const char *name;
	int number;
} errnos[] = {
	{ ">", 0 },
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

static void play_device(struct player *player, const char *verb, char *rest)
{
	const char *name = player_take_word(&rest);

	if (strcmp(verb, "+") == 0)
		world_plug(player->world, name, rest);
	else if (strcmp(verb, "-") == 0)
		world_unplug(player->world, name);
	else if (strcmp(verb, "&") == 0)
		world_put(player->world, name, rest);
	else
		world_remove(player->world, name);
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

		ck_assert_ptr_nonnull(end);
		id = xasprintf("%.*s", (int)(end - mark - 1), mark + 1);
		name = world_get_volume_name(player->world, id);
		if (!name)
			PLAYER_FAIL(player, "%s has no volume name", id);
		strbuf_add(&text, at, (size_t)(mark - at));
		strbuf_add_text(&text, name);
		at = end + 1;
	}
	strbuf_add_text(&text, at);
	return strbuf_take(&text);
}

static void play_request(struct player *player, int expected, char *line)
{
	_cleanup_free_ char *expanded = expand(player, line);
	char *rest = expanded;
	const char *operation = player_take_word(&rest);
	int r;

	if (strcmp(operation, "mv") == 0) {
		bool may_replace = strncmp(rest, "-n ", 3) != 0;
		char *from = (rest += may_replace ? 0 : 3, player_take_word(&rest));

		r = world_decide_rename(player->world, from, rest, may_replace);
	} else {
		if (!operation_find_name(operation))
			PLAYER_FAIL(player, "no such operation");
		r = world_decide(player->world, operation, rest);
	}
	if (!player->is_writing)
		world_commit_requests(player->world);
	if (r != expected)
		PLAYER_FAIL(player, "result %d, %s", r, strbuf_text(&player->world->why));
}

static void play_option(struct player *player, const char *option)
{
	struct world *world = player->world;

	if (strcmp(option, "auto_dl") == 0)
		world->has_auto_dl = world->manager.gives_letters = true;
	else if (strcmp(option, "nofollow") == 0)
		world->manager.follow = FOLLOW_OFF;
	else if (strcmp(option, "suggest") == 0)
		world->manager.suggests_label = true;
	else if (strncmp(option, "expire ", 7) == 0)
		world->manager.expire_days = (uint32_t)strtoul(option + 7, NULL, 10);
	else if (strcmp(option, "full") == 0 || strcmp(option, "writable") == 0)
		world->is_full = *option == 'f';
	else
		PLAYER_FAIL(player, "no such option");
}

/* One mount more, or all of the device less. */
static void play_mount(struct player *player, char *rest)
{
	const char *name = player_take_word(&rest);

	world_change_mount(player->world, name, *rest ? rest : NULL);
}

static void play_step(struct player *player, const char *verb, char *rest)
{
	for (size_t i = 0; i < ARRAY_SIZE(errnos); i++) {
		if (strcmp(verb, errnos[i].name) == 0) {
			play_request(player, errnos[i].number, rest);
			return;
		}
	}
	if (strchr("+-&", *verb)) {
		play_device(player, verb, rest);
	} else if (*verb == '{') {
		player->is_writing = true;
	} else if (*verb == '}') {
		player->is_writing = false;
		world_commit_requests(player->world);
	} else if (*verb == '.') {
		world_settle(player->world);
	} else if (*verb == '~') {
		world_reload(player->world);
	} else if (*verb == 'c') {
		player->world->env.now += strtoul(rest, NULL, 10) * PLAYER_DAY;
	} else if (*verb == 'u') {
		world_upkeep(player->world);
	} else if (*verb == 'o') {
		play_option(player, rest);
	} else if (*verb == 'm') {
		play_mount(player, rest);
	} else if (*verb == 'M') {
		world_mount(player->world, rest);
	} else if (!player_check(player, *verb, rest)) {
		PLAYER_FAIL(player, "what is that?");
	}
}

void world_play(struct world *world, const char *script)
{
	_cleanup_free_ char *copy = xstrdup(script);
	struct player player = {
		.world = world,
		.title = "",
		.epic = world->manager.epic,
		.written = world->rows.written,
		.sequence = world->manager.history.next_sequence,
	};
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		_cleanup_free_ char *whole = xstrdup(line);
		const char *verb;

		if (*line == '#') {
			player.title = line;
			continue;
		}
		verb = player_take_word(&line);
		player.line = whole;
		if (*verb)
			play_step(&player, verb, line);
	}
	free(player.volume_name);
}

static void play_alone(const char *script, bool also_restless)
{
	for (int restless = 0; restless <= also_restless; restless++) {
		struct world world;

		world_init(&world);
		world.is_restless = restless;
		world_play(&world, script);
		world_fini(&world);
	}
}

/* One list of each kind; Check hands a test its number and nothing else. */
static const char *const *added[2];

START_TEST(script)
{
	play_alone(added[false][_i], false);
}
END_TEST

START_TEST(restless_script)
{
	play_alone(added[true][_i], true);
}
END_TEST

void fixture_add_scripts(TCase *tcase, const char *const *scripts, size_t count, bool also_restless)
{
	assert(!added[also_restless]);
	added[also_restless] = scripts;
	tcase_add_loop_test(tcase, also_restless ? restless_script : script, 0, (int)count);
}
