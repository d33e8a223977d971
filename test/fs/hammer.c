/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coherence under load: hammer MOUNT DEVICE DEVICE ROUNDS
 *
 * Two writers create, lead elsewhere and delete names at the same time, one through the control
 * files, one with symlink(2), rename(2) and unlink(2). Readers in processes of their own look at
 * these names all the time, and a new process looks after every acknowledgement.
 *
 * Each writer keeps in shared memory what has been acknowledged to it, under a number that is odd
 * while a request is under way. Who finds the same even number before and after an access knows
 * exactly what it must have seen; any other answer is stale. Nothing may take longer than HANG.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

#define WRITERS 2
#define NAMES 8	       /* per writer */
#define HANG 10000000u /* µs */

enum { ABSENT, FIRST, SECOND };
enum worker { BY_CONTROL, BY_FOLDER, READ_LINK, READ_FOLDER, READ_STAT, READ_POINTS, WORKERS };

static const char *const worker_names[WORKERS] = { "control", "folder", "readlink", "readdir",
	"stat", "points" };

/* What one writer has been acknowledged. */
struct slate {
	_Atomic uint64_t number;
	_Atomic int state[NAMES];
};

struct shared {
	struct slate slates[WRITERS];
	struct {
		_Atomic uint64_t since; /* µs, of the access under way; 0: none */
		_Atomic uint64_t count;
		_Atomic uint64_t checked;
		_Atomic uint64_t stale;
		_Atomic uint64_t slowest;
	} workers[WORKERS];
	_Atomic bool is_over;
};

static struct shared *shared;
static const char *mount, *devices[3];
static dev_t numbers[3];
static enum worker self;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static void begin(void)
{
	shared->workers[self].since = now();
}

static void end(void)
{
	uint64_t took = now() - shared->workers[self].since;

	shared->workers[self].since = 0;
	shared->workers[self].count++;
	if (took > shared->workers[self].slowest)
		shared->workers[self].slowest = took;
}

static _Noreturn _printf_(1, 2) void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "hammer: %s: ", worker_names[self]);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	_exit(2);
}

static _printf_(1, 2) void note_stale(const char *format, ...)
{
	va_list args;

	if (shared->workers[self].stale++ >= 5)
		return;
	va_start(args, format);
	fprintf(stderr, "hammer: %s: stale: ", worker_names[self]);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

static void get_name(char *ret_name, int writer, int name)
{
	sprintf(ret_name, "hammer-%s-%d", worker_names[writer], name);
}

static void get_path(char *ret_path, int writer, int name)
{
	sprintf(ret_path, "%s/DosDevices/", mount);
	get_name(ret_path + strlen(ret_path), writer, name);
}

/* --- what a name is, by each way of looking --- */

static int look_readlink(const char *path)
{
	char target[256];
	struct stat status;
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len < 0 && errno == ENOENT)
		return ABSENT;
	if (len < 0)
		die("readlink %s: %s", path, strerror(errno));
	target[len] = '\0';
	/* Gone or another one by now: for the next look to find out. */
	if (lstat(path, &status) == 0 && status.st_size == 0)
		die("%s has no size", path);
	for (int i = FIRST; i <= SECOND; i++)
		if (strcmp(target, devices[i]) == 0)
			return i;
	die("%s leads to '%s'", path, target);
}

static int look_stat(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0) {
		if (errno == ENOENT)
			return ABSENT;
		die("stat %s: %s", path, strerror(errno));
	}
	for (int i = FIRST; i <= SECOND; i++)
		if (status.st_rdev == numbers[i])
			return i;
	die("%s leads to %llx", path, (unsigned long long)status.st_rdev);
}

static uint64_t slate_begin(const struct slate *slate)
{
	return slate->number;
}

static bool slate_is_same(const struct slate *slate, uint64_t number)
{
	return number % 2 == 0 && slate->number == number;
}

/* One name, and whether what is seen is what was acknowledged. */
static void check_name(int writer, int name, int (*look)(const char *path))
{
	const struct slate *slate = &shared->slates[writer];
	uint64_t number = slate_begin(slate);
	int expected = slate->state[name], seen;
	char path[256];

	get_path(path, writer, name);
	begin();
	seen = look(path);
	end();
	if (!slate_is_same(slate, number))
		return;
	shared->workers[self].checked++;
	if (seen != expected)
		note_stale("%s is %d, should be %d", path, seen, expected);
}

