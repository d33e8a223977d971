/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosting volumes at random against a naive model: at each directory there is what the last request
 * that was granted, or another machine while the volume was away, said. Disks hang, fail and come
 * late, commits take long and fail, volumes come and go in between. When all is over database, file
 * and model agree. Where a write has failed nobody can tell which of two files is there: then the
 * first two do.
 *
 * What is broken on purpose, and noticed: mutants.list.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dice.h"
#include "stage.h"

enum { SEEDS = 24, STEPS = 6000 };

struct game {
	struct stage stage;
	struct dice dice;
	int point[STAGE_HOSTS][STAGE_DIRS]; /* target, -1: none */
	bool is_stale[STAGE_HOSTS]
		     [STAGE_DIRS]; /* it has changed elsewhere: what was known may go, too */
	struct stage_request request[STAGE_REQUESTS];
	bool is_used[STAGE_REQUESTS];
};

static int draw(struct game *game, int limit)
{
	return (int)dice_draw(&game->dice, (unsigned int)limit);
}

/* The errors that the world, not the request, is to blame for: then nothing has happened. */
static bool is_world(int error)
{
	return error == ETIMEDOUT || error == EIO || error == ENOSPC || error == ESTALE ||
		error == EAGAIN || error == ENOTSUP;
}

static void on_reply(struct stage *stage, struct stage_request *request)
{
	struct game *game = stage->data;
	int *point = &game->point[request->host][request->dir];
	bool is_deletion = request->target < 0, has_visit = stage->host[request->host].visit;
	bool is_uncertain = stage->host[request->host].is_uncertain;
	bool is_stale = game->is_stale[request->host][request->dir];

	game->is_used[request - game->request] = false;
	ck_assert_msg(request->error != ETIMEDOUT || has_visit, "who was not asked cannot be late");
	if (request->error) {
		int refused = is_deletion ? EINVAL : EEXIST;
		bool is_refused =
			is_deletion ? *point < 0 : *point >= 0 && *point != request->target;

		ck_assert_msg(is_world(request->error) ||
				(request->error == refused && (is_refused || is_uncertain)),
			"%s: %s", strerror(request->error), stage->why);
		return;
	}
	ck_assert(is_uncertain ||
		(is_deletion ? *point >= 0 || is_stale : *point < 0 || *point == request->target));
	*point = request->target;
	ck_assert_int_eq(stage_find_point(stage, request->host, request->dir), *point);
	ck_assert_int_eq(stage_find_entry(stage, request->host, request->dir), *point);
}

static void play_request(struct game *game)
{
	size_t i = (size_t)draw(game, STAGE_REQUESTS);

	if (game->is_used[i])
		return;
	game->is_used[i] = true;
	stage_ask(&game->stage, &game->request[i], draw(game, STAGE_HOSTS), draw(game, STAGE_DIRS),
		draw(game, 3) ? draw(game, STAGE_TARGETS) : -1);
}

static void play_cancel(struct game *game)
{
	size_t i = (size_t)draw(game, STAGE_REQUESTS);

	if (!game->is_used[i] || !hosts_cancel(game->stage.hosts, &game->request[i].request))
		return;
	request_fini(&game->request[i].parsed);
	game->is_used[i] = false;
}

/* Another machine has the disk meanwhile: nothing of ours may be on its way to it. */
static void edit(struct game *game, int host)
{
	struct stage *stage = &game->stage;
	int dir = draw(game, STAGE_DIRS), target = draw(game, STAGE_TARGETS + 1) - 1;

	stage_run(stage);
	stage_edit(stage, host, dir, target);
	game->point[host][dir] = target;
	game->is_stale[host][dir] = true;
}

static void play_mount(struct game *game)
{
	struct stage *stage = &game->stage;
	int host = draw(game, STAGE_HOSTS);

	if (stage->host[host].mount_id && draw(game, 4) == 0) {
		stage_mount_anew(stage, host);
	} else if (stage->host[host].mount_id) {
		stage_unmount(stage, host);
	} else {
		if (draw(game, 3) == 0)
			edit(game, host);
		stage_mount(stage, host);
	}
}

