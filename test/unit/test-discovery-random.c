/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machines/discovery against disks, a prober and an udevd that do anything in any order: events
 * come, are lost and come late, disks hang and die, lists fail, udevd comes and goes. What is shown
 * of a disk must have been true of it since it was plugged in; whoever waits has a timer, or
 * somebody who will tell; and when all has calmed down, exactly what is there is shown, as it is.
 *
 * $MMFS_TEST_SEED plays one seed only, $MMFS_TEST_STEPS sets how long.
 */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "disks.h"

#ifdef __SANITIZE_ADDRESS__
enum { SEEDS = 12, STEPS = 2000 }; /* several times slower */
#else
enum { SEEDS = 24, STEPS = 10000 };
#endif

#define PLAYED 6 /* disks */

/* What is known of a disk beside the world's own: the naive model. */
struct model_disk {
	unsigned int oldest; /* content since it was plugged in */
	bool must_look;	     /* udevd has not come to it */
	bool may_be_old;     /* its content changed and nobody said so */
	bool may_fail;	     /* its last probe may have failed, or was given up */
	bool is_said_gone;
};

static struct {
	unsigned int seed, step;
	uint32_t random;
	bool has_udevd;
	bool was_lost; /* an event, and nobody has said so yet */
	unsigned int next_content;
	struct model_disk disks[PLAYED];
	const char *last;
} game;

#define EXPECT(condition, ...)                                                            \
	do {                                                                              \
		if (!(condition))                                                         \
			ck_abort_msg("MMFS_TEST_SEED=%u, step %u, after %s: " #condition, \
				game.seed, game.step, game.last);                         \
	} while (0)

static unsigned int draw(unsigned int limit)
{
	game.random = game.random * 1664525u + 1013904223u;
	return (game.random >> 8) % limit;
}

static struct disk *disk_of(size_t i)
{
	return &disks.list[i];
}

static void plug(size_t i)
{
	if (disk_of(i)->is_present)
		return;
	disk_of(i)->is_unwatched = false;
	game.disks[i] = (struct model_disk){ .oldest = ++game.next_content, .must_look = true };
	disk_plug(i, game.next_content);
}

static void unplug(size_t i)
{
	if (!disk_of(i)->is_present)
		return;
	game.disks[i] = (struct model_disk){ 0 };
	disk_of(i)->is_known_to_udevd = false;
	disk_unplug(i);
}

/* Another medium, or none: what was there before shows no more, whoever is still to look. */
static void swap(size_t i)
{
	const struct device *device;

	if (!disk_of(i)->is_present)
		return;
	disk_of(i)->is_unwatched = false;
	game.disks[i] = (struct model_disk){ .oldest = ++game.next_content, .must_look = true };
	disk_plug(i, game.next_content);
	disks_take();
	device = disk_find(i);
	EXPECT(!device || !device->size || device->diskseq == disk_of(i)->diskseq);
}

static void eject(size_t i)
{
	if (!disk_of(i)->is_present)
		return;
	game.disks[i] = (struct model_disk){ .must_look = true };
	disk_eject(i);
	disks_take();
	EXPECT(!disk_find(i) || !disk_find(i)->size);
}

/* It comes or goes, and the event is lost. udevd may know what was at its place before. */
static void lose(size_t i)
{
	bool was_said_gone = game.disks[i].is_said_gone;

	disk_of(i)->is_present = !disk_of(i)->is_present;
	disk_of(i)->is_outdated_for_udevd = disk_of(i)->is_present && draw(2);
	disk_of(i)->is_known_to_udevd = disk_of(i)->is_outdated_for_udevd;
	disk_of(i)->is_empty = disk_of(i)->is_unwatched = false;
	disk_of(i)->diskseq += 1000000;
	game.disks[i] = (struct model_disk){ .is_said_gone = was_said_gone };
	if (disk_of(i)->is_present)
		game.disks[i].oldest = disk_of(i)->content = ++game.next_content;
	game.disks[i].must_look = disk_of(i)->is_present;
	game.was_lost = true;
}

