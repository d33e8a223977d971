/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients that wait, in all the ways there are:
 *
 *	waiters poll|select|epoll|edge FILE COUNT	prints what it reads, COUNT times, each time
 *							after it was told that there is something
 *	waiters flags FILE		reads with O_NONBLOCK, set and taken away while it is open
 *	waiters signal FILE		has reads that wait interrupted by a caught signal
 *	waiters crowd FILE COUNT	so many threads: prints "waiting" when all wait, and when
 *					all are woken what they read and how long after the first it
 *					took
 *	waiters later FILE LINE TIMEOUT	asks with O_NONBLOCK, and polls so many ms: prints "later"
 *					or "never", then the reply or the errno
 *	waiters held FILE LINE TIMEOUT	the same for what cannot end meanwhile: the file takes
 *					nothing and gives nothing
 *	waiters told MOUNT DEVICE ROUNDS	whether who is told of a change sees it; by each way
 *						of
 *					changing something and each way of waiting
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

#define LIMIT 20 /* seconds, for anything to happen */

static _Noreturn _printf_(1, 2) void die(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "waiters: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int open_file(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		die("open %s: %s", path, strerror(errno));
	return fd;
}

/* Reads what there is, as text. */
static size_t read_text(int fd, char *text, size_t size)
{
	ssize_t n = read(fd, text, size - 1);

	if (n < 0)
		die("read: %s", strerror(errno));
	text[n] = '\0';
	return (size_t)n;
}

/* --- being told --- */

static bool wait_poll(int fd, int timeout)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, timeout) == 1 && poll_fd.revents & POLLIN;
}

static bool wait_select(int fd, int timeout)
{
	struct timeval time = { timeout / 1000, timeout % 1000 * 1000 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, &time) == 1;
}

static int epoll_fd = -1;
static uint32_t epoll_flags;

static bool wait_epoll(int fd, int timeout)
{
	struct epoll_event event = { .events = EPOLLIN | epoll_flags };

	if (epoll_fd < 0) {
		epoll_fd = epoll_create1(EPOLL_CLOEXEC);
		if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
			die("epoll_ctl: %s", strerror(errno));
	}
	return epoll_wait(epoll_fd, &event, 1, timeout) == 1 && event.events & EPOLLIN;
}

static int be_told(const char *way, const char *path, int count)
{
	bool (*wait)(int fd, int timeout) = strcmp(way, "poll") == 0 ? wait_poll
		: strcmp(way, "select") == 0			     ? wait_select
								     : wait_epoll;
	int fd = open_file(path, O_RDONLY | O_NONBLOCK);
	char text[65536];

	epoll_flags = strcmp(way, "edge") == 0 ? EPOLLET : 0;
	if (strstr(path, "change_notify")) {
		if (!wait(fd, 0))
			die("the first read would wait");
		read_text(fd, text, sizeof(text));
	}
	/* An edge may come for what was read already: once. */
	if (wait(fd, 0) && (!epoll_flags || wait(fd, 0)))
		die("there is something to read, and nothing has happened");
	puts("waiting");
	while (count--) {
		if (!wait(fd, LIMIT * 1000))
			die("waited in vain");
		read_text(fd, text, sizeof(text));
		fputs(text, stdout);
		if (read(fd, text, sizeof(text)) >= 0 || errno != EAGAIN)
			die("a second read does not say EAGAIN");
	}
	return 0;
}

/* --- flags and signals --- */

static void set_flags(int fd, int flags)
{
	if (fcntl(fd, F_SETFL, flags) < 0)
		die("fcntl: %s", strerror(errno));
}

static int check_flags(const char *path)
{
	int fd = open_file(path, O_RDONLY);
	char text[4096];

	if (strstr(path, "change_notify"))
		read_text(fd, text, sizeof(text));
	for (int i = 0; i < 3; i++) {
		set_flags(fd, O_NONBLOCK);
		if (read(fd, text, sizeof(text)) >= 0 || errno != EAGAIN)
			die("a read with O_NONBLOCK does not say EAGAIN");
		set_flags(fd, 0);
	}
	if (lseek(fd, 0, SEEK_SET) >= 0 || errno != ESPIPE)
		die("lseek does not say ESPIPE");
	if (pread(fd, text, sizeof(text), 0) >= 0 || errno != ESPIPE)
		die("pread does not say ESPIPE");
	puts("waiting");
	read_text(fd, text, sizeof(text));
	fputs(text, stdout);
	return 0;
}

static void on_signal(int number)
{
}

/* Sends a signal to this process as soon as it waits for the daemon. */
static void signal_later(void)
{
	char path[64], where[64] = "";
	pid_t waiter = getpid();

	if (fork() != 0)
		return;
	sprintf(path, "/proc/%d/wchan", (int)waiter);
	while (getppid() == waiter && !strstr(where, "request_wait")) {
		int fd = open_file(path, O_RDONLY);

		read_text(fd, where, sizeof(where));
		close(fd);
		sched_yield();
	}
	kill(waiter, SIGUSR1);
	_exit(0);
}