static void play_answer(struct game *game)
{
	struct stage *stage = &game->stage;
	int host = draw(game, STAGE_HOSTS);

	if (stage->host[host].visit)
		stage_answer(stage, host, draw(game, 8) ? 0 : EIO);
}

static void play_time(struct game *game)
{
	static const uint64_t times[] = { 1, 1000, HOST_REST, HOST_REST, HOST_PATIENCE, HOST_LIMIT,
		HOST_LIMIT, HOST_RETRY_FIRST };

	stage_wait(&game->stage, times[draw(game, (int)ARRAY_SIZE(times))]);
}

/* What has to hold at any time. */
static void check(struct game *game)
{
	struct stage *stage = &game->stage;

	stage_wait(stage, 0);
	ck_assert_msg(
		!stage->timer || stage->timer > stage->now, "a time that has passed is awaited");
	for (int i = 0; i < STAGE_HOSTS; i++) {
		const struct stage_host *host = &stage->host[i];
		bool is_new = host->mount_id && !host->has_read;

		ck_assert_msg(!is_new || host->visit || !hosts_is_settled(stage->hosts),
			"h%d has not been looked at", i);
		ck_assert_msg(!is_new || host->visit || stage->now < host->mounted_at + HOST_REST ||
				hosts_has_ready(stage->hosts) || stage->is_committing,
			"h%d has had its rest", i);
		ck_assert_msg(!host->visit || stage->now > host->visited_at ||
				!hosts_is_settled(stage->hosts) ||
				stage->now - host->visited_at < HOST_LIMIT,
			"h%d", i);
		if (!host->visit || stage->now - host->visited_at < HOST_LIMIT)
			continue;
		for (size_t j = 0; j < STAGE_REQUESTS; j++)
			ck_assert_msg(!game->is_used[j] || game->request[j].host != i,
				"a request is kept waiting for h%d", i);
	}
}

static void compare(struct game *game)
{
	struct stage *stage = &game->stage;

	for (size_t i = 0; i < STAGE_REQUESTS; i++)
		ck_assert_msg(!game->is_used[i], "a request has no reply");
	ck_assert(hosts_is_settled(stage->hosts));
	for (int host = 0; host < STAGE_HOSTS; host++) {
		for (int dir = 0; stage->host[host].mount_id && dir < STAGE_DIRS; dir++) {
			int expected = game->point[host][dir];

			if (stage->host[host].is_uncertain)
				expected = stage_find_point(stage, host, dir);
			game->point[host][dir] = expected;
			game->is_stale[host][dir] = false;
			ck_assert_int_eq(stage_find_point(stage, host, dir), expected);
			ck_assert_int_eq(stage_find_entry(stage, host, dir), expected);
		}
		stage->host[host].is_uncertain &= !stage->host[host].mount_id;
	}
}

static void play_step(struct game *game)
{
	struct stage *stage = &game->stage;
	int kind = draw(game, 40);

	if (kind < 8)
		play_request(game);
	else if (kind < 9)
		play_cancel(game);
	else if (kind < 11)
		play_mount(game);
	else if (kind < 21)
		play_answer(game);
	else if (kind < 28)
		stage_begin(stage);
	else if (kind < 34 && stage->is_committing)
		stage_commit(stage, draw(game, 6) ? 0 : ENOSPC);
	else if (kind < 39)
		play_time(game);
	else if (draw(game, 4) == 0)
		stage_run(stage);
}

START_TEST(test_random)
{
	unsigned int steps = dice_get_steps(STEPS);
	struct game *game;

	if (dice_is_left_out(_i))
		return;
	game = xcalloc(1, sizeof(*game));
	game->dice = dice_new(_i);
	memset(game->point, 0xff, sizeof(game->point));
	stage_init(&game->stage);
	game->stage.on_reply = on_reply;
	game->stage.data = game;
	for (unsigned int step = 0; step < steps; step++) {
		play_step(game);
		check(game);
		if (step % 200 == 199) {
			stage_run(&game->stage);
			compare(game);
		}
	}
	stage_fini(&game->stage);
	free(game);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hosts-random");
	TCase *tcase = suite_add_case(suite, "hosts-random");

	tcase_add_loop_test(tcase, test_random, 0, SEEDS);
	return run_suite(suite);
}
