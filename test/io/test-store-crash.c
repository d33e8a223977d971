/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kill -9 at every labelled step and at any other time. A child commits one change after the other
 * and reports each result over a pipe; what the database holds afterwards is compared with the
 * states that the same changes make in memory. All that was reported is there; the change under
 * way is there as a whole or not at all, and which of the two follows from the step.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/model/touched.h"
#include "core/rules/apply.h"
#include "store-fixture.h"

#define CHANGES 400
#define CHANGES_A_RUN 15
#define MOUNT UINT64_C(0x8123456789abcdef)

/* states[n]: what is known after n changes. */
static char *states[CHANGES + 1];

static void make_states(void)
{
	struct manager manager;

	manager_init(&manager, &id_order_default);
	states[0] = dump_manager(&manager);
	for (unsigned int i = 0; i < CHANGES; i++) {
		struct change change;
		struct touched touched;

		change_init(&change, &manager);
		add_random(&change, &manager, i);
		apply_change(&manager, &change, &touched);
		touched_fini(&touched);
		change_fini(&change);
		states[i + 1] = dump_manager(&manager);
	}
	manager_fini(&manager);
}

static void free_states(void)
{
	for (size_t i = 0; i <= CHANGES; i++)
		free(states[i]);
}

static void report(int pipe_end)
{
	if (write(pipe_end, ".", 1) != 1)
		_exit(2);
}

static _Noreturn void run_child(
	struct fixture *f, const char *label, int pipe_end, unsigned int from, unsigned int count)
{
	if (label)
		setenv("MMFS_CRASH_AT", label, 1);
	f->is_sweeping = true;
	fixture_open(f);
	for (unsigned int i = from; i < from + count; i++) {
		struct change change;

		fixture_begin(f, &change);
		add_random(&change, &f->manager, i);
		change.commit = (struct commit_number){ MOUNT, i + 1 };
		fixture_commit(f, &change);
		report(pipe_end);
	}
	while (!label)
		pause(); /* the kill from outside is on its way */
	fixture_close(f);
	_exit(0);
}

/* Returns how many changes the child reported; `limit` ones, and it is killed from here. */
static unsigned int run(struct fixture *f, const char *label, unsigned int from, unsigned int count,
	unsigned int limit)
{
	unsigned int reported = 0;
	int ends[2], status;
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0)
		run_child(f, label, ends[1], from, count);
	close(ends[1]);
	while (read(ends[0], &byte, 1) == 1)
		if (++reported == limit)
			kill(pid, SIGKILL);
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		"%s: not killed, status %#x", label ? label : "any time", status);
	return reported;
}

/* Whether the database says so itself, to whoever goes on: that many commits have happened. */
static void check_last_commit(const struct fixture *f, unsigned int count)
{
	struct commit_number last = store_get_last_commit(f->store);

	ck_assert_uint_eq(last.mount, count ? MOUNT : 0);
	ck_assert_uint_eq(last.number, count);
}

/* Which of the states `at` and `at` + 1 the database is in. */
static unsigned int find_state(struct fixture *f, const char *label, unsigned int at)
{
	_cleanup_free_ char *state = NULL;

	fixture_open(f);
	state = dump_manager(&f->manager);
	if (strcmp(state, states[at]) != 0)
		at++;
	ck_assert_msg(strcmp(state, states[at]) == 0,
		"%s: not as after change %u, nor the one before", label, at);
	check_last_commit(f, at);
	fixture_close(f);
	return at;
}

/* The same for a copy, so that the next process finds the files as the killed one left them. */
static unsigned int find_state_of_copy(struct fixture *f, const char *label, unsigned int at)
{
	_cleanup_free_ char *log = xasprintf("%s-wal", f->path), *copied_log = NULL;
	struct fixture copy;
	unsigned int state;

	fixture_init(&copy);
	copied_log = xasprintf("%s-wal", copy.path);
	copy_file(f->path, copy.path);
	if (access(log, F_OK) == 0)
		copy_file(log, copied_log);
	state = find_state(&copy, label, at);
	fixture_fini(&copy);
	return state;
}

