/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The helper process and its children.
 *
 * The helper forks a child for every examination, which opens the device, locks itself into the
 * sandbox and only then lets libblkid read. Child and helper have one thing in common: a struct
 * findings in shared memory, which the helper reads after the child is gone. A child holds
 * no descriptor but the devices, so one that was taken over by what it read can spoil its own
 * answer and no other.
 *
 * The helper itself parses nothing that comes from a device. It lives as long as the daemon's end
 * of the socket is open, and its children never longer than it (unless a dead device holds them).
 *
 * A device is read by one child at a time, so that a dead one holds one process, however often it
 * is asked for. (With Linux 6.18, who seeks on a device that another waits to read from cannot even
 * be killed.) Requests for a device that has a child wait for that to be gone.
 *
 * Invariants: memory of a child's findings is mapped in the helper and in that child only; an
 * entry of prober::children is taken exactly while its request is not answered; of those for one
 * device number one is running.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/prober.h"
#include "io/sandbox.h"

enum child_state {
	CHILD_NONE,
	CHILD_WAITING, /* for another to leave the device */
	CHILD_RUNNING, /* until it is reaped */
};

struct child {
	enum child_state state;
	pid_t pid;
	struct findings *findings;
	struct prober_request request;
};

struct prober {
	struct sandbox *sandbox;
	int socket;
	int signals;
	pid_t pid;
	struct child children[PROBER_CHILDREN_MAX];
	struct prober_request request;
	struct prober_answer answer;
};

/* --- a child --- */

/* -1 with a fault. Never waits for a medium, never for a terminal. */
static int device_open(const char *node, uint64_t number, struct findings *findings)
{
	int fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0) {
		findings_set_fault(findings, "cannot open %s: %s", node, strerror(errno));
		return -1;
	}
	if (!S_ISBLK(status.st_mode)) {
		findings_set_fault(findings, "cannot open %s: not a block device", node);
		return -1;
	}
	if (status.st_rdev != number) {
		findings_set_fault(findings, "cannot open %s: it is %u:%u now, no longer %u:%u",
			node, major(status.st_rdev), minor(status.st_rdev), major(number),
			minor(number));
		return -1;
	}
	return fd;
}

/* Leaves it nothing of the helper's, and makes it the first to go when memory is short. */
static void child_init(const struct prober *prober)
{
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != prober->pid)
		_exit(1);
	prctl(PR_SET_NAME, "mmfs-probe");
	close_range(SANDBOX_IS_RELAXED ? STDERR_FILENO + 1 : 0, ~0U, 0);
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (write(fd, "1000", 4) < 0)
			errno = 0;
		close(fd);
	}
}

static _Noreturn void child_run(const struct prober *prober, const struct child *child)
{
	const struct prober_request *request = &child->request;
	struct findings *findings = child->findings;
	struct examination *examination;
	int disk_fd = -1;
	int fd, r;

	child_init(prober);
	fd = device_open(request->node, request->number, findings);
	if (fd < 0)
		_exit(0);
	if (*request->disk_node) {
		disk_fd = device_open(request->disk_node, request->disk_number, findings);
		if (disk_fd < 0)
			_exit(0);
	}
	r = sandbox_drop_capabilities(0);
	if (r == 0)
		r = examination_new(fd, disk_fd, request->start, &examination);
	if (r < 0) {
		findings_set_fault(findings, "cannot read: %s", strerror(-r));
		_exit(0);
	}
	r = sandbox_enter(prober->sandbox);
	if (r < 0) {
		findings_set_fault(findings, "cannot enter the sandbox: %s", strerror(-r));
		_exit(0);
	}
	examination_run(examination, findings);
	_exit(0);
}

int prober_examine(int fd, int disk_fd, uint64_t start, struct probe_answer *ret_answer)
{
	_cleanup_(examination_free_p) struct examination *examination = NULL;
	struct findings findings = { 0 };
	int r;

	r = examination_new(fd, disk_fd, start, &examination);
	if (r < 0)
		return r;
	examination_run(examination, &findings);
	return findings_parse(&findings, ret_answer);
}

/* --- the helper --- */

/* Room for an answer, empty. */
static struct findings *findings_init(struct prober *prober)
{
	prober->answer.findings = (struct findings){ 0 };
	return &prober->answer.findings;
}

