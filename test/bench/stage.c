/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon under test, requests to it, and what processes cost. Where things are, bench.sh has
 * put into the environment.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "bench.h"

#define START_LIMIT 60e6 /* µs */

struct stage stage;

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "bench: ");
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static const char *get_setting(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		die("there is no $%s: this is started by bench.sh", name);
	return value;
}

void stage_init(void)
{
	struct rlimit limit = { 16384, 16384 };

	stage.mmfs = get_setting("MMFS");
	stage.mount = get_setting("MM");
	stage.disk = get_setting("TMP");
	stage.ram = get_setting("RAM");
	stage.devices = get_setting("BENCH_DEVICES");
	stage.log = get_setting("LOG");
	stage.first = atoi(get_setting("BENCH_FIRST"));
	stage.volumes = atoi(get_setting("BENCH_VOLUMES"));
	stage.links = atoi(get_setting("BENCH_LINKS"));
	stage.runs = atoi(get_setting("BENCH_RUNS"));
	prctl(PR_SET_TIMERSLACK, 1000L);
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("setrlimit: %s", strerror(errno));
}

void sleep_for(double microseconds)
{
	struct timespec time = { 0, (long)(microseconds * 1000) };

	nanosleep(&time, NULL);
}

/* --- tools and CPU --- */

double run_tool(const char *program, ...)
{
	const char *words[16] = { program };
	double since = now();
	size_t count = 0;
	int status;
	va_list args;
	pid_t pid;

	va_start(args, program);
	while (words[count] && count + 1 < ARRAY_SIZE(words))
		words[++count] = va_arg(args, const char *);
	va_end(args);
	pid = vfork();
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, STDOUT_FILENO);
		execvp(program, (char **)words);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("%s: %s", program, strerror(errno));
	if (status)
		die("%s %s: ended with %d", program, words[1], status);
	return now() - since;
}

struct process {
	pid_t pid, parent;
	char name[32];
	double cpu;
	bool is_counted;
};

static bool process_read(pid_t pid, struct process *ret_process)
{
	char path[64], text[1024];
	unsigned long own, system, children, children_system;
	char *end;
	FILE *file;
	size_t n;

	sprintf(path, "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	end = strrchr(text, ')');
	if (!end ||
		sscanf(end + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu",
			&ret_process->parent, &own, &system, &children, &children_system) != 5)
		return false;
	ret_process->pid = pid;
	ret_process->is_counted = false;
	ret_process->cpu = (double)(own + system + children + children_system) * 1e6 /
		(double)sysconf(_SC_CLK_TCK);
	snprintf(ret_process->name, sizeof(ret_process->name), "%.*s",
		(int)(end - strchr(text, '(')) - 1, strchr(text, '(') + 1);
	return true;
}

static size_t list_processes(struct process **ret_processes)
{
	struct process *list = NULL;
	size_t count = 0;
	DIR *dir = opendir("/proc");

	if (!dir)
		die("/proc: %s", strerror(errno));
	for (struct dirent *entry; (entry = readdir(dir));) {
		list = xrealloc(list, count + 1, sizeof(*list));
		if (atoi(entry->d_name) > 0 && process_read(atoi(entry->d_name), &list[count]))
			count++;
	}
	closedir(dir);
	*ret_processes = list;
	return count;
}

double get_cpu(pid_t root)
{
	_cleanup_free_ struct process *list = NULL;
	size_t count = list_processes(&list);
	double sum = 0;

	for (bool has_found = true; has_found;) {
		has_found = false;
		for (size_t i = 0; i < count; i++) {
			bool is_below = list[i].pid == root;

			for (size_t j = 0; j < count && !is_below && !list[i].is_counted; j++)
				is_below = list[j].is_counted && list[j].pid == list[i].parent;
			if (!is_below || list[i].is_counted)
				continue;
			list[i].is_counted = has_found = true;
			sum += list[i].cpu;
		}
	}
	return sum;
}

/* The parent of its workers. */
pid_t find_udevd(void)
{
	_cleanup_free_ struct process *list = NULL;
	size_t count = list_processes(&list);

	for (size_t i = 0; i < count; i++) {
		struct process parent = { .parent = 0 };

		if (strcmp(list[i].name, "systemd-udevd") == 0 &&
			!(process_read(list[i].parent, &parent) &&
				strcmp(parent.name, "systemd-udevd") == 0))
			return list[i].pid;
	}
	die("there is no udevd");
}

static void pin_process(pid_t pid, const cpu_set_t *set)
{
	char path[64];
	DIR *dir;

	sprintf(path, "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		die("%s: %s", path, strerror(errno));
	for (struct dirent *entry; (entry = readdir(dir));)
		if (atoi(entry->d_name) > 0)
			sched_setaffinity(atoi(entry->d_name), sizeof(*set), set);
	closedir(dir);
}

void pin(bool is_pinned)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < (is_pinned ? 1 : CPU_SETSIZE); i++)
		CPU_SET(i, &set);
	pin_process(getpid(), &set);
	if (stage.server)
		pin_process(stage.server, &set);
}

/* --- the daemon --- */