static int be_interrupted(const char *path)
{
	struct sigaction action = { .sa_handler = on_signal };
	int fd = open_file(path, O_RDONLY);
	char text[4096];

	if (strstr(path, "change_notify"))
		read_text(fd, text, sizeof(text));
	for (int i = 0; i < 4; i++) {
		double before = now();

		if (i == 3) /* FUSE has no way to begin again */
			action.sa_flags = SA_RESTART;
		sigaction(SIGUSR1, &action, NULL);
		signal_later();
		if (read(fd, text, sizeof(text)) >= 0 || errno != EINTR)
			die("the read does not end with EINTR");
		if (now() - before > 5)
			die("interrupted after %f s", now() - before);
		wait(NULL);
	}
	puts("waiting"); /* nothing is lost of what comes */
	read_text(fd, text, sizeof(text));
	fputs(text, stdout);
	return 0;
}

/* --- a crowd --- */

static struct {
	pthread_barrier_t barrier;
	const char *path;
	int count;
	char texts[2][64]; /* of the first one: before and after */
	double first, last;
	pthread_mutex_t lock;
} crowd = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void note(int i, const char *text)
{
	double time = now();

	pthread_mutex_lock(&crowd.lock);
	if (!crowd.texts[i][0]) {
		strncpy(crowd.texts[i], text, sizeof(crowd.texts[i]) - 1);
		crowd.first = time;
	}
	crowd.last = time;
	if (strcmp(crowd.texts[i], text) != 0)
		die("'%s' was read, and '%s'", crowd.texts[i], text);
	pthread_mutex_unlock(&crowd.lock);
}

static void *stand(void *data)
{
	int fd = open_file(crowd.path, O_RDONLY);
	char text[64];

	read_text(fd, text, sizeof(text));
	note(0, text);
	pthread_barrier_wait(&crowd.barrier);
	read_text(fd, text, sizeof(text));
	note(1, text);
	close(fd);
	return NULL;
}

static int be_crowd(const char *path, int count)
{
	pthread_t *threads = xcalloc((size_t)count, sizeof(*threads));
	pthread_attr_t attributes;

	crowd.path = path;
	pthread_barrier_init(&crowd.barrier, NULL, (unsigned int)count + 1);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], &attributes, stand, NULL))
			die("cannot make thread %d", i);
	pthread_barrier_wait(&crowd.barrier);
	puts("waiting");
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("%d woken after %.1f ms: %s", count, (crowd.last - crowd.first) * 1e3,
		crowd.texts[1]);
	free(threads);
	return 0;
}

/* --- who is told of a change sees it --- */

enum change { CREATE, DELETE, LINK, MOVE, MOVE_OVER, REMOVE, CHANGES };
static const char *const change_names[CHANGES] = { "create_point", "delete_points", "ln", "mv",
	"mv over", "rm" };

enum way { BY_EVENTS, BY_EVENTS_POLL, BY_NUMBER, BY_NUMBER_POLL, WAYS };
static const char *const way_names[WAYS] = { "events", "poll of events", "change_notify",
	"poll of change_notify" };

static const char *mount, *device;

static void get_path(char *ret_path, const char *name)
{
	sprintf(ret_path, "%s/DosDevices/%s", mount, name);
}

static void request(const char *operation, const char *line)
{
	char path[4096];
	int fd;

	sprintf(path, "%s/control/%s", mount, operation);
	fd = open_file(path, O_WRONLY);
	if (write(fd, line, strlen(line)) != (ssize_t)strlen(line))
		die("%s %s: %s", operation, line, strerror(errno));
	close(fd);
}

static void change(enum change kind)
{
	char line[4096], one[4096], two[4096];

	get_path(one, "told-1");
	get_path(two, "told-2");
	switch (kind) {
	case CREATE:
		sprintf(line, "link=told-1 device=%s\n", device);
		request("create_point", line);
		return;
	case DELETE:
		request("delete_points", "link=/DosDevices/told-1\n");
		return;
	case LINK:
		if (symlink(device, one) < 0)
			die("symlink: %s", strerror(errno));
		return;
	case MOVE:
	case MOVE_OVER:
		if (rename(one, two) < 0)
			die("rename: %s", strerror(errno));
		return;
	case REMOVE:
		if (unlink(two) < 0)
			die("unlink: %s", strerror(errno));
		return;
	case CHANGES:
		break;
	}
}

/* Bit 0: told-1 is there, bit 1: told-2 is. */
static int look(void)
{
	char path[4096], target[4096], name[] = "told-0";
	int seen = 0;

	for (int i = 0; i < 2; i++) {
		ssize_t n;

		name[5] = (char)('1' + i);
		get_path(path, name);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0 && errno != ENOENT)
			die("readlink %s: %s", path, strerror(errno));
		if (n < 0)
			continue;
		target[n] = '\0';
		if (strcmp(target, device) != 0)
			die("%s leads to %s", path, target);
		seen |= 1 << i;
	}
	return seen;
}

/* The steps of a round, and what is there after each. */
static const struct {
	enum change change;
	int links;
} steps[] = { { CREATE, 1 }, { DELETE, 0 }, { LINK, 1 }, { MOVE, 2 }, { CREATE, 3 },
	{ MOVE_OVER, 2 }, { REMOVE, 0 } };

