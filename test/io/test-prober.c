/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The helper process: devices that die or hold hostile bytes, many at once, its end and ours.
 */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "io/probe/sandbox.h"
#include "probe-fixture.h"

#define UNDER_WAY 64 /* as many as the daemon waits for at a time */

/* `is_late`: signals that dump core wait for the read to come back. */
static const struct {
	int signal;
	bool is_late;
	const char *fault;
} ends[] = {
	{ SIGKILL, false, "probe crashed (signal 9)" },
	{ SIGALRM, false, "probe crashed (signal 14)" },
	{ SIGSEGV, true, "probe crashed (signal 11)" },
	{ SIGXCPU, true, "probe ran out of time" },
};

/* A disk with which nothing is wrong. */
static char *attach_sound(void)
{
	_cleanup_free_ char *image = xasprintf("%s/sound", work);

	ck_assert_int_eq(run("truncate -s 4M %s && mkfs.ext4 -q -F %s", image, image), 0);
	return loop_attach("", image);
}

START_TEST(stalled)
{
	struct stall stall = stall_start();
	_cleanup_free_ char *node = attach_sound();
	struct probe *probe = start();
	pid_t helper = helper_of_this();
	struct probe_answer answer;
	pid_t child;

	submit(probe, 100, stall.node);
	child = child_in_sandbox(helper);
	/* Others are not held up. */
	answer = ask(probe, node);
	ck_assert_uint_eq(answer.ticket, 1);
	assert_as_blkid(&answer, node);
	probe_answer_fini(&answer);

	kill(child, ends[_i].signal);
	if (ends[_i].is_late)
		kill(stall.server, SIGCONT);
	answer = take(probe);
	ck_assert_uint_eq(answer.ticket, 100);
	ck_assert_str_eq(answer.fault, ends[_i].fault);
	probe_answer_fini(&answer);
	wait_for_no_child(helper);

	probe_stop(probe);
	loop_detach(node);
	stall_stop(&stall);
}
END_TEST

/* Only when asked, and only of what is over a device. */
START_TEST(above)
{
	_cleanup_free_ char *below = attach_sound(), *node = loop_attach("", below);
	const char *const nodes[] = { below, node };
	struct probe *probe = start();

	for (int i = 0; i < 4; i++) {
		struct probe_request request = {
			.ticket = 1,
			.node = nodes[i % 2],
			.number = number_of(nodes[i % 2]),
			.asks_backing = i / 2,
		};
		struct probe_answer answer;

		ck_assert_int_eq(probe_submit(probe, &request), 0);
		answer = take(probe);
		assert_as_blkid(&answer, node);
		ck_assert_uint_eq(answer.backing, i == 3 ? number_of(below) : 0);
		probe_answer_fini(&answer);
	}
	probe_stop(probe);
	loop_detach(node);
	loop_detach(below);
}
END_TEST

START_TEST(abandoned)
{
	struct stall stall = stall_start();
	struct probe *probe = start();
	pid_t helper = helper_of_this();
	struct probe_answer answer;
	pid_t child;

	/* What a child holds: the device and its pipe, to read from, and nothing else. */
	submit(probe, 101, stall.node);
	child = child_in_sandbox(helper);
	ck_assert_int_eq(run("cd /proc/%d && grep -q '^CapPrm:.0*$' status &&"
			     " grep -q '^CapBnd:.0*$' status && grep -q '^NoNewPrivs:.1' status &&"
			     " test $(cat oom_score_adj) = 1000",
				 child),
		0);
	if (!SANDBOX_IS_RELAXED)
		ck_assert_int_eq(run("cd /proc/%d && test \"$(echo $(ls fd))\" = '0 1' &&"
				     " readlink fd/0 | grep -q ^pipe: &&"
				     " test $(readlink fd/1) = %s &&"
				     " test $((0$(sed -n s/flags:.//p fdinfo/0) & 3)) = 0 &&"
				     " test $((0$(sed -n s/flags:.//p fdinfo/1) & 3)) = 0",
					 child, stall.node),
			0);

	/* No answer comes for it, then or later. */
	probe_abandon(probe, 101);
	wait_for_no_child(helper);
	submit(probe, 102, stall.node);
	child_in_sandbox(helper);
	kill(stall.server, SIGCONT);
	answer = take(probe);
	ck_assert_uint_eq(answer.ticket, 102);
	ck_assert(is_empty(&answer));
	wait_for_no_child(helper);
	ck_assert_int_eq(probe_take_answer(probe, &answer), 0);
	probe_stop(probe);
	stall_stop(&stall);
}
END_TEST

