/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The helper process: which of its children (prober_child.c) examines what, and what it answers.
 *
 * One spare child, forked when nothing else is to be done, waits for the next device to come, which
 * need not wait then for a process to be made ready. Who finds none gets a child of its own.
 *
 * The helper itself parses nothing that comes from a device. It lives as long as the daemon's end
 * of the socket is open, and its children never longer than it (unless a dead device holds them).
 *
 * A device is read by one child at a time, so that a dead one holds one process, however often it
 * is asked for. (With Linux 6.18, who seeks on a device that another waits to read from cannot even
 * be killed.) Requests for a device that has a child wait for it to be done.
 *
 * Invariants: an entry of prober::children is taken from the request until its child, if it got
 * one, is reaped; of those for one device number one is not waiting.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "io/probe/prober_child.h"
#include "io/probe/sandbox.h"

#define QUIET 2 /* ms in which nothing has happened */

enum child_state {
	CHILD_NONE,
	CHILD_WAITING, /* for another to leave the device */
	CHILD_RUNNING,
	CHILD_LEAVING, /* answered, about to end */
	CHILD_ENDED,   /* answered and killed, to be reaped */
};

struct child {
	enum child_state state;
	struct prober_child process;
	struct prober_request request;
	uint64_t began;
};

struct prober {
	struct sandbox *sandbox;
	int socket;
	int signals;
	struct prober_child spare;
	bool wants_spare;
	struct child children[PROBER_CHILDREN_MAX];
	size_t end; /* from there on none of them is taken */
	struct pollfd fds[2 + PROBER_CHILDREN_MAX];
	struct prober_request request;
	struct prober_answer answer;
};

/* Room for an answer, empty. */
static struct findings *findings_init(struct prober *prober)
{
	prober->answer.findings = (struct findings){ 0 };
	prober->answer.backing = 0;
	return &prober->answer.findings;
}

