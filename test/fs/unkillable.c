/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients that notice nothing: unkillable [-k KILLS] [-a MILLISECONDS] [-n CALLS] [-s SEED]
 *	[-c CLIENTS] [-e] MOUNT ID ID
 *
 * Eight clients do everything that can be done with the tree, each with names of its own, so that
 * it knows the only right answer to each request. Meanwhile the server is killed again and again,
 * at random moments at most that far from each other. No call may fail, or give another answer
 * than without that; each change is told once in `events`, and none twice. It goes on until there
 * were so many calls, with -e until its standard input ends: who has that does the rest. CLIENTS
 * has a bit for each that plays.
 *
 * Ends with 0, after a line with the number of kills and calls, and the longest pause.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "unkillable.h"

const char *mount, *ids[3];
static _Atomic bool is_over;
static struct client clients[CLIENTS];
static unsigned int playing = (1u << CLIENTS) - 1; /* which of them do anything */
static char fixed[2][64];			   /* links that stay as they are */

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("unkillable: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	_exit(1);
}

static double get_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

unsigned int draw(struct client *client, unsigned int below)
{
	client->dice = client->dice * 1664525 + 1013904223;
	return (client->dice >> 8) % below;
}

double begin(struct client *client)
{
	client->calls++;
	return get_time();
}

void end(struct client *client, double since)
{
	double took = get_time() - since;

	if (took > client->longest)
		client->longest = took;
}

static void get_path(char ret_path[256], const char *name)
{
	snprintf(ret_path, 256, "%s/%s", mount, name);
}