START_TEST(stalled_many)
{
	struct stall stall = stall_start();
	struct probe *probe = start();
	pid_t helper = helper_of_this();
	struct probe_request request = {
		.node = stall.node,
		.number = number_of(stall.node),
	};
	_cleanup_free_ char *node = attach_sound();
	struct probe_answer answer;
	pid_t child;

	/* Far more messages than the socket holds. */
	for (int round = 0; round < 30; round++) {
		for (int i = 0; i < UNDER_WAY; i++) {
			request.ticket = (uint64_t)(round * 1000 + i);
			while (probe_submit(probe, &request) == -EAGAIN) {
				is_readable(probe_get_fd(probe), 100);
				ck_assert_int_eq(probe_take_answer(probe, &answer), 0);
			}
		}
		for (int i = 0; i < UNDER_WAY; i++)
			probe_abandon(probe, (uint64_t)(round * 1000 + i));
	}
	/* With this answered, the helper has taken all that was sent before. */
	answer = ask(probe, node);
	probe_answer_fini(&answer);
	while (child_of(helper)) {
		is_readable(probe_get_fd(probe), 100);
		ck_assert_int_eq(probe_take_answer(probe, &answer), 0);
	}

	/* Children do not outlive the helper. */
	submit(probe, 1, stall.node);
	child = child_in_sandbox(helper);
	probe_stop(probe);
	while (run("grep -q '^State:.[^ZX]' /proc/%d/status 2>/dev/null", child) == 0)
		continue;
	loop_detach(node);
	stall_stop(&stall);
}
END_TEST

static pid_t reader_start(const char *node)
{
	_cleanup_free_ char *path = NULL;
	char state = 0, byte;
	pid_t reader = fork();

	if (reader == 0) {
		int fd = open(node, O_RDONLY | O_CLOEXEC);

		_exit(read(fd, &byte, 1) == 1 ? 0 : 1);
	}
	path = xasprintf("/proc/%d/stat", reader);
	while (state != 'D') {
		FILE *file = fopen(path, "re");

		ck_assert(file && fscanf(file, "%*d %*s %c", &state) == 1);
		fclose(file);
	}
	return reader;
}

/* With Linux 6.18, who seeks on a device that another waits to read from cannot be killed. */
START_TEST(left_behind)
{
	struct stall stall = stall_start();
	pid_t reader = reader_start(stall.node);
	_cleanup_free_ char *node = attach_sound();
	struct probe *probe = start();
	pid_t helper = helper_of_this();
	struct probe_answer answer;

	submit(probe, 100, stall.node);
	child_in_sandbox(helper);
	for (uint64_t ticket = 100; ticket < 200; ticket++) {
		probe_abandon(probe, ticket);
		answer = ask(probe, node);
		ck_assert_uint_eq(answer.ticket, 1);
		ck_assert_pstr_eq(answer.fstype, "ext4");
		probe_answer_fini(&answer);
		submit(probe, ticket + 1, stall.node);
		ck_assert_int_eq(
			run("test $(for pid in $(pgrep -P %d); do readlink /proc/$pid/fd/*;"
			    " done | grep -c %s) -le 1",
				helper, stall.node),
			0);
	}
	/* Does not wait for what cannot be ended. */
	probe_stop(probe);
	kill(reader, SIGKILL);
	waitpid(reader, NULL, 0);
	loop_detach(node);
	stall_stop(&stall);
}
END_TEST

static bool has_open(pid_t pid, const char *node)
{
	for (int fd = 0; fd < 5; fd++) {
		_cleanup_free_ char *path = xasprintf("/proc/%d/fd/%d", pid, fd);
		char target[64];
		ssize_t n = readlink(path, target, sizeof(target));

		if (n == (ssize_t)strlen(node) && memcmp(target, node, (size_t)n) == 0)
			return true;
	}
	return false;
}

