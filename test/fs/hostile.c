/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client that wants to do harm, as any user may be:
 *
 *	hostile newlines FILE COUNT	writes so many times as many newlines as a write can have
 *	hostile lines FILE LINE COUNT	the line so often in one write (`-`: to standard input);
 *					prints how many bytes were taken, then how many more each
 *					write took, until all are written
 *	hostile open FILE COUNT		opens it up to so many times; prints how many there were and
 *					the errno of the next; keeps them open until its input ends
 *	hostile replies FILE LINE COUNT	opens it so many times, asks through each, keeps the
 *					replies; prints how many were answered, and the errno of the
 *					next
 *	hostile stall CALL PATH IMAGE	CALL is getdents, read, write or ioctl of PATH, with a
 *					buffer in a page of IMAGE, which may take as long as the
 *					server of that wants; stops itself before, and prints how it
 *					ended
 *	hostile storm KIND MOUNT	does the same over and over, until it is killed: see
 *					`storms`
 *	hostile creates MOUNT DEVICE SECONDS	not hostile: makes and deletes a link over and over;
 *						prints how
 *					often, and µs of the median, the 99th percentile and the
 *					longest
 *	hostile wait FILE COUNT		so many threads that read it; prints how many got an errno
 *					at once
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "mmfs/mountmgr.h"

#define WRITE_SIZE (1024 * 1024 - 4096)

static const char *error_name(int error)
{
	return error ? strerrorname_np(error) : "0";
}

static void await_end_of_input(void)
{
	char byte;

	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd >= 0 || errno != EACCES ? fd : open(path, O_RDONLY | O_CLOEXEC);
}

static char text[WRITE_SIZE];

static void fill(const char *line)
{
	size_t len = strlen(line);

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = line[i % len];
}

static int write_newlines(const char *path, long count)
{
	int fd = open_file(path);

	fill("\n");
	for (long i = 0; i < count; i++) {
		ssize_t n = write(fd, text, WRITE_SIZE);

		if (n < 0)
			perror("write");
		if (n <= 0)
			return 1;
	}
	return 0;
}

static int write_lines(const char *path, const char *line, long count)
{
	size_t len = strlen(line) + 1, size = len * (size_t)count, done = 0;
	_cleanup_free_ char *lines = xrealloc(NULL, size, 1);
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open_file(path);

	for (long i = 0; i < count; i++) {
		memcpy(lines + (size_t)i * len, line, len - 1);
		lines[(size_t)i * len + len - 1] = '\n';
	}
	while (done < size) {
		ssize_t n = write(fd, lines + done, size - done);

		printf("%zd%s", n, done + (size_t)n < size && n > 0 ? " " : "\n");
		if (n <= 0)
			return 1;
		done += (size_t)n;
	}
	return 0;
}

static void raise_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_many(const char *path, long count)
{
	long done = 0;
	int error = 0;

	for (; done < count && !error; done++)
		if (open_file(path) < 0) {
			error = errno;
			break;
		}
	printf("%ld %s\n", done, error_name(error));
	await_end_of_input();
	return 0;
}

static int keep_replies(const char *path, const char *line, long count)
{
	_cleanup_free_ char *request = xasprintf("%s\n", line);
	long done = 0;
	int error = 0;

	for (; done < count; done++) {
		int fd = open_file(path);

		if (fd < 0 || write(fd, request, strlen(request)) < 0) {
			error = errno;
			break;
		}
	}
	printf("%ld %s\n", done, error_name(error));
	await_end_of_input();
	return 0;
}

/* A buffer whose first page is touched by the call alone. */
static int stall_in(const char *call, const char *path, const char *image)
{
	int from = open(image, O_RDONLY | O_CLOEXEC);
	void *page = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE, from, 0);
	bool is_folder = strcmp(call, "getdents") == 0;
	int fd = is_folder ? open(path, O_RDONLY | O_DIRECTORY) : open_file(path);
	long n = -1;

	if (page == MAP_FAILED || fd < 0) {
		perror(page == MAP_FAILED ? image : path);
		return 1;
	}
	raise(SIGSTOP); /* until the server of the image stands still */
	if (is_folder)
		n = syscall(SYS_getdents64, fd, page, 4096);
	else if (strcmp(call, "read") == 0)
		n = read(fd, page, 4096);
	else if (strcmp(call, "write") == 0)
		n = write(fd, page, 4096);
	else if (strcmp(call, "ioctl") == 0)
		n = ioctl(fd, MMFS_IOC_4K, page);
	printf("%ld %s\n", n, n < 0 ? strerrorname_np(errno) : "0");
	return 0;
}