/* All names of a writer in one text, as lines or words that end in `end`. */
static void check_all(
	int writer, uint64_t number, const int *expected, const int *seen, const char *what)
{
	if (!slate_is_same(&shared->slates[writer], number))
		return;
	for (int name = 0; name < NAMES; name++) {
		shared->workers[self].checked++;
		if (seen[name] != expected[name])
			note_stale("%s: %s-%d is %d, should be %d", what, worker_names[writer],
				name, seen[name], expected[name]);
	}
}

struct view {
	uint64_t numbers[WRITERS];
	int expected[WRITERS][NAMES];
	int seen[WRITERS][NAMES];
};

static void view_begin(struct view *view)
{
	*view = (struct view){ 0 };
	for (int writer = 0; writer < WRITERS; writer++) {
		view->numbers[writer] = slate_begin(&shared->slates[writer]);
		for (int name = 0; name < NAMES; name++)
			view->expected[writer][name] = shared->slates[writer].state[name];
	}
}

static void view_end(const struct view *view, const char *what)
{
	for (int writer = 0; writer < WRITERS; writer++)
		check_all(writer, view->numbers[writer], view->expected[writer], view->seen[writer],
			what);
}

static void check_folder(void)
{
	char path[256], name[64];
	struct dirent *entry;
	struct view view;
	DIR *folder;

	sprintf(path, "%s/DosDevices", mount);
	view_begin(&view);
	begin();
	folder = opendir(path);
	if (!folder)
		die("opendir %s: %s", path, strerror(errno));
	while ((errno = 0, entry = readdir(folder)))
		for (int writer = 0; writer < WRITERS; writer++)
			for (int i = 0; i < NAMES; i++) {
				get_name(name, writer, i);
				if (strcmp(name, entry->d_name) == 0)
					view.seen[writer][i]++;
			}
	if (errno)
		die("readdir %s: %s", path, strerror(errno));
	closedir(folder);
	end();
	for (int writer = 0; writer < WRITERS; writer++)
		for (int i = 0; i < NAMES; i++)
			view.expected[writer][i] = view.expected[writer][i] != ABSENT;
	view_end(&view, "listing");
}

static void check_points(void)
{
	static char text[1 << 20];
	char path[256], line[128];
	struct stat status;
	struct view view;
	size_t len = 0;
	ssize_t n;
	int fd;

	sprintf(path, "%s/points", mount);
	view_begin(&view);
	begin();
	if (stat(path, &status) < 0)
		die("stat %s: %s", path, strerror(errno));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("open %s: %s", path, strerror(errno));
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		die("read %s: %s", path, strerror(errno));
	close(fd);
	end();
	text[len] = '\0';
	for (int writer = 0; writer < WRITERS; writer++)
		for (int i = 0; i < NAMES; i++) {
			const char *found;

			sprintf(line, "LINK=\"/DosDevices/hammer-%s-%d\" ", worker_names[writer],
				i);
			found = strstr(text, line);
			for (int d = FIRST; found && d <= SECOND; d++) {
				sprintf(line, "DEVICE=\"%s\"\n", devices[d]);
				if (strncmp(strstr(found, "DEVICE="), line, strlen(line)) == 0)
					view.seen[writer][i] = d;
			}
		}
	view_end(&view, "points");
	if (slate_is_same(&shared->slates[0], view.numbers[0]) &&
		slate_is_same(&shared->slates[1], view.numbers[1])) {
		shared->workers[self].checked++;
		if ((size_t)status.st_size != len)
			note_stale("points has %zu bytes, st_size says %zu", len,
				(size_t)status.st_size);
	}
}

/* --- writers --- */

static void request_begin(void)
{
	shared->slates[self].number++;
	begin();
}

static void request_end(int name, int state)
{
	end();
	shared->slates[self].state[name] = state;
	shared->slates[self].number++;
}

/* After each acknowledgement: a process that has never looked before, by all ways. */
static void check_afresh(int name)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		check_name(self, name, look_readlink);
		check_name(self, name, look_stat);
		check_folder();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die("cannot check");
}

static void control(const char *operation, int name, int state)
{
	char path[256], line[512], link[64];
	int fd, len;

	get_name(link, BY_CONTROL, name);
	sprintf(path, "%s/control/%s", mount, operation);
	len = state == ABSENT ? sprintf(line, "link=/DosDevices/%s\n", link)
			      : sprintf(line, "link=%s device=%s\n", link, devices[state]);
	request_begin();
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, line, (size_t)len) != len)
		die("%s %s: %s", operation, line, strerror(errno));
	close(fd);
	request_end(name, state);
	check_afresh(name);
}