/* The daemon may be slow to take it: then wait. It never waits for us, so this ends. */
static void prober_answer(struct prober *prober, uint64_t ticket, uint64_t began)
{
	ssize_t sent;

	prober->answer.ticket = ticket;
	prober->answer.began = began;
	do
		sent = send(prober->socket, &prober->answer, sizeof(prober->answer), MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		_exit(0);
}

/* On failure the entry is as before. */
static int child_start(struct prober *prober, struct child *child)
{
	struct prober_child process = prober->spare;
	int r;

	prober->spare = (struct prober_child){ .pipe = -1 };
	prober->wants_spare = true;
	child->began = clock_get_monotonic();
	/* It may be gone, as the first when memory was short. */
	if (process.pid && prober_child_tell(&process, &child->request) < 0)
		prober_child_end(&process);
	if (!process.pid) {
		r = prober_child_start(prober->sandbox, false, &process);
		if (r < 0)
			return r;
		r = prober_child_tell(&process, &child->request);
		if (r < 0) {
			prober_child_end(&process);
			return r;
		}
	}
	child->process = process;
	child->state = CHILD_RUNNING;
	return 0;
}

static void child_release(struct prober *prober, struct child *child)
{
	child->state = CHILD_NONE;
	while (prober->end && prober->children[prober->end - 1].state == CHILD_NONE)
		prober->end--;
}

/* It has left its answer, and is only in the way. */
static void child_end(struct child *child)
{
	kill(child->process.pid, SIGKILL);
	child->state = CHILD_ENDED;
}

/* Somebody who waits for a device, or has it still. */
static struct child *device_find(struct prober *prober, uint64_t number, bool is_waiting)
{
	for (size_t i = 0; i < prober->end; i++) {
		struct child *child = &prober->children[i];

		if (child->state != CHILD_NONE && child->request.number == number &&
			(child->state == CHILD_WAITING) == is_waiting)
			return child;
	}
	return NULL;
}

static void device_serve(struct prober *prober, uint64_t number)
{
	struct child *next;

	while ((next = device_find(prober, number, true))) {
		struct child *holder = device_find(prober, number, false);
		int r;

		if (holder) {
			if (holder->state == CHILD_LEAVING)
				child_end(holder);
			return;
		}
		r = child_start(prober, next);
		if (r == 0)
			return;
		findings_set_fault(findings_init(prober), "cannot start a probe: %s", strerror(-r));
		prober_answer(prober, next->request.ticket, 0);
		child_release(prober, next);
	}
}

/* With nothing left behind it is about to end otherwise: handle_exit() will know how. */
static void handle_closed(struct prober *prober, struct child *child)
{
	close(child->process.pipe);
	child->process.pipe = -1;
	if (!child->process.result->is_complete)
		return;
	findings_copy(findings_init(prober), &child->process.result->findings);
	prober->answer.backing = child->process.facts->backing;
	prober_answer(prober, child->request.ticket, child->began);
	child->state = CHILD_LEAVING;
	device_serve(prober, child->request.number);
}

static void answer_exit(struct prober *prober, struct child *child, int status)
{
	struct findings *findings = findings_init(prober);

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		findings_set_fault(findings, "probe ran out of time");
	else if (WIFSIGNALED(status))
		findings_set_fault(findings, "probe crashed (signal %d)", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		findings_set_fault(findings, "probe failed (status %d)", WEXITSTATUS(status));
	else
		findings_copy(findings, &child->process.result->findings);
	prober->answer.backing = child->process.facts->backing;
	prober_answer(prober, child->request.ticket, child->began);
}

static void handle_exit(struct prober *prober, struct child *child, int status)
{
	if (child->state == CHILD_RUNNING)
		answer_exit(prober, child, status);
	child->process.pid = 0;
	prober_child_end(&child->process);
	child_release(prober, child);
	device_serve(prober, child->request.number);
}

static struct child *child_find(struct prober *prober, pid_t pid)
{
	for (size_t i = 0; i < prober->end; i++) {
		struct child *child = &prober->children[i];

		if (child->state >= CHILD_RUNNING && child->process.pid == pid)
			return child;
	}
	return NULL;
}

static void handle_signals(struct prober *prober)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(prober->signals, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct child *child = child_find(prober, pid);

		if (child)
			handle_exit(prober, child, status);
		if (pid == prober->spare.pid) {
			prober->spare.pid = 0;
			prober_child_end(&prober->spare);
		}
	}
}

static bool is_too_long(const char *path)
{
	return memchr(path, '\0', PROBER_PATH_MAX) == NULL;
}

static void handle_examine(struct prober *prober)
{
	const struct prober_request *request = &prober->request;
	const char *bad = NULL;

	if (is_too_long(request->disk_node))
		bad = request->disk_node;
	if (is_too_long(request->node))
		bad = request->node;
	if (bad) {
		findings_set_fault(findings_init(prober), "cannot open %.64s...: %s", bad,
			strerror(ENAMETOOLONG));
		prober_answer(prober, request->ticket, 0);
		return;
	}
	for (size_t i = 0; i < PROBER_CHILDREN_MAX; i++) {
		struct child *child = &prober->children[i];

		if (child->state != CHILD_NONE)
			continue;
		if (prober->end <= i)
			prober->end = i + 1;
		child->state = CHILD_WAITING;
		child->request = *request;
		device_serve(prober, request->number);
		return;
	}
	findings_set_fault(findings_init(prober), "cannot start a probe: too many are stuck");
	prober_answer(prober, request->ticket, 0);
}

static void handle_abandon(struct prober *prober)
{
	for (size_t i = 0; i < prober->end; i++) {
		struct child *child = &prober->children[i];

		if (child->request.ticket != prober->request.ticket)
			continue;
		if (child->state == CHILD_RUNNING)
			kill(child->process.pid, SIGKILL);
		if (child->state == CHILD_WAITING) {
			findings_init(prober);
			prober_answer(prober, child->request.ticket, 0);
			child_release(prober, child);
		}
	}
}

static void handle_request(struct prober *prober)
{
	ssize_t len = recv(prober->socket, &prober->request, sizeof(prober->request), 0);

	if (len < 0 && errno == EINTR)
		return;
	if (len != (ssize_t)sizeof(prober->request))
		_exit(0);
	switch (prober->request.verb) {
	case PROBER_EXAMINE:
		handle_examine(prober);
		break;
	case PROBER_ABANDON:
		handle_abandon(prober);
		break;
	}
}

/* Signals of the terminal and of service managers are for the daemon, which then ends us. */
static int signals_init(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP, SIGUSR1,
		SIGUSR2 };
	sigset_t set;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/*
 * Keeps stderr, for the last words of a libc or sanitizer, and the socket. There will be as many
 * more as disks that are read at once.
 */
static void descriptors_init(struct prober *prober)
{
	struct rlimit limit;
	int null;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	dup3(prober->socket, STDERR_FILENO + 1, O_CLOEXEC);
	prober->socket = STDERR_FILENO + 1;
	close_range(STDERR_FILENO + 2, ~0U, 0);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		close(null);
	}
}