int open_file(const char *name, int flags)
{
	char path[256];
	int fd;

	get_path(path, name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		die("open %s: %s", name, strerror(errno));
	return fd;
}

void get_name(char ret_name[64], const struct client *client, int name)
{
	snprintf(ret_name, 64, "client%u-%d", client->number, name);
}

void get_link_path(char ret_path[256], const struct client *client, int name)
{
	char text[64];

	get_name(text, client, name);
	snprintf(ret_path, 256, "%s/DosDevices/%s", mount, text);
}

void expect(const char *what, int error, int expected)
{
	if (error != expected)
		die("%s: %s in place of %s", what, error ? strerror(error) : "success",
			expected ? strerror(expected) : "success");
}

void give(struct client *client, int name, int owner)
{
	if (client->owner[name])
		client->ended[name]++;
	if (owner)
		client->made[name]++;
	client->owner[name] = owner;
}

/* --- readers ---------------------------------------------------------------------------------- */

static void list(struct client *client)
{
	char path[256];
	int found[2] = { 0 };
	double since = begin(client);
	DIR *folder;
	const struct dirent *entry;

	get_path(path, "DosDevices");
	folder = opendir(path);
	if (!folder)
		die("opendir: %s", strerror(errno));
	errno = 0;
	while ((entry = readdir(folder)))
		for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
			found[i] += strcmp(entry->d_name, fixed[i]) == 0;
	if (errno)
		die("readdir: %s", strerror(errno));
	closedir(folder);
	end(client, since);
	if (found[0] != 1 || found[1] != 1)
		die("a listing has %s %d times, and %s %d times", fixed[0], found[0], fixed[1],
			found[1]);
}

/* One text, however it is read, and whoever serves it meanwhile. */
static void read_points(struct client *client)
{
	char *text = xcalloc(TEXT, 1), *again = xcalloc(TEXT, 1);
	int fd = open_file("points", O_RDONLY);
	size_t len = 0;
	ssize_t n;

	for (int i = 0; i < 2; i++) {
		char *to = i ? again : text;
		size_t at = 0;

		do {
			double since = begin(client);

			n = pread(fd, to + at, 100 + draw(client, 400), (off_t)at);
			end(client, since);
			if (n < 0)
				die("pread of points: %s", strerror(errno));
			at += (size_t)n;
		} while (n && at < TEXT - 512);
		if (i && (at != len || memcmp(text, again, len) != 0))
			die("points are\n%sand then\n%s", text, again);
		len = at;
	}
	close(fd);
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		if (!strstr(text, fixed[i]))
			die("points have no %s", fixed[i]);
	free(text);
	free(again);
}

static void look(struct client *client)
{
	static uint64_t inode;
	struct stat st;
	char path[256], target[256];
	double since = begin(client);
	unsigned int kind = draw(client, 4);

	snprintf(path, sizeof(path), "%s/DosDevices/%s", mount, kind == 1 ? "missing" : fixed[0]);
	if (kind == 0) {
		if (lstat(path, &st) < 0)
			die("lstat %s: %s", path, strerror(errno));
		if (inode && st.st_ino != inode)
			die("the inode of %s is another one", path);
		inode = st.st_ino;
	} else if (kind == 1) {
		if (lstat(path, &st) == 0 || errno != ENOENT)
			die("lstat %s: %s", path, strerror(errno));
	} else if (kind == 2) {
		if (readlink(path, target, sizeof(target)) <= 0)
			die("readlink %s: %s", path, strerror(errno));
	} else {
		end(client, since);
		list(client);
		read_points(client);
		return;
	}
	end(client, since);
}

/* Each number is another one, and a later one. */
static void await_change(struct client *client)
{
	static unsigned long last;
	struct pollfd poller = { .fd = client->fd, .events = POLLIN };
	char text[32];
	unsigned long number;
	ssize_t n;

	if (draw(client, 2) && poll(&poller, 1, -1) < 0)
		die("poll: %s", strerror(errno));
	n = read(client->fd, text, sizeof(text) - 1);
	if (n <= 0)
		die("read of change_notify: %zd, %s", n, strerror(errno));
	text[n] = '\0';
	number = strtoul(text, NULL, 10);
	if (number <= last)
		die("the epic number is %lu after %lu", number, last);
	last = number;
	client->calls++;
}

/* --- events ----------------------------------------------------------------------------------- */

static char *stream; /* a line that is not whole yet */
static size_t stream_len;
static uint64_t told_made[CLIENTS][NAMES], told_ended[CLIENTS][NAMES];
static unsigned long next_line, told_epic;
static bool is_all_told;

static unsigned long get_number(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	if (!at)
		die("no %s in %s", key, line);
	return strtoul(at + strlen(key), NULL, 10);
}

static void take_line(const char *line)
{
	unsigned long seq = get_number(line, "\"seq\":"), epic = get_number(line, "\"epic\":");
	const char *link = strstr(line, "/DosDevices/client");
	bool is_made = strstr(line, "\"link-created\"") != NULL;
	unsigned int client, name;

	is_all_told |= strstr(line, "/DosDevices/last") != NULL;

	if (next_line && seq != next_line)
		die("line %lu of events after %lu", seq, next_line - 1);
	if (epic < told_epic)
		die("epic number %lu after %lu in %s", epic, told_epic, line);
	next_line = seq + 1;
	told_epic = epic;
	if (strstr(line, "\"overrun\"") || strstr(line, "\"volume-"))
		die("nobody should be told: %s", line);
	if (!link || sscanf(link, "/DosDevices/client%u-%u", &client, &name) != 2)
		return;
	if (client >= CLIENTS || name >= NAMES)
		die("whose is this: %s", line);
	if (is_made == (told_made[client][name] > told_ended[client][name]))
		die("what is known is told: %s", line);
	if (is_made)
		told_made[client][name]++;
	else
		told_ended[client][name]++;
}

static void read_events(struct client *client)
{
	char *newline;
	ssize_t n = read(client->fd, stream + stream_len, TEXT - stream_len - 1);

	if (n <= 0)
		die("read of events: %zd, %s", n, strerror(errno));
	stream_len += (size_t)n;
	stream[stream_len] = '\0';
	while ((newline = strchr(stream, '\n'))) {
		*newline = '\0';
		take_line(stream);
		stream_len -= (size_t)(newline + 1 - stream);
		memmove(stream, newline + 1, stream_len + 1);
	}
	client->calls++;
}

/* Up to the last change of all. */
static void read_rest(struct client *client)
{
	while (!is_all_told)
		read_events(client);
	for (unsigned int i = 0; i < CLIENTS; i++)
		for (int j = 0; j < NAMES; j++)
			if (told_made[i][j] != clients[i].made[j] ||
				told_ended[i][j] != clients[i].ended[j])
				die("client%u-%d came %lu times and went %lu times, by events "
				    "%lu and %lu",
					i, j, (unsigned long)clients[i].made[j],
					(unsigned long)clients[i].ended[j],
					(unsigned long)told_made[i][j],
					(unsigned long)told_ended[i][j]);
}

/* --- the game --------------------------------------------------------------------------------- */

static const struct {
	void (*play)(struct client *client);
	const char *file; /* that it has open all the time, or NULL */
} kinds[CLIENTS] = {
	{ ask, NULL },
	{ ask_lines, "control/create_point" },
	{ batch, "control/batch" },
	{ command, NULL },
	{ call, "MountPointManager" },
	{ look, NULL },
	{ read_events, "events" },
	{ await_change, "control/change_notify" },
};

static bool is_waiting(const struct client *client)
{
	return kinds[client->number].play == read_events ||
		kinds[client->number].play == await_change;
}

static void *run(void *data)
{
	struct client *client = data;

	while (!is_over && playing >> client->number & 1)
		kinds[client->number].play(client);
	return NULL;
}

static pid_t find_server(void)
{
	char text[32] = "";
	int fd = open_file("control/server_pid", O_RDONLY);

	if (read(fd, text, sizeof(text) - 1) <= 0)
		die("read of server_pid: %s", strerror(errno));
	close(fd);
	return atoi(text);
}

static void sleep_for(unsigned int milliseconds)
{
	struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

static void make_fixed(void)
{
	char path[256];

	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
		snprintf(fixed[i], sizeof(fixed[i]), "fixed%zu", i);
		snprintf(path, sizeof(path), "%s/DosDevices/%s", mount, fixed[i]);
		if (symlink(ids[1 + i], path) < 0 && errno != EEXIST)
			die("ln -s %s: %s", path, strerror(errno));
	}
}

/* Of an earlier game. */
static void remove_names(const struct client *client)
{
	char path[256];

	for (int name = 0; name < NAMES; name++) {
		get_link_path(path, client, name);
		if (unlink(path) < 0 && errno != ENOENT)
			die("rm %s: %s", path, strerror(errno));
	}
}

static void begin_all(unsigned int seed)
{
	make_fixed();
	for (unsigned int i = 0; i < CLIENTS; i++)
		remove_names(&(struct client){ .number = i });
	stream = xcalloc(TEXT, 1);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		clients[i].number = i;
		clients[i].dice = seed * 31 + i;
		clients[i].fd =
			kinds[i].file ? open_file(kinds[i].file, i >= 6 ? O_RDONLY : O_RDWR) : -1;
	}
	for (unsigned int i = 0; i < CLIENTS; i++)
		if (pthread_create(&clients[i].thread, NULL, run, &clients[i]) != 0)
			die("no thread");
}

