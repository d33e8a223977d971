/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client whose daemon dies: scribe [-k PID... -a MICROSECONDS] [-n WRITES] MOUNT SEED FILE ID ID
 * Or whose machine does: scribe -r PORT [-n WRITES] MOUNT SEED FILE ID ID
 *
 * Changes names in every way there is, at random, until the daemon is gone, and then writes down
 * what it knows: FILE.old has the names that were acknowledged, FILE.new the same with the request
 * that was under way (lines "NAME ID", sorted). The database must be one of the two.
 * With -k it kills these processes itself, that many microseconds after the first request.
 *
 * With -r it tells a serial port, and waits until that is out: `want NAMES` before each write, and
 * `done` when it is acknowledged. NAMES has a digit per name: whose it is, 0 is nobody's.
 *
 * Ends with 0 when the daemon died, 3 when it outlived the number of writes, 1 when it was wrong.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

#define NAMES 24
#define LINES_MAX 12
#define FREE 0 /* else 1 or 2: whose name it is */

static const char *mount, *ids[3];
static int acknowledged[NAMES], wanted[NAMES];
static int writes;
static int port = -1;
static bool is_under_way; /* reported, and not acknowledged yet */

static _Noreturn _printf_(1, 2) void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("scribe: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	exit(1);
}

static int choose(int below)
{
	return (int)(random() % below);
}

/* A name that is free, or one that is not. */
static int choose_name(const int *names, bool is_free)
{
	int start = choose(NAMES);

	for (int i = 0; i < NAMES; i++) {
		int name = (start + i) % NAMES;

		if ((names[name] == FREE) == is_free)
			return name;
	}
	return -1;
}

static void get_path(char *ret_path, int name)
{
	sprintf(ret_path, "%s/DosDevices/scribe%02d", mount, name);
}

static bool is_daemon_dead(int error)
{
	return error == ECONNABORTED || error == ENOTCONN || error == ENODEV;
}

static void report(const char *text)
{
	if (port < 0)
		return;
	if (write(port, text, strlen(text)) != (ssize_t)strlen(text) || tcdrain(port) < 0)
		die("cannot report: %s", strerror(errno));
}

static void report_wanted(void)
{
	char text[NAMES + 16];
	int len = sprintf(text, "want ");

	for (int i = 0; i < NAMES; i++)
		text[len++] = (char)('0' + wanted[i]);
	strcpy(text + len, "\n");
	report(text);
	is_under_way = true;
}

static int write_request(const char *operation, const char *text)
{
	char path[256];
	int r = 0, fd;

	sprintf(path, "%s/control/%s", mount, operation);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	report_wanted();
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		r = errno ? -errno : -EIO;
	close(fd);
	return r;
}

/* Several lines in one write share one transaction. */
static int create_many(void)
{
	char text[LINES_MAX * 128] = "";
	int count = 1 + choose(LINES_MAX);

	for (int i = 0; i < count; i++) {
		int name = choose_name(wanted, true), owner = 1 + choose(2);

		if (name < 0)
			break;
		wanted[name] = owner;
		sprintf(text + strlen(text), "link=scribe%02d device=%s\n", name, ids[owner]);
	}
	return *text ? write_request("create_point", text) : 0;
}

static int delete_many(void)
{
	char text[LINES_MAX * 128] = "";
	int count = 1 + choose(LINES_MAX);

	for (int i = 0; i < count; i++) {
		int name = choose_name(wanted, false);

		if (name < 0)
			break;
		wanted[name] = FREE;
		sprintf(text + strlen(text), "link=scribe%02d\n", name);
	}
	return *text ? write_request("delete_points", text) : 0;
}

static int create_symlink(void)
{
	int name = choose_name(wanted, true), owner = 1 + choose(2);
	char path[256];

	if (name < 0)
		return 0;
	wanted[name] = owner;
	get_path(path, name);
	report_wanted();
	return symlink(ids[owner], path) < 0 ? -errno : 0;
}