#ifdef MMFS_CRASH_POINTS
static const struct step {
	const char *label;
	unsigned int is_written; /* whether the change under way is in the database */
} steps[] = {
	{ "store:before-begin", 0 },
	{ "store:after-begin", 0 },
	{ "store:mid-transaction", 0 },
	{ "store:before-commit", 0 },
	{ "store:after-commit", 1 },
	{ "store:before-result", 1 },
};

START_TEST(killed_at_each_step)
{
	static const unsigned int turns[] = { 1, 2, 3, 7, CHANGES_A_RUN };

	make_states();
	for (size_t i = 0; i < ARRAY_SIZE(steps) * ARRAY_SIZE(turns); i++) {
		const struct step *step = &steps[i / ARRAY_SIZE(turns)];
		unsigned int turn = turns[i % ARRAY_SIZE(turns)];
		_cleanup_free_ char *label = xasprintf("%s:%u", step->label, turn);
		struct fixture f;

		fixture_init(&f);
		ck_assert_uint_eq(run(&f, label, 0, CHANGES_A_RUN, 0), turn - 1);
		ck_assert_uint_eq(find_state(&f, label, turn - 1), turn - 1 + step->is_written);
		fixture_fini(&f);
	}
	free_states();
}
END_TEST

/* One database through many deaths; every other time nobody tidies up in between. */
START_TEST(killed_again_and_again)
{
	struct fixture f;
	unsigned int at = 0;

	make_states();
	fixture_init(&f);
	for (unsigned int i = 0; at + CHANGES_A_RUN < CHANGES && i < get_rounds(60); i++) {
		const struct step *step = &steps[i * 5 % ARRAY_SIZE(steps)];
		unsigned int turn = 1 + i * 7 % CHANGES_A_RUN, next;
		_cleanup_free_ char *label = xasprintf("%s:%u", step->label, turn);

		ck_assert_uint_eq(run(&f, label, at, CHANGES_A_RUN, 0), turn - 1);
		at += turn - 1;
		next = i % 2 ? find_state_of_copy(&f, label, at) : find_state(&f, label, at);
		ck_assert_uint_eq(next, at + step->is_written);
		at = next;
	}
	ck_assert_uint_gt(at, 300);
	fixture_fini(&f);
	free_states();
}
END_TEST

START_TEST(killed_while_creating)
{
	static const struct {
		const char *label;
		bool is_there; /* the database */
	} labels[] = {
		{ "store:create", false },
		{ "store:schema", false },
		{ "store:link", true },
	};

	make_states();
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		struct fixture f;

		fixture_init(&f);
		ck_assert_uint_eq(run(&f, labels[i].label, 0, 1, 0), 0);
		ck_assert(labels[i].is_there == (access(f.path, F_OK) == 0));
		ck_assert_uint_eq(find_state(&f, labels[i].label, 0), 0);
		fixture_fini(&f);
	}
	free_states();
}
END_TEST
#endif

START_TEST(killed_at_any_time)
{
	struct fixture f;
	unsigned int at = 0;

	make_states();
	fixture_init(&f);
	for (unsigned int i = 0; at + 30 < CHANGES; i++) {
		at += run(&f, NULL, at, CHANGES - 1 - at, 1 + i * 3 % 10);
		at = i % 2 ? find_state_of_copy(&f, "any time", at)
			   : find_state(&f, "any time", at);
	}
	fixture_fini(&f);
	free_states();
}
END_TEST

int main(void)
{
#ifdef MMFS_CRASH_POINTS
	const TTest *const tests[] = { killed_at_each_step, killed_again_and_again,
		killed_while_creating, killed_at_any_time };

	return run_suite(suite_of("store-crash", tests, ARRAY_SIZE(tests)));
#else
	const TTest *const tests[] = { killed_at_any_time };
	int r = run_suite(suite_of("store-crash", tests, ARRAY_SIZE(tests)));

	puts("the labelled steps are skipped: this build has no crash points");
	return r == EXIT_SUCCESS ? 77 : r;
#endif
}