/* Time to clear up. A child that has not left by itself is a bad one. */
static void handle_quiet(struct prober *prober)
{
	for (size_t i = 0; i < prober->end; i++)
		if (prober->children[i].state == CHILD_LEAVING)
			child_end(&prober->children[i]);
	if (!prober->wants_spare)
		return;
	prober->wants_spare = false;
	if (prober_child_start(prober->sandbox, true, &prober->spare) < 0)
		prober->spare = (struct prober_child){ .pipe = -1 };
}

static bool is_any(const struct prober *prober, enum child_state state)
{
	for (size_t i = 0; i < prober->end; i++)
		if (prober->children[i].state == state)
			return true;
	return false;
}

/* Waits until something happens, and deals with it. */
static void prober_wait(struct prober *prober)
{
	enum { SIGNALS, SOCKET, PIPES };
	bool is_prepared = is_any(prober, CHILD_LEAVING);
	bool is_full = prober->end == PROBER_CHILDREN_MAX && !is_any(prober, CHILD_NONE);
	struct pollfd *fds = prober->fds;
	size_t end = prober->end;
	int r;

	fds[SIGNALS] = (struct pollfd){ prober->signals, POLLIN, 0 };
	/* While a place is about to be free, requests stay where they are. */
	fds[SOCKET] = (struct pollfd){ prober->socket, is_full && is_prepared ? 0 : POLLIN, 0 };
	for (size_t i = 0; i < end; i++) {
		const struct child *child = &prober->children[i];

		fds[PIPES + i] = (struct pollfd){
			.fd = child->state == CHILD_RUNNING ? child->process.pipe : -1,
		};
	}
	r = poll(fds, PIPES + end, prober->wants_spare || is_prepared ? QUIET : -1);
	if (r < 0 && errno != EINTR)
		_exit(1);
	if (r == 0)
		handle_quiet(prober);
	if (r <= 0)
		return;
	for (size_t i = 0; i < end; i++)
		if (fds[PIPES + i].revents)
			handle_closed(prober, &prober->children[i]);
	if (fds[SIGNALS].revents)
		handle_signals(prober);
	if (fds[SOCKET].revents)
		handle_request(prober);
}

int prober_new(struct prober **ret_prober)
{
	_cleanup_(prober_free_p) struct prober *prober = xcalloc(1, sizeof(*prober));
	int r = sandbox_new(&prober->sandbox);

	if (r < 0)
		return r;
	*ret_prober = steal_ptr(prober);
	return 0;
}

void prober_free(struct prober *prober)
{
	if (!prober)
		return;
	sandbox_free(prober->sandbox);
	free(prober);
}

_Noreturn void prober_run(struct prober *prober, int socket)
{
	prctl(PR_SET_NAME, "mmfs-prober");
	prober->socket = socket;
	descriptors_init(prober);
	prober->signals = signals_init();
	prober->spare.pipe = -1;
	prober->wants_spare = true;
	/* Nothing of the daemon's environment reaches libblkid, which has a debug variable. */
	clearenv();
	/* Nodes may belong to other users; to read them is all we ask for. */
	if (prober->signals < 0 || sandbox_drop_capabilities(1 << CAP_DAC_READ_SEARCH) < 0)
		_exit(1);
	prober_child_prepare();

	for (;;)
		prober_wait(prober);
}