/* Opens, writes and reads it, whatever comes of it. */
static void use(const char *path, size_t size)
{
	static char reply[65536];
	int fd = open_file(path);

	if (fd >= 0 && size && write(fd, text, size) < 0 && errno == EINTR)
		return;
	while (fd >= 0 && read(fd, reply, sizeof(reply)) > 0)
		;
	close(fd);
}

static const struct {
	const char *kind, *path, *line;
	size_t size;
} storms[] = {
	{ "newlines", "control/query_points", "\n", WRITE_SIZE },
	{ "long", "control/query_points", "x", WRITE_SIZE },
	{ "queries", "control/query_points", "link=nothing\n", WRITE_SIZE },
	{ "all", "control/query_points", "\n", 1 },
	{ "paths", "control/query_dos_volume_paths", "device=nothing\n", WRITE_SIZE },
	{ "settle", "control/settle", "1\n", 2 },
	{ "metrics", "metrics", "", 0 },
	{ "points", "control/query_points", "", 0 },
	{ "log", "control/error_log", "", 0 },
};

static int do_storm(const char *kind, const char *mount)
{
	for (size_t i = 0; i < ARRAY_SIZE(storms); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", mount, storms[i].path);

		if (strcmp(storms[i].kind, kind) != 0)
			continue;
		if (storms[i].size)
			fill(storms[i].line);
		for (;;)
			use(path, storms[i].size);
	}
	return 2;
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static void write_line(const char *mount, const char *operation, const char *line)
{
	_cleanup_free_ char *path = xasprintf("%s/control/%s", mount, operation);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, line, strlen(line)) != (ssize_t)strlen(line)) {
		perror(path);
		exit(1);
	}
	close(fd);
}

static int compare_times(const void *a, const void *b)
{
	const uint64_t *time_a = a, *time_b = b;

	return (*time_a > *time_b) - (*time_a < *time_b);
}

static int make_links(const char *mount, const char *device, int seconds)
{
	_cleanup_free_ char *line = xasprintf("link=torture device=%s\n", device);
	_cleanup_free_ char *path = xasprintf("%s/DosDevices/torture", mount);
	uint64_t end = now() + (uint64_t)seconds * 1000000, *times = NULL;
	char target[256];
	size_t count = 0;

	while (now() < end) {
		uint64_t start = now();

		write_line(mount, "create_point", line);
		times = xgrow(times, count, sizeof(*times));
		times[count++] = now() - start;
		if (readlink(path, target, sizeof(target)) < 0) {
			perror(path);
			return 1;
		}
		write_line(mount, "delete_points", "link=torture\n");
	}
	qsort(times, count, sizeof(*times), compare_times);
	printf("%zu %llu %llu %llu\n", count, (unsigned long long)times[count / 2],
		(unsigned long long)times[count * 99 / 100], (unsigned long long)times[count - 1]);
	free(times);
	return 0;
}

static const char *wait_path;
static pthread_mutex_t wait_lock = PTHREAD_MUTEX_INITIALIZER;
static long refused;

static void *run_wait(void *data)
{
	int fd = open_file(wait_path);
	char line[4096];

	while (fd >= 0 && read(fd, line, sizeof(line)) > 0)
		;
	pthread_mutex_lock(&wait_lock);
	refused += fd >= 0 && errno == ENOBUFS;
	pthread_mutex_unlock(&wait_lock);
	return NULL;
}

static int wait_many(const char *path, long count)
{
	pthread_attr_t attributes;
	pthread_t thread;
	long started = 0;

	wait_path = path;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	while (started < count && pthread_create(&thread, &attributes, run_wait, NULL) == 0)
		started++;
	await_end_of_input();
	pthread_mutex_lock(&wait_lock);
	printf("%ld %ld\n", started, refused);
	fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	raise_limit();
	if (argc == 4 && strcmp(what, "newlines") == 0)
		return write_newlines(argv[2], atol(argv[3]));
	if (argc == 5 && strcmp(what, "lines") == 0)
		return write_lines(argv[2], argv[3], atol(argv[4]));
	if (argc == 4 && strcmp(what, "open") == 0)
		return open_many(argv[2], atol(argv[3]));
	if (argc == 5 && strcmp(what, "replies") == 0)
		return keep_replies(argv[2], argv[3], atol(argv[4]));
	if (argc == 5 && strcmp(what, "stall") == 0)
		return stall_in(argv[2], argv[3], argv[4]);
	if (argc == 4 && strcmp(what, "storm") == 0)
		return do_storm(argv[2], argv[3]);
	if (argc == 5 && strcmp(what, "creates") == 0)
		return make_links(argv[2], argv[3], atoi(argv[4]));
	if (argc == 4 && strcmp(what, "wait") == 0)
		return wait_many(argv[2], atol(argv[3]));
	return 2;
}