/* One child is ready for the next device, and no loss. */
START_TEST(spare)
{
	_cleanup_free_ char *node = attach_sound();
	struct probe *probe = start();
	pid_t helper = helper_of_this();
	struct probe_answer answer;
	uint64_t before;
	pid_t child;

	for (int i = 0; i < 6; i++) {
		child = wait_for_spare(helper);
		ck_assert_int_eq(run("grep -q '^CapBnd:.0*$' /proc/%d/status", child), 0);
		if (i % 3 == 2) {
			kill(child, SIGKILL);
			while (run("test -e /proc/%d", child) == 0)
				continue;
		}
		before = clock_get_monotonic();
		answer = ask(probe, node);
		ck_assert_uint_ge(answer.began, before);
		ck_assert_uint_le(answer.began, clock_get_monotonic());
		/* The child may be there still, but has closed the disk. */
		ck_assert(!has_open(child, node));
		assert_as_blkid(&answer, node);
		probe_answer_fini(&answer);
		/* Used, or reaped. */
		while (run("test -e /proc/%d", child) == 0)
			continue;
	}
	wait_for_spare(helper);
	probe_stop(probe);
	loop_detach(node);
}
END_TEST

START_TEST(helper_death)
{
	struct probe *probe = start();
	struct probe_request request = { .node = "/dev/null", .ticket = 1 };
	struct probe_answer answer;

	ck_assert_int_eq(probe_submit(probe, &request), 0);
	answer = take(probe);
	probe_answer_fini(&answer);
	ck_assert(!is_readable(probe_get_fd(probe), 0));
	kill(helper_of_this(), SIGKILL);
	ck_assert(is_readable(probe_get_fd(probe), WAIT_MS));
	ck_assert_int_eq(probe_take_answer(probe, &answer), -EPIPE);
	ck_assert_int_eq(probe_submit(probe, &request), -EPIPE);
	probe_abandon(probe, 1);
	ck_assert_int_eq(probe_take_answer(probe, &answer), -EPIPE);
	probe_stop(probe);
}
END_TEST

