/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machines/probing against a naive list of jobs, and a prober that is full, refuses and dies, and
 * answers in any order, or for what nobody awaits any more. Who came first is begun first; those
 * that somebody waits for are never more than PROBING_UNDER_WAY_MAX; what can be begun is; and no
 * job is lost: each ends by its answer, a removal or a failure, and only once.
 *
 * What is broken on purpose, and noticed: mutants.list.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../run-suite.h"
#include "dice.h"
#include "machines/probing.h"

enum { SEEDS = 40, STEPS = 3000, JOBS = 200 };

/* The naive model of a job. Those in `jobs` are in the order of their coming. */
struct model_job {
	struct probing_job *job;
	uint64_t ticket;
	enum probing_state state;
	bool is_refused; /* by the prober, for good */
};

static struct {
	struct dice dice;
	struct probing probing;
	struct model_job jobs[JOBS];
	size_t count;
	size_t room;	  /* how many more the prober takes */
	bool is_ended;	  /* the prober has, and says so to who begins something */
	bool was_told;	  /* … or has been said to */
	size_t abandoned; /* in this step */
	uint64_t begun, last_ticket;
} game;

static size_t find_ticket(uint64_t ticket)
{
	size_t i = 0;

	while (i < game.count && game.jobs[i].ticket != ticket)
		i++;
	return i;
}

static size_t find_first_queued(void)
{
	size_t i = 0;

	while (i < game.count && game.jobs[i].state != PROBING_QUEUED)
		i++;
	return i;
}

static size_t count_state(enum probing_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < game.count; i++)
		count += game.jobs[i].state == state;
	return count;
}

static int begin(void *data, uint64_t ticket, const struct device_report *report)
{
	size_t i = find_ticket(ticket);

	DICE_EXPECT(&game.dice, !game.was_told);
	DICE_EXPECT(&game.dice, i == find_first_queued());
	DICE_EXPECT(&game.dice, report->device->number == ticket);
	DICE_EXPECT(&game.dice, count_state(PROBING_UNDER_WAY) < PROBING_UNDER_WAY_MAX);
	if (game.is_ended) {
		game.was_told = true;
		return -EPIPE;
	}
	if (game.jobs[i].is_refused)
		return -EACCES;
	if (!game.room)
		return -EAGAIN;
	game.room--;
	game.begun++;
	game.jobs[i].state = PROBING_UNDER_WAY;
	return 0;
}

static void abandon(void *data, uint64_t ticket)
{
	size_t i = find_ticket(ticket);

	DICE_EXPECT(&game.dice, i < game.count && game.jobs[i].state != PROBING_QUEUED);
	DICE_EXPECT(&game.dice, !game.was_told);
	game.abandoned++;
}

static void forget(size_t i)
{
	game.count--;
	memmove(&game.jobs[i], &game.jobs[i + 1], (game.count - i) * sizeof(game.jobs[i]));
}

static void add(void)
{
	struct device_report report = { .device = device_new("sda") };
	struct model_job *job = &game.jobs[game.count];

	if (game.count == JOBS) {
		device_report_fini(&report);
		return;
	}
	report.device->number = game.last_ticket + 1;
	*job = (struct model_job){ .is_refused = dice_draw(&game.dice, 40) == 0 };
	job->job = probing_add(&game.probing, &report, &game);
	job->ticket = job->job->ticket;
	game.count++;
	DICE_EXPECT(&game.dice, !report.device);
	DICE_EXPECT(&game.dice, job->ticket == ++game.last_ticket && job->job->data == &game);
}

static void pump(void)
{
	probing_pump(&game.probing);
}

/* Nearly all, so that many are under way for long. */
static void make_room(void)
{
	game.room = dice_draw(&game.dice, 3) ? dice_draw(&game.dice, 4) : 90;
	probing_pump(&game.probing);
}

static size_t draw_job(void)
{
	return game.count ? dice_draw(&game.dice, (unsigned int)game.count) : 0;
}

static void set_slow(void)
{
	size_t i = draw_job();

	if (i == game.count)
		return;
	probing_set_slow(&game.probing, game.jobs[i].job);
	if (game.jobs[i].state == PROBING_UNDER_WAY)
		game.jobs[i].state = PROBING_SLOW;
}

static void drop(void)
{
	size_t i = draw_job();
	bool is_known;

	if (i == game.count)
		return;
	is_known = game.jobs[i].state != PROBING_QUEUED && !game.was_told;
	game.abandoned = 0;
	probing_remove(&game.probing, game.jobs[i].job);
	DICE_EXPECT(&game.dice, game.abandoned == is_known);
	forget(i);
}

/* An answer for a job under way, or (`ticket`) one that nobody knows. */
static void answer(void)
{
	size_t i = draw_job();
	struct probing_job *job;

	if (i == game.count || game.jobs[i].state == PROBING_QUEUED) {
		uint64_t other = game.last_ticket - dice_draw(&game.dice, 50);

		if (find_ticket(other) == game.count)
			DICE_EXPECT(&game.dice, !probing_take(&game.probing, other));
		return;
	}
	job = probing_take(&game.probing, game.jobs[i].ticket);
	DICE_EXPECT(&game.dice, job == game.jobs[i].job);
	DICE_EXPECT(&game.dice, job->report.device->number == job->ticket);
	probing_job_free(job);
	forget(i);
}