static int delete_symlink(void)
{
	int name = choose_name(wanted, false);
	char path[256];

	if (name < 0)
		return 0;
	wanted[name] = FREE;
	get_path(path, name);
	report_wanted();
	return unlink(path) < 0 ? -errno : 0;
}

/* On a free name, or in place of another. */
static int move(void)
{
	int name = choose_name(wanted, false), other = choose(NAMES);
	char path[256], new_path[256];

	if (name < 0 || name == other)
		return 0;
	wanted[other] = wanted[name];
	wanted[name] = FREE;
	get_path(path, name);
	get_path(new_path, other);
	report_wanted();
	return rename(path, new_path) < 0 ? -errno : 0;
}

static void save(const char *file, const char *ending, const int *names)
{
	char path[256];
	FILE *out;

	sprintf(path, "%s.%s", file, ending);
	out = fopen(path, "w");
	if (!out)
		die("cannot write %s: %s", path, strerror(errno));
	for (int i = 0; i < NAMES; i++)
		if (names[i] != FREE)
			fprintf(out, "scribe%02d %s\n", i, ids[names[i]]);
	fclose(out);
}

/* Goes on from where the scribe before was. */
static void load(const char *file)
{
	char path[256], name[64], id[256];
	FILE *in;

	sprintf(path, "%s.old", file);
	in = fopen(path, "r");
	while (in && fscanf(in, "%63s %255s", name, id) == 2)
		acknowledged[atoi(name + strlen("scribe"))] = strcmp(id, ids[1]) == 0 ? 1 : 2;
	if (in)
		fclose(in);
	memcpy(wanted, acknowledged, sizeof(wanted));
}

static pid_t daemons[2];
static size_t daemon_count;

static void kill_later(long after)
{
	struct timespec time = { after / 1000000, after % 1000000 * 1000 };

	if (fork() != 0)
		return;
	nanosleep(&time, NULL);
	/* The first would notice that the others have gone, and they that it has. */
	if (daemon_count > 1)
		kill(daemons[0], SIGSTOP);
	for (size_t i = daemon_count; i > 0; i--)
		kill(daemons[i - 1], SIGKILL);
	_exit(0);
}

int main(int argc, char **argv)
{
	static int (*const ways[])(
		void) = { create_many, delete_many, create_symlink, delete_symlink, move };
	long after = 0, limit = 100000;
	int option, r = 0;

	while ((option = getopt(argc, argv, "k:a:n:r:")) != -1) {
		if (option == 'k' && daemon_count < ARRAY_SIZE(daemons))
			daemons[daemon_count++] = atoi(optarg);
		else if (option == 'a')
			after = atol(optarg);
		else if (option == 'n')
			limit = atol(optarg);
		else if (option == 'r')
			port = open(optarg, O_WRONLY | O_NOCTTY | O_CLOEXEC);
		else
			return 2;
	}
	if (argc - optind != 5)
		return 2;
	mount = argv[optind];
	srandom((unsigned int)atoi(argv[optind + 1]));
	ids[1] = argv[optind + 3];
	ids[2] = argv[optind + 4];
	load(argv[optind + 2]);
	if (daemon_count)
		kill_later(after);
	while (r == 0 && writes < limit) {
		memcpy(acknowledged, wanted, sizeof(wanted));
		r = ways[choose(ARRAY_SIZE(ways))]();
		writes += r == 0;
		if (r == 0 && is_under_way)
			report("done\n");
		is_under_way = false;
	}
	if (r < 0 && !is_daemon_dead(-r))
		die("write %d failed: %s", writes + 1, strerror(-r));
	if (r == 0)
		memcpy(acknowledged, wanted, sizeof(wanted));
	save(argv[optind + 2], "old", acknowledged);
	save(argv[optind + 2], "new", wanted);
	printf("%d writes\n", writes);
	return r < 0 ? 0 : 3;
}