static void write_by_control(int round)
{
	int name = round % NAMES;

	control("create_point", name, FIRST);
	control("delete_points", name, ABSENT);
	control("create_point", name, SECOND);
	control("delete_points", name, ABSENT);
}

/* The last name is where a symlink is made that then replaces another. */
static void write_by_folder(int round)
{
	int name = round % (NAMES - 1), spare = NAMES - 1;
	char path[256], other[256];

	get_path(path, BY_FOLDER, name);
	get_path(other, BY_FOLDER, spare);
	request_begin();
	if (symlink(devices[FIRST], path) < 0)
		die("symlink %s: %s", path, strerror(errno));
	request_end(name, FIRST);
	check_afresh(name);

	request_begin();
	if (symlink(devices[SECOND], other) < 0)
		die("symlink %s: %s", other, strerror(errno));
	request_end(spare, SECOND);
	check_afresh(spare);

	request_begin();
	if (rename(other, path) < 0)
		die("rename %s: %s", other, strerror(errno));
	shared->slates[self].state[spare] = ABSENT;
	request_end(name, SECOND);
	check_afresh(name);

	request_begin();
	if (unlink(path) < 0)
		die("unlink %s: %s", path, strerror(errno));
	request_end(name, ABSENT);
	check_afresh(name);
}

static void read_forever(void)
{
	for (int i = 0; !shared->is_over; i++) {
		int writer = i % WRITERS, name = i / WRITERS % NAMES;

		if (self == READ_LINK)
			check_name(writer, name, look_readlink);
		else if (self == READ_STAT)
			check_name(writer, name, look_stat);
		else if (self == READ_FOLDER)
			check_folder();
		else
			check_points();
	}
}

static _Noreturn void work(int rounds)
{
	for (int round = 0; self < WRITERS && round < rounds; round++) {
		if (self == BY_CONTROL)
			write_by_control(round);
		else
			write_by_folder(round);
	}
	if (self >= WRITERS)
		read_forever();
	_exit(0);
}

/* --- watching over them --- */

static bool is_hanging(void)
{
	bool found = false;

	for (int i = 0; i < WORKERS; i++) {
		uint64_t since = shared->workers[i].since;

		if (since && now() > since + HANG) {
			fprintf(stderr, "hammer: %s hangs\n", worker_names[i]);
			found = true;
		}
	}
	return found;
}

/* Waits for all; when one fails or hangs, for none. */
static int watch(const pid_t *pids)
{
	bool is_alive[WORKERS];
	int alive = WORKERS, writers = WRITERS, code = 0;

	memset(is_alive, true, sizeof(is_alive));
	while (alive && code == 0) {
		poll(NULL, 0, 20);
		for (int i = 0; i < WORKERS; i++) {
			int status;

			if (!is_alive[i] || waitpid(pids[i], &status, WNOHANG) != pids[i])
				continue;
			is_alive[i] = false;
			alive--;
			writers -= i < WRITERS;
			if (status)
				code = 1;
		}
		if (!writers)
			shared->is_over = true;
		if (is_hanging())
			code = 1;
	}
	for (int i = 0; i < WORKERS; i++)
		if (is_alive[i])
			kill(pids[i], SIGKILL); /* may be beyond that until the daemon goes */
	return code;
}

int main(int argc, char **argv)
{
	pid_t pids[WORKERS];
	uint64_t stale = 0;
	int code, rounds;

	if (argc != 5)
		return 2;
	mount = argv[1];
	for (int i = FIRST; i <= SECOND; i++) {
		struct stat status;

		devices[i] = argv[1 + i];
		if (stat(devices[i], &status) < 0)
			die("stat %s: %s", devices[i], strerror(errno));
		numbers[i] = status.st_rdev;
	}
	rounds = atoi(argv[4]);
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 2;
	for (int i = 0; i < WORKERS; i++) {
		self = (enum worker)i;
		pids[i] = fork();
		if (pids[i] == 0)
			work(rounds);
	}
	code = watch(pids);
	for (int i = 0; i < WORKERS; i++) {
		printf("%-8s %8llu accesses, %8llu checked, %llu stale, slowest %.1f ms\n",
			worker_names[i], (unsigned long long)shared->workers[i].count,
			(unsigned long long)shared->workers[i].checked,
			(unsigned long long)shared->workers[i].stale,
			(double)shared->workers[i].slowest / 1000);
		stale += shared->workers[i].stale;
	}
	return code || stale ? 1 : 0;
}