/* Makes a change whenever a byte comes in, and answers when the call has returned. */
static _Noreturn void make_changes(int in, int out)
{
	char step;

	while (read(in, &step, 1) == 1) {
		change(steps[(int)step].change);
		if (write(out, &step, 1) != 1)
			break;
	}
	_exit(0);
}

static bool is_seen(enum way way, size_t step, const char *text)
{
	int expected = steps[step].links, seen = look();

	if (seen == expected)
		return true;
	/* A change of two links is two lines: told of the first, both are there. */
	fprintf(stderr, "waiters: after %s, by %s: the links are %d, should be %d: %s\n",
		change_names[steps[step].change], way_names[way], seen, expected, text);
	return false;
}

/* Waits to be told of one change. */
static void await(enum way way, int fd, char *text, size_t size)
{
	bool is_poll = way == BY_EVENTS_POLL || way == BY_NUMBER_POLL;

	text[0] = '\0';
	if (!is_poll)
		read_text(fd, text, size);
	else if (!wait_poll(fd, LIMIT * 1000))
		die("waited in vain");
}

static int check_step(enum way way, int fd, size_t step, const int *pipes)
{
	char text[65536], byte = (char)step;
	int stale;

	look(); /* so that the kernel has something to remember */
	if (write(pipes[0], &byte, 1) != 1)
		die("write: %s", strerror(errno));
	await(way, fd, text, sizeof(text));
	stale = !is_seen(way, step, text);
	if (read(pipes[1], &byte, 1) != 1)
		die("who changes things has died");
	set_flags(fd, O_NONBLOCK); /* what else came of it */
	while (read(fd, text, sizeof(text)) > 0)
		;
	set_flags(fd, 0);
	return stale;
}

static int be_told_of_changes(int rounds)
{
	int to[2], from[2], stale = 0, fds[WAYS];
	char path[4096], text[4096];

	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		return 2;
	if (fork() == 0) {
		close(to[1]);
		make_changes(to[0], from[1]);
	}
	close(from[1]);
	for (int way = 0; way < WAYS; way++) {
		sprintf(path, "%s/%s", mount, way < BY_NUMBER ? "events" : "control/change_notify");
		fds[way] = open_file(path, O_RDONLY);
		if (way >= BY_NUMBER)
			read_text(fds[way], text, sizeof(text));
	}
	for (int i = 0; i < rounds; i++) {
		enum way way = (enum way)(i % WAYS);

		/* What came while others had their turn. */
		set_flags(fds[way], O_NONBLOCK);
		while (read(fds[way], text, sizeof(text)) > 0)
			;
		set_flags(fds[way], 0);
		for (size_t step = 0; step < ARRAY_SIZE(steps); step++)
			stale += check_step(way, fds[way], step, (int[]){ to[1], from[0] });
	}
	close(to[1]);
	wait(NULL);
	printf("%d rounds of %zu changes, %d stale\n", rounds, ARRAY_SIZE(steps), stale);
	return stale != 0;
}

/* Until the request is over its file takes no other, and has no reply. */
static void check_held(int fd, const char *line)
{
	char text[4096];

	if (write(fd, line, strlen(line)) >= 0 || errno != EAGAIN)
		die("a second request is taken: %s", strerror(errno));
	if (read(fd, text, sizeof(text)) >= 0 || errno != EAGAIN)
		die("there is a reply before it is over: %s", strerror(errno));
}

/* Asks, and is told by poll(2) when that is over. */
static int ask_later(const char *path, const char *line, int timeout, bool is_held)
{
	int fd = open_file(path, O_RDWR | O_NONBLOCK);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char text[65536];
	bool is_over;
	ssize_t n;

	if (write(fd, line, strlen(line)) != (ssize_t)strlen(line))
		die("write: %s", strerror(errno));
	if (is_held)
		check_held(fd, line);
	is_over = poll(&poll_fd, 1, timeout) == 1;
	printf("%s ", is_over ? "later" : "never");
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0) {
		printf("%s ", strerrorname_np(errno));
		n = is_over ? read(fd, text, sizeof(text) - 1) : 0;
	}
	printf("%.*s%s", (int)(n > 0 ? n : 0), text, n > 0 && text[n - 1] == '\n' ? "" : "\n");
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	const char *way = argc > 2 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(way, "flags") == 0)
		return check_flags(argv[2]);
	if (strcmp(way, "signal") == 0)
		return be_interrupted(argv[2]);
	if (strcmp(way, "crowd") == 0 && argc > 3)
		return be_crowd(argv[2], atoi(argv[3]));
	if ((strcmp(way, "later") == 0 || strcmp(way, "held") == 0) && argc > 4)
		return ask_later(argv[2], argv[3], atoi(argv[4]), way[0] == 'h');
	if (strcmp(way, "told") == 0 && argc > 4) {
		mount = argv[2];
		device = argv[3];
		return be_told_of_changes(atoi(argv[4]));
	}
	return argc > 3 ? be_told(way, argv[2], atoi(argv[3])) : 2;
}
