/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What readers of the tree pay: names and listings, the whole of `points`, queries. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 5 /* warm passes over all names per run */
#define ASKS 200 /* queries per run */
#define MISSING 1000
#define BLOCK (128 * 1024) /* what cat reads at once */

static char **names;
static int name_count;
static int own_dir = -1, peer_dir = -1; /* folders with the same names */

/* --- names --- */

double read_links(int dir, char *const *some, int count)
{
	double since = now();
	char target[256];

	for (int i = 0; i < count; i++)
		if (readlinkat(dir, some[i], target, sizeof(target)) <= 0)
			die("readlink %s: %s", some[i], strerror(errno));
	return (now() - since) / count;
}

static double read_links_often(int dir)
{
	double sum = 0;

	for (int i = 0; i < ROUNDS; i++)
		sum += read_links(dir, names, name_count);
	return sum / ROUNDS;
}

static double own_readlink(void)
{
	return read_links_often(own_dir);
}

static double peer_readlink(void)
{
	return read_links_often(peer_dir);
}

static double miss_names(int dir)
{
	double since = now();
	struct stat status;
	char name[32];

	for (int i = 0; i < ROUNDS * MISSING; i++) {
		sprintf(name, "missing-%d", i % MISSING);
		if (fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
			die("%s is there", name);
	}
	return (now() - since) / ROUNDS / MISSING;
}

static double own_missing(void)
{
	return miss_names(own_dir);
}

static double peer_missing(void)
{
	return miss_names(peer_dir);
}

double list_folder(int parent, int at_least)
{
	double since = now();
	DIR *dir = fdopendir(openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	if (count < at_least)
		die("a folder has %d entries instead of %d", count, at_least);
	return now() - since;
}

static double own_ls(void)
{
	return list_folder(own_dir, name_count);
}

static double peer_ls(void)
{
	return list_folder(peer_dir, name_count);
}

/* The request comes back when the daemon has taken note, too. */
void forget_tree(void)
{
	if (mount(NULL, stage.mount, NULL, MS_REMOUNT | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		die("remount: %s", strerror(errno));
	request("query_points", "link=first\n");
}

static double own_cold(void)
{
	close(own_dir);
	forget_tree();
	own_dir = open_in(stage.mount, "DosDevices", O_PATH | O_DIRECTORY);
	return read_links(own_dir, names, name_count);
}

/* tmpfs is never cold: its names live in the kernel. */
static double peer_cold(void)
{
	return read_links(peer_dir, names, name_count);
}

/* The tree of mmfs with this many links, and a folder on tmpfs with the same names. */
static void open_folders(int links)
{
	_cleanup_free_ char *folder = xasprintf("%s/links-%d", stage.ram, links);

	name_count = links;
	names = xcalloc((size_t)links, sizeof(*names));
	for (int i = 0; i < links; i++)
		names[i] = link_name(i);
	start_full(links, "monitor=udev");
	own_dir = open_in(stage.mount, "DosDevices", O_RDONLY | O_DIRECTORY);
	if (mkdir(folder, 0755) < 0)
		die("mkdir %s: %s", folder, strerror(errno));
	peer_dir = open_in(folder, ".", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < links; i++)
		if (symlinkat("/dev/loop100000", peer_dir, names[i]) < 0)
			die("symlink %s: %s", names[i], strerror(errno));
}

static void close_folders(void)
{
	close(own_dir);
	close(peer_dir);
	daemon_stop();
	for (int i = 0; i < name_count; i++)
		free(names[i]);
	free(names);
	names = NULL;
}

/* --- the whole --- */

static void read_open(int fd, const char *name)
{
	static char block[BLOCK];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0)
		;
	if (n < 0)
		die("read %s: %s", name, strerror(errno));
}

double read_file(const char *folder, const char *name)
{
	double since = now();
	int fd = open_in(folder, name, O_RDONLY);

	read_open(fd, name);
	close(fd);
	return now() - since;
}

static double own_points(void)
{
	return read_file(stage.mount, "points");
}

static double peer_points(void)
{
	return read_file(stage.ram, "points");
}

double read_changed(const char *name)
{
	static int number;

	request("create_point", "link=changed-%d device=/dev/loop%d\n", number++,
		stage.first + devices_count() - 1);
	return read_file(stage.mount, name);
}

static double own_points_changed(void)
{
	return read_changed("points");
}

static void measure_points(void)
{
	_cleanup_free_ char *points = xasprintf("%s/points", stage.mount);

	run_tool("cp", points, stage.ram, NULL);
	own_points();
	peer_points();
	figure_measure(CAT_AGAIN, stage.runs * 2 + 1, own_points, peer_points);
	figure_measure(CAT_CHANGED, stage.runs, own_points_changed, peer_points);
}

static double create_next(void)
{
	static int number;
	double since = now();

	request("create_point", "link=next-%d device=/dev/loop%d\n", number++, stage.first);
	return now() - since;
}

/* Somebody has read all and has it open still. The database is on tmpfs. */
static void repeat_change(int links, int runs, double *ret_costs)
{
	_cleanup_free_ char *database = xasprintf("%s/change.db", stage.ram);
	int fd;

	daemon_start(database, "monitor=udev");
	create_links(0, links);
	fd = open_in(stage.mount, "points", O_RDONLY);
	read_open(fd, "points");
	for (int i = 0; i < runs; i++)
		ret_costs[i] = create_next();
	close(fd);
	daemon_stop();
	unlink(database);
}

static void measure_changes(void)
{
	struct samples samples = { .count = (size_t)stage.runs * 2 + 1 };

	repeat_change(stage.links / 100, stage.runs * 2 + 1, samples.peer);
	repeat_change(stage.links * 10, stage.runs * 2 + 1, samples.own);
	figure_show(CHANGE_OPEN, &samples);
}

/* --- queries --- */

static char query[256], empty_query[256];
static int query_fd;

void ask_once(int fd, const char *line, bool is_empty)
{
	size_t len = strlen(line);
	char reply[4096];
	ssize_t n;

	if (pwrite(fd, line, len, 0) != (ssize_t)len)
		die("query_points %s: %s", line, strerror(errno));
	n = pread(fd, reply, sizeof(reply), 0);
	if (n < 0 || (n == 0) != is_empty)
		die("the reply to %s has %zd bytes", line, n);
}

double ask(int fd, const char *line, bool is_empty)
{
	double since = now();

	for (int i = 0; i < ASKS; i++)
		ask_once(fd, line, is_empty);
	return (now() - since) / ASKS;
}

static double own_query(void)
{
	return ask(query_fd, query, false);
}

static double peer_query(void)
{
	return ask(query_fd, empty_query, true);
}

static void measure_queries(void)
{
	_cleanup_free_ char *first = image_uuid("own", 0), *second = image_uuid("own", 1);

	query_fd = open_in(stage.mount, "control/query_points", O_RDWR);
	sprintf(empty_query, "id=UUID=%s\n", second);
	pin(true);
	sprintf(query, "link=first\n");
	own_query();
	figure_measure(QUERY_LINK, stage.runs * 2 + 1, own_query, peer_query);
	sprintf(query, "id=UUID=%s\n", first);
	figure_measure(QUERY_ID, stage.runs * 2 + 1, own_query, peer_query);
	sprintf(query, "device=/dev/loop%d\n", stage.first);
	sprintf(empty_query, "device=/dev/loop%d\n", stage.first + 1);
	figure_measure(QUERY_DEVICE, stage.runs * 2 + 1, own_query, peer_query);
	pin(false);
	close(query_fd);
}

/* --- tools: libsmartcols makes rows of both --- */

static char *mmctl, *points;

static double own_table(void)
{
	return run_tool(mmctl, "-m", stage.mount, "list", NULL);
}

static double peer_table(void)
{
	return run_tool("column", "-t", points, NULL);
}

static double own_rows_json(void)
{
	return run_tool(mmctl, "-m", stage.mount, "list", "-J", NULL);
}

static double peer_rows_json(void)
{
	return run_tool("column", "-J", "-N", "LINK,ID,DEVICE", points, NULL);
}

static void measure_lists(void)
{
	mmctl = xasprintf("%.*smmctl", (int)(strlen(stage.mmfs) - strlen("mmfs")), stage.mmfs);
	points = xasprintf("%s/points", stage.mount);
	if (access(mmctl, X_OK) == 0) { /* else built without it */
		figure_measure(LIST_TABLE, stage.runs, own_table, peer_table);
		figure_measure(LIST_JSON, stage.runs, own_rows_json, peer_rows_json);
	}
	free(mmctl);
	free(points);
}

void measure_reading(void)
{
	int often = stage.runs * 2 + 1;

	open_folders(stage.links / 10);
	own_readlink();
	figure_measure(WARM_READLINK, often, own_readlink, peer_readlink);
	miss_names(own_dir);
	figure_measure(WARM_MISSING, often, own_missing, peer_missing);
	own_ls();
	own_ls();
	figure_measure(WARM_LS_FEW, often, own_ls, peer_ls);
	pin(true);
	figure_measure(COLD_READLINK, stage.runs, own_cold, peer_cold);
	pin(false);
	measure_lists();
	close_folders();

	open_folders(stage.links);
	own_ls();
	own_ls();
	figure_measure(WARM_LS_MANY, often, own_ls, peer_ls);
	measure_points();
	measure_queries();
	close_folders();
	measure_changes();
}
