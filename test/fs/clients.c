/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many clients at once: clients MOUNT SECONDS DEVICE DEVICE…
 *
 * Each of 64 processes does one kind of thing over and over: requests with replies, ln, mv and rm,
 * change_notify, events. Names are unique to a client, so it knows the only right answer to each
 * question about them, and that the answer is its own. Meanwhile this process replays events from
 * before the first change on: what comes of it must be what `points` says at the end.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/map.h"
#include "base/strbuf.h"

#define CLIENTS 64
#define HANG 20.0 /* seconds that nothing may take */
#define NAMES 8	  /* per client */

struct shared {
	_Atomic bool is_over;
	struct {
		_Atomic double since; /* of the call under way, 0: none */
		_Atomic uint64_t count;
		_Atomic double slowest;
	} clients[CLIENTS];
};

static struct shared *shared;
static const char *mount;
static char **devices;
static int device_count, self;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static _Noreturn _printf_(1, 2) void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "clients: %d: ", self);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	_exit(2);
}

static void begin(void)
{
	shared->clients[self].since = now();
}

static void end(void)
{
	double took = now() - shared->clients[self].since;

	shared->clients[self].since = 0;
	shared->clients[self].count++;
	if (took > shared->clients[self].slowest)
		shared->clients[self].slowest = took;
}

static int open_file(const char *name, int flags)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", mount, name);
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		die("open %s: %s", path, strerror(errno));
	return fd;
}

/* --- requests through control files --- */