static void overrun(size_t i)
{
	game.was_lost = false;
	discovery_handle_overrun(disks.discovery, disks.now);
}

static void write_to(size_t i)
{
	if (!disk_of(i)->is_present || disk_of(i)->is_empty)
		return;
	game.disks[i].must_look = true;
	disk_write(i, ++game.next_content);
}

/* udevd does not watch it, and inotify had no room. */
static void write_silently(size_t i)
{
	if (!disk_of(i)->is_present || disk_of(i)->is_empty)
		return;
	disk_of(i)->content = ++game.next_content;
	disk_of(i)->is_unwatched = true;
	game.disks[i].may_be_old = true;
}

static void let_udevd_look(size_t i)
{
	if (!game.has_udevd || !game.disks[i].must_look)
		return;
	game.disks[i].must_look = game.disks[i].is_said_gone = false;
	disk_udevd(i, 0);
}

/* It says at last that one was removed which is back by now. */
static void hear_old_word(size_t i)
{
	const struct discovery_event event = { .name = disk_of(i)->name, .is_gone = true };

	if (game.has_udevd && game.disks[i].oldest)
		discovery_handle_udevd(disks.discovery, &event, disks.now);
}

static void answer(size_t i)
{
	if (disks.probe_count)
		disks_answer(draw((unsigned int)disks.probe_count), NULL);
}

static void answer_badly(size_t i)
{
	size_t n;

	if (!disks.probe_count)
		return;
	n = draw((unsigned int)disks.probe_count);
	game.disks[disks.probes[n].disk - disks.list].may_fail = true;
	disks_answer(n, "cannot be read");
}

/* A probe that is given up is not made again by itself. */
static void let_time_pass(size_t i)
{
	uint64_t time = draw(8) ? draw(2 * SECOND) : draw(200) * SECOND;

	for (i = 0; i < PLAYED; i++)
		game.disks[i].may_fail |=
			time > 3 * SECOND || (disk_find(i) && disk_find(i)->fault);
	disks_wait(time);
}

static void look(size_t i)
{
	game.disks[i].is_said_gone = false;
	discovery_look(disks.discovery, disk_of(i)->name, disks.now);
}

/* If the list fails, later. */
static void rescan(size_t i)
{
	for (i = 0; i < PLAYED; i++)
		game.disks[i].may_be_old = game.disks[i].is_said_gone = false;
	discovery_rescan(disks.discovery, disks.now);
}

static void say_gone(size_t i)
{
	const struct discovery_event event = { .name = disk_of(i)->name, .is_gone = true };

	game.disks[i].is_said_gone = disk_of(i)->is_present;
	discovery_handle_kernel(disks.discovery, &event, disks.now);
}

/* When it ends, a write that it has not told of yet may stay unknown. */
static void switch_udevd(size_t i)
{
	for (i = 0; i < PLAYED; i++)
		game.disks[i].may_be_old |= game.has_udevd && game.disks[i].must_look;
	game.has_udevd = !game.has_udevd;
	discovery_set_udevd(disks.discovery, game.has_udevd, game.has_udevd, disks.now);
}

static void fail_lists(size_t i)
{
	disks.list_error = disks.list_error ? 0 : -EMFILE;
}

static void fill_prober(size_t i)
{
	disks.begin_error = disks.begin_error ? 0 : -EAGAIN;
	discovery_handle_room(disks.discovery, disks.now);
}

static void make_udevd_busy(size_t i)
{
	disks.is_udevd_busy = !disks.is_udevd_busy;
}

static const struct {
	const char *name;
	void (*play)(size_t i);
	unsigned int weight;
} moves[] = {
	{ "plug", plug, 6 },
	{ "unplug", unplug, 3 },
	{ "swap", swap, 2 },
	{ "eject", eject, 1 },
	{ "lose", lose, 1 },
	{ "overrun", overrun, 1 },
	{ "write", write_to, 6 },
	{ "silent write", write_silently, 1 },
	{ "udevd", let_udevd_look, 10 },
	{ "old word", hear_old_word, 1 },
	{ "answer", answer, 12 },
	{ "answer badly", answer_badly, 2 },
	{ "time", let_time_pass, 8 },
	{ "look", look, 2 },
	{ "rescan", rescan, 1 },
	{ "say gone", say_gone, 1 },
	{ "switch udevd", switch_udevd, 1 },
	{ "fail lists", fail_lists, 1 },
	{ "fill prober", fill_prober, 1 },
	{ "make udevd busy", make_udevd_busy, 1 },
};