static bool is_mounted(int mountinfo)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_free_ char *word = xasprintf(" %s ", stage.mount);
	char block[4096];
	ssize_t n;

	lseek(mountinfo, 0, SEEK_SET);
	while ((n = read(mountinfo, block, sizeof(block))) > 0)
		strbuf_add(&text, block, (size_t)n);
	return strstr(strbuf_text(&text), word);
}

static _Noreturn void daemon_run(const char *database, const char *options)
{
	_cleanup_free_ char *words =
		xasprintf("db=%s,devices=%s,%s", database, stage.devices, options);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = open(stage.log, O_WRONLY | O_APPEND | O_CLOEXEC);

	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execl(stage.mmfs, stage.mmfs, "-f", "-o", words, stage.mount, (char *)NULL);
	_exit(127);
}

void daemon_start(const char *database, const char *options)
{
	struct pollfd poll_fd = { .fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC),
		.events = POLLPRI };
	double limit = now() + START_LIMIT;
	char number[16] = "";
	int fd;

	stage.daemon = fork();
	if (stage.daemon == 0)
		daemon_run(database, options);
	while (!is_mounted(poll_fd.fd)) {
		if (waitpid(stage.daemon, NULL, WNOHANG) || now() > limit)
			die("the daemon does not start: see %s", stage.log);
		poll(&poll_fd, 1, 100);
	}
	close(poll_fd.fd);
	fd = open_in(stage.mount, "control/server_pid", O_RDONLY);
	if (read(fd, number, sizeof(number) - 1) <= 0)
		die("%s: no number of the server", stage.mount);
	stage.server = atoi(number);
	close(fd);
}

void daemon_stop(void)
{
	int status;

	for (int tries = 0; umount2(stage.mount, 0) < 0; tries++) {
		if (errno != EBUSY || tries == 1000)
			die("umount %s: %s", stage.mount, strerror(errno));
		sleep_for(5000);
	}
	if (waitpid(stage.daemon, &status, 0) != stage.daemon || status)
		die("the daemon ended with %d", status);
	stage.daemon = stage.server = 0;
}

/* --- requests --- */

int open_in(const char *folder, const char *name, int flags)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", folder, name);
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		die("open %s: %s", path, strerror(errno));
	return fd;
}

void write_all(int fd, const char *data, size_t size, const char *what)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n <= 0)
			die("%s: %s", what, strerror(errno));
		data += n;
		size -= (size_t)n;
	}
}

void request(const char *operation, const char *format, ...)
{
	_cleanup_free_ char *name = xasprintf("control/%s", operation), *line = NULL;
	int fd = open_in(stage.mount, name, O_WRONLY);
	va_list args;

	va_start(args, format);
	if (vasprintf(&line, format, args) < 0)
		abort();
	va_end(args);
	write_all(fd, line, strlen(line), operation);
	close(fd);
}

void settle(void)
{
	request("settle", "1\n");
}

void settle_udevd(void)
{
	run_tool("udevadm", "settle", "--timeout=60", NULL);
}

uint64_t get_metric(const char *name)
{
	char line[1024];
	unsigned long long value;
	FILE *file = fdopen(open_in(stage.mount, "metrics", O_RDONLY), "r");
	size_t len = strlen(name);

	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, len) == 0 && sscanf(line + len, " %llu", &value) == 1) {
			fclose(file);
			return value;
		}
	}
	die("there is no metric %s", name);
}

/* --- links --- */

char *link_name(int number)
{
	return xasprintf("disk-%06d", number);
}

static double write_requests(const char *operation, const struct strbuf *lines)
{
	_cleanup_free_ char *name = xasprintf("control/%s", operation);
	int fd = open_in(stage.mount, name, O_WRONLY);
	double since = now();

	write_all(fd, lines->data, lines->len, operation);
	since = now() - since;
	close(fd);
	return since;
}

double create_links(int first, int count)
{
	_cleanup_strbuf_ struct strbuf lines = STRBUF_INIT;
	int bare = devices_count() > 2 ? 2 : 0; /* volumes without them */

	for (int i = first; i < first + count; i++)
		strbuf_add_format(&lines, "link=disk-%06d device=/dev/loop%d\n", i,
			stage.first + bare + i % (devices_count() - bare));
	return write_requests("create_point", &lines);
}

double name_volumes(const char *kind)
{
	_cleanup_strbuf_ struct strbuf lines = STRBUF_INIT;

	for (int i = 0; i < devices_count(); i++)
		strbuf_add_format(
			&lines, "link=%s-%d device=/dev/loop%d\n", kind, i, stage.first + i);
	return write_requests("create_point", &lines);
}

char *full_database(int links)
{
	return xasprintf("%s/full-%d.db", stage.disk, links);
}

void start_full(int links, const char *options)
{
	_cleanup_free_ char *database = full_database(links);
	bool is_new = access(database, F_OK) < 0;

	if (devices_count() != stage.volumes)
		devices_attach("own", stage.volumes);
	daemon_start(database, options);
	if (!is_new)
		return;
	create_links(0, links);
	request("create_point", "link=first device=/dev/loop%d\n", stage.first);
	request("delete_points", "device=/dev/loop%d\n", stage.first + 1);
}
