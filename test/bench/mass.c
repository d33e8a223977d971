/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What others notice while a volume with a great many links is at work: how long the longest
 * look-up or query of an unrelated client takes, and its longest create.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mmfs/client.h"
#include "bench.h"

#define TIMES 5	    /* as many links as elsewhere */
#define VOLUMES 3   /* the links are all of the last */
#define CALM 20	    /* ms that the others ask before anything happens, and afterwards */
#define REST 900    /* … behind a deletion, of which more is done than the client waits for */
#define QUERY 500   /* µs from one look-up, and from one create, to the next */
#define CREATE 2000 /* … */

struct onlooker {
	pthread_t thread;
	int folder, file;    /* where it asks */
	double usual, worst; /* µs: before, and while that is at work */
};

static _Atomic bool is_over;
static _Atomic bool is_at_work;

/* A name that the kernel has not heard of yet, and a query. */
static void look(struct onlooker *onlooker)
{
	static int number;
	char name[32];

	sprintf(name, "nothing-%d", number++);
	if (faccessat(onlooker->folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
		die("%s is there", name);
	ask_once(onlooker->file, "link=first\n", false);
}

/* In binary: control files take one write at a time. */
static void create(struct onlooker *onlooker)
{
	static int number;
	char link[64], device[64];
	int r;

	sprintf(link, "/DosDevices/aside-%d", number++);
	sprintf(device, "/dev/loop%d", stage.first);
	r = mmfs_create_point(onlooker->file, link, device);
	if (r < 0)
		die("creating %s: %s", link, strerror(-r));
}

static void watch(struct onlooker *onlooker, void (*act)(struct onlooker *), double pause)
{
	while (!is_over) {
		double since = now(), cost;

		act(onlooker);
		cost = now() - since;
		if (is_at_work && cost > onlooker->worst)
			onlooker->worst = cost;
		if (!is_at_work && cost > onlooker->usual)
			onlooker->usual = cost;
		sleep_for(pause);
	}
}

static void *watch_names(void *data)
{
	watch(data, look, QUERY);
	return NULL;
}

static void *watch_creates(void *data)
{
	watch(data, create, CREATE);
	return NULL;
}

/* --- what happens meanwhile --- */

static void create_all(void)
{
	create_links(0, stage.links * TIMES);
}

static void settle_all(void)
{
	settle_udevd();
	settle();
}

static void go(void)
{
	devices_detach(VOLUMES - 1);
	settle_all();
}

static void come(void)
{
	devices_open(VOLUMES);
	devices_configure("own");
	devices_close();
	settle_all();
}

static void delete_all(void)
{
	double since = now();

	request("delete_points", "device=/dev/loop%d\n", stage.first + VOLUMES - 1);
	figure_show_value(MASS_DELETE, (now() - since) / 1e6);
	sleep_for(REST * 1000);
}

static void measure(enum figure names, enum figure creates, void (*act)(void))
{
	struct onlooker looker = {
		.folder = open_in(stage.mount, "ids", O_PATH | O_DIRECTORY),
		.file = open_in(stage.mount, "control/query_points", O_RDWR),
	};
	struct onlooker creator = { .file = mmfs_open(stage.mount, O_RDWR) };

	is_over = is_at_work = false;
	if (pthread_create(&looker.thread, NULL, watch_names, &looker) ||
		pthread_create(&creator.thread, NULL, watch_creates, &creator))
		die("cannot make a thread");
	sleep_for(CALM * 1000);
	is_at_work = true;
	act();
	sleep_for(CALM * 1000);
	is_over = true;
	pthread_join(looker.thread, NULL);
	pthread_join(creator.thread, NULL);
	close(looker.folder);
	close(looker.file);
	close(creator.file);
	figure_show_value(names, (looker.worst - looker.usual) / 1000);
	figure_show_value(creates, (creator.worst - creator.usual) / 1000);
}

void measure_mass(void)
{
	_cleanup_free_ char *database = xasprintf("%s/mass.db", stage.disk);

	devices_attach("own", VOLUMES);
	daemon_start(database, "monitor=udev");
	request("create_point", "link=first device=/dev/loop%d\n", stage.first);
	measure(MASS_CREATE_LOOK, MASS_CREATE_CREATE, create_all);
	measure(MASS_GO_LOOK, MASS_GO_CREATE, go);
	measure(MASS_COME_LOOK, MASS_COME_CREATE, come);
	measure(MASS_DELETE_LOOK, MASS_DELETE_CREATE, delete_all);
	daemon_stop();
	unlink(database);
}