/* The daemon may be slow to take it: then wait. It never waits for us, so this ends. */
static void prober_answer(struct prober *prober, uint64_t ticket)
{
	ssize_t sent;

	prober->answer.ticket = ticket;
	do
		sent = send(prober->socket, &prober->answer, sizeof(prober->answer), MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		_exit(0);
}

/* Makes it run. On failure the entry is as before. */
static int child_start(const struct prober *prober, struct child *child)
{
	void *memory = mmap(NULL, sizeof(*child->findings), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r = 0;

	if (memory == MAP_FAILED)
		return -errno;
	child->findings = memory;
	child->pid = fork();
	if (child->pid == 0)
		child_run(prober, child);
	if (child->pid < 0)
		r = -errno;
	else if (madvise(memory, sizeof(*child->findings), MADV_DONTFORK) < 0)
		r = -errno; /* the next child would see it */
	if (r < 0) {
		if (child->pid > 0)
			kill(child->pid, SIGKILL);
		munmap(memory, sizeof(*child->findings));
		return r;
	}
	child->state = CHILD_RUNNING;
	return 0;
}

/* Who of those who wait for a device may read it now: NULL while somebody does. */
static struct child *device_find_next(struct prober *prober, uint64_t number)
{
	struct child *next = NULL;

	for (size_t i = 0; i < PROBER_CHILDREN_MAX; i++) {
		struct child *child = &prober->children[i];

		if (child->state == CHILD_NONE || child->request.number != number)
			continue;
		if (child->state == CHILD_RUNNING)
			return NULL;
		next = child;
	}
	return next;
}

static void device_serve(struct prober *prober, uint64_t number)
{
	struct child *next;

	while ((next = device_find_next(prober, number))) {
		int r = child_start(prober, next);

		if (r == 0)
			return;
		findings_set_fault(findings_init(prober), "cannot start a probe: %s", strerror(-r));
		next->state = CHILD_NONE;
		prober_answer(prober, next->request.ticket);
	}
}

/* Until here the child could write its findings; from here on it cannot. */
static void handle_exit(struct prober *prober, struct child *child, int status)
{
	struct findings *findings = findings_init(prober);

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		findings_set_fault(findings, "probe ran out of time");
	else if (WIFSIGNALED(status))
		findings_set_fault(findings, "probe crashed (signal %d)", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		findings_set_fault(findings, "probe failed (status %d)", WEXITSTATUS(status));
	else
		findings_copy(findings, child->findings);
	munmap(child->findings, sizeof(*child->findings));
	child->state = CHILD_NONE;
	prober_answer(prober, child->request.ticket);
	device_serve(prober, child->request.number);
}

static struct child *child_find(struct prober *prober, pid_t pid)
{
	for (size_t i = 0; i < PROBER_CHILDREN_MAX; i++) {
		struct child *child = &prober->children[i];

		if (child->state == CHILD_RUNNING && child->pid == pid)
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
		prober_answer(prober, request->ticket);
		return;
	}
	for (size_t i = 0; i < PROBER_CHILDREN_MAX; i++) {
		struct child *child = &prober->children[i];

		if (child->state != CHILD_NONE)
			continue;
		child->state = CHILD_WAITING;
		child->request = *request;
		device_serve(prober, request->number);
		return;
	}
	findings_set_fault(findings_init(prober), "cannot start a probe: too many are stuck");
	prober_answer(prober, request->ticket);
}

static void handle_abandon(struct prober *prober)
{
	for (size_t i = 0; i < PROBER_CHILDREN_MAX; i++) {
		struct child *child = &prober->children[i];

		if (child->request.ticket != prober->request.ticket)
			continue;
		if (child->state == CHILD_RUNNING)
			kill(child->pid, SIGKILL);
		if (child->state == CHILD_WAITING) {
			child->state = CHILD_NONE;
			findings_init(prober);
			prober_answer(prober, child->request.ticket);
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

/* Keeps stderr, for the last words of a libc or sanitizer, and the socket. */
static void descriptors_init(struct prober *prober)
{
	int null;

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
	prober->pid = getpid();
	prober->socket = socket;
	descriptors_init(prober);
	prober->signals = signals_init();
	/* Nothing of the daemon's environment reaches libblkid, which has a debug variable. */
	clearenv();
	/* Nodes may belong to other users; to read them is all we ask for. */
	if (prober->signals < 0 || sandbox_drop_capabilities(1 << CAP_DAC_READ_SEARCH) < 0)
		_exit(1);

	for (;;) {
		struct pollfd fds[] = { { prober->signals, POLLIN, 0 },
			{ prober->socket, POLLIN, 0 } };

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[0].revents)
			handle_signals(prober);
		if (fds[1].revents)
			handle_request(prober);
	}
}
