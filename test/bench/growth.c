/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How costs grow with links and with volumes, for the chart. There are no peers in this. */

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

#define REPEATS 5
#define FEW 10	       /* volumes on the axis of links */
#define NAMES_MAX 1000 /* that are looked up */

static char *database;
static char *names[NAMES_MAX];
static int query_fd;
static char query[128];

static double repeat(double (*get_cost)(void))
{
	double costs[REPEATS];

	for (int i = 0; i < REPEATS; i++)
		costs[i] = get_cost();
	return get_median(costs, REPEATS);
}

static double get_start(void)
{
	double since;

	daemon_stop();
	since = now();
	daemon_start(database, "monitor=kernel");
	return now() - since;
}

static double get_points(void)
{
	return read_changed("points");
}

static double get_query(void)
{
	return ask(query_fd, query, false);
}

static double repeat_query(void)
{
	double cost;

	query_fd = open_in(stage.mount, "control/query_points", O_RDWR);
	pin(true);
	get_query();
	cost = repeat(get_query);
	pin(false);
	close(query_fd);
	return cost;
}

/* For each name. */
static double get_cold(int count)
{
	int dir, wanted = count < NAMES_MAX ? count : NAMES_MAX;
	double cost;

	forget_tree();
	dir = open_in(stage.mount, "DosDevices", O_PATH | O_DIRECTORY);
	pin(true);
	cost = read_links(dir, names, wanted);
	pin(false);
	close(dir);
	return cost;
}

static double get_ls(void)
{
	int dir = open_in(stage.mount, "DosDevices", O_RDONLY | O_DIRECTORY);
	double cost = list_folder(dir, 0);

	close(dir);
	return cost;
}

static void grow_links(int count)
{
	unlink(database);
	daemon_start(database, "monitor=kernel");
	request("create_point", "link=first device=/dev/loop%d\n", stage.first);
	growth_show("links", "create all", count, create_links(0, count));
	growth_show("links", "create one", count, repeat(create_some));
	sprintf(query, "link=first\n");
	growth_show("links", "query by link", count, repeat_query());
	growth_show("links", "cold readlink", count, get_cold(count));
	get_ls();
	growth_show("links", "ls", count, repeat(get_ls));
	growth_show("links", "points after a change", count, repeat(get_points));
	growth_show("links", "start", count, repeat(get_start));
	daemon_stop();
}

static double get_attach(void)
{
	return attach_more(devices_count());
}

static void grow_volumes(int count)
{
	double since;

	devices_attach("own", count + 1);
	unlink(database);
	daemon_start(database, "monitor=kernel");
	name_volumes("own");
	request("create_point", "link=first device=/dev/loop%d\n", stage.first);
	devices_detach(0);
	devices_open(count);
	since = now();
	devices_configure("own");
	settle();
	growth_show("volumes", "attach all", count, now() - since);
	devices_close();
	settle_udevd();
	settle();
	sprintf(query, "device=/dev/loop%d\n", stage.first);
	growth_show("volumes", "query by device", count, repeat_query());
	growth_show("volumes", "attach one more", count, repeat(get_attach));
	growth_show("volumes", "create one", count, repeat(create_some));
	growth_show("volumes", "points after a change", count, repeat(get_points));
	growth_show("volumes", "start", count, repeat(get_start));
	daemon_stop();
}

/* Ten times as many, and in the end as many as there may be. */
static int grow(int count, int most)
{
	return count < most && count * 10 > most ? most : count * 10;
}

void measure_growth(void)
{
	database = xasprintf("%s/growth.db", stage.disk);
	for (int i = 0; i < NAMES_MAX; i++)
		names[i] = link_name(i);
	devices_attach("own", FEW);
	for (int count = 10; count <= stage.links; count = grow(count, stage.links))
		grow_links(count);
	for (int count = 1; count <= stage.volumes; count = grow(count, stage.volumes))
		grow_volumes(count);
	unlink(database);
}