/* While there is a prober only the first in line may fail. */
static void take_failed(void)
{
	struct probe_answer answer = { 0 };
	struct probing_job *job = probing_take_failed(&game.probing, &answer);
	size_t i = job ? find_ticket(answer.ticket) : game.count, first = find_first_queued();

	if (!job) {
		DICE_EXPECT(&game.dice, !game.was_told || !game.count);
		DICE_EXPECT(&game.dice,
			first == game.count || !game.jobs[first].is_refused ||
				count_state(PROBING_UNDER_WAY) == PROBING_UNDER_WAY_MAX);
		return;
	}
	DICE_EXPECT(&game.dice, i < game.count && game.jobs[i].job == job);
	DICE_EXPECT(&game.dice, game.was_told || (i == first && game.jobs[i].is_refused));
	DICE_EXPECT(&game.dice, answer.fault && *answer.fault);
	free(answer.fault);
	probing_job_free(job);
	forget(i);
}

/* Who asks for something learns of it, or it is said. */
static void end_prober(void)
{
	if (dice_draw(&game.dice, 60))
		return;
	game.is_ended = true;
	if (dice_draw(&game.dice, 2))
		return;
	game.was_told = true;
	probing_set_dead(&game.probing);
}

static const struct {
	const char *name;
	void (*play)(void);
	unsigned int weight;
} moves[] = {
	{ "add", add, 12 },
	{ "pump", pump, 3 },
	{ "room", make_room, 3 },
	{ "slow", set_slow, 3 },
	{ "drop", drop, 2 },
	{ "answer", answer, 6 },
	{ "failed", take_failed, 4 },
	{ "end", end_prober, 1 },
};

static void play(void)
{
	unsigned int total = 0, drawn;

	for (size_t i = 0; i < ARRAY_SIZE(moves); i++)
		total += moves[i].weight;
	drawn = dice_draw(&game.dice, total);
	for (size_t i = 0; i < ARRAY_SIZE(moves); drawn -= moves[i++].weight) {
		if (drawn < moves[i].weight) {
			game.dice.last = moves[i].name;
			moves[i].play();
			return;
		}
	}
}

/* What holds at any time; and once it was asked to, it has begun whatever can be begun. */
static void check(void)
{
	size_t first;

	DICE_EXPECT(&game.dice, game.probing.awaited == count_state(PROBING_UNDER_WAY));
	DICE_EXPECT(&game.dice, game.probing.awaited <= PROBING_UNDER_WAY_MAX);
	DICE_EXPECT(&game.dice, game.probing.count == game.begun);
	DICE_EXPECT(&game.dice, game.probing.jobs.count == game.count);
	DICE_EXPECT(&game.dice, game.probing.is_dead == game.was_told);
	for (size_t i = 0; i < game.count; i++)
		DICE_EXPECT(&game.dice, game.jobs[i].job->state == game.jobs[i].state);
	if (dice_draw(&game.dice, 4))
		return;
	game.dice.last = "pump";
	probing_pump(&game.probing);
	first = find_first_queued();
	DICE_EXPECT(&game.dice,
		first == game.count || !game.room || game.was_told || game.jobs[first].is_refused ||
			count_state(PROBING_UNDER_WAY) == PROBING_UNDER_WAY_MAX);
}

/* With a prober that has room, or none: nothing that was asked for is left without an end. */
static void end_all(void)
{
	game.dice.last = "the end";
	game.room = JOBS;
	for (size_t rounds = 0; game.count; rounds++) {
		size_t before = game.count;

		take_failed();
		answer();
		DICE_EXPECT(&game.dice, rounds < 100000);
		game.room += before - game.count;
	}
	DICE_EXPECT(&game.dice, !game.probing.first && !game.probing.awaited);
}

static void begin_game(void)
{
	static const struct probing_world world = { .begin = begin, .abandon = abandon };

	game.count = game.begun = game.last_ticket = 0;
	game.is_ended = game.was_told = false;
	game.room = 0;
	probing_init(&game.probing, &world);
}

START_TEST(no_job_is_lost)
{
	unsigned int steps = dice_get_steps(STEPS);

	if (dice_is_left_out(_i))
		return;
	game.dice = dice_new(_i);
	begin_game();
	for (game.dice.step = 1; game.dice.step <= steps; game.dice.step++) {
		play();
		check();
		if (game.is_ended ? dice_draw(&game.dice, 60) : dice_draw(&game.dice, 1000))
			continue;
		end_all();
		probing_fini(&game.probing);
		begin_game();
	}
	probing_fini(&game.probing); /* with what is left */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probing-random");
	TCase *tcase = suite_add_case(suite, "probing-random");

	tcase_add_loop_test(tcase, no_job_is_lost, 0, SEEDS);
	return run_suite(suite);
}