START_TEST(helper_life)
{
	struct probe *probe = start();
	pid_t helper = helper_of_this();
	struct probe_request request = { .node = "/dev/null", .ticket = 1 };
	struct probe_answer answer;
	siginfo_t info;

	/* Signals meant for the daemon do not end it, the end of the connection does. */
	kill(helper, SIGINT);
	kill(helper, SIGTERM);
	kill(helper, SIGHUP);
	ck_assert_int_eq(probe_submit(probe, &request), 0);
	answer = take(probe);
	probe_answer_fini(&answer);
	/* Its three, the socket, the signals, and what the spare child is told by. */
	wait_for_spare(helper);
	ck_assert_int_eq(run("test $(ls /proc/%d/fd | wc -l) = 6", helper), 0);
	shutdown(probe_get_fd(probe), SHUT_RDWR);
	ck_assert_int_eq(waitid(P_PID, (id_t)helper, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(info.si_code, CLD_EXITED);
	probe_stop(probe);
	probe_stop(NULL);
}
END_TEST

#define MANY 300
#define MANY_DEVICES 8

START_TEST(many)
{
	char *nodes[MANY_DEVICES];
	char *uuids[MANY_DEVICES];
	struct probe *probe = start();
	struct probe_answer answer;
	int submitted = 0, answered = 0;

	for (int i = 0; i < MANY_DEVICES; i++) {
		_cleanup_free_ char *image = xasprintf("%s/many-%d", work, i);

		uuids[i] = run_line("cat /proc/sys/kernel/random/uuid");
		ck_assert_int_eq(
			run("truncate -s 4M %s && mkfs.ext4 -q -U %s %s", image, uuids[i], image),
			0);
		nodes[i] = loop_attach("", image);
	}
	while (answered < MANY) {
		struct probe_request request = { .ticket = (uint64_t)submitted };

		request.node = nodes[submitted % MANY_DEVICES];
		request.number = number_of(request.node);
		if (submitted < MANY && probe_submit(probe, &request) == 0) {
			submitted++;
			continue;
		}
		answer = take(probe);
		ck_assert_uint_lt(answer.ticket, MANY);
		ck_assert_pstr_eq(answer.uuid, uuids[answer.ticket % MANY_DEVICES]);
		probe_answer_fini(&answer);
		answered++;
	}
	ck_assert(!is_readable(probe_get_fd(probe), 0));
	for (int i = 0; i < MANY_DEVICES; i++) {
		loop_detach(nodes[i]);
		free(nodes[i]);
		free(uuids[i]);
	}
	probe_stop(probe);
}
END_TEST

#define HOSTILE_ROUNDS 60
#define HOSTILE_BYTES (192 << 10)

static const struct {
	const char *name;
	const char *size;
	const char *command;
} images[] = {
	{ "ext4", "4M", "mkfs.ext4 -q $I" },
	{ "xfs", "320M", "mkfs.xfs -q $I" },
	{ "btrfs", "128M", "mkfs.btrfs -q $I" },
	{ "swap", "4M", "mkswap -q $I" },
	{ "gpt", "4M", "echo ',1M,L' | sfdisk -q -X gpt $I" },
};

START_TEST(hostile)
{
	_cleanup_free_ char *image = xasprintf("%s/hostile-%d", work, _i);
	_cleanup_free_ uint8_t *bytes = xcalloc(1, HOSTILE_BYTES);
	_cleanup_free_ uint8_t *flipped = xcalloc(1, HOSTILE_BYTES);
	_cleanup_free_ char *node = NULL;
	struct probe *probe = start();
	int fd, failed = 0;

	ck_assert_int_eq(run("I=%s; truncate -s %s $I && { %s; } >/dev/null 2>&1", image,
				 images[_i].size, images[_i].command),
		0);
	node = loop_attach("", image);
	fd = open(node, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(pread(fd, bytes, HOSTILE_BYTES, 0), HOSTILE_BYTES);
	srand(1);
	for (int round = 0; round < HOSTILE_ROUNDS; round++) {
		struct probe_answer answer;

		memcpy(flipped, bytes, HOSTILE_BYTES);
		for (int i = 0; i < HOSTILE_BYTES; i++)
			if (flipped[i] && rand() % 100 <= round / 4)
				flipped[i] = (uint8_t)rand();
		ck_assert_int_eq(pwrite(fd, flipped, HOSTILE_BYTES, 0), HOSTILE_BYTES);
		answer = ask(probe, node);
		failed += answer.fault != NULL;
		probe_answer_fini(&answer);
	}
	ck_assert_int_eq(pwrite(fd, bytes, HOSTILE_BYTES, 0), HOSTILE_BYTES);
	close(fd);
	printf("hostile %s: %d of %d with a fault\n", images[_i].name, failed, HOSTILE_ROUNDS);
	loop_detach(node);
	probe_stop(probe);
}
END_TEST

#define TIMED 301

static int compare_times(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double median(double *times)
{
	qsort(times, TIMED, sizeof(*times), compare_times);
	return times[TIMED / 2];
}

START_TEST(timing)
{
	_cleanup_free_ char *image = xasprintf("%s/timing", work);
	_cleanup_free_ char *node = NULL;
	struct probe *probe = start();
	pid_t helper = helper_of_this();
	double ours[TIMED], inside[TIMED], begin;
	struct probe_answer answer;

	ck_assert_int_eq(run("truncate -s 64M %s && mkfs.ext4 -q %s", image, image), 0);
	node = loop_attach("", image);
	for (int i = 0; i < TIMED; i++) {
		int fd;

		wait_for_spare(helper);
		begin = now();
		answer = ask(probe, node);
		ours[i] = now() - begin;
		probe_answer_fini(&answer);

		begin = now();
		fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		ck_assert_int_eq(prober_examine(fd, -1, 0, &answer), 0);
		close(fd);
		inside[i] = now() - begin;
		probe_answer_fini(&answer);
	}
	begin = now();
	for (int i = 0; i < UNDER_WAY; i++)
		submit(probe, (uint64_t)i, node);
	for (int i = 0; i < UNDER_WAY; i++) {
		answer = take(probe);
		probe_answer_fini(&answer);
	}
	printf("timing: one probe p50 %.0f us, libblkid in this process %.0f us: ratio %.2f;"
	       " %d at once %.0f us each\n",
		median(ours), median(inside), median(ours) / median(inside), UNDER_WAY,
		(now() - begin) / UNDER_WAY);
	loop_detach(node);
	probe_stop(probe);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("prober");
	TCase *cases = suite_add_case(suite, "prober");

	tcase_add_loop_test(cases, stalled, 0, ARRAY_SIZE(ends));
	tcase_add_test(cases, above);
	tcase_add_test(cases, abandoned);
	tcase_add_test(cases, stalled_many);
	tcase_add_test(cases, left_behind);
	tcase_add_test(cases, spare);
	tcase_add_test(cases, helper_death);
	tcase_add_test(cases, helper_life);
	tcase_add_test(cases, many);
	tcase_add_loop_test(cases, hostile, 0, ARRAY_SIZE(images));
	tcase_add_test(cases, timing);
	return run_cleanly(suite);
}