/* One request on an open file, and the whole reply. */
static void ask(const char *operation, const char *line, char *ret_reply, size_t size)
{
	_cleanup_free_ char *name = xasprintf("control/%s", operation);
	size_t len = 0;
	ssize_t n;
	int fd;

	begin();
	fd = open_file(name, O_RDWR);
	n = write(fd, line, strlen(line));
	if (n != (ssize_t)strlen(line))
		die("%s %s: %s", operation, line, n < 0 ? strerror(errno) : "cut");
	while ((n = read(fd, ret_reply + len, size - 1 - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		die("read of %s: %s", name, strerror(errno));
	ret_reply[len] = '\0';
	close(fd);
	end();
}

static void expect(const char *expected, const char *found, const char *what)
{
	const char *at = strstr(found, expected);

	if (*expected ? at != found || !strstr(found, "\"\n") || strchr(found, '\n')[1] : *found)
		die("%s: the reply is '%s', should be '%s…'", what, found, expected);
}

static void query(const char *link, const char *device)
{
	_cleanup_free_ char *line = xasprintf("link=%s\n", link);
	_cleanup_free_ char *expected = xasprintf("LINK=\"/DosDevices/%s\" ID=\"", link);
	_cleanup_free_ char *last = xasprintf(" DEVICE=\"%s\"\n", device);
	char reply[4096];

	ask("query_points", line, reply, sizeof(reply));
	expect(expected, reply, "query_points");
	if (!strstr(reply, last))
		die("query_points of %s: %s instead of %s", link, reply, device);
}

static void control_round(int round)
{
	_cleanup_free_ char *link = xasprintf("client-%d-%d", self, round % NAMES);
	const char *device = devices[(self + round) % device_count];
	_cleanup_free_ char *create = xasprintf("link=%s device=%s\n", link, device);
	_cleanup_free_ char *delete = xasprintf("link=/DosDevices/%s\n", link);
	_cleanup_free_ char *expected = xasprintf("LINK=\"/DosDevices/%s\" ID=\"", link);
	char reply[4096];

	ask("create_point", create, reply, sizeof(reply));
	expect("", reply, "create_point");
	query(link, device);
	if (round % 16 == 15)
		return; /* something is to be left */
	ask("delete_points", delete, reply, sizeof(reply));
	expect(expected, reply, "delete_points");
}

/* A name that is there already, or of which another client has the twin: errors are one's own. */
static void create_again(int round)
{
	_cleanup_free_ char *line =
		xasprintf("link=client-%d-%d device=%s\n", self, round % NAMES, devices[0]);
	char reply[4096], name[64];
	int fd = open_file("control/create_point", O_RDWR);
	ssize_t n;

	begin();
	if (write(fd, line, strlen(line)) >= 0 || errno != EEXIST)
		die("create_point again: %s", strerror(errno));
	n = read(fd, reply, sizeof(reply) - 1);
	reply[n < 0 ? 0 : n] = '\0';
	sprintf(name, "client-%d-%d", self, round % NAMES);
	if (!strstr(reply, name))
		die("the reason is not about %s: %s", name, reply);
	close(fd);
	end();
}

static void run_control(void)
{
	int round = 0;

	for (; !shared->is_over; round++) {
		control_round(round);
		if (round % 16 == 15) {
			char reply[4096], line[128];

			create_again(round);
			sprintf(line, "link=/DosDevices/client-%d-%d\n", self, round % NAMES);
			if (round % 32 == 15)
				ask("delete_points", line, reply, sizeof(reply));
			else
				break;
		}
	}
	while (!shared->is_over) {
		_cleanup_free_ char *link = xasprintf("client-%d-%d", self, round % NAMES);

		query(link, devices[(self + round) % device_count]);
	}
}

/* --- ln, mv, rm --- */

static void expect_link(const char *path, const char *device)
{
	char target[256];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	target[n < 0 ? 0 : n] = '\0';
	if (device ? strcmp(target, device) != 0 : n >= 0 || errno != ENOENT)
		die("%s leads to '%s' and not to %s", path, target, device ? device : "nothing");
}

static void run_folder(void)
{
	_cleanup_free_ char *one = xasprintf("%s/DosDevices/client-%d-one", mount, self);
	_cleanup_free_ char *two = xasprintf("%s/DosDevices/client-%d-two", mount, self);
	_cleanup_free_ char *bad = xasprintf("%s/DosDevices/x:", mount);

	for (int round = 0; !shared->is_over; round++) {
		const char *device = devices[(self + round) % device_count];

		begin();
		if (symlink(device, one) < 0)
			die("symlink: %s", strerror(errno));
		expect_link(one, device);
		if (symlink(device, bad) >= 0 || errno != EINVAL)
			die("symlink of a lower-case letter: %s", strerror(errno));
		if (rename(one, two) < 0)
			die("rename: %s", strerror(errno));
		expect_link(one, NULL);
		expect_link(two, device);
		if (round % 2 && unlink(two) < 0)
			die("unlink: %s", strerror(errno));
		expect_link(two, round % 2 ? NULL : device);
		end();
	}
}

/* --- waiting --- */

/* Waits, at most until it is over. False: it is. */
static bool wait_poll(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	while (!shared->is_over) {
		int n = poll(&poll_fd, 1, 50);

		if (n < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		if (n > 0 && !(poll_fd.revents & POLLIN))
			die("poll says %x", (unsigned int)poll_fd.revents);
		if (n > 0)
			return true;
	}
	return false;
}

/* One line, byte by byte like a shell, or at once. False: interrupted, which ends it. */
static bool read_line(int fd, char *line, size_t size, bool is_bytewise)
{
	size_t len = 0;

	do {
		ssize_t n = read(fd, line + len, is_bytewise ? 1 : size - 1 - len);

		if (n < 0 && errno == EINTR && (len == 0 || shared->is_over))
			return false;
		if (n <= 0)
			die("read: %s", n < 0 ? strerror(errno) : "the end");
		len += (size_t)n;
	} while (line[len - 1] != '\n' && len < size - 1);
	line[len] = '\0';
	return true;
}

static void run_notify(void)
{
	int fd = open_file("control/change_notify", O_RDWR);
	unsigned long before = 0;

	for (int round = 0; !shared->is_over; round++) {
		bool is_told = round % 8 == 7;
		unsigned long number;
		char line[64];

		if (is_told) { /* the same again: nothing missed, nothing twice */
			sprintf(line, "epic=%lu\n", before);
			if (write(fd, line, strlen(line)) != (ssize_t)strlen(line))
				die("%s: %s", line, strerror(errno));
		}
		if (self % 2 && !wait_poll(fd))
			break;
		if (!read_line(fd, line, sizeof(line), self % 4 < 2))
			continue;
		number = strtoul(line, NULL, 10);
		if (number <= before)
			die("change_notify says %s after %lu", line, before);
		before = number;
		shared->clients[self].count++;
	}
}

static void run_events(void)
{
	static char text[65536];
	int fd = open_file("events", O_RDONLY);
	unsigned long long expected = 0, number;

	while (!shared->is_over) {
		if (self % 2 && !wait_poll(fd))
			break;
		if (!read_line(fd, text, sizeof(text), false))
			continue;
		for (char *line = text; *line; line = strchr(line, '\n') + 1) {
			if (sscanf(line, "{\"seq\":%llu,", &number) != 1 ||
				(expected && number != expected && !strstr(line, "\"overrun\"")))
				die("after event %llu came: %.200s", expected - 1, line);
			expected = number + 1;
			shared->clients[self].count++;
		}
		if (self % 8 == 0)
			poll(NULL, 0, 100); /* a slow one */
	}
}

static void on_signal(int number)
{
}

static _Noreturn void run(void)
{
	static void (*const kinds[])(void) = { run_control, run_folder, run_notify, run_events };
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &action, NULL);
	kinds[self / (CLIENTS / 4)]();
	_exit(0);
}

/* --- replaying events --- */

struct point {
	struct map_node node;
	char *link;
	char *rest; /* " ID=… DEVICE=…" */
};

static struct map points;
static struct strbuf unread; /* start of a line */
static uint64_t event_count;

static bool point_has_link(const struct map_node *node, const void *key)
{
	return strcmp(container_of(node, struct point, node)->link, key) == 0;
}

static struct point *find_point(const char *link)
{
	struct map_node *node = map_find(&points, map_hash_text(link), point_has_link, link);

	return node ? container_of(node, struct point, node) : NULL;
}

static void add_point(const char *link, const char *id, const char *device)
{
	struct point *point = xcalloc(1, sizeof(*point));

	if (find_point(link))
		die("%s is created, and was there", link);
	point->link = xstrdup(link);
	point->rest = xasprintf("ID=\"%s\" DEVICE=\"%s\"", id, device);
	map_add(&points, &point->node, map_hash_text(link));
}

static void remove_point(const char *link)
{
	struct point *point = find_point(link);

	if (!point)
		die("%s is deleted, and was not there", link);
	map_remove(&points, &point->node);
	free(point->link);
	free(point->rest);
	free(point);
}

/* The texts here are plain: nothing is escaped. */
static void get_member(const char *line, const char *key, char ret_value[256])
{
	_cleanup_free_ char *start = xasprintf("\"%s\":\"", key);
	const char *at = strstr(line, start);

	*ret_value = '\0';
	if (at)
		sscanf(at + strlen(start), "%255[^\"]", ret_value);
}

static void replay_line(const char *line)
{
	static unsigned long long expected;
	char event[256], link[256], id[256], device[256];
	unsigned long long number;

	if (sscanf(line, "{\"seq\":%llu,", &number) != 1 || (expected && number != expected))
		die("instead of event %llu came: %s", expected, line);
	expected = number + 1;
	event_count++;
	get_member(line, "event", event);
	get_member(line, "link", link);
	get_member(line, "id", id);
	get_member(line, "device", device);
	if (strcmp(event, "link-created") == 0)
		add_point(link, id, device);
	else if (strcmp(event, "link-deleted") == 0)
		remove_point(link);
}

/* Reads what there is. */
static void replay(int fd)
{
	static char text[65536];
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char *newline, *line;
	ssize_t n;

	if (poll(&poll_fd, 1, 20) != 1)
		return;
	n = read(fd, text, sizeof(text));
	if (n <= 0)
		die("read of events: %s", strerror(errno));
	strbuf_add(&unread, text, (size_t)n);
	line = unread.data;
	while ((newline = strchr(line, '\n'))) {
		*newline = '\0';
		replay_line(line);
		line = newline + 1;
	}
	n = (ssize_t)strlen(line);
	memmove(unread.data, line, (size_t)n + 1);
	unread.len = (size_t)n;
}

/* The points that are there already, or a comparison with those that are there now. */
static int read_points(bool must_compare)
{
	_cleanup_free_ char *path = xasprintf("%s/points", mount);
	FILE *file = fopen(path, "r");
	char line[1024], link[256], id[256], device[256];
	size_t count = 0;
	int wrong = 0;

	while (file && fgets(line, sizeof(line), file)) {
		const struct point *point;

		if (sscanf(line, "LINK=\"%255[^\"]\" ID=\"%255[^\"]\" DEVICE=\"%255[^\"]\"", link,
			    id, device) != 3)
			die("points has %s", line);
		count++;
		if (!must_compare) {
			add_point(link, id, device);
			continue;
		}
		point = find_point(link);
		if (!point || !strstr(line, point->rest)) {
			fprintf(stderr, "clients: events say of %s %s, points: %s", link,
				point ? point->rest : "nothing", line);
			wrong++;
		}
	}
	if (!file || count != points.count) {
		fprintf(stderr, "clients: %zu points, %zu by events\n", count, points.count);
		wrong++;
	}
	if (file)
		fclose(file);
	return wrong;
}

/* --- watching over them --- */

static int check_hanging(void)
{
	int hanging = 0;

	for (int i = 0; i < CLIENTS; i++) {
		double since = shared->clients[i].since;

		if (since > 0 && now() > since + HANG) {
			fprintf(stderr, "clients: %d hangs\n", i);
			hanging++;
		}
	}
	return hanging;
}

/* Until the time is over, then until all clients have ended. */
static int watch(pid_t *pids, int fd, double seconds)
{
	double limit = now() + seconds;
	int alive = CLIENTS, failed = 0, status;

	while (alive && !failed) {
		if (now() > limit)
			shared->is_over = true;
		replay(fd);
		for (int i = 0; i < CLIENTS; i++) {
			if (!pids[i])
				continue;
			if (shared->is_over)
				kill(pids[i], SIGUSR1); /* whoever waits in a read */
			if (waitpid(pids[i], &status, WNOHANG) != pids[i])
				continue;
			pids[i] = 0;
			alive--;
			failed += status != 0;
		}
		failed += check_hanging();
		if (now() > limit + HANG) {
			fprintf(stderr, "clients: %d do not end\n", alive);
			failed++;
		}
	}
	for (int i = 0; i < CLIENTS; i++)
		if (pids[i])
			kill(pids[i], SIGKILL);
	return failed;
}

static void report(void)
{
	static const char *const names[] = { "control", "folder", "notify", "events" };

	for (int kind = 0; kind < 4; kind++) {
		uint64_t count = 0;
		double slowest = 0;

		for (int i = kind * CLIENTS / 4; i < (kind + 1) * CLIENTS / 4; i++) {
			count += shared->clients[i].count;
			if (shared->clients[i].slowest > slowest)
				slowest = shared->clients[i].slowest;
		}
		printf("%-8s %8llu done, slowest %.1f ms\n", names[kind], (unsigned long long)count,
			slowest * 1e3);
	}
}

int main(int argc, char **argv)
{
	pid_t pids[CLIENTS];
	int fd, failed;

	if (argc < 4)
		return 2;
	mount = argv[1];
	devices = argv + 3;
	device_count = argc - 3;
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 2;
	fd = open_file("events", O_RDONLY);
	failed = read_points(false);
	for (int i = 0; i < CLIENTS; i++) {
		pids[i] = fork();
		self = i;
		if (pids[i] == 0)
			run();
	}
	self = -1;
	failed += watch(pids, fd, atof(argv[2]));
	for (uint64_t before = event_count - 1; !failed && before != event_count;) {
		before = event_count;
		replay(fd);
	}
	failed += read_points(true);
	report();
	printf("%llu events replayed, %zu points\n", (unsigned long long)event_count, points.count);
	return failed != 0;
}