static void play(void)
{
	unsigned int total = 0, drawn;

	for (size_t i = 0; i < ARRAY_SIZE(moves); i++)
		total += moves[i].weight;
	drawn = draw(total);
	for (size_t i = 0; i < ARRAY_SIZE(moves); i++) {
		if (drawn < moves[i].weight) {
			game.last = moves[i].name;
			moves[i].play(draw(PLAYED));
			return;
		}
		drawn -= moves[i].weight;
	}
}

/* What holds at any time. */
static void check(void)
{
	disks_take();
	EXPECT(disks.probe_count <= PLAYED);
	for (size_t i = 0; i < disks.probe_count; i++)
		for (size_t k = 0; k < i; k++)
			EXPECT(disks.probes[i].disk != disks.probes[k].disk);
	for (size_t i = 0; i < PLAYED; i++) {
		int content = disk_get(i);

		if (content > 0 && disk_of(i)->is_present &&
			disk_find(i)->diskseq == disk_of(i)->diskseq)
			EXPECT((unsigned int)content >= game.disks[i].oldest &&
				(unsigned int)content <= game.next_content);
		EXPECT(content == -2 || disk_of(i)->is_watched);
	}
	/*
	 * It is never left to itself, and never called for what has passed: but for the next few of
	 * a list, at once.
	 */
	EXPECT(discovery_is_enumerated(disks.discovery) || disks.timer);
	EXPECT(!disks.timer || disks.timer > disks.now ||
		(disks.timer == disks.now && !discovery_is_enumerated(disks.discovery)));
}

static void expect_truth(size_t i)
{
	const struct device *device = disk_find(i);
	const struct model_disk *model = &game.disks[i];
	int truth = disk_of(i)->is_present ? (int)disk_of(i)->content : -2;

	if (device && device->fault && strstr(device->fault, "was removed"))
		EXPECT(model->is_said_gone);
	else if (disk_get(i) == -1)
		EXPECT(model->may_fail);
	else
		EXPECT(disk_get(i) == truth || (model->may_be_old && disk_get(i) > 0 && truth > 0));
}

/* Nothing goes wrong any more, and whoever has something to do does it. */
static void calm_down(void)
{
	disks.list_error = disks.begin_error = 0;
	discovery_handle_room(disks.discovery, disks.now);
	disks.is_udevd_busy = false;
	game.last = "calming down";
	if (game.was_lost)
		overrun(0);
	for (int round = 0; round < 70; round++) {
		for (size_t i = 0; i < PLAYED; i++)
			let_udevd_look(i);
		while (disks.probe_count)
			disks_answer(0, NULL);
		disks_wait(SECOND); /* a failed list is made again after 60 s */
	}
	check();
	EXPECT(discovery_is_settled(disks.discovery));
	EXPECT(!disks.timer);
	for (size_t i = 0; i < PLAYED; i++)
		expect_truth(i);
}

START_TEST(any_order_of_events)
{
	const char *seed = getenv("MMFS_TEST_SEED"), *steps = getenv("MMFS_TEST_STEPS");
	unsigned int limit = steps ? (unsigned int)atoi(steps) : STEPS;

	if (seed && atoi(seed) != _i)
		return;
	game.seed = game.random = (unsigned int)_i;
	game.has_udevd = _i % 2;
	disks_init("*", game.has_udevd);
	for (game.step = 1; game.step <= limit; game.step++) {
		disks_wait(1); /* nothing happens at the same time */
		play();
		check();
		if (draw(40) == 0)
			calm_down();
	}
	disks_fini();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("discovery-random");
	TCase *cases = tcase_create("random");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(cases, 300);
	tcase_add_loop_test(cases, any_order_of_events, 0, SEEDS);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