/* Those who wait see one more change. */
static void end_all(void)
{
	char path[256];

	is_over = true;
	for (unsigned int i = 0; i < CLIENTS; i++)
		if (!is_waiting(&clients[i]))
			pthread_join(clients[i].thread, NULL);
	get_path(path, "DosDevices/last");
	if (symlink(ids[1], path) < 0)
		die("ln -s %s: %s", path, strerror(errno));
	for (unsigned int i = 0; i < CLIENTS; i++)
		if (is_waiting(&clients[i]))
			pthread_join(clients[i].thread, NULL);
	for (unsigned int i = 0; i < CLIENTS; i++)
		if (kinds[i].play == read_events && playing >> i & 1)
			read_rest(&clients[i]);
	if (unlink(path) < 0)
		die("rm %s: %s", path, strerror(errno));
}

static void kill_servers(unsigned int kills, unsigned int apart, unsigned int seed)
{
	struct client dice = { .dice = seed };
	pid_t server = 0, before;

	for (unsigned int i = 0; i < kills; i++) {
		before = server;
		while ((server = find_server()) == before)
			sleep_for(1);
		sleep_for(draw(&dice, apart));
		if (kill(server, SIGKILL) < 0) /* it was to die by itself */
			i--;
	}
	before = server;
	while (kills && find_server() == before)
		sleep_for(1);
	sleep_for(apart);
}

static void await_end_of_input(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

static uint64_t count_calls(void)
{
	uint64_t calls = 0;

	for (unsigned int i = 0; i < CLIENTS; i++)
		calls += clients[i].calls;
	return calls;
}

int main(int argc, char **argv)
{
	unsigned int kills = 10, seed = 1, apart = 300;
	double longest = 0;
	uint64_t wanted = 0;
	bool has_end = false;
	int option;

	while ((option = getopt(argc, argv, "k:a:n:s:c:e")) != -1) {
		if (option == 'k')
			kills = (unsigned int)atoi(optarg);
		else if (option == 's')
			seed = (unsigned int)atoi(optarg);
		else if (option == 'a')
			apart = (unsigned int)atoi(optarg);
		else if (option == 'n')
			wanted = strtoull(optarg, NULL, 0);
		else if (option == 'c')
			playing = (unsigned int)strtoul(optarg, NULL, 0);
		else if (option == 'e')
			has_end = true;
		else
			return 2;
	}
	if (argc - optind != 3)
		return 2;
	mount = argv[optind];
	ids[1] = argv[optind + 1];
	ids[2] = argv[optind + 2];
	begin_all(seed);
	kill_servers(kills, apart, seed);
	while (count_calls() < wanted)
		sleep_for(1);
	if (has_end)
		await_end_of_input();
	end_all();
	for (unsigned int i = 0; i < CLIENTS; i++)
		if (clients[i].longest > longest)
			longest = clients[i].longest;
	printf("%u kills, %llu calls, the longest took %.0f ms\n", kills,
		(unsigned long long)count_calls(), longest * 1000);
	return 0;
}
